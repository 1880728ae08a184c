//! A thread can lose the CPU, or run beside another one, **in the middle of `x = x + 1`**: it has
//! read `x`, others count on, and then it writes back a number that is out of date.
//!
//! Threads count on one `x` in three ways; `updates_lost_...` is what `x` lacks at the end. A read
//! and a write of their own lose updates; `fetch_add`, one indivisible step, and a mutex lose none;
//! `nanoseconds_an_update_...` is what each way costs: wall time over the updates of all threads.
//!
//! Rust refuses the plain `x = x + 1` (`src/refused.rs`), and `tests/examples_race_model.rs` goes
//! through every order of the steps.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use common::Error;
use common::example::{self, Shown};
use serde_json::json;

/// Holds when the read and write of their own lost updates and the two cures lost none.
pub(crate) fn holds(lost: u64, lost_by_fetch_add: u64, lost_by_mutex: u64) -> bool {
    lost > 0 && lost_by_fetch_add == 0 && lost_by_mutex == 0
}

fn load_store(x: &AtomicU64) {
    // Behind a `black_box`, or the compiler makes one instruction of the two lines.
    let read = black_box(x.load(Relaxed));
    // Whatever the others have added since the line above, the line below undoes.
    x.store(read + 1, Relaxed);
}

/// Lets threads `add_one` to one `x` for a while. Returns how often they did, how many of these
/// updates are lost, and the nanoseconds an update.
fn count(threads: u64, add_one: impl Fn(&AtomicU64) + Sync) -> Result<(u64, u64, f64), Error> {
    let (x, updates) = (AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + Duration::from_millis(300);
    let work = |_| {
        while Instant::now() < end {
            (0..1000).for_each(|_| add_one(&x));
            updates.fetch_add(1000, Relaxed);
        }
    };
    let (_, seconds) = example::timed(|| example::in_threads(threads, work))?;
    let updates = updates.into_inner();
    Ok((updates, updates - x.into_inner(), seconds * 1e9 / updates as f64))
}

fn main() -> ExitCode {
    let (threads, output) = example::flags("threads", "How many threads count", 4, 1..=1000);
    example::show(&output, || {
        let lock = Mutex::new(());
        let (updates, lost, time) = count(threads, load_store)?;
        let (_, lost_add, time_add) = count(threads, |x| _ = x.fetch_add(1, Relaxed))?;
        let (_, lost_mutex, time_mutex) = count(threads, |x| {
            let _held = lock.lock();
            load_store(x);
        })?;
        let figures = json!({
            "updates": updates,
            "updates_lost_by_load_store": lost,
            "share_lost_by_load_store": lost as f64 / updates as f64,
            "updates_lost_by_fetch_add": lost_add,
            "updates_lost_by_mutex": lost_mutex,
            "nanoseconds_an_update_load_store": time,
            "nanoseconds_an_update_fetch_add": time_add,
            "nanoseconds_an_update_mutex": time_mutex,
        });
        let said = format!("Read and written apart, {lost} of {updates} updates were lost.");
        let holds = holds(lost, lost_add, lost_mutex);
        Ok(Shown { claim: &["C09", "C15", "C17"], holds, figures, said })
    })
}
