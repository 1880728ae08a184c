//! The downloads of the four programs, for examples that compare one more way with them. Each
//! function is the one that the program's `main.rs` explains.

#[cfg(feature = "async")]
pub use by_tasks::tasks;
#[cfg(feature = "blocking")]
pub use by_threads::{download_site, sequential, threads};

use crate::report::Report;
use crate::workload::WorkItem;
use crate::{Result, Run};

/// The report on `work`.
///
/// # Errors
/// Those of `work`; a failed item, because a wrong answer gets no time.
pub fn report<T: WorkItem>(
    run: &'static Run<T>,
    work: impl FnOnce(&'static Run<T>) -> Result<()>,
) -> Result<Report> {
    let report = run.report(work)?;
    match report.failed {
        0 => Ok(report),
        failed => Err(format!("{failed} of {} items failed", report.items).into()),
    }
}

#[cfg(feature = "blocking")]
mod by_threads {
    use std::sync::Mutex;
    use std::thread;

    use crate::{Result, Run, Session, Site};

    /// One download.
    ///
    /// # Errors
    /// No connection, no success, no answer in time.
    pub fn download_site(session: &Session, site: &Site) -> Result<u64> {
        let response = session.get(&site.url)?;
        response.read_to_end()
    }

    /// One download after another: `sequential-baseline`.
    ///
    /// # Errors
    /// None: it returns a `Result` because other ways can fail.
    pub fn sequential(run: &Run<Site>) -> Result<()> {
        let session = run.session();
        for site in run.items() {
            run.time(&site, || download_site(&session, &site));
        }
        Ok(())
    }

    /// Threads that take sites from a queue: `threads-io`.
    ///
    /// # Errors
    /// None: it returns a `Result` because other ways can fail.
    pub fn threads(run: &Run<Site>) -> Result<()> {
        let queue = Mutex::new(run.items());
        thread::scope(|scope| {
            for _ in 0..run.workers {
                run.spawn(scope, || {
                    let session = run.session();
                    loop {
                        let next = queue.lock().expect("no panic under the lock").next();
                        let Some(site) = next else { break };
                        run.time(&site, || download_site(&session, &site));
                    }
                });
            }
        });
        Ok(())
    }
}

#[cfg(feature = "async")]
mod by_tasks {
    use std::sync::Arc;

    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use crate::{AsyncSession, Result, Run, Site};

    async fn download_site(session: &AsyncSession, site: &Site) -> Result<u64> {
        let response = session.get(&site.url).await?;
        response.read_to_end().await
    }

    /// A task for each site on one thread: `async-io`.
    ///
    /// # Errors
    /// A session that cannot be made.
    #[tokio::main(flavor = "current_thread")]
    pub async fn tasks(run: &'static Run<Site>) -> Result<()> {
        let session = run.async_session()?;
        let permits = Arc::new(Semaphore::new(run.workers));
        let mut tasks = JoinSet::new();
        for site in run.items() {
            let (session, permits) = (session.clone(), permits.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire().await;
                run.time_async(&site, download_site(&session, &site)).await;
            });
        }
        tasks.join_all().await;
        Ok(())
    }
}
