//! C04: Rust has no lock around the whole program, so **CPU-bound threads run on all cores at the
//! same time**.
//!
//! The sums of `multiproc-cpu` are computed one after another, then divided among threads.
//! `examples/gil.rs` shows CPU-bound threads under such a lock.

use std::process::ExitCode;

use common::demo::{self, Claim, DemoResult, Flag};
use common::report::{recorder::Recorder, timeline::State, timeline::Timeline};
use common::workload::default_numbers;
use common::{Result, cpu_bound};
use serde_json::json;

fn find_sums_sequentially() -> Result<u128> {
    Ok(default_numbers().map(cpu_bound).sum())
}

fn find_sums(threads: u64) -> Result<(u128, Timeline)> {
    let rows = (0..threads).map(|thread| format!("thread {thread}"));
    let recorder = Recorder::new("cpu_threads", "CPU-bound threads without a lock", rows);
    let sums = demo::in_threads(threads, |thread| {
        // No lock: all threads compute their shares at the same time.
        let share = default_numbers().filter(|number| number % threads == thread);
        recorder.set(thread as usize, State::Running, "");
        let sum = share.map(cpu_bound).sum::<u128>();
        recorder.end(thread as usize);
        sum
    })?;
    Ok((sums.iter().sum(), recorder.finish()))
}

/// The threads were at least a tenth faster. This fails with one core, and may fail if other programs
/// keep the cores busy.
pub(crate) fn holds(speedup: f64) -> bool {
    speedup >= 1.1
}

fn main() -> ExitCode {
    let cores = demo::cores();
    let flag = Flag { name: "threads", help: "How many threads", default: cores, range: 1..=1000 };
    demo::show_drawn(Claim::Article(&["C04"]), flag, |threads| {
        let (sequential, by_threads) =
            demo::best_of_interleaved(find_sums_sequentially, || Ok(find_sums(threads)?.0))?;
        let ((_, timeline), cpus_used) = demo::cpus_used(|| find_sums(threads))?;
        let speedup = sequential / by_threads;
        let figures = json!({
            "cores": cores,
            "threads": threads,
            "wall_seconds_sequential": sequential,
            "wall_seconds_threads": by_threads,
            "speedup": speedup,
            "cpus_used": cpus_used,
        });
        let summary =
            format!("{threads} CPU-bound threads on {cores} cores had a speedup of {speedup:.2}.");
        Ok((DemoResult::new(holds(speedup), figures, summary), timeline))
    })
}
