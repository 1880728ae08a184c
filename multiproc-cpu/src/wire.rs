//! The messages from a worker to its pool: a length of four bytes, then a record as JSON.

use std::io::{self, Read, Write};

use common::report::Record;

/// The longest message, in bytes. A record is far shorter unless a worker is broken.
pub const MAX_LENGTH: usize = 1 << 20;

/// The error of [`read`] if the worker closed its pipe.
pub const CLOSED: &str = "closed its pipe";

/// Sends a record. A message of this size goes through a pipe in one piece.
///
/// # Errors
/// A closed pipe; a record longer than [`MAX_LENGTH`].
pub fn write(pipe: &mut impl Write, record: &Record) -> io::Result<()> {
    let body = serde_json::to_vec(record)?;
    match u32::try_from(body.len()) {
        Ok(length) if body.len() <= MAX_LENGTH => {
            pipe.write_all(&[&length.to_le_bytes(), &body[..]].concat())
        }
        _ => Err(io::Error::other("a record is too long to be sent")),
    }
}

/// Waits for a whole message.
///
/// # Errors
/// A reason for the replacement of the worker: [`CLOSED`], or what is wrong with its message.
pub fn read(pipe: &mut impl Read) -> Result<Record, String> {
    let mut length = [0; size_of::<u32>()];
    pipe.read_exact(&mut length).map_err(|_| CLOSED)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_LENGTH {
        return Err(format!("sent a message of {length} bytes"));
    }
    let mut body = vec![0; length];
    pipe.read_exact(&mut body).map_err(|_| CLOSED)?;
    serde_json::from_slice(&body)
        .map_err(|error| format!("sent a message that is no record: {error}"))
}
