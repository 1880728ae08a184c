//! Rust has no lock around all that a program does: **CPU-bound threads run on all cores at once**,
//! and the sums are done sooner.
//!
//! The sums of `multiproc-cpu` are done one after another, then shared out among threads.
//! `speedup` is the first wall time over the second, each the shortest of several;
//! `cpus_used` is the threads' CPU time over their wall time.
//! `examples/gil.rs` has CPU-bound threads with such a lock.

use std::process::ExitCode;

use common::example::{self, Shown};
use common::{Error, cpu_bound, sums};
use serde_json::json;

/// Holds when the threads were at least a tenth faster. It does not where there is one core, and
/// may not where other programs keep the cores busy: `cpus_used` says what the threads got.
pub(crate) fn holds(speedup: f64) -> bool {
    speedup >= 1.1
}

fn find_sums_one_after_another() -> Result<u128, Error> {
    Ok(sums::default_numbers().map(cpu_bound).sum())
}

fn find_sums(threads: u64) -> Result<u128, Error> {
    let sums = example::in_threads(threads, |thread| {
        // No lock: while one thread computes its share, the others compute theirs.
        let share = sums::default_numbers().filter(|number| number % threads == thread);
        share.map(cpu_bound).sum::<u128>()
    })?;
    Ok(sums.iter().sum())
}

fn main() -> ExitCode {
    let cores = example::cores();
    let (threads, output) = example::flags("threads", "How many threads", cores, 1..=1000);
    example::show(&output, || {
        let (sequential, by_threads) =
            example::in_turns(find_sums_one_after_another, || find_sums(threads))?;
        let speedup = sequential / by_threads;
        let figures = json!({
            "cores": cores,
            "threads": threads,
            "wall_seconds_sequential": sequential,
            "wall_seconds_threads": by_threads,
            "speedup": speedup,
            "cpus_used": example::cpus_used(|| find_sums(threads))?,
        });
        let said = format!("{threads} threads on {cores} cores were {speedup:.2} times as fast.");
        Ok(Shown { claim: &["C04"], holds: holds(speedup), figures, said })
    })
}
