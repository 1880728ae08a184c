//! C06, C21: a thread is light. **Hundreds of threads can wait at the same time**, although each has its
//! own stack and the operating system schedules each one.
//!
//! More and more threads start and wait at a closed gate, until the requested number waits or the
//! system refuses one. The figures show what a thread costs: time to start, memory, and the time of a
//! context switch between two threads.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::Result;
use common::demo::scaling::{Figures, NO_CHILDREN, Ramp, STACK, threads_ping_pong};
use common::demo::{self, Claim, DemoResult, Flag};

fn idle_threads(up_to: usize) -> Result<Figures> {
    let mut ramp = Ramp::of_threads(up_to)?;
    let (gate, arrived) = (Mutex::new(()), AtomicUsize::new(0));
    let wait_at_gate = || {
        arrived.fetch_add(1, Ordering::Relaxed);
        drop(gate.lock());
    };
    thread::scope(|scope| {
        let closed = gate.lock();
        let mut started = 0;
        while let Some(batch) = ramp.next_batch() {
            for _ in 0..batch {
                let thread = thread::Builder::new().stack_size(STACK);
                if let Err(error) = thread.spawn_scoped(scope, wait_at_gate) {
                    ramp.stop(&error);
                    break;
                }
                started += 1;
            }
            while arrived.load(Ordering::Relaxed) < started {
                thread::yield_now();
            }
            ramp.record(started, NO_CHILDREN);
        }
        drop(closed);
    });
    ramp.finish(threads_ping_pong)
}

/// Hundreds of threads waited at the same time. Each took less than a millisecond to start and at
/// most 12 KiB of resident memory, if that is known.
pub(crate) fn holds(figures: &Figures) -> bool {
    let cost = &figures.cost;
    figures.reached >= 200
        && cost.start_microseconds_each.is_some_and(|time| time < 1_000.0)
        && cost.resident_bytes_each.is_none_or(|bytes| bytes <= 12_288.0)
}

fn main() -> ExitCode {
    let help = "How many threads at most";
    let flag = Flag { name: "up-to", help, default: 10_000, range: 1..=10_000_000 };
    demo::show(Claim::Article(&["C06", "C21"]), flag, |up_to| {
        let figures = idle_threads(up_to as usize)?;
        let (holds, summary) = (holds(&figures), format!("Threads: {figures}."));
        Ok(DemoResult::new(holds, serde_json::to_value(figures)?, summary))
    })
}
