//! C03: tasks overlap waiting, but a sum does not wait. **CPU-bound tasks on one thread gain
//! nothing.**
//!
//! The sums of `multiproc-cpu` are computed one after another, then each in a task. The speedup is
//! about 1. `examples/many_cores.rs` gives the tasks more than one thread.

use std::process::ExitCode;

use common::demo::{self, Claim, DemoResult, Flag};
use common::{Result, cpu_bound};
use serde_json::json;
use tokio::task::JoinSet;

fn numbers(sums: u64) -> impl Iterator<Item = u64> {
    5_000_000..5_000_000 + sums
}

#[tokio::main(flavor = "current_thread")]
async fn find_sums(sums: u64) -> Result<u128> {
    let mut tasks = JoinSet::new();
    for number in numbers(sums) {
        // A sum has nothing to `.await`: its task runs to the end before the next one begins.
        tasks.spawn(async move { cpu_bound(number) });
    }
    Ok(tasks.join_all().await.iter().sum())
}

/// All tasks together used one CPU, plus a tenth for the runtime. The speedup is not part of the
/// rule, because it depends on other programs.
pub(crate) fn holds(cpus_used: Option<f64>) -> bool {
    cpus_used.is_some_and(|cpus| cpus <= 1.1)
}

fn main() -> ExitCode {
    let flag = Flag { name: "sums", help: "How many sums", default: 20, range: 1..=100_000 };
    demo::show(Claim::Article(&["C03"]), flag, |sums| {
        let (sequential, tasks) = demo::best_of_interleaved(
            || Ok(numbers(sums).map(cpu_bound).sum()),
            || find_sums(sums),
        )?;
        let speedup = sequential / tasks;
        let (_, cpus_used) = demo::cpus_used(|| find_sums(sums))?;
        let figures = json!({
            "sums": sums,
            "wall_seconds_sequential": sequential,
            "wall_seconds_tasks": tasks,
            "speedup": speedup,
            "cpus_used": cpus_used,
        });
        let summary =
            format!("{sums} CPU-bound tasks on one thread had a speedup of {speedup:.2}.");
        Ok(DemoResult::new(holds(cpus_used), figures, summary))
    })
}
