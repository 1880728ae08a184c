//! Rust has no lock around all that a program does: **CPU-bound threads run on all cores at once**,
//! and the sums are done sooner.
//!
//! The sums of `multiproc-cpu` are done one after another, then shared out among threads.
//! `speedup` is the first wall time over the second, each the shortest of several;
//! `cpus_used` is the threads' CPU time over their wall time.
//! `examples/gil.rs` has CPU-bound threads with such a lock.

use std::process::ExitCode;
use std::thread::{self, available_parallelism};

use clap::{Parser, value_parser};
use common::example::{self, Output, Shown};
use common::{Error, cpu_bound, sums};
use serde::Serialize;

/// The sums by threads, on all cores
#[derive(Parser)]
struct Options {
    /// How many threads [default: one for each core]
    #[arg(long, value_parser = value_parser!(u16).range(1..=1000))]
    threads: Option<u16>,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) cores: usize,
    pub(crate) threads: usize,
    pub(crate) wall_seconds_sequential: f64,
    pub(crate) wall_seconds_threads: f64,
    pub(crate) speedup: f64,
    pub(crate) cpus_used: Option<f64>,
}

/// Holds when the threads were at least a tenth faster. It does not where there is one core, and
/// may not where other programs keep the cores busy: `cpus_used` says what the threads got.
pub(crate) fn holds(figures: &Figures) -> bool {
    figures.speedup >= 1.1
}

fn find_sums_one_after_another() -> Result<u128, Error> {
    Ok(sums::default_numbers().map(cpu_bound).sum())
}

fn find_sums(threads: usize) -> Result<u128, Error> {
    thread::scope(|scope| {
        let mut started = Vec::new();
        for worker in 0..threads {
            // No lock: while one thread computes its share, the others compute theirs.
            let share = sums::default_numbers().skip(worker).step_by(threads);
            started.push(example::spawn(scope, || share.map(cpu_bound).sum::<u128>())?);
        }
        let joined = started.into_iter().map(|thread| thread.join());
        Ok(joined.map(|sum| sum.expect("a sum does not panic")).sum())
    })
}

fn main() -> ExitCode {
    let options = Options::parse();
    example::show(&options.output, || {
        let cores = available_parallelism()?.get();
        let threads = options.threads.map_or(cores, usize::from);
        let (sequential, by_threads) =
            example::in_turns(find_sums_one_after_another, || find_sums(threads))?;
        let speedup = sequential / by_threads;
        let figures = Figures {
            cores,
            threads,
            wall_seconds_sequential: sequential,
            wall_seconds_threads: by_threads,
            speedup,
            cpus_used: example::cpus_used(|| find_sums(threads))?,
        };
        let said = format!(
            "{threads} threads on {cores} cores did the sums {speedup:.2} times as fast as one \
             after another."
        );
        Ok(Shown { claim: &["C04"], holds: holds(&figures), figures, said })
    })
}
