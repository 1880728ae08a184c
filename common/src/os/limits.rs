//! Limits of the operating system that many downloads at once reach.

use std::io;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Files that a program has open besides its connections: standard streams, the local server's
/// pipes, the runtime's own, certificates while they are read.
const OTHER_FILES: u64 = 32;
/// Address space of a thread with a session: 64 MiB that the C library reserves for its memory (an
/// arena of glibc, `HEAP_MAX_SIZE`), 2 MiB of stack, and buffers.
const ADDRESS_SPACE_PER_THREAD: usize = 68 << 20;
/// Address space of a task with a download: the task and its buffers, of which hyper's for incoming
/// data may grow to 408 KiB (`DEFAULT_MAX_BUFFER_SIZE`).
const ADDRESS_SPACE_PER_TASK: usize = 512 << 10;

/// How many downloads may be in progress at once, and the limit that allows no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxDownloads {
    /// At least one.
    pub downloads: usize,
    /// The limit's name for a person.
    pub name: &'static str,
}

/// Raises the limit on open files as far as the process may, and returns how many connections fit
/// under it; `None` if the limit is unknown.
pub fn raise_open_file_limit() -> Option<usize> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    // macOS refuses "unlimited" here; its own ceiling is 10,240 (OPEN_MAX).
    let wanted = if cfg!(target_os = "macos") { hard.min(10_240) } else { hard };
    let raised = wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok();
    let files = if raised { wanted } else { soft };
    usize::try_from(files.saturating_sub(OTHER_FILES)).ok()
}

/// How many of `count` downloads may be in progress at once. `local` if all read from the local
/// server: one connection each. Other sites may redirect and open further ones.
pub fn max_downloads(count: usize, local: bool, tasks: bool) -> MaxDownloads {
    let files = raise_open_file_limit().map_or(usize::MAX, |connections| {
        if local && count <= connections { connections } else { connections / 2 }
    });
    let each = if tasks { ADDRESS_SPACE_PER_TASK } else { ADDRESS_SPACE_PER_THREAD };
    smaller(files, address_space_left().map(|bytes| bytes / each))
}

fn smaller(files: usize, memory: Option<usize>) -> MaxDownloads {
    match memory {
        Some(memory) if memory < files => {
            MaxDownloads { downloads: memory.max(1), name: "the limit on memory (ulimit -v)" }
        }
        _ => MaxDownloads { downloads: files.max(1), name: "the limit on open files (ulimit -n)" },
    }
}

// In bytes; `None` if there is no limit, or if the system does not report what is in use.
fn address_space_left() -> Option<usize> {
    let (limit, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    if limit == RLIM_INFINITY {
        return None;
    }
    let used = super::usage::kib("/proc/self/status", "VmSize:")? * 1024;
    usize::try_from(limit.saturating_sub(used)).ok()
}

/// An error of the operating system for a person. If it refused a process, a thread, memory or a
/// file, the limits that may be the reason follow, with their values.
pub fn explain(error: &io::Error) -> String {
    let refusals = [Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE];
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno) if refusals.contains(&errno) => format!("{error}; {}", all()),
        _ => error.to_string(),
    }
}

/// The limits that may be the reason of a refusal, with their values.
pub fn all() -> String {
    let value = |resource| match getrlimit(resource) {
        Ok((RLIM_INFINITY, _)) => "unlimited".into(),
        Ok((soft, _)) => soft.to_string(),
        Err(_) => "unknown".to_owned(),
    };
    format!(
        "limits: processes and threads (ulimit -u) {}, memory in bytes (ulimit -v) {}, open files (ulimit -n) {}",
        value(Resource::RLIMIT_NPROC),
        value(Resource::RLIMIT_AS),
        value(Resource::RLIMIT_NOFILE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_limit_is_named() {
        for (files, memory, downloads, name) in [
            (5, None, 5, "files"),
            (5, Some(7), 5, "files"),
            (5, Some(4), 4, "memory"),
            (0, None, 1, "files"),
            (5, Some(0), 1, "memory"),
        ] {
            let max = smaller(files, memory);
            assert_eq!(max.downloads, downloads, "{files} {memory:?}");
            assert!(max.name.contains(name), "{}", max.name);
        }
    }

    #[test]
    fn a_refusal_names_the_limits() {
        let refused = explain(&Errno::EAGAIN.into());
        assert!(refused.contains("ulimit -u") && refused.contains("ulimit -n"), "{refused}");
        assert!(!explain(&Errno::ENOENT.into()).contains("ulimit"));
    }
}
