//! C23: tasks take turns only if each gives up the thread. **One task that computes without an
//! `.await` holds up all the others.**
//!
//! A heartbeat task wakes up every 5 ms. Beside it another task computes sums. If that task never
//! awaits, the heartbeat stops until the last sum is done. There are two cures: `yield_now` after each
//! sum, and `spawn_blocking`, which moves the sums to a thread of their own.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::demo::{self, Claim, DemoResult, Flag};
use common::report::{recorder::Recorder, timeline::State, timeline::Timeline};
use common::{Result, cpu_bound};
use serde_json::json;
use tokio::task::{spawn, spawn_blocking, yield_now};
use tokio::time::sleep;

const BEAT_MILLISECONDS: u64 = 5;

async fn greedy(sums: u64) {
    // No `.await`: no other task runs on this thread until the last sum is done.
    (0..sums).for_each(|_| sum());
}

async fn yielding(sums: u64) {
    for _ in 0..sums {
        sum();
        yield_now().await;
    }
}

async fn in_own_thread(sums: u64) {
    let work = spawn_blocking(move || (0..sums).for_each(|_| sum()));
    work.await.expect("a sum does not panic");
}

fn sum() {
    cpu_bound(5_000_000);
}

/// The longest time between two heartbeats while `work` runs, in milliseconds.
#[tokio::main(flavor = "current_thread")]
async fn longest_gap(
    title: &str,
    work: impl Future<Output = ()> + Send + 'static,
) -> Result<(f64, Timeline)> {
    let recorder = Recorder::new("greedy_task", title, ["heartbeat", "sums"])
        .explain(State::Ready, "ready, waits for the thread");
    let recorder = Arc::new(recorder);
    let drawn = recorder.clone();
    let work = spawn(async move { drawn.task(1, work).await });
    let (mut longest, mut last) = (Duration::ZERO, Instant::now());
    let heartbeat = async {
        while !work.is_finished() {
            sleep(Duration::from_millis(BEAT_MILLISECONDS)).await;
            longest = longest.max(last.elapsed());
            last = Instant::now();
        }
    };
    recorder.task(0, heartbeat).await;
    Ok((longest.as_secs_f64() * 1e3, recorder.finish()))
}

/// The greedy task stopped the heartbeat for at least ten beats, and each cure halved that.
pub(crate) fn holds(greedy: f64, yielding: f64, own_thread: f64) -> bool {
    greedy >= 10.0 * BEAT_MILLISECONDS as f64 && yielding.max(own_thread) <= greedy / 2.0
}

fn main() -> ExitCode {
    let flag = Flag { name: "sums", help: "How many sums", default: 100, range: 1..=1_000_000 };
    demo::show_drawn(Claim::Article(&["C23"]), flag, |sums| {
        let (greedy, before) = longest_gap("Greedy", greedy(sums))?;
        let (yielding, cure) = longest_gap("With yield_now", yielding(sums))?;
        let (own_thread, other_cure) = longest_gap("With spawn_blocking", in_own_thread(sums))?;
        let title = "A heartbeat beside a task that computes";
        let timeline = Timeline::join("greedy_task", title, vec![before, cure, other_cure]);
        let figures = json!({
            "beat_milliseconds": BEAT_MILLISECONDS,
            "longest_gap_greedy_milliseconds": greedy,
            "longest_gap_yield_now_milliseconds": yielding,
            "longest_gap_spawn_blocking_milliseconds": own_thread,
        });
        let summary = format!(
            "A heartbeat of {BEAT_MILLISECONDS} ms stopped for {greedy:.0} ms beside the greedy task."
        );
        Ok((DemoResult::new(holds(greedy, yielding, own_thread), figures, summary), timeline))
    })
}
