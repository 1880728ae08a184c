//! Standard output and standard error without panics.
//!
//! `println!` panics if its reader has gone (`program | head`) or the device is full. Here a closed
//! pipe ends only the printing; a full device is an error that [`failed`] remembers.
//! Control characters, which a server or a program's output may contain, are printed escaped.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);
static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints one line on standard output.
pub fn print_line(line: &str) {
    print_raw(&escape(line));
}

/// Prints one line on standard output as it is, colours included.
pub fn print_raw(line: &str) {
    if CLOSED.load(Ordering::Relaxed) {
        return;
    }
    if let Err(error) = write_line(&mut io::stdout().lock(), line) {
        CLOSED.store(true, Ordering::Relaxed);
        if error.kind() != ErrorKind::BrokenPipe {
            FAILED.store(true, Ordering::Relaxed);
            eprint_line(&format!("error: cannot write to standard output: {error}"));
        }
    }
}

/// Prints one line on standard error. A line that cannot be written is dropped.
pub fn eprint_line(line: &str) {
    let _ = write_line(&mut io::stderr().lock(), &escape(line));
}

/// Whether standard output failed for another reason than a reader that has gone.
pub fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

/// `text` with its control characters, except line feeds and tabs, escaped as in Rust's source.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !matches!(character, '\n' | '\t') {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

// One write for each line, so that lines of several threads and processes do not mix.
fn write_line(to: &mut impl Write, line: &str) -> io::Result<()> {
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_with_its_end() {
        let mut written = Vec::new();
        write_line(&mut written, "text").expect("written");
        assert_eq!(written, b"text\n");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escape("a\tb\nc"), "a\tb\nc");
        assert_eq!(escape("\u{1b}[31m\u{9b}\r\0é"), "\\u{1b}[31m\\u{9b}\\r\\u{0}é");
    }
}
