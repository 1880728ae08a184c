//! Files that are written whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{AccessFlags, access};
use tempfile::NamedTempFile;

/// A path from the command line, once it is sure that it can be written.
///
/// # Errors
/// What the operating system says to an attempt at writing there.
pub fn writable(path: PathBuf) -> Result<PathBuf, String> {
    let tried = Target::find(&path).and_then(|target| target.attempt());
    tried.map_err(|error| format!("it cannot be written: {}", plain(&error)))?;
    Ok(path)
}

/// Writes `text` to `path`, as [`Target::write`] does.
///
/// # Errors
/// The operating system's, naming the path.
pub fn replace(path: &Path, text: &str) -> Result<(), String> {
    let written = Target::find(path).and_then(|target| target.write(text));
    written.map_err(|error| format!("{} cannot be written: {}", path.display(), plain(&error)))
}

/// What the system says, without the path of a temporary file, which nobody asked for and `tempfile`
/// puts at the end.
pub fn plain(error: &io::Error) -> String {
    let said = error.to_string();
    match said.split_once(" at path ") {
        Some((why, _)) if error.get_ref().is_some() => why.to_owned(),
        _ => said,
    }
}

/// Where a text goes. Two are the same if both replace one file.
#[derive(Debug)]
pub struct Target(Place);

#[derive(Debug)]
enum Place {
    // Its whole path, without links.
    File(PathBuf),
    // A terminal, a pipe, `/dev/null`: written to as it is, for to replace it would remove it.
    Device(PathBuf),
    // `/dev/stdout` and the like while it is a file: to replace it would lose what was and will be
    // written to it.
    StandardOutput,
    StandardError,
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Place::File(one), Place::File(other)) if one == other)
    }
}

impl Target {
    /// The place that `path` names: of a link, what it leads to.
    ///
    /// # Errors
    /// A directory; what the operating system says of the path.
    pub fn find(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(Self(match standard_stream(&found) {
                Some(stream) => stream,
                None => Place::File(fs::canonicalize(path)?),
            })),
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(_) => Ok(Self(Place::Device(path.to_owned()))),
            Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_link(path) {
                // A link that leads to nothing yet. A circle of links is another error.
                Ok(led) => Self::find(&folder(path).join(led)),
                Err(_) if path.as_os_str().as_bytes().ends_with(b"/") => {
                    Err(ErrorKind::IsADirectory.into())
                }
                Err(_) => {
                    let name = path.file_name().ok_or(error)?;
                    Ok(Self(Place::File(fs::canonicalize(folder(path))?.join(name))))
                }
            },
            Err(error) => Err(error),
        }
    }

    /// The file that each writing replaces, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(file) => Some(file),
            _ => None,
        }
    }

    /// Tries whether it can be written, and leaves nothing behind.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn attempt(&self) -> io::Result<()> {
        match &self.0 {
            Place::File(file) => {
                if file.exists() {
                    OpenOptions::new().append(true).open(file)?;
                }
                // Removed again at once: a program that is killed leaves nothing behind.
                beside(file).map(drop)
            }
            // Not opened: the reader of a pipe would take that for all that ever comes.
            Place::Device(device) => Ok(access(device, AccessFlags::W_OK)?),
            Place::StandardOutput | Place::StandardError => Ok(()),
        }
    }

    /// Writes `text`. A file that was there is replaced as a whole: who reads it meanwhile, or finds
    /// it after a failure, has the old one.
    ///
    /// # Errors
    /// What the operating system says; a pipe that nobody reads.
    pub fn write(&self, text: &str) -> io::Result<()> {
        match &self.0 {
            Place::File(file) => {
                let mut temporary = beside(file)?;
                temporary.write_all(text.as_bytes())?;
                temporary.persist(file)?;
                Ok(())
            }
            Place::Device(device) => open(device)?.write_all(text.as_bytes()),
            Place::StandardOutput => write(&mut io::stdout().lock(), text),
            Place::StandardError => write(&mut io::stderr().lock(), text),
        }
    }
}

