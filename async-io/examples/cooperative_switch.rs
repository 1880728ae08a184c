//! Tasks are switched **cooperatively: only where one says `.await`**. Between two of these nothing
//! comes in between, so that `x = x + 1` needs no lock; with an `.await` between reading `x` and
//! writing it, updates are lost, and always the same number of them.
//!
//! Two tasks on one thread count on one `x` in three ways: they never await, await after each
//! update, or await in the middle of each. `updates_lost_...` is what `x` lacks at the end;
//! `turns_...` is how often the thread went to a task: two in all where neither ever awaits, since
//! nothing interrupts it. All is done several times over, and the figures are compared.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;

use clap::{Parser, value_parser};
use common::Error;
use common::example::{self, Output, Shown};
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, yield_now};

/// How often all is repeated, to compare.
const RUNS: usize = 3;

/// Two tasks on one thread that count on one number, in three ways
#[derive(Parser)]
struct Options {
    /// How often each adds one
    #[arg(long, default_value_t = 50_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
    updates: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) updates: u64,
    pub(crate) updates_lost_without_await: u64,
    pub(crate) turns_without_await: u64,
    pub(crate) updates_lost_with_await_after: u64,
    pub(crate) turns_with_await_after: u64,
    pub(crate) updates_lost_with_await_inside: u64,
    pub(crate) runs: usize,
    pub(crate) runs_with_the_same_figures: usize,
}

/// Holds when tasks that never await had one turn each and tasks that do had more, when updates
/// were lost with an `.await` inside and nowhere else, and when every run gave the same figures.
pub(crate) fn holds(figures: &Figures) -> bool {
    let lost_elsewhere = figures.updates_lost_without_await + figures.updates_lost_with_await_after;
    figures.turns_without_await == 2
        && figures.turns_with_await_after > 2
        && (figures.updates_lost_with_await_inside > 0 && lost_elsewhere == 0)
        && figures.runs_with_the_same_figures == figures.runs
}

#[derive(Clone, Copy, PartialEq)]
enum Await {
    Never,
    After,
    Inside,
}

#[derive(Default)]
struct Shared {
    x: Cell<u64>,
    last: Cell<Option<usize>>,
    turns: Cell<u64>,
}

async fn count(shared: Rc<Shared>, task: usize, updates: u64, place: Await) {
    for _ in 0..updates {
        if shared.last.replace(Some(task)) != Some(task) {
            shared.turns.update(|turns| turns + 1);
        }
        let read = shared.x.get();
        if place == Await::Inside {
            // Whatever the other task adds while this one is paused here, the `set` undoes.
            yield_now().await;
        }
        shared.x.set(read + 1);
        if place == Await::After {
            yield_now().await;
        }
    }
}

/// The updates that two tasks lose, and how often the thread went from one to the other.
fn two_tasks(updates: u64, place: Await) -> Result<(u64, u64), Error> {
    let shared = Rc::new(Shared::default());
    let tasks = LocalSet::new();
    for task in 0..2 {
        tasks.spawn_local(count(Rc::clone(&shared), task, updates, place));
    }
    Builder::new_current_thread().build()?.block_on(tasks);
    Ok((2 * updates - shared.x.get(), shared.turns.get()))
}

fn main() -> ExitCode {
    let options = Options::parse();
    let two_tasks = |place| two_tasks(options.updates, place);
    example::show(&options.output, || {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push([
                two_tasks(Await::Never)?,
                two_tasks(Await::After)?,
                two_tasks(Await::Inside)?,
            ]);
        }
        let [never, after, inside] = runs[0];
        let figures = Figures {
            updates: 2 * options.updates,
            updates_lost_without_await: never.0,
            turns_without_await: never.1,
            updates_lost_with_await_after: after.0,
            turns_with_await_after: after.1,
            updates_lost_with_await_inside: inside.0,
            runs: RUNS,
            runs_with_the_same_figures: runs.iter().filter(|run| **run == runs[0]).count(),
        };
        let said = format!(
            "Of {} updates, {} were lost with an .await inside, {} with one after, {} without.",
            figures.updates, inside.0, after.0, never.0
        );
        Ok(Shown { claim: &["C07", "C11"], holds: holds(&figures), figures, said })
    })
}
