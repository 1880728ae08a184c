//! Files that a comparison writes, one module for each format.
//!
//! A file is tried before anything runs, and written anew after each round: to a temporary file
//! beside it that then takes its name, so that a reader never sees half of one, and what was
//! there before is replaced whole or not at all. What is no file, like a terminal or a named pipe,
//! is written to once, at the end.

use std::path::{Path, PathBuf};

use common::file::{self, Target};

use crate::ledger;
use crate::options::Options;
use crate::results::Comparison;

mod csv;
mod html;
mod json;
mod markdown;

type Format = fn(&Comparison) -> Result<String, String>;

const REPORT: &str = "--report";

/// The files that were asked for.
#[derive(Debug, Default)]
pub struct Exports(Vec<Export>);

#[derive(Debug)]
struct Export {
    flag: &'static str,
    asked: PathBuf,
    target: Target,
    format: Format,
    failed: bool,
}

impl Exports {
    /// Makes sure that all files can be written.
    ///
    /// # Errors
    /// A sentence that names the flag, the file and the cause.
    pub fn prepare(options: &Options) -> Result<Self, String> {
        let report = Some(options.report.clone().unwrap_or_else(|| default_report(options)));
        let asked: [(&str, &Option<PathBuf>, Format); 5] = [
            ("--export-json", &options.export_json, json::export),
            ("--export-markdown", &options.export_markdown, markdown::export),
            ("--export-csv", &options.export_csv, csv::export),
            ("--export-claims", &options.export_claims, ledger::json),
            (REPORT, &report, html::export),
        ];
        let mut exports: Vec<Export> = Vec::new();
        for (flag, path, format) in asked {
            let Some(asked) = path.clone() else { continue };
            let target = Target::find(&asked).and_then(|found| found.attempt().map(|()| found));
            let target = target.map_err(|error| said(flag, &asked, &file::plain(&error)))?;
            if let Some(other) = exports.iter().find(|other| other.target == target) {
                let file = asked.display();
                return Err(format!("{} and {flag} both name the file '{file}'", other.flag));
            }
            exports.push(Export { flag, asked, target, format, failed: false });
        }
        Ok(Self(exports))
    }

    /// Writes all files anew, and returns what went wrong and was not said before.
    pub fn write(&mut self, comparison: &Comparison) -> Vec<String> {
        self.0
            .iter_mut()
            .filter(|export| export.target.file().is_some())
            .filter_map(|export| export.write(comparison))
            .collect()
    }

    /// Writes all files for the last time, and returns what went wrong and was not said before.
    pub fn finish(&mut self, comparison: &Comparison) -> Vec<String> {
        self.0.iter_mut().filter_map(|export| export.write(comparison)).collect()
    }

    /// Where the report is, if it could be written.
    pub fn report(&self) -> Option<&Path> {
        let report = self.0.iter().find(|export| export.flag == REPORT && !export.failed)?;
        report.target.file()
    }

    /// Whether any file is not as it should be: the last try to write it has failed.
    pub fn failed(&self) -> bool {
        self.0.iter().any(|export| export.failed)
    }
}

// Beside the harness, in cargo's target folder: one for each kind of build, so that the tests, which
// are no release build, leave a real report alone.
fn default_report(options: &Options) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    // The page of a comparison is not lost to one that has only its growth.
    let name = if options.growth { "growth.html" } else { "report.html" };
    own.parent().unwrap_or(Path::new(".")).join(name)
}

impl Export {
    fn write(&mut self, comparison: &Comparison) -> Option<String> {
        let text = (self.format)(comparison);
        let written =
            text.and_then(|text| self.target.write(&text).map_err(|error| file::plain(&error)));
        let failed_before = std::mem::replace(&mut self.failed, written.is_err());
        written.err().filter(|_| !failed_before).map(|error| said(self.flag, &self.asked, &error))
    }
}

