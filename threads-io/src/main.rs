//! Option 1: **threads for I/O**. Five threads take sites from one queue. While one thread waits for
//! a site, the operating system runs another.
//!
//! - Good: the waiting overlaps, and [`download_site`] is the baseline's, line for line.
//! - Bad: what threads share must be locked, and a lock that is held too long makes them wait for
//!   each other ([`download_all_sites`]). There is more code around the download. Each thread costs
//!   memory, so not every site has a thread.
//!
//! More of the bad sides: `examples/race_condition.rs` and `examples/deadlock.rs`.

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use common::{Result, Run, Session, Site};

fn download_site(session: &Session, site: &Site) -> Result<u64> {
    let response = session.get(&site.url)?;
    response.read_to_end()
}

fn download_all_sites(run: &Run<Site>) -> Result<()> {
    let queue = Mutex::new(run.items());
    thread::scope(|scope| {
        for _ in 0..run.workers {
            // Like `scope.spawn`, which panics if the system refuses a thread; here the run goes on.
            run.spawn(scope, || {
                let session = run.session();
                loop {
                    // A statement of its own, so that the lock is released before the download. `while let
                    // Some(site) = queue.lock()...` would hold it until the download has ended.
                    let next = queue.lock().expect("no panic under the lock").next();
                    let Some(site) = next else { break };
                    run.time(&site, || download_site(&session, &site));
                }
            });
        }
    });
    Ok(())
}

fn main() -> ExitCode {
    Run::threads("threads-io", 5).execute(download_all_sites)
}
