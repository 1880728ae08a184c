//! Tasks overlap waiting, and a sum does not wait: **CPU-bound tasks on one thread gain nothing**.
//!
//! The sums of `multiproc-cpu` are done one after another, then each in a task of its own.
//! `speedup` is the first wall time over the second, each the shortest of several: about 1.
//! `cpus_used` is the tasks' CPU time over their wall time.

use std::process::ExitCode;

use clap::Parser;
use common::example::{self, Output, Shown};
use common::{Error, cpu_bound};
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// The sums, one after another and in tasks
#[derive(Parser)]
struct Options {
    /// How many sums, of the squares below 5000000 and following numbers
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    sums: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) sums: u64,
    pub(crate) wall_seconds_sequential: f64,
    pub(crate) wall_seconds_tasks: f64,
    pub(crate) speedup: f64,
    pub(crate) cpus_used: Option<f64>,
}

/// Holds when all tasks together had one CPU and no more (a tenth is left to the runtime). By CPUs:
/// `speedup` also moves with what other programs leave.
pub(crate) fn holds(figures: &Figures) -> bool {
    figures.cpus_used.is_some_and(|cpus| cpus <= 1.1)
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
    let Options { sums, output } = Options::parse();
    example::show(&output, || {
        let runtime = Builder::new_current_thread().build()?;
        let (sequential, tasks) = example::in_turns(
            || Ok(numbers(sums).map(cpu_bound).sum()),
            || runtime.block_on(find_sums(sums)),
        )?;
        let speedup = sequential / tasks;
        let figures = Figures {
            sums,
            wall_seconds_sequential: sequential,
            wall_seconds_tasks: tasks,
            speedup,
            cpus_used: example::cpus_used(|| runtime.block_on(find_sums(sums)))?,
        };
        let said =
            format!("{sums} tasks did the sums {speedup:.2} times as fast as one after another.");
        Ok(Shown { claim: &["C03"], holds: holds(&figures), figures, said })
    })
}
