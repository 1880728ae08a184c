//! C09: a context switch can fall **inside `x = x + 1`**. A thread has read `x`, other threads go on
//! counting, and then it writes a number that is out of date.
//!
//! Threads increment one shared `x` in three ways. A read and a separate write lose updates. `fetch_add`, one
//! indivisible operation, and a mutex lose none. The figures also show what an update costs.
//!
//! Rust refuses the plain `x = x + 1` (`src/refused.rs`). `tests/examples_race_model.rs` tries every
//! order of the steps.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use common::Result;
use common::demo::{self, Claim, DemoResult, Flag};
use serde_json::json;

fn read_then_write(x: &AtomicU64) {
    // Without `black_box` the compiler may merge the two lines into one instruction.
    let read = black_box(x.load(Relaxed));
    // If other threads have counted since the line above, the line below undoes that.
    x.store(read + 1, Relaxed);
}

/// Lets threads `add_one` to one `x` for a while. Returns the number of updates, how many of them are
/// lost, and the nanoseconds per update.
fn count(threads: u64, add_one: impl Fn(&AtomicU64) + Sync) -> Result<(u64, u64, f64)> {
    let (x, updates) = (AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + Duration::from_millis(300);
    let work = |_| {
        while Instant::now() < end {
            (0..1000).for_each(|_| add_one(&x));
            updates.fetch_add(1000, Relaxed);
        }
    };
    let (_, seconds) = demo::try_timed(|| demo::in_threads(threads, work))?;
    let updates = updates.into_inner();
    Ok((updates, updates - x.into_inner(), seconds * 1e9 / updates as f64))
}

/// Only the separate read and write lose updates.
pub(crate) fn holds(lost: u64, lost_by_fetch_add: u64, lost_by_mutex: u64) -> bool {
    lost > 0 && lost_by_fetch_add == 0 && lost_by_mutex == 0
}

fn main() -> ExitCode {
    let flag =
        Flag { name: "threads", help: "Number of threads that count", default: 4, range: 1..=1000 };
    demo::show_drawn(Claim::Article(&["C09", "C15"]), flag, |threads| {
        let lock = Mutex::new(());
        let (updates, lost, time) = count(threads, read_then_write)?;
        let (_, lost_add, time_add) = count(threads, |x| _ = x.fetch_add(1, Relaxed))?;
        let (_, lost_mutex, time_mutex) = count(threads, |x| {
            let _guard = lock.lock().expect("no panic under the lock");
            read_then_write(x);
        })?;
        let figures = json!({
            "updates": updates,
            "updates_lost_by_load_store": lost,
            "share_lost_by_load_store": lost as f64 / updates as f64,
            "updates_lost_by_fetch_add": lost_add,
            "updates_lost_by_mutex": lost_mutex,
            "nanoseconds_per_update_load_store": time,
            "nanoseconds_per_update_fetch_add": time_add,
            "nanoseconds_per_update_mutex": time_mutex,
        });
        let summary =
            format!("{threads} threads that read and then write lost {lost} of {updates} updates.");
        let result = DemoResult::new(holds(lost, lost_add, lost_mutex), figures, summary);
        // The picture shows a single lost update, from a further run of two threads.
        Ok((result, demo::lost_update()?))
    })
}
