//! C30: processes are a slow way to do I/O-bound work. **A pool of processes beats the baseline, but
//! costs more than threads or tasks.**
//!
//! The baseline and all three options read the same pages. The figures show the wall time of each,
//! and its CPU time, worker processes included. The pool is this package's library,
//! `src/pool.rs`. `examples/io_processes.rs` is the same pool as a program.

use std::process::ExitCode;
use std::time::Duration;

use common::demo::{self, Claim, DemoResult, Flag, downloads};
use common::report::Report;
use common::server::Server;
use common::workload::{REPEAT, Strategy};
use common::{Result, Run, Site};
use serde_json::json;

/// Worker processes, and as many threads. The tasks are all in flight at once.
const WORKERS: usize = 5;

fn by_processes(run: &Run<Site>) -> Result<()> {
    // Made in each worker at its first download, because processes cannot share a connection.
    let session = std::cell::OnceCell::new();
    pool::map(run, |site| {
        let session = session.get_or_init(|| run.session());
        downloads::download_site(session, site)
    })
}

/// Wall time and CPU time, in seconds. The CPU time may be unknown.
type Cost = (f64, Option<f64>);

fn cost(report: &Report) -> Cost {
    let cpu = report.user_seconds.zip(report.system_seconds).map(|(user, system)| user + system);
    (report.wall_seconds, cpu)
}

/// The processes took less time than the baseline, more than the tasks, and more CPU time than the
/// same number of threads, if that is known.
pub(crate) fn holds(baseline: Cost, processes: Cost, threads: Cost, tasks: Cost) -> bool {
    let cpu_time = processes.1.zip(threads.1);
    processes.0 < baseline.0
        && processes.0 > tasks.0
        && cpu_time.is_none_or(|(processes, threads)| processes > threads)
}

fn main() -> ExitCode {
    let help = "The latency of each page, in milliseconds";
    let flag = Flag { name: "latency", help, default: 8, range: 0..=60_000 };
    demo::show(Claim::Article(&["C30"]), flag, |latency| {
        let server = Server::start()?;
        let measure = |strategy, workers, work: fn(&'static Run<Site>) -> Result<()>| {
            let latency = Some(Duration::from_millis(latency));
            let run = Run::local(&server, strategy, REPEAT, latency, workers);
            Ok::<_, common::Error>(cost(&downloads::report(run, work)?))
        };
        let baseline = measure(Strategy::Sequential, 1, downloads::sequential)?;
        // Before the threads: `fork` needs a process with one thread.
        let processes = measure(Strategy::Processes, WORKERS, by_processes)?;
        let threads = measure(Strategy::Threads, WORKERS, downloads::threads)?;
        let tasks = measure(Strategy::Tasks, usize::MAX, downloads::tasks)?;
        let options = [baseline, processes, threads, tasks];
        let mut figures = json!({ "workers": WORKERS, "speedup": baseline.0 / processes.0 });
        for ((wall, cpu), name) in options.iter().zip(["baseline", "processes", "threads", "tasks"])
        {
            figures[format!("wall_seconds_{name}")] = json!(wall);
            figures[format!("cpu_seconds_{name}")] = json!(cpu);
        }
        let summary = format!(
            "Processes had a speedup of {:.2}, threads of {:.2}, tasks of {:.2}.",
            baseline.0 / processes.0,
            baseline.0 / threads.0,
            baseline.0 / tasks.0,
        );
        Ok(DemoResult::new(holds(baseline, processes, threads, tasks), figures, summary))
    })
}
