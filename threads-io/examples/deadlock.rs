//! Two threads that **take two locks in opposite orders lock up**: each holds the lock that the
//! other one waits for, and neither ever gets on.
//!
//! Two threads work in rounds under both locks. In opposite orders `threads_locked_up` is 2 in
//! the first rounds: parking_lot's detector finds it, and the two stacks on standard error say in
//! which function each waits. In one order all rounds of the same work get done.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::example::{self, Shown};
use common::{Error, out};
use parking_lot::{Mutex, deadlock};
use serde_json::json;

/// Holds when opposite orders locked both threads up and one order got every round done.
pub(crate) fn holds(threads_locked_up: usize, rounds: u64, rounds_in_one_order: u64) -> bool {
    threads_locked_up == 2 && rounds_in_one_order == rounds
}

type Locks = [Mutex<()>; 2];

// Never inlined, as below, so that the stack of a thread that waits in here names it.
#[inline(never)]
fn a_then_b([a, b]: &Locks) {
    let _a = a.lock();
    thread::sleep(Duration::from_millis(1));
    // `a` stays locked while this waits for `b`: whoever has `b` must not be waiting for `a`.
    let _b = b.lock();
}

#[inline(never)]
fn b_then_a([a, b]: &Locks) {
    let _b = b.lock();
    thread::sleep(Duration::from_millis(1));
    let _a = a.lock();
}

/// Lets a thread do each of the two `works` so often; returns the rounds done and the threads
/// locked up.
fn run(rounds: u64, works: [fn(&Locks); 2]) -> Result<(u64, usize), Error> {
    // Leaked: a thread that is locked up never ends, so what it uses must not end either.
    let locks: &Locks = Box::leak(Box::default());
    let done: &AtomicU64 = Box::leak(Box::default());
    let start = |work: fn(&Locks)| {
        thread::Builder::new().spawn(move || {
            for _ in 0..rounds {
                work(locks);
                done.fetch_add(1, Relaxed);
            }
        })
    };
    let threads = [start(works[0])?, start(works[1])?];
    let mut locked_up = Vec::new();
    while locked_up.is_empty() && !threads.iter().all(JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(10));
        locked_up.extend(deadlock::check_deadlock().into_iter().flatten());
    }
    for thread in &locked_up {
        out::complain("A thread that waits; of its stack, what is in this file:");
        let stack = format!("{:?}", thread.backtrace());
        let here = |line: &&str| line.contains("_then_") || line.contains("deadlock.rs:");
        stack.lines().filter(here).for_each(out::complain);
    }
    Ok((done.load(Relaxed), locked_up.len()))
}

fn main() -> ExitCode {
    let (rounds, output) =
        example::flags("rounds", "How many rounds each thread works", 100, 1..=1_000_000);
    example::show(&output, || {
        let (opposite, threads_locked_up) = run(rounds, [a_then_b, b_then_a])?;
        let (one_order, _) = run(rounds, [a_then_b, a_then_b])?;
        let rounds = 2 * rounds;
        let figures = json!({
            "rounds": rounds,
            "rounds_done_in_opposite_orders": opposite,
            "threads_locked_up": threads_locked_up,
            "rounds_done_in_one_order": one_order,
        });
        let said = format!(
            "Opposite orders locked up {threads_locked_up} threads after {opposite} rounds."
        );
        let holds = holds(threads_locked_up, rounds, one_order);
        Ok(Shown { claim: &["C16", "C17"], holds, figures, said })
    })
}
