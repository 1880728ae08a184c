//! Tasks overlap waiting, and a sum does not wait: **CPU-bound tasks on one thread gain nothing**.
//!
//! The sums of `multiproc-cpu` are done one after another, then each in a task of its own.
//! `speedup` is the first wall time over the second, each the shortest of several: about 1.
//! `cpus_used` is the tasks' CPU time over their wall time.

use std::process::ExitCode;

use common::example::{self, Shown};
use common::{Error, cpu_bound};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Holds when all tasks together had one CPU and no more (a tenth is left to the runtime). By CPUs:
/// the speedup also moves with what other programs leave.
pub(crate) fn holds(cpus_used: Option<f64>) -> bool {
    cpus_used.is_some_and(|cpus| cpus <= 1.1)
}

fn numbers(sums: u64) -> impl Iterator<Item = u64> {
    5_000_000..5_000_000 + sums
}

async fn find_sums(sums: u64) -> Result<u128, Error> {
    let mut tasks = JoinSet::new();
    for number in numbers(sums) {
        // A sum has nothing to `.await`: its task runs to its end before the next one begins.
        tasks.spawn(async move { cpu_bound(number) });
    }
    let mut total = 0;
    while let Some(sum) = tasks.join_next().await {
        total += sum?;
    }
    Ok(total)
}

fn main() -> ExitCode {
    let (sums, output) = example::flags("sums", "How many sums", 20, 1..=100_000);
    example::show(&output, || {
        let runtime = Builder::new_current_thread().build()?;
        let (sequential, tasks) = example::in_turns(
            || Ok(numbers(sums).map(cpu_bound).sum()),
            || runtime.block_on(find_sums(sums)),
        )?;
        let speedup = sequential / tasks;
        let cpus_used = example::cpus_used(|| runtime.block_on(find_sums(sums)))?;
        let figures = json!({
            "sums": sums,
            "wall_seconds_sequential": sequential,
            "wall_seconds_tasks": tasks,
            "speedup": speedup,
            "cpus_used": cpus_used,
        });
        let said =
            format!("{sums} tasks were {speedup:.2} times as fast as one sum after another.");
        Ok(Shown { claim: &["C03"], holds: holds(cpus_used), figures, said })
    })
}
