//! Processes are slow for I/O-bound work: **a pool of them beats the baseline, and pays more for
//! it than threads or tasks do**.
//!
//! The baseline and all three options read the same pages, by the functions of the four programs:
//! the pool with as many workers as the threads, the tasks all at once. The figures say how long
//! each took, its CPU time, and its memory for each download that was on its way at once, where a
//! page that processes share counts for each of them.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, value_parser};
use common::example::{self, Output, Shown};
use common::server::{Server, serve_if_asked};
use common::{Error, Run, run};
use pool::apart::cost;
use serde::Serialize;
use tokio::runtime;

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

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) workers: usize,
    pub(crate) speedup: f64,
    pub(crate) wall_seconds_baseline: f64,
    pub(crate) wall_seconds_processes: f64,
    pub(crate) wall_seconds_threads: f64,
    pub(crate) wall_seconds_tasks: f64,
    pub(crate) cpu_seconds_baseline: Option<f64>,
    pub(crate) cpu_seconds_processes: Option<f64>,
    pub(crate) cpu_seconds_threads: Option<f64>,
    pub(crate) cpu_seconds_tasks: Option<f64>,
    pub(crate) memory_bytes_a_download_baseline: Option<f64>,
    pub(crate) memory_bytes_a_download_processes: Option<f64>,
    pub(crate) memory_bytes_a_download_threads: Option<f64>,
    pub(crate) memory_bytes_a_download_tasks: Option<f64>,
}

/// Holds when the processes took less time than the baseline, more than the tasks, and more memory
/// for a download than the threads and than the tasks, if that is known.
pub(crate) fn holds(figures: &Figures) -> bool {
    let wall = figures.wall_seconds_processes;
    let [threads, tasks] =
        [figures.memory_bytes_a_download_threads, figures.memory_bytes_a_download_tasks];
    figures.wall_seconds_tasks < wall
        && wall < figures.wall_seconds_baseline
        && figures.memory_bytes_a_download_processes.is_none_or(|memory| {
            threads.is_none_or(|threads| memory > threads) && tasks.is_none_or(|t| memory > t)
        })
}

/// The downloads by each option, and what each takes for them
#[derive(Parser)]
struct Options {
    /// What each page takes, in milliseconds
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u64).range(0..=60_000))]
    latency: u64,
    /// Let the pages take their own 60 and 30 milliseconds instead
    #[arg(long, conflicts_with = "latency")]
    own_latency: bool,
    /// How often the two pages are read
    #[arg(long, default_value_t = 80, value_parser = value_parser!(u16).range(1..))]
    repeat: u16,
    /// Worker processes, and as many threads
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u16).range(1..=1_000))]
    workers: u16,
    #[command(flatten)]
    output: Output,
}

fn shown(options: &Options) -> Result<Shown<Figures>, Error> {
    let server = Server::start()?;
    let latency = (!options.own_latency).then(|| Duration::from_millis(options.latency));
    let run = |workers| Run::of_local_sites(&server, options.repeat.into(), latency, workers);
    let workers = usize::from(options.workers);
    let baseline = cost(&run(1), baseline::download_all_sites)?;
    let processes = cost(&run(workers), io_processes::download_all_sites)?;
    let threads = cost(&run(workers), threads_io::download_all_sites)?;
    let tasks = cost(&run(run::ALL), |run| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async_io::download_all_sites(run))
    })?;
    let figures = Figures {
        workers,
        speedup: baseline.wall_seconds / processes.wall_seconds,
        wall_seconds_baseline: baseline.wall_seconds,
        wall_seconds_processes: processes.wall_seconds,
        wall_seconds_threads: threads.wall_seconds,
        wall_seconds_tasks: tasks.wall_seconds,
        cpu_seconds_baseline: baseline.cpu_seconds,
        cpu_seconds_processes: processes.cpu_seconds,
        cpu_seconds_threads: threads.cpu_seconds,
        cpu_seconds_tasks: tasks.cpu_seconds,
        memory_bytes_a_download_baseline: baseline.memory_bytes_an_item,
        memory_bytes_a_download_processes: processes.memory_bytes_an_item,
        memory_bytes_a_download_threads: threads.memory_bytes_an_item,
        memory_bytes_a_download_tasks: tasks.memory_bytes_an_item,
    };
    let said = format!(
        "{workers} processes took {:.3} s, the baseline {:.3} s, {workers} threads {:.3} s, tasks {:.3} s.",
        processes.wall_seconds, baseline.wall_seconds, threads.wall_seconds, tasks.wall_seconds
    );
    Ok(Shown { claim: &["C30"], holds: holds(&figures), figures, said })
}

fn main() -> ExitCode {
    serve_if_asked();
    let options = Options::parse();
    example::show(&options.output, || shown(&options))
}
