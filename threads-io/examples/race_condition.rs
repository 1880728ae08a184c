//! A thread can lose the CPU, or run beside another one, **in the middle of `x = x + 1`**: it has
//! read `x`, others count on, and then it writes back a number that is out of date.
//!
//! Threads count on one `x` in three ways; `updates_lost_...` is what `x` lacks at the end. With a
//! read and a write of their own they lose updates, another number in each run. They lose none
//! with `fetch_add`, which is one instruction, and none under a mutex. The nanoseconds are wall
//! time for one update, all threads together: what each way costs.
//!
//! Rust refuses the plain `x = x + 1` (`src/refused.rs`), and `tests/examples_race_model.rs` goes
//! through every order of the steps.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{sync::Mutex, thread};

use clap::{Parser, value_parser};
use common::Error;
use common::example::{self, Output, Shown};
use serde::Serialize;

/// Threads that count on one number, in three ways
#[derive(Parser)]
struct Options {
    /// How many threads
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u64).range(1..=1000))]
    threads: u64,
    /// For how long they count in each way, in milliseconds
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u64).range(1..=3_600_000))]
    milliseconds: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) updates_by_load_store: u64,
    pub(crate) updates_lost_by_load_store: u64,
    pub(crate) share_lost_by_load_store: f64,
    pub(crate) updates_lost_by_fetch_add: u64,
    pub(crate) updates_lost_by_mutex: u64,
    pub(crate) nanoseconds_an_update_load_store: f64,
    pub(crate) nanoseconds_an_update_fetch_add: f64,
    pub(crate) nanoseconds_an_update_mutex: f64,
}

/// How many updates a thread makes between two looks at the clock.
const BATCH: u64 = 1_000;

/// Holds when the read and write of their own lost updates and the two cures lost none.
pub(crate) fn holds(figures: &Figures) -> bool {
    let cured = figures.updates_lost_by_fetch_add + figures.updates_lost_by_mutex == 0;
    figures.updates_lost_by_load_store > 0 && cured
}

fn load_store(x: &AtomicU64) {
    let read = x.load(Relaxed);
    // Whatever the others have added since the line above, the line below undoes.
    x.store(read + 1, Relaxed);
}

struct Counted {
    updates: u64,
    lost: u64,
    nanoseconds: f64,
}

/// Lets all threads `add_one` to one `x` until their time is over.
fn count(options: &Options, add_one: impl Fn(&AtomicU64) + Sync) -> Result<Counted, Error> {
    let (x, updates) = (AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    let work = || {
        while began.elapsed() < Duration::from_millis(options.milliseconds) {
            (0..BATCH).for_each(|_| add_one(&x));
            updates.fetch_add(BATCH, Relaxed);
        }
    };
    thread::scope(|scope| {
        (0..options.threads).try_for_each(|_| example::spawn(scope, work).map(drop))
    })?;
    let nanoseconds = began.elapsed().as_secs_f64() * 1e9;
    let updates = updates.into_inner();
    let lost = updates - x.into_inner();
    Ok(Counted { updates, lost, nanoseconds: nanoseconds / updates as f64 })
}

fn race(options: &Options) -> Result<Shown<Figures>, Error> {
    let lock = Mutex::new(());
    let separate = count(options, load_store)?;
    let fetch_add = count(options, |x| {
        x.fetch_add(1, Relaxed);
    })?;
    let mutex = count(options, |x| {
        let _held = lock.lock();
        load_store(x);
    })?;
    let figures = Figures {
        updates_by_load_store: separate.updates,
        updates_lost_by_load_store: separate.lost,
        share_lost_by_load_store: separate.lost as f64 / separate.updates as f64,
        updates_lost_by_fetch_add: fetch_add.lost,
        updates_lost_by_mutex: mutex.lost,
        nanoseconds_an_update_load_store: separate.nanoseconds,
        nanoseconds_an_update_fetch_add: fetch_add.nanoseconds,
        nanoseconds_an_update_mutex: mutex.nanoseconds,
    };
    let said = format!(
        "Of {} updates by a read and a write, {} were lost; {} by fetch_add, {} under a mutex.",
        separate.updates, separate.lost, fetch_add.lost, mutex.lost
    );
    Ok(Shown { claim: &["C09", "C15", "C17"], holds: holds(&figures), figures, said })
}

fn main() -> ExitCode {
    let options = Options::parse();
    example::show(&options.output, || race(&options))
}
