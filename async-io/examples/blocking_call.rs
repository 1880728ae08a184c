//! C22: a task must wait with functions made for async. **A call that blocks holds up every other
//! task**: the downloads come one after another, as in the baseline.
//!
//! The same downloads run in four ways: one after another; in tasks that call a blocking client; in
//! such tasks with each call moved to a thread of its own by `spawn_blocking`; and in tasks with a
//! client made for async, as `async-io` does them.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use common::demo::{self, Claim, DemoResult, Flag, downloads};
use common::{Result, Run, Site, report::timeline::Timeline, server::Server, workload::Strategy};
use serde_json::json;
use tokio::task::{JoinSet, spawn_blocking};

#[tokio::main(flavor = "current_thread")]
async fn blocking_in_tasks(run: &'static Run<Site>) -> Result<()> {
    let session = Arc::new(run.session());
    let mut tasks = JoinSet::new();
    for site in run.items() {
        let session = session.clone();
        tasks.spawn(async move {
            // No `.await`: the thread runs no other task until the download has ended.
            run.time_async(&site, async { downloads::download_site(&session, &site) }).await;
        });
    }
    tasks.join_all().await;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn blocking_in_own_threads(run: &'static Run<Site>) -> Result<()> {
    let session = Arc::new(run.session());
    let mut tasks = JoinSet::new();
    for site in run.items() {
        let session = session.clone();
        let download = move || downloads::download_site(&session, &site);
        tasks.spawn(async move {
            // `?` removes the thread's own error; what remains is the download's `Result`.
            run.time_async(&site, async { spawn_blocking(download).await? }).await;
        });
    }
    tasks.join_all().await;
    Ok(())
}

/// Blocking tasks took at least three quarters of the sequential time, and each cure at most half.
pub(crate) fn holds(sequential: f64, blocking: f64, own_threads: f64, async_client: f64) -> bool {
    blocking >= 0.75 * sequential && own_threads.max(async_client) <= 0.5 * sequential
}

fn main() -> ExitCode {
    let help = "How often the two pages are read";
    let flag = Flag { name: "repeat", help, default: 6, range: 2..=100 };
    demo::show_drawn(Claim::Article(&["C22"]), flag, |repeat| {
        let server = Server::start()?;
        let measure = |work: fn(&'static Run<Site>) -> Result<()>, title: &str| {
            let latency = Some(Duration::from_millis(40));
            let run = Run::local(&server, Strategy::Tasks, repeat as usize, latency, usize::MAX);
            let report = downloads::report(run, work)?;
            let timeline = Timeline { title: title.into(), ..Timeline::of(&report) };
            Ok::<_, common::Error>((report.wall_seconds, timeline))
        };
        let (sequential, _) = measure(downloads::sequential, "")?;
        let (blocking, slow) = measure(blocking_in_tasks, "A client that blocks")?;
        let (own_threads, _) = measure(blocking_in_own_threads, "")?;
        let (async_client, fast) = measure(downloads::tasks, "A client made for async")?;
        let timeline = Timeline::join("blocking_call", "Downloads in tasks", vec![slow, fast]);
        let figures = json!({
            "downloads": 2 * repeat,
            "wall_seconds_sequential": sequential,
            "wall_seconds_blocking_in_tasks": blocking,
            "wall_seconds_spawn_blocking": own_threads,
            "wall_seconds_async_client": async_client,
        });
        let summary = format!(
            "Tasks that block took {blocking:.2} s, tasks that await took {async_client:.2} s."
        );
        let holds = holds(sequential, blocking, own_threads, async_client);
        Ok((DemoResult::new(holds, figures, summary), timeline))
    })
}
