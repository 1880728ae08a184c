//! CPython runs Python code only in the thread that holds one lock, the GIL. So **CPU-bound threads
//! gain nothing**; but a thread that has to wait gives the lock back first, so that **I/O-bound
//! threads run together**.
//!
//! Here one lock plays the GIL. `..._speedup` is wall time with one thread over wall time with many
//! for the same work in all, each the shortest of several; `cpus_used` is the CPU time of the
//! CPU-bound threads over their wall time. `examples/cpu_threads.rs` has no such lock.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use clap::{Parser, value_parser};
use common::example::{self, Output, Shown};
use common::{Error, cpu_bound};
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;

/// CPU-bound and I/O-bound threads under one lock that plays CPython's GIL
#[derive(Parser)]
struct Options {
    /// How many threads
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u64).range(2..=100))]
    threads: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) threads: u64,
    pub(crate) cpu_bound_speedup: f64,
    pub(crate) cpus_used: Option<f64>,
    pub(crate) io_bound_speedup: f64,
}

/// Holds when all CPU-bound threads together had one CPU and no more (a tenth is left to the lock's
/// own work), and I/O-bound threads made the work faster by at least half their number.
///
/// By CPUs: `cpu_bound_speedup` also moves with what other programs leave.
pub(crate) fn holds(figures: &Figures) -> bool {
    let one_cpu = figures.cpus_used.is_some_and(|cpus| cpus <= 1.1);
    one_cpu && figures.io_bound_speedup >= figures.threads as f64 / 2.0
}

#[derive(Default)]
struct Gil {
    lock: Mutex<()>,
    asked_for: AtomicBool,
}

impl Gil {
    fn take(&self) -> MutexGuard<'_, ()> {
        loop {
            // CPython's switch interval.
            match self.lock.try_lock_for(Duration::from_millis(5)) {
                Some(held) => return held,
                None => self.asked_for.store(true, Relaxed),
            }
        }
    }

    /// What the holder does between two steps: if asked, hands the lock to one who waits for it.
    fn pass_on_if_asked(&self, held: &mut MutexGuard<'_, ()>) {
        if self.asked_for.swap(false, Relaxed) {
            MutexGuard::bump(held);
        }
    }
}

/// 1,200 steps of computing, shared out among threads that hold the GIL for each.
fn compute(threads: u64) -> Result<(), Error> {
    under_gil(threads, |gil| {
        let mut held = gil.take();
        for _ in 0..1_200 / threads {
            cpu_bound(100_000);
            gil.pass_on_if_asked(&mut held);
        }
    })
}

/// `all` waits of 10 ms, shared out among threads.
fn wait(all: u64, threads: u64) -> Result<(), Error> {
    under_gil(threads, |gil| {
        for _ in 0..all / threads {
            let held = gil.take();
            // Given back before the wait: meanwhile another thread may begin to wait as well.
            drop(held);
            thread::sleep(Duration::from_millis(10));
        }
    })
}

fn under_gil(threads: u64, work: impl Fn(&Gil) + Sync) -> Result<(), Error> {
    let gil = Gil::default();
    thread::scope(|scope| {
        (0..threads).try_for_each(|_| example::spawn(scope, || work(&gil)).map(drop))
    })
}

fn main() -> ExitCode {
    let Options { threads, output } = Options::parse();
    example::show(&output, || {
        let cpu = example::in_turns(|| compute(1), || compute(threads))?;
        let io = example::in_turns(|| wait(threads, 1), || wait(threads, threads))?;
        let (cpu, io) = (cpu.0 / cpu.1, io.0 / io.1);
        let figures = Figures {
            threads,
            cpu_bound_speedup: cpu,
            cpus_used: example::cpus_used(|| compute(threads))?,
            io_bound_speedup: io,
        };
        let said = format!(
            "{threads} threads under one lock were {cpu:.2} times as fast as one at computing, \
             {io:.2} times as fast at waiting."
        );
        Ok(Shown { claim: &["C04", "C05"], holds: holds(&figures), figures, said })
    })
}
