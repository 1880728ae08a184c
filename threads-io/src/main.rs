//! Option 1: **threads for I/O**. Five threads take sites from one queue; while one of them waits
//! for a site, the operating system runs another.
//!
//! Good: the waiting overlaps, and [`download_site`] is the baseline's, line for line.
//! Bad: what threads share must be locked, and a lock held too long makes them wait for each
//! other ([`download_all_sites`], the `let`); the code around the download grows; each thread
//! costs memory, so that there are five of them and not 160.
//!
//! More of the bad sides: `examples/race_condition.rs` and `examples/deadlock.rs`.

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;

use common::{Error, Run, Site, Span, read_body};
use ureq::Agent;

fn download_site(session: &Agent, site: &Site) -> Result<u64, Error> {
    let response = session.get(&site.url).call()?;
    read_body(response)
}

pub(crate) fn download_all_sites(run: &Run<Site>) -> Result<Vec<Span>, Error> {
    let queue = Mutex::new(run.items());
    let work = &|worker| -> Result<Vec<Span>, Error> {
        let session = run.session()?;
        let mut spans = Vec::new();
        loop {
            // A `let` of its own: the lock is given back at its end. In `while let Some(site) =
            // queue.lock()...` it would be held through the download, one thread at a time.
            let site = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(site) = site else { return Ok(spans) };
            let span = Span::time(site, worker, || download_site(&session, site));
            spans.push(run.finished(span));
        }
    };
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for worker in 0..run.workers {
            let thread = thread::Builder::new().spawn_scoped(scope, move || work(worker));
            let Some(thread) = run.started(worker, thread)? else { break };
            threads.push(thread);
        }
        let mut spans = Vec::new();
        for thread in threads {
            spans.extend(thread.join().expect("a worker does not panic")?);
        }
        Ok(spans)
    })
}

fn main() -> ExitCode {
    let run = Run::io("threads-io", 5);
    run.report(|| download_all_sites(&run))
}
