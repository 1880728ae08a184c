//! Limits of the operating system that many downloads at once reach.

use std::io;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Files that a program has open besides its connections: standard streams, the local server's
/// pipes, the runtime's own, certificates while they are read.
const OTHER_FILES: u64 = 32;
/// Address space that a program, or the local server, needs besides its downloads.
const OTHER_ADDRESS_SPACE: u64 = 32 << 20;
/// Address space of a thread with a session: 64 MiB that the C library reserves for its memory (an
/// arena of glibc, `HEAP_MAX_SIZE`), 2 MiB of stack, and buffers.
const ADDRESS_SPACE_PER_THREAD: u64 = 68 << 20;
/// Address space of a task with a download: the task and its buffers, of which hyper's for incoming
/// data may grow to 408 KiB (`DEFAULT_MAX_BUFFER_SIZE`).
const ADDRESS_SPACE_PER_TASK: u64 = 512 << 10;

const FILES: &str = "the limit on open files (ulimit -n)";
const MEMORY: &str = "the limit on memory (ulimit -v)";

/// How many downloads may be in progress at once, and the name of the limit that allows no more.
pub type MaxDownloads = (usize, &'static str);

/// Raises the limit on open files as far as the process may, and returns it.
pub fn raise_open_file_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return u64::MAX };
    // macOS refuses "unlimited" here; its own ceiling is 10,240 (OPEN_MAX).
    let wanted = if cfg!(target_os = "macos") { hard.min(10_240) } else { hard };
    let raised = wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok();
    if raised { wanted } else { soft }
}

/// How many of `count` downloads may be in progress at once. `local` if all read from the local
/// server: one connection each. Other sites may redirect and open further ones.
///
/// # Errors
/// A limit that leaves no room for a download: the program, its runtime or the local server would
/// fail somewhere in the middle.
pub fn max_downloads(count: usize, local: bool, tasks: bool) -> Result<MaxDownloads, String> {
    let per_download = if tasks { ADDRESS_SPACE_PER_TASK } else { ADDRESS_SPACE_PER_THREAD };
    let memory = address_space_left().map(|left| left.map(|left| (left / per_download).max(1)))?;
    let limit = raise_open_file_limit();
    let connections = left(limit, OTHER_FILES, FILES)?;
    let all_fit = local && count as u64 <= connections;
    let files = if all_fit { connections } else { (connections / 2).max(1) };
    Ok(match memory {
        Some(memory) if memory < files => (memory as usize, MEMORY),
        _ => (usize::try_from(files).unwrap_or(usize::MAX), FILES),
    })
}

// In bytes; `None` if there is no limit, or if the system does not report what is in use.
fn address_space_left() -> Result<Option<u64>, String> {
    let used = super::usage::kib("/proc/self/status", "VmSize:");
    match (getrlimit(Resource::RLIMIT_AS), used) {
        (Ok((limit, _)), Some(used)) if limit != RLIM_INFINITY => {
            left(limit, used * 1024 + OTHER_ADDRESS_SPACE, MEMORY).map(Some)
        }
        _ => Ok(None),
    }
}

fn left(limit: u64, needed: u64, name: &str) -> Result<u64, String> {
    let left = limit.checked_sub(needed).filter(|left| *left > 0);
    left.ok_or_else(|| format!("{name} is {limit}, but {needed} are needed besides the downloads"))
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
        "limits: processes and threads (ulimit -u) {} or less by a control group (pids.max), memory in bytes (ulimit -v) {}, open files (ulimit -n) {}",
        value(Resource::RLIMIT_NPROC),
        value(Resource::RLIMIT_AS),
        value(Resource::RLIMIT_NOFILE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_without_room_is_named() {
        assert_eq!(left(33, 32, FILES), Ok(1));
        for limit in [0, 31, 32] {
            let error = left(limit, 32, FILES).expect_err("too low");
            assert!(error.starts_with(&format!("{FILES} is {limit}, but 32 ")), "{error}");
        }
    }

    #[test]
    fn a_refusal_names_the_limits() {
        let refused = explain(&Errno::EAGAIN.into());
        for limit in ["ulimit -u", "pids.max", "ulimit -v", "ulimit -n"] {
            assert!(refused.contains(limit), "{refused}");
        }
        assert!(!explain(&Errno::ENOENT.into()).contains("ulimit"));
    }
}
