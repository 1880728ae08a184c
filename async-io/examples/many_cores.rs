//! Beyond the notes: tokio on all cores. **With a runtime of several threads, tasks that compute run
//! at the same time.**
//!
//! The same sums run in tasks on a runtime of one thread and on one that has a thread for each core,
//! which is what a plain `#[tokio::main]` makes. A task that computes still holds up its own thread,
//! and the tasks now need `Send` and locks, as threads do. `examples/io_many_cores.rs` is the same for
//! downloads.

use std::process::ExitCode;

use common::demo::{self, Claim, DemoResult, Flag};
use common::{Result, cpu_bound};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::main(flavor = "current_thread")]
async fn on_one_thread(sums: u64) -> Result<u128> {
    find_sums(sums).await
}

// The default: a thread for each core.
#[tokio::main]
async fn on_all_cores(sums: u64) -> Result<u128> {
    find_sums(sums).await
}

async fn find_sums(sums: u64) -> Result<u128> {
    let mut tasks = JoinSet::new();
    for number in 5_000_000..5_000_000 + sums {
        tasks.spawn(async move { cpu_bound(number) });
    }
    Ok(tasks.join_all().await.iter().sum())
}

/// The runtime of several threads was at least a tenth faster. This fails with one core, and may fail
/// if other programs keep the cores busy.
pub(crate) fn holds(speedup: f64) -> bool {
    speedup >= 1.1
}

fn main() -> ExitCode {
    let words = "tokio on all cores runs tasks that compute at the same time";
    let flag = Flag { name: "sums", help: "How many sums", default: 20, range: 1..=100_000 };
    demo::show(Claim::Beyond(words), flag, |sums| {
        let (one_thread, all_cores) =
            demo::best_of_interleaved(|| on_one_thread(sums), || on_all_cores(sums))?;
        let (speedup, cores) = (one_thread / all_cores, demo::cores());
        let figures = json!({
            "cores": cores,
            "sums": sums,
            "wall_seconds_one_thread": one_thread,
            "wall_seconds_all_cores": all_cores,
            "speedup": speedup,
            "cpus_used_one_thread": demo::cpus_used(|| on_one_thread(sums))?.1,
            "cpus_used_all_cores": demo::cpus_used(|| on_all_cores(sums))?.1,
        });
        let summary = format!("Tasks that compute had a speedup of {speedup:.2} on {cores} cores.");
        Ok(DemoResult::new(holds(speedup), figures, summary))
    })
}
