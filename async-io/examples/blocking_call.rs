//! A task must wait with functions made for async. **A call that blocks, in a task, holds up every
//! other task**: the downloads come one after another, as in the baseline.
//!
//! The same downloads are done four times: one after another; in tasks that call ureq, a client
//! that blocks; in such tasks with each call moved to a thread of its own by `spawn_blocking`; and
//! by this package's program, whose client, reqwest, is made for async. `wall_seconds_...` of the
//! second is about the first's; the two cures are several times faster.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, value_parser};
use common::example::{self, Output, Shown};
use common::server::{self, Server};
use common::{Error, Run, Site, read_body, run};
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, spawn_blocking};
use ureq::Agent;

#[path = "../src/main.rs"]
#[allow(dead_code)]
mod program;

/// Downloads in tasks, with a client that blocks and with two cures
#[derive(Parser)]
struct Options {
    /// What each page takes, in milliseconds
    #[arg(long, default_value_t = 40, value_parser = value_parser!(u64).range(1..=60_000))]
    latency: u64,
    /// How often the two pages are read
    #[arg(long, default_value_t = 6, value_parser = value_parser!(u16).range(2..=100))]
    repeat: u16,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) downloads: usize,
    pub(crate) wall_seconds_sequential: f64,
    pub(crate) wall_seconds_blocking_in_tasks: f64,
    pub(crate) wall_seconds_spawn_blocking: f64,
    pub(crate) wall_seconds_async_client: f64,
}

/// Holds when blocking tasks took at least three quarters of the time that the downloads take one
/// after another, and each cure at most half of it.
pub(crate) fn holds(figures: &Figures) -> bool {
    let sequential = figures.wall_seconds_sequential;
    let slowest_cure = figures.wall_seconds_spawn_blocking.max(figures.wall_seconds_async_client);
    figures.wall_seconds_blocking_in_tasks >= 0.75 * sequential && slowest_cure <= 0.5 * sequential
}

fn download_site(session: &Agent, site: &Site) -> Result<u64, Error> {
    read_body(session.get(&site.url).call()?)
}

fn one_after_another(run: &Run<Site>) -> Result<(), Error> {
    let session = run.session()?;
    run.items().try_for_each(|site| download_site(&session, site).map(drop))
}

async fn in_tasks(run: &Run<Site>, own_threads: bool) -> Result<(), Error> {
    let session = run.session()?;
    let mut tasks = JoinSet::new();
    for site in run.items() {
        let (session, site) = (session.clone(), site.clone());
        let download = move || download_site(&session, &site);
        tasks.spawn(async move {
            if own_threads {
                spawn_blocking(download).await?
            } else {
                // No `.await`: until this returns, the thread runs no other task.
                download()
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}

async fn with_async_client(run: &Run<Site>) -> Result<(), Error> {
    let spans = program::download_all_sites(run).await?;
    let failed = spans.into_iter().find_map(|span| span.outcome.err());
    failed.map_or(Ok(()), |why| Err(why.into()))
}

fn main() -> ExitCode {
    server::serve_if_asked();
    let options = Options::parse();
    example::show(&options.output, || {
        let latency = Some(Duration::from_millis(options.latency));
        let server = Server::start()?;
        let run = Run::of_local_sites(&server, options.repeat.into(), latency, run::ALL);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let ((), sequential) = example::timed(|| one_after_another(&run))?;
        let ((), blocking) = example::timed(|| runtime.block_on(in_tasks(&run, false)))?;
        let ((), own_threads) = example::timed(|| runtime.block_on(in_tasks(&run, true)))?;
        let ((), async_client) = example::timed(|| runtime.block_on(with_async_client(&run)))?;
        let figures = Figures {
            downloads: run.items().count(),
            wall_seconds_sequential: sequential,
            wall_seconds_blocking_in_tasks: blocking,
            wall_seconds_spawn_blocking: own_threads,
            wall_seconds_async_client: async_client,
        };
        let said = format!(
            "One after another {sequential:.2} s; blocking in tasks {blocking:.2} s, with \
             spawn_blocking {own_threads:.2} s, with an async client {async_client:.2} s."
        );
        Ok(Shown { claim: &["C22"], holds: holds(&figures), figures, said })
    })
}
