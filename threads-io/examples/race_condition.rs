//! A thread can lose the CPU, or run beside another one, **in the middle of `x = x + 1`**: it has
//! read `x`, others count on, and then it writes back a number that is out of date.
//!
//! Threads count on one `x` in three ways; `updates_lost_...` is what `x` lacks at the end. With a
//! read and a write of their own they lose updates, others in each run. They lose none with
//! `fetch_add`, one instruction, and none under a mutex. `nanoseconds_an_update_...` is wall time
//! over updates by all threads: what each way costs.
//!
//! Rust refuses the plain `x = x + 1` (`src/refused.rs`), and `tests/examples_race_model.rs` goes
//! through every order of the steps.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

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
    pub(crate) updates: u64,
    pub(crate) updates_lost_by_load_store: u64,
    pub(crate) share_lost_by_load_store: f64,
    pub(crate) updates_lost_by_fetch_add: u64,
    pub(crate) updates_lost_by_mutex: u64,
    pub(crate) nanoseconds_an_update_load_store: f64,
    pub(crate) nanoseconds_an_update_fetch_add: f64,
    pub(crate) nanoseconds_an_update_mutex: f64,
}

/// Holds when the read and write of their own lost updates and the two cures lost none.
pub(crate) fn holds(figures: &Figures) -> bool {
    let lost_by_cures = figures.updates_lost_by_fetch_add + figures.updates_lost_by_mutex;
    figures.updates_lost_by_load_store > 0 && lost_by_cures == 0
}

fn load_store(x: &AtomicU64) {
    // Behind a `black_box`, or the compiler makes one instruction of the two lines.
    let read = black_box(x.load(Relaxed));
    // Whatever the others have added since the line above, the line below undoes.
    x.store(read + 1, Relaxed);
}

/// Lets all threads `add_one` to one `x` until their time is over. Returns how often they did, how
/// many of these updates are lost, and the nanoseconds an update.
fn count(options: &Options, add_one: impl Fn(&AtomicU64) + Sync) -> Result<(u64, u64, f64), Error> {
    let (x, updates) = (AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + Duration::from_millis(options.milliseconds);
    let work = || {
        while Instant::now() < end {
            (0..1000).for_each(|_| add_one(&x));
            updates.fetch_add(1000, Relaxed);
        }
    };
    let ((), seconds) = example::timed(|| {
        thread::scope(|scope| {
            (0..options.threads).try_for_each(|_| example::spawn(scope, work).map(drop))
        })
    })?;
    let updates = updates.into_inner();
    Ok((updates, updates - x.into_inner(), seconds * 1e9 / updates as f64))
}

fn main() -> ExitCode {
    let options = Options::parse();
    example::show(&options.output, || {
        let lock = Mutex::new(());
        let (updates, lost, nanoseconds_an_update_load_store) = count(&options, load_store)?;
        let (_, updates_lost_by_fetch_add, nanoseconds_an_update_fetch_add) =
            count(&options, |x| _ = x.fetch_add(1, Relaxed))?;
        let (_, updates_lost_by_mutex, nanoseconds_an_update_mutex) = count(&options, |x| {
            let _held = lock.lock();
            load_store(x);
        })?;
        let share = lost as f64 / updates as f64;
        let figures = Figures {
            updates,
            updates_lost_by_load_store: lost,
            share_lost_by_load_store: share,
            updates_lost_by_fetch_add,
            updates_lost_by_mutex,
            nanoseconds_an_update_load_store,
            nanoseconds_an_update_fetch_add,
            nanoseconds_an_update_mutex,
        };
        let said = format!(
            "Read and written apart, {lost} of {updates} updates were lost; by fetch_add \
             {updates_lost_by_fetch_add}, under a mutex {updates_lost_by_mutex}."
        );
        Ok(Shown { claim: &["C09", "C15", "C17"], holds: holds(&figures), figures, said })
    })
}
