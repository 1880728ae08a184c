//! Standard output and standard error that never panic.
//!
//! `println!` panics when its reader has gone (`program | head`) or the device is full. Here a
//! reader who has gone ends the program quietly, as it would end `cat`, and a full device ends it
//! with a message and exit code 1.

use std::io::{self, ErrorKind, Write};
use std::process;

/// Writes one line on standard output.
///
/// Ends the program with exit code 0 when the reader has gone, with 1 when the line cannot be
/// written for another reason (a full device).
pub fn say(line: &str) {
    if let Err(error) = write_line(&mut io::stdout().lock(), line) {
        if error.kind() != ErrorKind::BrokenPipe {
            complain(&format!("error: standard output cannot be written: {error}"));
            process::exit(1);
        }
        process::exit(0);
    }
}

/// Writes one line on standard error. A line that nobody can read is let go.
pub fn complain(line: &str) {
    let _ = write_line(&mut io::stderr().lock(), line);
}

// One write for the whole line: lines of several threads and processes do not mix.
fn write_line(to: &mut impl Write, line: &str) -> io::Result<()> {
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_whole_with_its_end() {
        let mut written = Vec::new();
        write_line(&mut written, "said").expect("written");
        assert_eq!(written, b"said\n");
    }
}
