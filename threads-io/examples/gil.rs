//! CPython runs Python code only in the thread that holds one lock, the GIL. So **CPU-bound threads
//! gain nothing**; but a thread that has to wait gives the lock back first, so that **I/O-bound
//! threads run together**.
//!
//! Here one lock plays the GIL. `..._speedup` is wall time with one thread over wall time with many
//! for the same work in all, each the shortest of several; `cpus_used` is the CPU time of the
//! CPU-bound threads over their wall time. `examples/cpu_threads.rs` has no such lock.

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use common::example::{self, Shown};
use common::{Error, cpu_bound};
use parking_lot::{Mutex, MutexGuard};
use serde_json::json;

/// Holds when all CPU-bound threads together had one CPU and no more (a tenth is left to the lock's
/// own work), and I/O-bound threads made the work faster by at least half their number.
///
/// By CPUs: the speedup of the CPU-bound ones also moves with what other programs leave.
pub(crate) fn holds(threads: u64, cpus_used: Option<f64>, io_bound_speedup: f64) -> bool {
    cpus_used.is_some_and(|cpus| cpus <= 1.1) && io_bound_speedup >= threads as f64 / 2.0
}

/// 1,200 steps of computing, shared out among threads that hold the GIL for each.
fn compute(threads: u64) -> Result<(), Error> {
    let gil = Mutex::new(());
    let share = |_| {
        let mut held = gil.lock();
        let mut since = Instant::now();
        for _ in 0..1_200 / threads {
            cpu_bound(100_000);
            // CPython's switch interval: after 5 ms the GIL goes to a thread that waits for it.
            if since.elapsed() >= Duration::from_millis(5) {
                MutexGuard::bump(&mut held);
                since = Instant::now();
            }
        }
    };
    example::in_threads(threads, share).map(drop)
}

/// So many waits of 10 ms, shared out among threads.
fn wait(waits: u64, threads: u64) -> Result<(), Error> {
    let gil = Mutex::new(());
    let share = |_| {
        for _ in 0..waits / threads {
            let held = gil.lock();
            // Given back before the wait: meanwhile another thread may begin to wait as well.
            drop(held);
            thread::sleep(Duration::from_millis(10));
        }
    };
    example::in_threads(threads, share).map(drop)
}

fn main() -> ExitCode {
    let (threads, output) = example::flags("threads", "How many threads", 4, 2..=100);
    example::show(&output, || {
        let cpu = example::in_turns(|| compute(1), || compute(threads))?;
        let io = example::in_turns(|| wait(threads, 1), || wait(threads, threads))?;
        let cpus_used = example::cpus_used(|| compute(threads))?;
        let (cpu, io) = (cpu.0 / cpu.1, io.0 / io.1);
        let figures = json!({
            "threads": threads,
            "cpu_bound_speedup": cpu,
            "cpus_used": cpus_used,
            "io_bound_speedup": io,
        });
        let said = format!(
            "{threads} threads under one lock were {cpu:.2} times as fast as one at computing, \
             {io:.2} times as fast at waiting."
        );
        let holds = holds(threads, cpus_used, io);
        Ok(Shown { claim: &["C04", "C05"], holds, figures, said })
    })
}
