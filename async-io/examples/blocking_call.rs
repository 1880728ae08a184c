//! A task must wait with functions made for async. **A call that blocks, in a task, holds up every
//! other task**: the downloads come one after another, as in the baseline.
//!
//! The same downloads are done four times: one after another; in tasks that call ureq, a client
//! that blocks; in such tasks with each call moved to a thread of its own by `spawn_blocking`; and
//! by this package's program, whose client, reqwest, is made for async.

use std::process::ExitCode;
use std::time::Duration;

use common::example::{self, Shown};
use common::server::{self, Server};
use common::{Error, Run, Site, read_body, run};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, spawn_blocking};
use ureq::Agent;

#[path = "../src/main.rs"]
#[allow(dead_code)]
mod program;

/// Holds when blocking tasks took at least three quarters of the time that the downloads take one
/// after another, and each cure at most half of it. All in seconds.
pub(crate) fn holds(sequential: f64, blocking: f64, own_threads: f64, async_client: f64) -> bool {
    blocking >= 0.75 * sequential && own_threads.max(async_client) <= 0.5 * sequential
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

fn main() -> ExitCode {
    server::serve_if_asked();
    let (repeat, output) = example::flags("repeat", "How often two pages are read", 6, 2..=100);
    example::show(&output, || {
        let server = Server::start()?;
        let latency = Some(Duration::from_millis(40));
        let run = Run::of_local_sites(&server, repeat as usize, latency, run::ALL);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let ((), sequential) = example::timed(|| one_after_another(&run))?;
        let ((), blocking) = example::timed(|| runtime.block_on(in_tasks(&run, false)))?;
        let ((), own_threads) = example::timed(|| runtime.block_on(in_tasks(&run, true)))?;
        let with_async_client = || runtime.block_on(program::download_all_sites(&run));
        let (spans, async_client) = example::timed(with_async_client)?;
        if let Some(why) = spans.into_iter().find_map(|span| span.outcome.err()) {
            return Err(why.into());
        }
        let figures = json!({
            "downloads": run.items().count(),
            "wall_seconds_sequential": sequential,
            "wall_seconds_blocking_in_tasks": blocking,
            "wall_seconds_spawn_blocking": own_threads,
            "wall_seconds_async_client": async_client,
        });
        let said =
            format!("Tasks that block took {blocking:.2} s, that await {async_client:.2} s.");
        let holds = holds(sequential, blocking, own_threads, async_client);
        Ok(Shown { claim: &["C22"], holds, figures, said })
    })
}
