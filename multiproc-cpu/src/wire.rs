//! The messages from a worker to its pool: a length of four bytes, then a record as JSON.

use std::io::{self, Read, Write};

use common::report::Record;

/// The longest message, in bytes. A record is far shorter unless a worker is broken.
pub const MAX_LENGTH: usize = 1 << 20;

/// The error of [`read`] if the worker closed its pipe.
pub const CLOSED: &str = "closed its pipe";

/// Sends a record.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(outcome: Result<u128, String>) -> Record {
        Record::new(7, Some(2), common::os::clock::now(), outcome)
    }

    fn message(record: &Record) -> Vec<u8> {
        let mut message = Vec::new();
        write(&mut message, record).expect("a message");
        message
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for outcome in [Ok(u128::MAX), Ok(0), Err("an error".to_owned())] {
            let record = record(outcome);
            assert_eq!(read(&mut &message(&record)[..]), Ok(record));
        }
    }

    #[test]
    fn a_pipe_that_closes_early_is_named() {
        let message = message(&record(Ok(1)));
        for end in 0..message.len() {
            assert_eq!(read(&mut &message[..end]), Err(CLOSED.to_owned()), "after {end} bytes");
        }
    }

    #[test]
    fn too_long_a_message_is_neither_written_nor_read() {
        assert!(write(&mut Vec::new(), &record(Err("x".repeat(MAX_LENGTH)))).is_err());
        let length = (MAX_LENGTH as u32 + 1).to_le_bytes();
        let error = read(&mut &length[..]).expect_err("too long");
        assert_eq!(error, "sent a message of 1048577 bytes");
    }

    proptest! {
        #[test]
        fn other_bytes_are_no_record(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let length = u32::try_from(bytes.len()).expect("few bytes").to_le_bytes();
            prop_assert!(read(&mut &[&length[..], &bytes].concat()[..]).is_err());
            prop_assert!(read(&mut &bytes[..]).is_err());
        }
    }
}
