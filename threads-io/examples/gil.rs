//! C04, C05: CPython runs Python code only in the thread that holds one lock, the GIL. **CPU-bound
//! threads gain nothing** under it. A thread that waits releases the lock first, so **I/O-bound threads
//! wait at the same time**.
//!
//! Here one lock plays the GIL. A speedup is the wall time with one thread over the wall time with
//! all threads, for the same total work. `examples/cpu_threads.rs` has no such lock.

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use common::demo::{self, Claim, DemoResult, Flag};
use common::report::{recorder::Recorder, timeline::State, timeline::Timeline};
use common::{Result, cpu_bound};
use parking_lot::{Mutex, MutexGuard};
use serde_json::json;

/// 1,200 steps of computing, divided evenly among threads that hold the GIL for each step.
fn compute(threads: u64) -> Result<Timeline> {
    let gil = Mutex::new(());
    let rows = (0..threads).map(|thread| format!("thread {thread}"));
    let recorder = Recorder::new("gil", "CPU-bound threads under one lock", rows)
        .explain(State::Holding, "holds the lock and computes")
        .explain(State::Waiting, "waits for the lock");
    let share = |thread| {
        let thread = thread as usize;
        recorder.set(thread, State::Waiting, "");
        let mut guard = gil.lock();
        recorder.set(thread, State::Holding, "");
        let mut since = Instant::now();
        for _ in 0..1_200 / threads {
            cpu_bound(100_000);
            // CPython's switch interval: after 5 ms, `bump` passes the lock to a thread that waits.
            if since.elapsed() >= Duration::from_millis(5) {
                recorder.set(thread, State::Waiting, "");
                MutexGuard::bump(&mut guard);
                recorder.set(thread, State::Holding, "");
                since = Instant::now();
            }
        }
        recorder.end(thread);
    };
    demo::in_threads(threads, share)?;
    Ok(recorder.finish())
}

/// `waits` sleeps of 10 ms, divided among threads.
fn wait(waits: u64, threads: u64) -> Result<()> {
    let gil = Mutex::new(());
    let share = |_| {
        for _ in 0..waits / threads {
            let guard = gil.lock();
            // Released before the wait, so that another thread can begin to wait meanwhile.
            drop(guard);
            thread::sleep(Duration::from_millis(10));
        }
    };
    demo::in_threads(threads, share).map(drop)
}

/// The CPU-bound threads together used one CPU (plus a tenth for the lock), and the I/O-bound threads
/// had a speedup of at least half their number. The CPU-bound speedup depends on other programs.
pub(crate) fn holds(threads: u64, cpus_used: Option<f64>, io_bound_speedup: f64) -> bool {
    cpus_used.is_some_and(|cpus| cpus <= 1.1) && io_bound_speedup >= threads as f64 / 2.0
}

fn main() -> ExitCode {
    let flag = Flag { name: "threads", help: "How many threads", default: 4, range: 2..=100 };
    demo::show_drawn(Claim::Article(&["C04", "C05"]), flag, |threads| {
        let computed = |threads| compute(threads).map(drop);
        let cpu = demo::best_of_interleaved(|| computed(1), || computed(threads))?;
        let io = demo::best_of_interleaved(|| wait(threads, 1), || wait(threads, threads))?;
        let (timeline, cpus_used) = demo::cpus_used(|| compute(threads))?;
        let (cpu, io) = (cpu.0 / cpu.1, io.0 / io.1);
        let figures = json!({
            "threads": threads,
            "cpu_bound_speedup": cpu,
            "cpus_used": cpus_used,
            "io_bound_speedup": io,
        });
        let summary = format!(
            "{threads} threads under one lock had a speedup of {cpu:.2} for computing and of \
             {io:.2} for waiting."
        );
        Ok((DemoResult::new(holds(threads, cpus_used, io), figures, summary), timeline))
    })
}
