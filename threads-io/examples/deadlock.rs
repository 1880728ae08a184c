//! C16: two threads that **take two locks in opposite orders deadlock**. Each holds the lock that the
//! other one waits for, and neither can go on.
//!
//! Two threads work in rounds under both locks. With opposite orders they deadlock in the first
//! rounds: parking_lot's detector finds it, and the two stacks on standard error show where each
//! thread waits. With the same order, all rounds are done.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::demo::{self, Claim, DemoResult, Flag};
use common::report::{recorder::Recorder, timeline::State, timeline::Timeline};
use common::{Result, os::output};
use parking_lot::{Mutex, MutexGuard, deadlock};
use serde_json::json;

static A: Mutex<()> = Mutex::new(());
static B: Mutex<()> = Mutex::new(());

/// Waits for a lock and holds it until the guard is dropped. The picture shows both.
fn lock(lock: &'static Mutex<()>, name: &str, row: usize, recorder: &Recorder) -> Guard {
    recorder.set(row, State::Waiting, format!("waits for {name}"));
    let guard = lock.lock();
    recorder.set(row, State::Holding, format!("has {name}"));
    guard
}

type Guard = MutexGuard<'static, ()>;

// Never inlined, so that the stack of a waiting thread contains the name.
#[inline(never)]
fn a_then_b(thread: usize, recorder: &Recorder) {
    let _a = lock(&A, "a", thread, recorder);
    thread::sleep(Duration::from_millis(1));
    // This thread keeps `a` while it waits for `b`. The thread that has `b` must not wait for `a`.
    let _b = lock(&B, "b", thread, recorder);
}

#[inline(never)]
fn b_then_a(thread: usize, recorder: &Recorder) {
    let _b = lock(&B, "b", thread, recorder);
    thread::sleep(Duration::from_millis(1));
    let _a = lock(&A, "a", thread, recorder);
}

/// Runs two threads, each with its own order of the locks. Returns the rounds done, the number of
/// threads in a deadlock, and the picture.
fn run(rounds: u64, orders: [fn(usize, &Recorder); 2]) -> Result<(u64, usize, Timeline)> {
    let rows = ["thread 0", "thread 1"];
    let recorder = Recorder::new("deadlock", "Two threads under two locks", rows);
    // Leaked, because a thread in a deadlock never ends and uses them for ever.
    let recorder: &Recorder = Box::leak(Box::new(recorder));
    let done: &AtomicU64 = Box::leak(Box::default());
    let start = |thread: usize| {
        thread::Builder::new().spawn(move || {
            for _ in 0..rounds {
                orders[thread](thread, recorder);
                done.fetch_add(1, Relaxed);
            }
        })
    };
    let threads = [start(0)?, start(1)?];
    let mut deadlocked = Vec::new();
    while deadlocked.is_empty() && !threads.iter().all(JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(10));
        deadlocked.extend(deadlock::check_deadlock().into_iter().flatten());
    }
    for thread in &deadlocked {
        output::eprint_line("A thread in a deadlock waits here:");
        let stack = format!("{:?}", thread.backtrace());
        let here = |line: &&str| line.contains("_then_") || line.contains("deadlock.rs:");
        stack.lines().filter(here).for_each(output::eprint_line);
    }
    Ok((done.load(Relaxed), deadlocked.len(), recorder.finish()))
}

/// Opposite orders deadlock both threads; one order gets every round done.
pub(crate) fn holds(deadlocked: usize, rounds: u64, done_in_one_order: u64) -> bool {
    deadlocked == 2 && done_in_one_order == rounds
}

fn main() -> ExitCode {
    let help = "Rounds of each thread";
    let flag = Flag { name: "rounds", help, default: 100, range: 1..=1_000_000 };
    demo::show_drawn(Claim::Article(&["C16"]), flag, |rounds| {
        // First, because the locks of the deadlock are never released.
        let (one_order, ..) = run(rounds, [a_then_b, a_then_b])?;
        let (opposite, deadlocked, timeline) = run(rounds, [a_then_b, b_then_a])?;
        // From here on: the rounds of both threads.
        let rounds = 2 * rounds;
        let figures = json!({
            "rounds": rounds,
            "rounds_done_in_opposite_orders": opposite,
            "deadlocked_threads": deadlocked,
            "rounds_done_in_one_order": one_order,
        });
        let summary = format!(
            "With opposite orders {deadlocked} threads deadlocked after {opposite} of {rounds} \
             rounds; with the same order, {one_order} were done."
        );
        let result = DemoResult::new(holds(deadlocked, rounds, one_order), figures, summary);
        Ok((result, demo::until_standstill(timeline)))
    })
}
