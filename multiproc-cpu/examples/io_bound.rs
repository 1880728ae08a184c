//! Processes are slow for I/O-bound work: **a pool of them beats the baseline, and pays more for
//! it than threads or tasks do**.
//!
//! The baseline and all three options read the same web pages, by the functions of the four
//! programs. The figures say how long each took, and its CPU time with that of its workers.

use std::process::ExitCode;
use std::time::Duration;

use apart::{Cost, cost};
use clap::Parser;
use common::args::whole;
use common::example::{self, Output, Shown};
use common::server::{Server, serve_if_asked};
use common::{Run, run};
use serde_json::json;
use tokio::runtime;

#[path = "support/apart.rs"]
pub(crate) mod apart;
#[path = "../../async-io/src/main.rs"]
#[allow(dead_code, reason = "its own main")]
mod async_io;
#[path = "../../sequential-baseline/src/main.rs"]
#[allow(dead_code, reason = "its own main")]
mod baseline;
#[path = "io_processes.rs"]
#[allow(dead_code, reason = "its own main")]
mod io_processes;
#[path = "../../threads-io/src/main.rs"]
#[allow(dead_code, reason = "its own main")]
mod threads_io;

/// Worker processes, and as many threads. The tasks are all on their way at once.
const WORKERS: usize = 5;

/// Holds when the processes took less time than the baseline, more than the tasks, and more CPU
/// time than the threads and than the tasks, if that is known.
pub(crate) fn holds(baseline: &Cost, processes: &Cost, threads: &Cost, tasks: &Cost) -> bool {
    let wall = processes.wall_seconds;
    let cpu_time = |of: &Cost| of.cpu_seconds.zip(processes.cpu_seconds);
    let cheaper = |of: &Cost| cpu_time(of).is_none_or(|(other, processes)| other < processes);
    (tasks.wall_seconds < wall && wall < baseline.wall_seconds)
        && (cheaper(threads) && cheaper(tasks))
}

/// The downloads by each option, and what each takes for them
#[derive(Parser)]
struct Options {
    /// Let the pages take their own 60 and 30 milliseconds instead of 8
    #[arg(long)]
    own_latency: bool,
    /// How often the two pages are read
    #[arg(long, default_value_t = 80, value_parser = whole(1..=u16::MAX), allow_hyphen_values = true)]
    repeat: u16,
    #[command(flatten)]
    output: Output,
}

fn main() -> ExitCode {
    serve_if_asked();
    let Options { own_latency, repeat, output } = Options::parse();
    example::show(&output, || {
        let server = Server::start()?;
        let latency = (!own_latency).then_some(Duration::from_millis(8));
        let run = |workers| Run::of_local_sites(&server, repeat.into(), latency, workers);
        let baseline = cost(&run(1), baseline::download_all_sites)?;
        let processes = cost(&run(WORKERS), io_processes::download_all_sites)?;
        let threads = cost(&run(WORKERS), threads_io::download_all_sites)?;
        let tasks = cost(&run(run::ALL), |run| {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async_io::download_all_sites(run))
        })?;
        let holds = holds(&baseline, &processes, &threads, &tasks);
        let speedup = |of: &Cost| baseline.wall_seconds / of.wall_seconds;
        let (speedup, by_tasks) = (speedup(&processes), speedup(&tasks));
        let said = format!("Processes were {speedup:.2} times as fast, tasks {by_tasks:.2} times.");
        let options = [baseline, processes, threads, tasks];
        let mut figures = json!({ "workers": WORKERS, "speedup": speedup });
        for (cost, name) in options.iter().zip(["baseline", "processes", "threads", "tasks"]) {
            figures[format!("wall_seconds_{name}")] = json!(cost.wall_seconds);
            figures[format!("cpu_seconds_{name}")] = json!(cost.cpu_seconds);
        }
        Ok(Shown { claim: &["C30"], holds, figures, said })
    })
}
