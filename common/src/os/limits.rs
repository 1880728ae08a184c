//! Limits of the operating system that many downloads or threads at once reach.

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
const MAPPINGS: &str = "the limit on memory mappings (vm.max_map_count)";

/// How many may run at once, and the name of the limit that allows no more.
pub type Max = (usize, &'static str);

/// Raises the limit on open files as far as the process may, and returns it.
pub fn raise_open_file_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return u64::MAX };
    // macOS refuses "unlimited" here; its own ceiling is 10,240 (OPEN_MAX).
    let wanted = if cfg!(target_os = "macos") { hard.min(10_240) } else { hard };
    let raised = wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok();
    if raised { wanted } else { soft }
}

/// How many downloads may be in progress at once: threads, or tasks.
///
/// # Errors
/// A limit that leaves no room for a download: the program, its runtime or the local server would
/// fail somewhere in the middle.
pub fn max_downloads(tasks: bool) -> Result<Max, String> {
    let each = if tasks { ADDRESS_SPACE_PER_TASK } else { ADDRESS_SPACE_PER_THREAD };
    // Two files for a download: a redirect may lead to another host.
    least([(FILES, raise_open_file_limit(), OTHER_FILES, 2), address_space(0, each)])
}

/// How many threads with stacks of `stack` bytes may run at once. Beyond that a thread still starts, but
/// the standard library cannot map its second stack, for signals, and ends the program.
///
/// # Errors
/// A limit that leaves no room for a thread.
pub fn max_threads(stack: u64) -> Result<Max, String> {
    let mappings = std::fs::read_to_string("/proc/sys/vm/max_map_count");
    let mappings = mappings.ok().and_then(|count| count.trim().parse().ok());
    // Two stacks with a guard page each, and a margin.
    let mappings = (MAPPINGS, mappings.unwrap_or(RLIM_INFINITY), 1_000, 5);
    // The C library reserves address space for up to eight arenas for each core.
    let cores = super::affinity::cores() as u64;
    least([mappings, address_space(8 * cores * ADDRESS_SPACE_PER_THREAD, stack + (128 << 10))])
}

// A limit: its name, its value, what is needed before the first, and what each takes.
type Limit = (&'static str, u64, u64, u64);

fn address_space(first: u64, each: u64) -> Limit {
    let limit = getrlimit(Resource::RLIMIT_AS).map_or(RLIM_INFINITY, |limit| limit.0);
    let used = super::usage::kib("/proc/self/status", "VmSize:").unwrap_or(0) * 1024;
    (MEMORY, limit, used + OTHER_ADDRESS_SPACE + first, each)
}

fn least(limits: [Limit; 2]) -> Result<Max, String> {
    let mut max = (usize::MAX, "");
    for (name, limit, needed, each) in limits {
        if limit <= needed {
            return Err(format!("{name} is {limit}, but {needed} are needed; raise it"));
        }
        let count = ((limit - needed) / each).max(1);
        max = max.min((usize::try_from(count).unwrap_or(usize::MAX), name));
    }
    Ok(max)
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
    fn a_refusal_names_the_limits() {
        let refused = explain(&Errno::EAGAIN.into());
        for limit in ["ulimit -u", "pids.max", "ulimit -v", "ulimit -n"] {
            assert!(refused.contains(limit), "{refused}");
        }
        assert!(!explain(&Errno::ENOENT.into()).contains("ulimit"));
    }
}
