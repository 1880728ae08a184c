//! C08: threads are switched **pre-emptively**. The operating system takes the CPU away from a thread
//! at any point and gives each thread a slice of time. The program has no say in when.
//!
//! More threads than cores read the clock in a loop, and none of them ever yields. A reading that is
//! far behind the one before shows that the thread was paused in between. The time between two such
//! gaps is a slice.

use std::process::ExitCode;
use std::time::Duration;

use common::demo::{self, Claim, DemoResult, Flag};
use common::os::{clock, usage::involuntary_context_switches_of_thread};
use common::report::{recorder::Recorder, timeline::State};
use serde_json::json;

/// Longer than an interrupt, shorter than another thread's slice.
const GAP: Duration = Duration::from_micros(500);

/// The slices of a thread, its longest pause, and how often it was interrupted.
type Busy = (Vec<Duration>, Duration, Option<u64>);

fn stay_busy(row: usize, until: Duration, recorder: &Recorder) -> Busy {
    let (mut slices, mut longest_pause) = (Vec::new(), Duration::ZERO);
    let mut slice_start = clock::now();
    let mut last = slice_start;
    while last < until {
        // Nothing here waits or yields, so a gap between two readings is the scheduler's decision.
        let now = clock::now();
        if now - last > GAP {
            recorder.block(row, State::Running, "", slice_start, last);
            recorder.block(row, State::Ready, "", last, now);
            slices.push(last - slice_start);
            longest_pause = longest_pause.max(now - last);
            slice_start = now;
        }
        last = now;
    }
    slices.push(last - slice_start);
    (slices, longest_pause, involuntary_context_switches_of_thread())
}

/// There were more threads than cores, each had two slices or more, and each was interrupted at
/// least once on average, if the system counts that.
pub(crate) fn holds(cores: u64, threads: u64, slices: usize, switches: Option<f64>) -> bool {
    threads > cores && slices >= 2 && switches.is_none_or(|switches| switches >= 1.0)
}

fn main() -> ExitCode {
    let cores = demo::cores();
    let flag =
        Flag { name: "threads", help: "How many threads", default: 2 * cores, range: 1..=1000 };
    demo::show_drawn(Claim::Article(&["C07", "C08"]), flag, |threads| {
        let rows = (0..threads).map(|thread| format!("thread {thread}"));
        let recorder = Recorder::new("preemption", "More busy threads than cores", rows);
        let until = clock::now() + Duration::from_secs(1);
        let seen =
            demo::in_threads(threads, |thread| stay_busy(thread as usize, until, &recorder))?;
        let fewest = seen.iter().map(|(slices, ..)| slices.len()).min().unwrap_or(0);
        let longest_pause = seen.iter().map(|(_, pause, _)| *pause).max().unwrap_or_default();
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
            "longest_pause_milliseconds": longest_pause.as_secs_f64() * 1e3,
            "involuntary_context_switches_per_thread": switches,
        });
        let summary = format!(
            "{threads} threads that never yield shared {cores} cores: each had at least {fewest} \
             slices, with a median of {median:.2} ms."
        );
        let result = DemoResult::new(holds(cores, threads, fewest, switches), figures, summary);
        Ok((result, demo::beginning(recorder.finish(), 0.1)))
    })
}
