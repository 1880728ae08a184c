//! Downloads by tokio on all cores: what a plain `#[tokio::main]` gives. A row of
//! `scripts/compare.sh --peers`.
//!
//! Only the attribute differs from `src/main.rs`. The tasks may move from one thread to another at each
//! `.await`, so everything they own must be `Send`.

use std::process::ExitCode;
use std::sync::Arc;

use common::{AsyncSession, Result, Run, Site};
use tokio::{sync::Semaphore, task::JoinSet};

async fn download_site(session: &AsyncSession, site: &Site) -> Result<u64> {
    let response = session.get(&site.url).await?;
    response.read_to_end().await
}

#[tokio::main]
async fn download_all_sites(run: &'static Run<Site>) -> Result<()> {
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

fn main() -> ExitCode {
    Run::tasks("io_many_cores").execute(download_all_sites)
}
