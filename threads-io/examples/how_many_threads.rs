//! Beyond the notes: how many threads are enough? **Downloads gain from more threads than there are
//! cores, and from more than sums do.**
//!
//! The same downloads and the same sums run with more and more threads. "Enough" is the smallest
//! number whose time is within a tenth of the best time. Memory grows with each thread.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use common::demo::{self, Claim, DemoResult, Flag, downloads};
use common::server::Server;
use common::workload::{REPEAT, Strategy, default_numbers};
use common::{Result, Run, cpu_bound};
use serde_json::json;

/// Returns the wall time in seconds, and the peak memory so far in bytes, if it is known.
fn download(server: &Server, latency: u64, threads: usize) -> Result<(f64, Option<u64>)> {
    let latency = Some(Duration::from_millis(latency));
    let run = Run::local(server, Strategy::Threads, REPEAT, latency, threads);
    let report = downloads::report(run, downloads::threads)?;
    Ok((report.wall_seconds, report.peak_memory_bytes))
}

/// Returns the shortest wall time of three, in seconds.
fn find_sums(threads: usize) -> Result<f64> {
    let sum_up = || {
        let queue = Mutex::new(default_numbers());
        let next = || queue.lock().expect("no panic under the lock").next();
        let work = |_| std::iter::from_fn(next).map(cpu_bound).sum::<u128>();
        demo::in_threads(threads as u64, work)
    };
    let mut shortest = f64::INFINITY;
    for _ in 0..3 {
        shortest = demo::try_timed(sum_up)?.1.min(shortest);
    }
    Ok(shortest)
}

/// The smallest count whose time is within a tenth of the best.
pub(crate) fn enough(counts: &[usize], seconds: &[f64]) -> usize {
    let best = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let found = counts.iter().zip(seconds).find(|(_, seconds)| **seconds <= 1.1 * best);
    found.map_or(0, |(count, _)| *count)
}

/// More threads are enough for downloads than for sums, and more than there are cores.
pub(crate) fn holds(cores: usize, for_downloads: usize, for_sums: usize) -> bool {
    for_downloads > for_sums && for_downloads > cores
}

fn main() -> ExitCode {
    let words = "downloads gain from more threads than there are cores, and from more than sums do";
    let help = "The latency of each page, in milliseconds";
    let flag = Flag { name: "latency", help, default: 10, range: 0..=60_000 };
    demo::show(Claim::Beyond(words), flag, |latency| {
        let server = Server::start()?;
        let cores = demo::cores() as usize;
        let for_downloads = [1, 2, 5, 10, 20, 40, 80, 160];
        let for_sums: Vec<usize> =
            (0..).map(|power| 1 << power).take_while(|n| *n <= 4 * cores).collect();
        let measured: Vec<(f64, Option<u64>)> = for_downloads
            .iter()
            .map(|threads| download(&server, latency, *threads))
            .collect::<Result<_>>()?;
        let (download_seconds, memory): (Vec<_>, Vec<_>) = measured.into_iter().unzip();
        let sum_seconds: Vec<f64> =
            for_sums.iter().map(|threads| find_sums(*threads)).collect::<Result<_>>()?;
        let enough_downloads = enough(&for_downloads, &download_seconds);
        let enough_sums = enough(&for_sums, &sum_seconds);
        let figures = json!({
            "cores": cores,
            "threads_for_downloads": for_downloads,
            "wall_seconds_downloads": download_seconds,
            "peak_memory_bytes_downloads": memory,
            "enough_threads_for_downloads": enough_downloads,
            "threads_for_sums": for_sums,
            "wall_seconds_sums": sum_seconds,
            "enough_threads_for_sums": enough_sums,
        });
        let summary = format!(
            "On {cores} cores, {enough_downloads} threads were enough for the downloads and \
             {enough_sums} for the sums."
        );
        Ok(DemoResult::new(holds(cores, enough_downloads, enough_sums), figures, summary))
    })
}
