//! Threads are switched **pre-emptively: the operating system takes the CPU away** from a thread
//! that has not asked for it, and gives each its turn. The program has no say in when.
//!
//! More threads than cores read the clock without end, and none of them ever yields. A reading far
//! behind the one before it means that the thread was switched off in between; the time between two
//! such gaps is a slice. Each thread gets many slices, and `involuntary_switches_a_thread` is how
//! often the kernel says that it took the CPU away.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::example::{self, Shown};
use common::usage::involuntary_switches_of_thread;
use serde_json::json;

/// No interrupt keeps a thread from its clock for so long, but another thread does.
const GAP: Duration = Duration::from_micros(500);

/// Holds when there were more threads than cores, and each was switched off and on again: it had
/// two slices or more, and the kernel, if it tells, took the CPU away at least once a thread.
pub(crate) fn holds(cores: u64, threads: u64, slices: usize, switches: Option<f64>) -> bool {
    threads > cores && slices >= 2 && switches.is_none_or(|switches| switches >= 1.0)
}

/// Returns the thread's slices, the longest wait between two, how often it was interrupted.
fn stay_busy(until: Instant) -> (Vec<Duration>, Duration, Option<u64>) {
    let (mut slices, mut longest_wait) = (Vec::new(), Duration::ZERO);
    let mut on_since = Instant::now();
    let mut last = on_since;
    while last < until {
        // Nothing here waits or yields: a gap between two readings is the scheduler's doing.
        let now = Instant::now();
        if now - last > GAP {
            slices.push(last - on_since);
            longest_wait = longest_wait.max(now - last);
            on_since = now;
        }
        last = now;
    }
    slices.push(last - on_since);
    (slices, longest_wait, involuntary_switches_of_thread())
}

fn main() -> ExitCode {
    let cores = example::cores();
    let (threads, output) = example::flags("threads", "How many threads", 2 * cores, 1..=1000);
    example::show(&output, || {
        let until = Instant::now() + Duration::from_secs(1);
        let seen = example::in_threads(threads, |_| stay_busy(until))?;
        let fewest = seen.iter().map(|(slices, ..)| slices.len()).min().unwrap_or(0);
        let longest_wait = seen.iter().map(|(_, wait, _)| *wait).max().unwrap_or_default();
        let switches: Option<u64> = seen.iter().map(|(.., switches)| *switches).sum();
        let switches = switches.map(|sum| sum as f64 / threads as f64);
        let mut slices: Vec<_> = seen.iter().flat_map(|(slices, ..)| slices).collect();
        slices.sort();
        let median = slices[slices.len() / 2].as_secs_f64() * 1e3;
        let figures = json!({
            "cores": cores,
            "threads": threads,
            "slices_of_the_thread_with_fewest": fewest,
            "median_slice_milliseconds": median,
            "longest_wait_milliseconds": longest_wait.as_secs_f64() * 1e3,
            "involuntary_switches_a_thread": switches,
        });
        let said = format!(
            "{threads} threads that never yield shared {cores} cores: each had at least {fewest} \
             slices, half of them longer than {median:.1} ms."
        );
        let holds = holds(cores, threads, fewest, switches);
        Ok(Shown { claim: &["C07", "C08"], holds, figures, said })
    })
}
