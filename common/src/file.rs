//! Files that are written whole or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A path from the command line, once it is sure that it can be written.
///
/// # Errors
/// What the operating system says to an attempt at writing there.
pub fn writable(path: PathBuf) -> Result<PathBuf, String> {
    check(&path).map_err(|error| format!("it cannot be written: {}", plain(&error)))?;
    Ok(path)
}

fn check(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Err(ErrorKind::NotFound.into());
    }
    match place(path)? {
        Place::File(target) => {
            if target.exists() {
                OpenOptions::new().write(true).open(&target)?;
            }
            // Removed again at once: a program that is killed leaves nothing behind.
            beside(&target).map(drop)
        }
        Place::Device => OpenOptions::new().write(true).open(path).map(drop),
    }
}

/// Writes `text` to `path`. A file that was there is replaced as a whole: who reads it meanwhile,
/// or finds it after a failure, has the old one.
///
/// # Errors
/// The operating system's, naming the path.
pub fn replace(path: &Path, text: &str) -> Result<(), String> {
    let write = || match place(path)? {
        Place::File(target) => {
            let mut file = beside(&target)?;
            file.write_all(text.as_bytes())?;
            file.persist(&target)?;
            Ok(())
        }
        Place::Device => OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes()),
    };
    write().map_err(|error: io::Error| {
        format!("{} cannot be written: {}", path.display(), plain(&error))
    })
}

// Without the path of a temporary file, which nobody asked for and `tempfile` puts at the end.
fn plain(error: &io::Error) -> String {
    let said = error.to_string();
    match said.split_once(" at path ") {
        Some((why, _)) if error.get_ref().is_some() => why.to_owned(),
        _ => said,
    }
}

enum Place {
    File(PathBuf),
    // A terminal, a pipe, `/dev/null`: written to as it is, for to replace it would remove it.
    Device,
}

fn place(path: &Path) -> io::Result<Place> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(Place::File(fs::canonicalize(path)?)),
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(_) => Ok(Place::Device),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Place::File(path.to_owned())),
        Err(error) => Err(error),
    }
}

// A temporary file in the directory of `path`: only within a file system is a renaming one step.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // As any new file; the process's umask takes from it what it takes from others.
    let mode = fs::metadata(path).map_or(0o666, |found| found.permissions().mode());
    tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(directory)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn names(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("entry"));
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().expect("a folder");
        let [path, link] = ["file", "link"].map(|name| folder.path().join(name));
        assert_eq!(writable(path.clone()), Ok(path.clone()));
        assert!(names(folder.path()).is_empty(), "a check leaves nothing");
        replace(&path, "one").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "one");

        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("permissions");
        symlink(&path, &link).expect("a link");
        assert_eq!(writable(link.clone()), Ok(link.clone()));
        let old = fs::File::open(&path).expect("a file");
        replace(&link, "two").expect("written");
        assert_eq!(io::read_to_string(old).expect("read"), "one", "who reads it has the old one");
        assert_eq!(fs::read_to_string(&path).expect("read"), "two");
        assert!(link.is_symlink(), "what a link leads to is replaced, not the link");
        let mode = fs::metadata(&path).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["file", "link"].map(PathBuf::from));
    }

    // A pipe, which nobody misses if it is replaced after all; `/dev/null` they would.
    #[test]
    fn a_device_is_written_to_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
        let mut pipe = OpenOptions::new().read(true).write(true).open(&path).expect("a pipe");
        assert_eq!(writable(path.clone()), Ok(path.clone()));
        replace(&path, "text").expect("written");
        assert!(!fs::metadata(&path).expect("a pipe").is_file());
        let mut text = [0; 4];
        pipe.read_exact(&mut text).expect("read");
        assert_eq!(&text, b"text");
    }

    #[test]
    fn what_cannot_be_written_is_said_without_a_temporary_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("file/other");
        for (path, why) in [
            (folder.path().to_owned(), "is a directory"),
            (folder.path().join("none/file"), "No such file or directory (os error 2)"),
            (PathBuf::new(), "entity not found"),
        ] {
            let error = writable(path.clone()).expect_err("not writable");
            assert_eq!(error, format!("it cannot be written: {why}"));
            if !path.as_os_str().is_empty() {
                let error = replace(&path, "").expect_err("not written");
                assert_eq!(error, format!("{} cannot be written: {why}", path.display()));
            }
        }
        fs::write(folder.path().join("file"), "").expect("a file");
        let error = writable(inside).expect_err("its folder is a file");
        assert!(error.starts_with("it cannot be written: Not a directory"), "{error}");
    }

    #[test]
    fn a_bare_name_lies_in_the_working_folder() {
        let file = beside(Path::new("name")).expect("a file");
        let folder = file.path().parent().expect("a folder").canonicalize();
        assert_eq!(folder.expect("its path"), std::env::current_dir().expect("a folder"));
    }
}
