//! Lines of code of a program, read from its sources.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};

use crate::catalog::RUST;
use crate::model::{Origin, Program, Row};

/// A row without runs.
pub fn row(program: Program) -> Row {
    Row {
        program,
        runs: Vec::new(),
        failure: None,
        lines_of_code: match program.origin {
            Origin::Rust => of_package(program.name),
            Origin::Python => of_python(program.file),
            Origin::Peer | Origin::Foreign => None,
        },
        lines_added: lines_added(program.name),
    }
}

/// The lines of code of all `.rs` files in the `src` folder of a package of the workspace; `None` if
/// they cannot be read.
fn of_package(name: &str) -> Option<usize> {
    in_folder(&workspace().join(name).join("src")).ok()
}

/// The lines of code of a file in `scripts/python`; `None` if it cannot be read.
fn of_python(name: &str) -> Option<usize> {
    let source = fs::read_to_string(workspace().join("scripts/python").join(name)).ok()?;
    Some(in_python(&source))
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The lines that the `src/main.rs` of a package has and the baseline's has not, comments included;
/// `None` if they cannot be read.
fn lines_added(name: &str) -> Option<usize> {
    let main = |name| fs::read_to_string(workspace().join(name).join("src/main.rs")).ok();
    Some(added(&main(RUST[0].name)?, &main(name)?))
}

fn added(one: &str, other: &str) -> usize {
    let lines = TextDiff::from_lines(one, other);
    lines.iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert).count()
}

fn in_folder(folder: &Path) -> io::Result<usize> {
    let mut lines = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            lines += in_folder(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            lines += in_source(&fs::read_to_string(&path)?);
        }
    }
    Ok(lines)
}

/// Lines that are neither blank nor a comment (`//`, `///`, `//!`), up to `#[cfg(test)]`: tests are
/// last in a file. A file with nothing but tests begins with `#![cfg(test)]`.
fn in_source(source: &str) -> usize {
    source
        .lines()
        .map(str::trim)
        .take_while(|line| !["#[cfg(test)]", "#![cfg(test)]"].contains(line))
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

/// Lines that are not blank, not a comment and not part of a docstring.
fn in_python(source: &str) -> usize {
    let mut within = false;
    let mut lines = 0;
    for line in source.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let quotes = line.matches(r#"""""#).count();
        if !within && quotes == 0 && !line.starts_with('#') {
            lines += 1;
        }
        within ^= quotes == 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"//! A module.

use std::io; // counts, with its comment

/// A function.
fn main() {
    // A comment.

    let url = "http://localhost";
}
#[cfg(test)]
mod tests {}
"#;

    #[test]
    fn blank_lines_comments_and_tests_are_left_out() {
        assert_eq!(in_source(SOURCE), 4);
        assert_eq!(in_source(&format!("//! Tests.\n#![cfg(test)]\n{SOURCE}")), 0);
        assert_eq!(in_source(""), 0);
        assert_eq!(in_source("\n  \n\t\n"), 0);
    }

    #[test]
    fn documentation_in_python_is_left_out() {
        let source = r##""""A program.

x = 1
"""

import sys  # counts, with its comment


def main():
    """A function."""
    # A comment.
    sys.exit("# counts")
"##;
        assert_eq!(in_python(source), 3);
        assert_eq!(of_python("threads_io.rs"), None);
        assert!(of_python("threads_io.py").is_some_and(|lines| (10..40).contains(&lines)));
    }

    #[test]
    fn all_files_of_a_folder_count() {
        let folder = tempfile::tempdir().expect("folder");
        fs::create_dir(folder.path().join("inner")).expect("folder");
        fs::write(folder.path().join("main.rs"), SOURCE).expect("file");
        fs::write(folder.path().join("inner/pool.rs"), "fn pool() {}\n").expect("file");
        fs::write(folder.path().join("notes.md"), "no code\n").expect("file");
        assert_eq!(in_folder(folder.path()).expect("readable"), 5);
    }

    #[test]
    fn a_difference_by_hand() {
        assert_eq!(added("a\nb\nc\n", "a\nb\nc\n"), 0);
        assert_eq!(added("a\nb\nc\n", "a\nx\ny\nc\n"), 2);
        assert_eq!(added("", "a\n"), 1);
    }

    #[test]
    fn a_missing_package_is_unknown() {
        assert_eq!(of_package("no-such-package"), None);
        assert_eq!(lines_added("no-such-package"), None);
        assert!(of_package("scripts/compare").is_some_and(|lines| lines > 100));
    }
}
