//! Option 2: **async for I/O**. There is a task for each site, and all tasks run on one thread. A
//! task gives the thread up at each `.await` where it has to wait, and another task runs meanwhile.
//!
//! - Good: the waiting of all 160 downloads overlaps. A task costs so little that each site has one
//!   ([`download_all_sites`]). No other task runs between two `.await`s, so the code there needs no lock.
//! - Bad: [`download_site`] needs a client that is made for async, and whatever it does between two
//!   `.await`s holds up all other tasks.
//!
//! More of the bad sides: `examples/blocking_call.rs` and `examples/greedy_task.rs`.

use std::process::ExitCode;
use std::sync::Arc;

use common::{AsyncSession, Result, Run, Site};
use tokio::{sync::Semaphore, task::JoinSet};

async fn download_site(session: &AsyncSession, site: &Site) -> Result<u64> {
    // This task may be paused at an `.await`, and nowhere else.
    let response = session.get(&site.url).await?;
    response.read_to_end().await
}

// The attribute makes this an ordinary function, which starts a runtime and runs the body on it. Often
// `main` is such a function; here `main` checks the arguments first.
#[tokio::main(flavor = "current_thread")]
async fn download_all_sites(run: &'static Run<Site>) -> Result<()> {
    let session = run.async_session()?;
    let permits = Arc::new(Semaphore::new(run.workers));
    let mut tasks = JoinSet::new();
    for site in run.items() {
        let (session, permits) = (session.clone(), permits.clone());
        tasks.spawn(async move {
            // The permit is held until the end of the task. `acquire` fails only if the semaphore is closed,
            // which never happens.
            let _permit = permits.acquire().await;
            run.time_async(&site, download_site(&session, &site)).await;
        });
    }
    tasks.join_all().await;
    Ok(())
}

fn main() -> ExitCode {
    Run::tasks("async-io").execute(download_all_sites)
}
