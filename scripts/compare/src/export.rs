//! The files that a comparison writes.
//!
//! A regular file is replaced whole after each round, so that an interrupted comparison leaves its
//! results. Anything else, like a terminal or a pipe, is written to once, at the end.

use std::path::{Path, PathBuf};

use common::os::file;

use crate::model::Comparison;

/// The flag of the report.
pub const REPORT: &str = "--report";

/// Makes the text of a file; an error says what is wrong with the data.
pub type Format = fn(&Comparison) -> Result<String, String>;

/// The files to write.
#[derive(Debug)]
pub struct Exports(Vec<Export>);

#[derive(Debug)]
struct Export {
    flag: &'static str,
    path: PathBuf,
    format: Format,
    failed: bool,
}

impl Exports {
    /// Files that were checked to be writable: flag, path and format of each.
    pub fn new(files: Vec<(&'static str, PathBuf, Format)>) -> Self {
        let export = |(flag, path, format)| Export { flag, path, format, failed: false };
        Self(files.into_iter().map(export).collect())
    }

    /// Replaces all regular files; at the `last` time also writes to what is not one. Returns a message
    /// for each file that could be written before and cannot now.
    pub fn write(&mut self, comparison: &Comparison, last: bool) -> Vec<String> {
        let files = self.0.iter_mut().filter(|export| last || file::is_regular(&export.path));
        files.filter_map(|export| export.write(comparison)).collect()
    }

    /// Where the report is, if it could be written to a file.
    pub fn report(&self) -> Option<&Path> {
        let report = self.0.iter().find(|export| export.flag == REPORT)?;
        Some(report.path.as_path()).filter(|path| !report.failed && file::is_regular(path))
    }

    /// Whether any file could not be written at last.
    pub fn failed(&self) -> bool {
        self.0.iter().any(|export| export.failed)
    }
}

impl Export {
    fn write(&mut self, comparison: &Comparison) -> Option<String> {
        let text = (self.format)(comparison);
        let written = text.and_then(|text| file::replace(&self.path, &text));
        let failed_before = std::mem::replace(&mut self.failed, written.is_err());
        let error = written.err().filter(|_| !failed_before)?;
        Some(format!("{}: {error}", self.flag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{csv, json, markdown, sample};
    use std::fs;

    #[test]
    fn all_formats_are_written_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name);
        fs::write(file("a.json"), "old").expect("a file");
        let mut exports = Exports::new(vec![
            ("--export-json", file("a.json"), json::render),
            ("--export-markdown", file("a.md"), |it| Ok(markdown::render(it))),
            ("--export-csv", file("a.csv"), csv::render),
        ]);
        for last in [false, true] {
            assert_eq!(exports.write(&sample::comparison(), last), [""; 0]);
        }
        assert!(!exports.failed());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3);
        for (name, start) in [("a.json", "{\n"), ("a.md", "#"), ("a.csv", "command,mean,stddev,")] {
            assert!(fs::read_to_string(file(name)).expect("a file").starts_with(start), "{name}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_open_file_is_written_to_once() {
        use std::os::fd::AsRawFd;
        let file = tempfile::NamedTempFile::new().expect("a file");
        let open = format!("/proc/self/fd/{}", file.as_file().as_raw_fd());
        let mut exports = Exports::new(vec![("--export-json", open.into(), json::render)]);
        for last in [false, false, true] {
            assert_eq!(exports.write(&sample::comparison(), last), [""; 0]);
        }
        let text = fs::read(file.path()).expect("a file");
        serde_json::from_slice::<serde_json::Value>(&text).expect("a single JSON object");
    }

    #[test]
    fn a_failure_is_reported_once_and_may_pass() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        // A file, below which there is no other one.
        fs::write(&inner, "").expect("a file");
        let file = ("--export-json", inner.join("a.json"), json::render as Format);
        let mut exports = Exports::new(vec![file]);
        assert_eq!(exports.write(&sample::comparison(), false).len(), 1);
        assert_eq!(exports.write(&sample::comparison(), false).len(), 0);
        assert!(exports.failed());
        fs::remove_file(&inner).expect("removed");
        assert_eq!(exports.write(&sample::comparison(), true).len(), 0);
        assert!(!exports.failed());
    }
}
