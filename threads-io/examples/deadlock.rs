//! Two threads that **take two locks in opposite orders lock up**: each holds the lock that the
//! other one waits for, and neither ever gets on.
//!
//! Two threads work in rounds, each round under both locks. First one thread takes `a`, then `b`,
//! and the other one `b`, then `a`: after a few rounds `threads_locked_up` is 2, found by the
//! detector of parking_lot, and the two stacks on standard error say where each waits. Then both
//! take `a` before `b`, and all rounds of the same work get done.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clap::{Parser, value_parser};
use common::example::{self, Output, Shown};
use common::{Error, out};
use parking_lot::{Mutex, deadlock};
use serde::Serialize;

/// Two threads under two locks, taken in opposite orders and in one
#[derive(Parser)]
struct Options {
    /// How many rounds of a millisecond each thread works
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u64).range(1..=1_000_000))]
    rounds: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) rounds: u64,
    pub(crate) rounds_done_in_opposite_orders: u64,
    pub(crate) threads_locked_up: usize,
    pub(crate) rounds_done_in_one_order: u64,
}

/// Holds when opposite orders locked both threads up and one order got every round done.
pub(crate) fn holds(figures: &Figures) -> bool {
    figures.threads_locked_up == 2 && figures.rounds_done_in_one_order == figures.rounds
}

// Not inlined, so that the stack of a thread that waits in here names it.
#[inline(never)]
fn work_under_both(first: &Mutex<()>, second: &Mutex<()>) {
    let _first = first.lock();
    thread::sleep(Duration::from_millis(1));
    // The first lock stays held while this waits for the second: whoever holds that one must not
    // be waiting for the first.
    let _second = second.lock();
}

/// Lets two threads work, each taking its two locks in its own order; returns the rounds done and
/// the threads locked up.
fn work(rounds: u64, orders: [[usize; 2]; 2]) -> Result<(u64, usize), Error> {
    // Leaked: a thread that is locked up never ends, so what it uses must not end either.
    let locks: &'static [Mutex<()>; 2] = Box::leak(Box::default());
    let done: &'static AtomicU64 = Box::leak(Box::default());
    let mut threads = Vec::new();
    for [first, second] in orders {
        let name = format!("takes {}, then {}", ["a", "b"][first], ["a", "b"][second]);
        let thread = thread::Builder::new().name(name).spawn(move || {
            for _ in 0..rounds {
                work_under_both(&locks[first], &locks[second]);
                done.fetch_add(1, Relaxed);
            }
        });
        threads.push(thread?);
    }
    let mut locked_up = Vec::new();
    while locked_up.is_empty() && !threads.iter().all(JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(10));
        locked_up.extend(deadlock::check_deadlock().into_iter().flatten());
    }
    for stuck in &locked_up {
        let thread = threads.iter().map(JoinHandle::thread).find(|it| it.id() == stuck.thread_id());
        out::complain(&format!(
            "The thread that {} waits",
            thread.and_then(|it| it.name()).unwrap_or("?")
        ));
        for symbol in stuck.backtrace().frames().iter().flat_map(|frame| frame.symbols()) {
            let name = symbol.name().map_or(String::new(), |name| format!("{name:#}"));
            let line = symbol.lineno().map_or("unknown".into(), |line| line.to_string());
            // Of the whole stack only the functions of this file, by file or, without one, by name.
            let here = symbol.filename().is_some_and(|file| file.ends_with("examples/deadlock.rs"));
            if here || name.starts_with("deadlock::") {
                out::complain(&format!("  in {name}, line {line}"));
            }
        }
    }
    Ok((done.load(Relaxed), locked_up.len()))
}

fn main() -> ExitCode {
    let Options { rounds, output } = Options::parse();
    example::show(&output, || {
        let (opposite, threads_locked_up) = work(rounds, [[0, 1], [1, 0]])?;
        let (one_order, _) = work(rounds, [[0, 1], [0, 1]])?;
        let figures = Figures {
            rounds: 2 * rounds,
            rounds_done_in_opposite_orders: opposite,
            threads_locked_up,
            rounds_done_in_one_order: one_order,
        };
        let said = format!(
            "With opposite orders {threads_locked_up} threads locked up after {opposite} rounds; \
             with one order {one_order} rounds ended."
        );
        Ok(Shown { claim: &["C16", "C17"], holds: holds(&figures), figures, said })
    })
}