fn write(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

// Opening a pipe would wait until somebody reads it, for ever if nobody does.
fn open(device: &Path) -> io::Result<File> {
    let waits_for_nobody = OFlag::O_NONBLOCK.bits();
    let opened = OpenOptions::new().write(true).custom_flags(waits_for_nobody).open(device);
    let device = opened.map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENXIO) => io::Error::new(ErrorKind::BrokenPipe, "nobody reads from it"),
        _ => error,
    })?;
    // Writing does wait, for a reader that is slower.
    fcntl(&device, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(device)
}

fn standard_stream(found: &Metadata) -> Option<Place> {
    let is = |stream: &dyn AsFd| {
        let file = stream.as_fd().try_clone_to_owned().map(File::from);
        let its = file.and_then(|file| file.metadata());
        its.is_ok_and(|its| (its.dev(), its.ino()) == (found.dev(), found.ino()))
    };
    if is(&io::stdout()) {
        return Some(Place::StandardOutput);
    }
    is(&io::stderr()).then_some(Place::StandardError)
}

// A path without a folder is in the current one.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

// A temporary file in the directory of `path`: only within a file system is a renaming one step.
// It may be read by whom the file that it replaces may be read by, or else as any new file.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let there = fs::metadata(path).map(|found| found.permissions());
    let new = Permissions::from_mode(0o666);
    let temporary = tempfile::Builder::new().permissions(new).tempfile_in(folder(path))?;
    if let Ok(permissions) = there {
        // Set afterwards: at its making the process's umask takes some from them.
        temporary.as_file().set_permissions(permissions)?;
    }
    Ok(temporary)
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

        fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("permissions");
        symlink(&path, &link).expect("a link");
        assert_eq!(writable(link.clone()), Ok(link.clone()));
        let old = fs::File::open(&path).expect("a file");
        replace(&link, "two").expect("written");
        assert_eq!(io::read_to_string(old).expect("read"), "one", "who reads it has the old one");
        assert_eq!(fs::read_to_string(&path).expect("read"), "two");
        assert!(link.is_symlink(), "what a link leads to is replaced, not the link");
        let mode = fs::metadata(&path).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o666, "whatever the umask takes from new files");
        assert_eq!(names(folder.path()), ["file", "link"].map(PathBuf::from));
    }

    #[test]
    fn a_link_to_nothing_makes_what_it_leads_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let [path, link] = ["file", "link"].map(|name| folder.path().join(name));
        symlink("file", &link).expect("a link");
        replace(&link, "text").expect("written");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&path).expect("read"), "text");

        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        symlink(&one, &other).expect("a link");
        symlink(&other, &one).expect("a link");
        assert!(writable(one).is_err(), "a circle ends");
    }

    #[test]
    fn one_file_by_two_paths_is_the_same_target() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = |name: &str| Target::find(&folder.path().join(name)).expect("a place");
        assert_eq!(target("new"), target("./new"));
        assert_ne!(target("new"), target("other"));
        fs::write(folder.path().join("old"), "").expect("a file");
        symlink("old", folder.path().join("link")).expect("a link");
        assert_eq!(target("old"), target("link"));
        let device = || Target::find(Path::new("/dev/null")).expect("a place");
        assert_ne!(device(), device(), "it may be written to twice");
        assert!(target("new").file().is_some_and(|file| file.ends_with("new")));
        assert_eq!(device().file(), None);
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        assert_eq!(writable(path.clone()), Ok(path.clone()));
        let error = replace(&path, "text").expect_err("nobody");
        assert!(error.ends_with("cannot be written: nobody reads from it"), "{error}");
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
            (folder.path().join("none/"), "is a directory"),
            (PathBuf::new(), "No such file or directory (os error 2)"),
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
