//! Option 2: **async for I/O**. A task for each site, all of them on one thread; a task that has
//! to wait says so with `.await`, and the thread runs another one meanwhile.
//!
//! Good: the waiting of all 160 downloads overlaps; a task costs so little that there is one for
//! each site ([`download_all_sites`]); between two `.await`s no other task runs, so that nothing
//! needs a lock.
//! Bad: [`download_site`] needs a client made for async, and what it does between two `.await`s
//! holds up all the others.
//!
//! More of the bad sides: `examples/blocking_call.rs` and `examples/greedy_task.rs`.

use std::process::ExitCode;
use std::sync::Arc;

use common::{Error, Run, Site, Span, read_body_async, run};
use reqwest::Client;
use tokio::{runtime, sync::Semaphore, task::JoinSet};

async fn download_site(session: &Client, site: &Site) -> Result<u64, Error> {
    // Each `.await` is a place where this task may be paused, and the only such places.
    let response = session.get(&site.url).send().await?;
    read_body_async(response).await
}

pub(crate) async fn download_all_sites(run: &Run<Site>) -> Result<Vec<Span>, Error> {
    let session = run.async_session()?;
    let places = Arc::new(Semaphore::new(run.workers));
    let mut tasks = JoinSet::new();
    for (worker, site) in run.items().cloned().enumerate() {
        let (session, places) = (session.clone(), Arc::clone(&places));
        tasks.spawn(async move {
            let _place = places.acquire().await;
            Span::time_task(&site, worker, download_site(&session, &site)).await
        });
    }
    let mut spans = Vec::new();
    while let Some(Some(span)) = run.unless_interrupted(tasks.join_next()).await {
        spans.push(run.finished(span?));
    }
    Ok(spans)
}

fn main() -> ExitCode {
    let run = Run::io("async-io", run::ALL);
    run.report(|| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let spans = runtime.block_on(download_all_sites(&run));
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        spans
    })
}
