//! Tasks take turns only if each lets go of the thread: **one that computes without an `.await`
//! ruins it for all the others**.
//!
//! A heartbeat task wakes up every few milliseconds and notes when. Beside it another task does
//! sums: without awaiting, the heart stops until the last sum is done, and
//! `longest_gap_greedy_milliseconds` is as long as all of them. With a `yield_now` after each sum
//! the gap is about one sum; with the sums on a thread of their own (`spawn_blocking`), about a
//! beat.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use common::example::{self, Output, Shown};
use common::{Error, cpu_bound};
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::task::{spawn, spawn_blocking, yield_now};
use tokio::time::sleep;

/// A heartbeat beside a task that computes, in three ways
#[derive(Parser)]
struct Options {
    /// How many sums the other task does
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u64).range(1..=1_000_000))]
    sums: u64,
    /// How far apart the heartbeats should be, in milliseconds
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=1000))]
    beat: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) beat_milliseconds: u64,
    pub(crate) longest_gap_greedy_milliseconds: f64,
    pub(crate) longest_gap_yield_now_milliseconds: f64,
    pub(crate) longest_gap_spawn_blocking_milliseconds: f64,
}

/// Holds when the greedy task stopped the heart for at least ten beats, and with each cure the
/// longest gap was at most half as long.
pub(crate) fn holds(figures: &Figures) -> bool {
    let greedy = figures.longest_gap_greedy_milliseconds;
    let cured = figures.longest_gap_yield_now_milliseconds;
    let cured = cured.max(figures.longest_gap_spawn_blocking_milliseconds);
    greedy >= 10.0 * figures.beat_milliseconds as f64 && cured <= greedy / 2.0
}

fn sum() {
    cpu_bound(5_000_000);
}

async fn greedy(sums: u64) {
    // No `.await` in here: nothing else runs on this thread until it is done.
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
fn gap(beat: u64, work: impl Future<Output = ()> + Send + 'static) -> Result<f64, Error> {
    Builder::new_current_thread().enable_time().build()?.block_on(async {
        let mut longest = Duration::ZERO;
        let mut last = Instant::now();
        let work = spawn(work);
        while !work.is_finished() {
            sleep(Duration::from_millis(beat)).await;
            longest = longest.max(last.elapsed());
            last = Instant::now();
        }
        work.await?;
        Ok(longest.as_secs_f64() * 1e3)
    })
}

fn main() -> ExitCode {
    let Options { sums, beat, output } = Options::parse();
    example::show(&output, || {
        let (greedy, yields) = (gap(beat, greedy(sums))?, gap(beat, yielding(sums))?);
        let own_thread = gap(beat, on_its_own_thread(sums))?;
        let figures = Figures {
            beat_milliseconds: beat,
            longest_gap_greedy_milliseconds: greedy,
            longest_gap_yield_now_milliseconds: yields,
            longest_gap_spawn_blocking_milliseconds: own_thread,
        };
        let said = format!(
            "The heart stopped for {greedy:.0} ms beside a greedy task, for {yields:.0} ms beside \
             one that yields, for {own_thread:.0} ms beside one on a thread of its own."
        );
        Ok(Shown { claim: &["C23"], holds: holds(&figures), figures, said })
    })
}
