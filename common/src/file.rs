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

// Without the path of a temporary file, which nobody asked for.
fn plain(error: &io::Error) -> String {
    let within = error.get_ref().and_then(|error| error.source());
    within.map_or_else(|| error.to_string(), |error| error.to_string())
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
