//! Files that the programs write. A regular file is replaced as a whole: a reader never sees half of it,
//! and a failure leaves the old one. Anything else, such as `/dev/stdout`, is written to.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{self, Path};

use tempfile::NamedTempFile;

/// Checks that `path` can be written, and leaves nothing behind. Its folder need not exist yet.
///
/// # Errors
/// The path is a folder; an error of the operating system.
pub fn check_writable(path: &Path) -> Result<(), String> {
    let checked = if path.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if is_regular(path) {
        temporary(path, existing(folder(path))).map(drop)
    } else {
        Ok(())
    };
    checked.map_err(|error| format!("cannot write it: {}", plain(&error)))
}

/// Writes `text` to `path`. A regular file is replaced as a whole; a missing folder is created.
///
/// # Errors
/// An error of the operating system, with the path.
pub fn replace(path: &Path, text: &str) -> Result<(), String> {
    let write = || {
        // Opened anew, it would have a position of its own: what is printed would overwrite the text.
        if path == Path::new("/dev/stdout") {
            return io::stdout().lock().write_all(text.as_bytes());
        }
        if !is_regular(path) {
            return OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes());
        }
        fs::create_dir_all(folder(path))?;
        let mut file = temporary(path, folder(path))?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map(drop).map_err(io::Error::from)
    };
    write().map_err(|error| format!("cannot write {}: {}", path.display(), plain(&error)))
}

/// Whether two paths name the same regular file, which need not exist yet.
pub fn same(one: &Path, other: &Path) -> bool {
    is_regular(one) && path::absolute(one).ok() == path::absolute(other).ok()
}

/// Whether a path names a regular file, or a file that does not exist yet. A link to an open file, such as
/// `/dev/stdout`, is none, whatever that file is.
pub fn is_regular(path: &Path) -> bool {
    let linked = path.is_symlink() && path.starts_with("/dev");
    let open = linked || path.starts_with("/dev/fd") || path.starts_with("/proc");
    !open && fs::metadata(path).map_or(true, |found| found.is_file())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

// The innermost part of the path that exists.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|it| it.exists()).unwrap_or(Path::new("."))
}

// In the folder of the file, so that it can take the file's place in one step.
fn temporary(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_or(0o666, |file| file.permissions().mode());
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(mode)).tempfile_in(folder)
}

// Without the temporary file's path, which `tempfile` appends.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((why, _)) if error.get_ref().is_some() => why.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect()
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        replace(&path, "one").expect("written");
        let old = fs::File::open(&path).expect("the old file");
        replace(&path, "two").expect("written");
        assert_eq!(io::read_to_string(old).expect("read"), "one", "a reader keeps the old file");
        assert_eq!(fs::read_to_string(&path).expect("read"), "two");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_check_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        check_writable(&folder.path().join("file")).expect("writable");
        check_writable(&folder.path().join("new/folder/file")).expect("writable");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_missing_folder_is_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/folder/file");
        replace(&path, "text").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "text");
        assert!(same(&folder.path().join("none/./file"), &folder.path().join("none/file")));
    }

    #[test]
    fn errors_name_the_path_and_no_temporary_file() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("file"), "").expect("a file");
        let path = folder.path().join("file/file");
        let why = "Not a directory (os error 20)";
        assert_eq!(check_writable(&path), Err(format!("cannot write it: {why}")));
        let error = replace(&path, "").expect_err("not written");
        assert!(error.starts_with(&format!("cannot write {}: ", path.display())), "{error}");
        assert!(check_writable(folder.path()).is_err(), "a folder");
    }

    #[test]
    fn two_paths_of_one_file_are_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        assert!(same(&path("new"), &path("./new")));
        assert!(!same(&path("new"), &path("other")));
        // A file in memory, which is regular although it is in `/dev`.
        assert!(is_regular(Path::new("/dev/shm/file")) && !is_regular(Path::new("/dev/stdout")));
        let null = Path::new("/dev/null");
        assert!(!same(null, null), "a device can be written to twice");
    }
}
