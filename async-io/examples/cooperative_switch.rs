//! C11: tasks are switched **cooperatively, only at an `.await`**. So `x = x + 1` needs no lock. With
//! an `.await` between the read and the write, updates are lost, and the same number in every run.
//!
//! Two tasks on one thread increment one shared `x`. The figures show the lost updates, and the turns: how
//! often the thread changed from one task to the other.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;

use common::Result;
use common::demo::{self, Claim, DemoResult, Flag};
use common::report::{recorder::Recorder, timeline::State, timeline::Timeline};
use serde_json::json;
use tokio::{runtime::Builder, task::LocalSet, task::yield_now};

#[derive(Clone, Copy, PartialEq)]
enum Await {
    Never,
    AfterUpdate,
    InsideUpdate,
}

#[derive(Default)]
struct Shared {
    x: Cell<u64>,
    last_task: Cell<Option<usize>>,
    turns: Cell<u64>,
}

async fn count(shared: Rc<Shared>, task: usize, updates: u64, place: Await) {
    for _ in 0..updates {
        if shared.last_task.replace(Some(task)) != Some(task) {
            shared.turns.update(|turns| turns + 1);
        }
        let read = shared.x.get();
        if place == Await::InsideUpdate {
            // While this task is paused here, the other one adds. The `set` below overwrites that.
            yield_now().await;
        }
        shared.x.set(read + 1);
        if place == Await::AfterUpdate {
            yield_now().await;
        }
    }
}

/// Returns the lost updates and the turns of two tasks, and their picture.
fn two_tasks(updates: u64, place: Await) -> Result<((u64, u64), Timeline)> {
    let title = "Two tasks with an .await inside each update";
    let recorder = Recorder::new("cooperative_switch", title, ["task 0", "task 1"])
        .explain(State::Ready, "ready, waits for the thread");
    let (shared, recorder) = (Rc::new(Shared::default()), Rc::new(recorder));
    let tasks = LocalSet::new();
    for task in 0..2 {
        let (recorder, count) = (recorder.clone(), count(shared.clone(), task, updates, place));
        tasks.spawn_local(async move { recorder.task(task, count).await });
    }
    Builder::new_current_thread().build()?.block_on(tasks);
    Ok(((2 * updates - shared.x.get(), shared.turns.get()), recorder.finish()))
}

/// Tasks that never await had one turn each, and tasks that await had more. Updates were lost only
/// with an `.await` inside. All runs are equal.
pub(crate) fn holds(runs: &[[(u64, u64); 3]]) -> bool {
    runs.iter().all(|run| run == &runs[0] && matches!(run, [(0, 2), (0, 3..), (1.., _)]))
}

fn main() -> ExitCode {
    let help = "How often each task adds one";
    let flag = Flag { name: "updates", help, default: 50_000, range: 2..=1_000_000 };
    demo::show_drawn(Claim::Article(&["C07", "C11"]), flag, |updates| {
        let run = |_| {
            let [never, after, inside] = [Await::Never, Await::AfterUpdate, Await::InsideUpdate];
            let two_tasks = |place| two_tasks(updates, place);
            Ok([two_tasks(never)?.0, two_tasks(after)?.0, two_tasks(inside)?.0])
        };
        let runs = (0..3).map(run).collect::<Result<Vec<_>>>()?;
        let [never, after, inside] = runs[0];
        let (all, lost) = (2 * updates, inside.0);
        let figures = json!({
            "updates": all,
            "updates_lost_without_await": never.0,
            "turns_without_await": never.1,
            "updates_lost_with_await_after": after.0,
            "turns_with_await_after": after.1,
            "updates_lost_with_await_inside": lost,
            "runs_with_the_same_figures": runs.iter().filter(|run| **run == runs[0]).count(),
        });
        let summary = format!("Of {all} updates, {lost} were lost with an .await inside.");
        let (_, timeline) = two_tasks(5, Await::InsideUpdate)?;
        Ok((DemoResult::new(holds(&runs), figures, summary), timeline))
    })
}
