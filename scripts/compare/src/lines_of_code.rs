//! Lines of code of a program: how much there is to read and to keep.

use std::fs;
use std::io;
use std::path::Path;

/// The lines of code of all `.rs` files in the `src` folder of this package of the workspace;
/// `None` if they cannot be read, as when the sources are gone since the harness was built.
pub fn of_package(name: &str) -> Option<usize> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    in_folder(&workspace.join(name).join("src")).ok()
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

/// Lines that are neither blank nor a comment (`//`, `///`, `//!`), up to the unit tests: a
/// module after `#[cfg(test)]` ends the count, because tests stand last in a file.
fn in_source(source: &str) -> usize {
    source
        .lines()
        .map(str::trim)
        .take_while(|line| *line != "#[cfg(test)]")
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
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
        assert_eq!(in_source(""), 0);
        assert_eq!(in_source("\n  \n\t\n"), 0);
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
    fn a_missing_package_is_unknown() {
        assert_eq!(of_package("no-such-package"), None);
        assert!(of_package("scripts/compare").is_some_and(|lines| lines > 100));
    }
}
