//! The baseline: **one thing after another**, for downloads and for sums.
//!
//! Good: nothing to learn, nothing that can go wrong between two items ([`find_sums`] is a loop).
//! Bad: while a site takes its time the CPU idles ([`download_all_sites`]), and while one core
//! computes the others idle ([`find_sums`]).
//!
//! The three options change these functions and keep their names:
//! `diff sequential-baseline/src/main.rs threads-io/src/main.rs` shows an option.

use std::process::ExitCode;

use common::{Error, Run, Site, Span, cpu_bound, read_body, run};
use ureq::Agent;

fn download_site(session: &Agent, site: &Site) -> Result<u64, Error> {
    let response = session.get(&site.url).call()?;
    read_body(response)
}

pub(crate) fn download_all_sites(run: &Run<Site>) -> Result<Vec<Span>, Error> {
    let session = run.session()?;
    let mut spans = Vec::new();
    for site in run.items() {
        // Each download waits here until the one before has ended.
        let span = Span::time(site, 0, || download_site(&session, site));
        spans.push(run.finished(span));
    }
    Ok(spans)
}

fn find_sums(run: &Run<u64>) -> Result<Vec<Span>, Error> {
    let mut spans = Vec::new();
    for number in run.items() {
        let span = Span::time(number, 0, || Ok(cpu_bound(*number)));
        spans.push(run.finished(span));
    }
    Ok(spans)
}

fn main() -> ExitCode {
    let (io, cpu) = run::io_and_cpu("sequential-baseline");
    let io = io.map(|run| run.report(|| download_all_sites(&run)));
    let cpu = cpu.map(|run| run.report(|| find_sums(&run)));
    run::first_failure(io.into_iter().chain(cpu))
}
