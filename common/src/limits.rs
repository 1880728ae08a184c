//! Limits of the operating system that many downloads at once run into.

use std::io;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

use crate::Site;

/// Files that a program has open besides its connections: standard streams, the site server's
/// pipes, the runtime's own, certificates while they are read.
const OTHER_FILES: u64 = 32;

/// Raises the limit on open files as far as the process may, and returns how many connections
/// fit under it; `None` where the limit cannot be read.
pub fn connections() -> Option<usize> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    // macOS refuses "unlimited" here; its own ceiling is 10,240 (OPEN_MAX).
    let wanted = if cfg!(target_os = "macos") { hard.min(10_240) } else { hard };
    let raised = wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok();
    let files = if raised { wanted } else { soft };
    usize::try_from(files.saturating_sub(OTHER_FILES)).ok()
}

/// How many downloads of `sites` can be on their way at once, each of them taking `room` of this
/// process's address space, in bytes; and the limit that allows no more. At least one.
pub fn downloads(sites: &[Site], room: usize) -> (usize, &'static str) {
    // A local page opens one connection at most; a real site may redirect and open others.
    let local = sites.iter().all(|site| site.latency.is_some());
    let opened = if local { sites.len() } else { usize::MAX };
    let files = connections().map_or(usize::MAX, |connections| at_once(connections, opened));
    the_lower(files, memory_left().map(|left| left / room))
}

// What the files and the memory left allow; and which of the two allows no more.
fn the_lower(files: usize, memory: Option<usize>) -> (usize, &'static str) {
    match memory {
        Some(memory) if memory < files => (memory.max(1), "the limit on memory (ulimit -v)"),
        _ => (files.max(1), "the limit on open files (ulimit -n)"),
    }
}

// How many may be in use at once of `connections`, when `opened` are opened in all. If these do not
// fit, there is room needed, besides one in use, for one that is kept for later or is just being
// closed.
fn at_once(connections: usize, opened: usize) -> usize {
    if opened <= connections { connections } else { connections / 2 }
}

/// The address space that a thread with a session takes: 64 MiB that the C library reserves for its
/// memory (an arena of glibc, `HEAP_MAX_SIZE`), 2 MiB of stack, and room for its buffers.
pub const ROOM_OF_A_THREAD: usize = 68 << 20;

/// The address space that a task with a download takes: its buffers, of which hyper lets the one for
/// what comes in grow to 408 KiB (`DEFAULT_MAX_BUFFER_SIZE`), and itself.
pub const ROOM_OF_A_TASK: usize = 512 << 10;

// The address space that the process may still take, in bytes; `None` where there is no limit, or
// nobody tells.
fn memory_left() -> Option<usize> {
    let (limit, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    if limit == RLIM_INFINITY {
        return None;
    }
    left_of(limit, &std::fs::read_to_string("/proc/self/status").ok()?)
}

// What is left of a `limit` in bytes, by Linux's account of a process, in which a kB is 1,024 bytes.
fn left_of(limit: u64, status: &str) -> Option<usize> {
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let kib: u64 = size.trim().strip_suffix("kB")?.trim().parse().ok()?;
    usize::try_from(limit.saturating_sub(kib * 1024)).ok()
}

/// An error of the system for a person. Where it refused for want of something (a process, a thread,
/// memory, a file), the limits that may be the reason stand beside it, with their values.
pub fn named(error: &io::Error) -> String {
    let refusals = [Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE];
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno) if refusals.contains(&errno) => format!("{error}; {}", processes()),
        _ => error.to_string(),
    }
}

/// The limits that a refusal of a process or thread may be due to, with their values.
pub fn processes() -> String {
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
    fn only_a_refusal_names_limits() {
        let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("limit");
        for refused in [Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE] {
            let said = named(&refused.into());
            assert!(said.starts_with(&io::Error::from(refused).to_string()), "{said}");
            assert!(said.contains(&format!("(ulimit -n) {soft}")), "{said}");
        }
        assert!(!named(&Errno::ENOENT.into()).contains("ulimit"));
        assert_eq!(named(&io::Error::other("no system's")), "no system's");
    }

    #[test]
    fn what_is_opened_in_all_needs_no_room_beside_it() {
        assert_eq!([1, 199, 200].map(|opened| at_once(200, opened)), [200; 3]);
        assert_eq!([201, usize::MAX].map(|opened| at_once(200, opened)), [100; 2]);
    }

    #[test]
    fn the_lower_limit_is_named_and_one_is_always_allowed() {
        for (files, memory, most, limit) in [
            (200, None, 200, "files"),
            (200, Some(200), 200, "files"),
            (200, Some(199), 199, "memory"),
            (0, None, 1, "files"),
            (5, Some(0), 1, "memory"),
        ] {
            let (allowed, named) = the_lower(files, memory);
            assert_eq!(allowed, most, "{files} {memory:?}");
            assert!(named.contains(limit), "{named}");
        }
    }

    #[test]
    fn what_a_process_has_is_taken_from_its_limit() {
        let left = |limit| left_of(limit, "Name:\tprogram\nVmSize:\t    2048 kB\nVmRSS:\t 4 kB\n");
        assert_eq!([2 << 20, 3 << 20].map(left), [Some(0), Some(1 << 20)]);
        assert_eq!(left(0), Some(0));
        assert_eq!(left_of(1 << 20, "Name:\tprogram\n"), None);
    }

    #[test]
    fn downloads_are_as_many_as_connections_fit() {
        let all = connections().expect("limit");
        let site = |latency| Site { url: "http://127.0.0.1/".into(), latency };
        let local = site(Some(std::time::Duration::ZERO));
        if memory_left().is_none() {
            assert_eq!(downloads(&[local], 1).0, all);
            assert_eq!(downloads(&[site(None)], 1).0, all / 2, "it may lead to others");
        }
    }

    #[test]
    fn connections_leave_room_for_other_files() {
        let most = connections().expect("limit");
        let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("limit");
        assert_eq!(most as u64 + OTHER_FILES, soft, "the soft limit was raised");
    }
}
