//! What the operating system reports about a process: CPU time, context switches, memory, threads.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use serde::{Deserialize, Serialize};

/// CPU time and context switches of this process and of the workers it has waited for.
///
/// The local server is not included: a run waits for its end only after the last reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// CPU time in the program's own code, in seconds.
    pub user_seconds: f64,
    /// CPU time in the kernel on the program's behalf, in seconds.
    pub system_seconds: f64,
    /// How often it gave up the CPU by itself, to wait for something.
    pub voluntary_context_switches: u64,
    /// How often the scheduler took the CPU away.
    pub involuntary_context_switches: u64,
}

impl Usage {
    /// From the start of the process until now, its ended workers included; `None` if the system does not
    /// report it.
    pub fn now() -> Option<Self> {
        let (own, workers) = (Self::of(UsageWho::RUSAGE_SELF)?, Self::of_children()?);
        Some(Self {
            user_seconds: own.user_seconds + workers.user_seconds,
            system_seconds: own.system_seconds + workers.system_seconds,
            voluntary_context_switches: own.voluntary_context_switches
                + workers.voluntary_context_switches,
            involuntary_context_switches: own.involuntary_context_switches
                + workers.involuntary_context_switches,
        })
    }

    /// Of the child processes that have ended and were waited for.
    pub fn of_children() -> Option<Self> {
        Self::of(UsageWho::RUSAGE_CHILDREN)
    }

    fn of(who: UsageWho) -> Option<Self> {
        let usage = getrusage(who).ok()?;
        let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
        Some(Self {
            user_seconds: seconds(usage.user_time()),
            system_seconds: seconds(usage.system_time()),
            voluntary_context_switches: usage.voluntary_context_switches().try_into().ok()?,
            involuntary_context_switches: usage.involuntary_context_switches().try_into().ok()?,
        })
    }

    /// The difference to an `earlier` reading.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            user_seconds: self.user_seconds - earlier.user_seconds,
            system_seconds: self.system_seconds - earlier.system_seconds,
            voluntary_context_switches: self.voluntary_context_switches
                - earlier.voluntary_context_switches,
            involuntary_context_switches: self.involuntary_context_switches
                - earlier.involuntary_context_switches,
        }
    }
}

/// The process that did an item, as it was when the item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Threads alive in it; `None` where the system does not report it.
    pub threads: Option<u64>,
    /// The most memory it has had resident so far, in bytes; `None` where the system does not report it.
    pub peak_memory: Option<u64>,
}

impl Process {
    /// This process, now. Takes about two microseconds: an item can afford it.
    pub fn current() -> Self {
        Self { pid: std::process::id(), threads: threads(), peak_memory: max_rss() }
    }
}

/// Threads alive in this process.
///
/// Linux gives `/proc/self/task` one link for each thread besides its own two
/// (`proc_task_getattr` in the kernel's `fs/proc/base.c`), so one call is enough. macOS reports them only
/// through unsafe calls: `None`.
pub fn threads() -> Option<u64> {
    fs::metadata("/proc/self/task").ok()?.nlink().checked_sub(2)
}

/// How often the scheduler has taken the CPU away from the calling thread since it started.
#[cfg(target_os = "linux")]
pub fn involuntary_context_switches_of_thread() -> Option<u64> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    u64::try_from(usage.involuntary_context_switches()).ok()
}

/// How often the scheduler has taken the CPU away from the calling thread: macOS reports only the sum
/// of all threads.
#[cfg(not(target_os = "linux"))]
pub fn involuntary_context_switches_of_thread() -> Option<u64> {
    None
}

/// How long the calling thread has been ready to run without a CPU since it started: the second figure
/// of its `schedstat` (the kernel's `Documentation/scheduler/sched-stats.rst`). `None` where the system
/// does not report it.
pub fn ready_time_of_thread() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

/// The most memory that this process has had resident, in bytes.
///
/// macOS: `ru_maxrss`. Linux: `VmHWM`, because `ru_maxrss` of a program begins there at the peak of the
/// process that started it.
pub fn peak_memory() -> Option<u64> {
    if cfg!(target_os = "macos") {
        return max_rss();
    }
    Some(kib("/proc/self/status", "VmHWM:")? * 1024)
}

/// The memory that these processes have resident together now, in bytes. A page that several
/// processes share counts in equal parts (`Pss` in the kernel's `Documentation/filesystems/proc.rst`),
/// so a sum over all of them counts it once. Processes that have ended meanwhile are left out;
/// `None` if that leaves none, and where the system does not report it.
pub fn resident_memory(processes: impl IntoIterator<Item = u32>) -> Option<u64> {
    let resident = |pid| Some(kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:")? * 1024);
    processes.into_iter().filter_map(resident).reduce(|a, b| a + b)
}

/// The number behind `name` in a file of lines like `VmPTE:   24 kB`, which Linux has.
pub(crate) fn kib(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

// `ru_maxrss` in bytes; macOS reports bytes, Linux KiB. Honest for a worker that was forked and did not
// execute another program: its count starts at what it shares with its parent at that moment.
fn max_rss() -> Option<u64> {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    u64::try_from(usage.max_rss()).ok().map(|rss| rss * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_all_figures() {
        let usage = |seconds: f64, switches| Usage {
            user_seconds: 2.0 * seconds,
            system_seconds: seconds,
            voluntary_context_switches: 3 * switches,
            involuntary_context_switches: switches,
        };
        assert_eq!(usage(2.5, 70).since(&usage(0.5, 30)), usage(2.0, 40));
    }
}