fn said(flag: &str, path: &Path, error: &str) -> String {
    format!("{flag}: '{}' cannot be written: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::sample;
    use clap::Parser;
    use std::fs::{self, File, Permissions};
    use std::io::{Read, Write};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    fn prepared(flags: &[(&str, &Path)]) -> Result<Exports, String> {
        let arguments =
            flags.iter().flat_map(|(flag, path)| [flag.to_string(), path.display().to_string()]);
        Exports::prepare(&Options::parse_from(["compare.sh".into()].into_iter().chain(arguments)))
    }

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry"));
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().into_string().expect("name")).collect();
        names.sort();
        names
    }

    #[test]
    fn trying_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.json");
        prepared(&[("--export-json", &path)]).expect("writable");
        assert!(files(folder.path()).is_empty());
        fs::write(&path, "old").expect("file");
        prepared(&[("--export-json", &path)]).expect("writable");
        assert_eq!(fs::read_to_string(&path).expect("file"), "old");
    }

    #[test]
    fn all_formats_are_written_and_nothing_else() {
        let folder = tempfile::tempdir().expect("folder");
        let [json, markdown, csv] =
            ["a.json", "a.md", "a.csv"].map(|name| folder.path().join(name));
        fs::write(&json, "old").expect("file");
        let flags: [(&str, &Path); 3] =
            [("--export-json", &json), ("--export-markdown", &markdown), ("--export-csv", &csv)];
        let mut exports = prepared(&flags).expect("writable");
        for _ in 0..2 {
            assert_eq!(exports.write(&sample::comparison()), [""; 0]);
        }
        assert!(!exports.failed());
        assert_eq!(files(folder.path()), ["a.csv", "a.json", "a.md"]);
        let starts = [(&json, "{\n"), (&markdown, "#"), (&csv, "command,mean,stddev,")];
        for (file, start) in starts {
            assert!(fs::read_to_string(file).expect("file").starts_with(start), "{file:?}");
        }
    }

    #[test]
    fn permissions_and_links_stay() {
        let folder = tempfile::tempdir().expect("folder");
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&file, "old").expect("file");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("permissions");
        symlink(&file, &link).expect("link");
        let mut exports = prepared(&[("--export-csv", &link)]).expect("writable");
        assert_eq!(exports.write(&sample::comparison()), [""; 0]);
        assert!(fs::symlink_metadata(&link).expect("link").is_symlink());
        assert!(fs::read_to_string(&file).expect("file").starts_with("command,"));
        assert_eq!(fs::metadata(&file).expect("file").permissions().mode() & 0o777, 0o640);
    }

    // A pipe, which nobody misses if it is replaced after all; `/dev/null` they would.
    #[test]
    fn what_is_no_file_is_written_to_once() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
        let mut pipe = File::options().read(true).write(true).open(&path).expect("a pipe");
        let mut exports = prepared(&[("--export-csv", &path)]).expect("writable");
        assert_eq!(exports.0[0].target.file(), None);
        assert_eq!(exports.write(&sample::comparison()), [""; 0]);
        assert_eq!(exports.finish(&sample::comparison()), [""; 0]);
        assert!(!exports.failed());
        assert!(!fs::metadata(&path).expect("a pipe").is_file());
        pipe.write_all(b"END").expect("written");
        let mut text = String::new();
        while !text.ends_with("END") {
            let mut piece = [0; 4096];
            let bytes = pipe.read(&mut piece).expect("read");
            text.push_str(&String::from_utf8_lossy(&piece[..bytes]));
        }
        assert_eq!(text.matches("command,mean,stddev,").count(), 1, "{text}");
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        for path in [folder.path().to_owned(), folder.path().join("no/file")] {
            let error = prepared(&[("--export-markdown", &path)]).expect_err("not writable");
            let start = format!("--export-markdown: '{}' cannot be written: ", path.display());
            assert!(error.starts_with(&start), "{error}");
        }
    }

    #[test]
    fn two_formats_in_one_file_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("file");
        let other = folder.path().join("./file");
        let error =
            prepared(&[("--export-json", &file), ("--export-csv", &other)]).expect_err("twice");
        assert!(error.starts_with("--export-json and --export-csv both name the file"), "{error}");
    }

    #[test]
    fn a_later_failure_is_said_once_and_forgotten_when_mended() {
        let folder = tempfile::tempdir().expect("folder");
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).expect("folder");
        let mut exports = prepared(&[("--export-json", &inner.join("a.json"))]).expect("writable");
        fs::remove_dir(&inner).expect("removed");
        assert_eq!(exports.write(&sample::comparison()).len(), 1);
        assert_eq!(exports.write(&sample::comparison()).len(), 0);
        assert!(exports.failed());
        fs::create_dir(&inner).expect("folder");
        assert_eq!(exports.finish(&sample::comparison()).len(), 0);
        assert!(!exports.failed());
    }
}
