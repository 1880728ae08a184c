//! Tasks are switched **cooperatively: only where one says `.await`**. So `x = x + 1` needs no lock;
//! with an `.await` between reading `x` and writing it, updates are lost, and always as many.
//!
//! Two tasks on one thread count on one `x`. `updates_lost_...` is what `x` lacks at the end,
//! `turns_...` how often the thread went to a task: two in all where neither ever awaits.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;

use common::Error;
use common::example::{self, Shown};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, yield_now};

/// What two tasks have come to: the updates lost, and the turns.
pub(crate) type Outcome = (u64, u64);

/// Holds when tasks that never await had one turn each and tasks that do had more, when updates
/// were lost with an `.await` inside and nowhere else, and when every run came to the same.
pub(crate) fn holds(runs: &[[Outcome; 3]]) -> bool {
    runs.iter().all(|run| run == &runs[0] && matches!(run, [(0, 2), (0, 3..), (1.., _)]))
}

#[derive(Default)]
struct Shared {
    x: Cell<u64>,
    last: Cell<Option<usize>>,
    turns: Cell<u64>,
}

/// Adds one `updates` times, with an `.await` inside or after each update, or none.
async fn count(shared: Rc<Shared>, task: usize, updates: u64, inside: bool, after: bool) {
    for _ in 0..updates {
        if shared.last.replace(Some(task)) != Some(task) {
            shared.turns.update(|turns| turns + 1);
        }
        let read = shared.x.get();
        if inside {
            // Whatever the other task adds while this one is paused here, the `set` undoes.
            yield_now().await;
        }
        shared.x.set(read + 1);
        if after {
            yield_now().await;
        }
    }
}

fn two_tasks(updates: u64, inside: bool, after: bool) -> Result<Outcome, Error> {
    let shared = Rc::new(Shared::default());
    let tasks = LocalSet::new();
    for task in 0..2 {
        tasks.spawn_local(count(Rc::clone(&shared), task, updates, inside, after));
    }
    Builder::new_current_thread().build()?.block_on(tasks);
    Ok((2 * updates - shared.x.get(), shared.turns.get()))
}

fn main() -> ExitCode {
    let (updates, output) =
        example::flags("updates", "How often each task adds one", 50_000, 1..=1_000_000);
    example::show(&output, || {
        let mut runs = Vec::new();
        for _ in 0..3 {
            let never = two_tasks(updates, false, false)?;
            let after = two_tasks(updates, false, true)?;
            let inside = two_tasks(updates, true, false)?;
            runs.push([never, after, inside]);
        }
        let [never, after, inside] = runs[0];
        let figures = json!({
            "updates": 2 * updates,
            "updates_lost_without_await": never.0,
            "turns_without_await": never.1,
            "updates_lost_with_await_after": after.0,
            "turns_with_await_after": after.1,
            "updates_lost_with_await_inside": inside.0,
            "runs": runs.len(),
            "runs_with_the_same_figures": runs.iter().filter(|run| **run == runs[0]).count(),
        });
        let (all, lost) = (2 * updates, inside.0);
        let said = format!("Of {all} updates, {lost} were lost with an .await inside.");
        Ok(Shown { claim: &["C07", "C11"], holds: holds(&runs), figures, said })
    })
}
