//! Tasks take turns only if each lets go of the thread: **one that computes without an `.await`
//! ruins it for all the others**.
//!
//! A heartbeat task wakes up every few milliseconds and notes when. Beside it another task does
//! sums: without awaiting, the heart stops until the last sum is done, and
//! `longest_gap_greedy_milliseconds` is as long as all of them. With a `yield_now` after each sum
//! the gap is a beat and a sum; with the sums on a thread of their own (`spawn_blocking`), a beat.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::example::{self, Shown};
use common::{Error, cpu_bound};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::{spawn, spawn_blocking, yield_now};
use tokio::time::sleep;

const BEAT_MILLISECONDS: u64 = 5;

/// Holds when the greedy task stopped the heart for at least ten beats, and with each cure the
/// longest gap was at most half as long. All in milliseconds.
pub(crate) fn holds(greedy: f64, yielding: f64, own_thread: f64) -> bool {
    greedy >= 10.0 * BEAT_MILLISECONDS as f64 && yielding.max(own_thread) <= greedy / 2.0
}

fn sum() {
    cpu_bound(5_000_000);
}

async fn greedy(sums: u64) {
    // No `.await` in here: nothing else runs on this thread until the last sum is done.
    (0..sums).for_each(|_| sum());
}

async fn yielding(sums: u64) {
    for _ in 0..sums {
        sum();
        yield_now().await;
    }
}

async fn on_its_own_thread(sums: u64) {
    let work = spawn_blocking(move || (0..sums).for_each(|_| sum()));
    work.await.expect("a sum does not panic");
}

/// The longest time between two heartbeats while `work` runs, in milliseconds.
fn gap(work: impl Future<Output = ()> + Send + 'static) -> Result<f64, Error> {
    Builder::new_current_thread().enable_time().build()?.block_on(async {
        let work = spawn(work);
        let (mut longest, mut last) = (Duration::ZERO, Instant::now());
        while !work.is_finished() {
            sleep(Duration::from_millis(BEAT_MILLISECONDS)).await;
            longest = longest.max(last.elapsed());
            last = Instant::now();
        }
        work.await?;
        Ok(longest.as_secs_f64() * 1e3)
    })
}

fn main() -> ExitCode {
    let (sums, output) = example::flags("sums", "How many sums", 100, 1..=1_000_000);
    example::show(&output, || {
        let greedy = gap(greedy(sums))?;
        let yielding = gap(yielding(sums))?;
        let own_thread = gap(on_its_own_thread(sums))?;
        let figures = json!({
            "beat_milliseconds": BEAT_MILLISECONDS,
            "longest_gap_greedy_milliseconds": greedy,
            "longest_gap_yield_now_milliseconds": yielding,
            "longest_gap_spawn_blocking_milliseconds": own_thread,
        });
        let said = format!("The heart stopped for {greedy:.0} ms beside the greedy task.");
        let holds = holds(greedy, yielding, own_thread);
        Ok(Shown { claim: &["C23"], holds, figures, said })
    })
}
