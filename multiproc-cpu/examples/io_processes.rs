//! The downloads by processes: the pool of the example `io_bound` as a program with
//! the flags and the report of `threads-io`. `scripts/compare.sh --growth` runs it.

use std::cell::OnceCell;
use std::process::ExitCode;

use common::{Error, Run, Site, Span, read_body};

pub(crate) fn download_all_sites(run: &Run<Site>) -> Result<Vec<Span>, Error> {
    let session = OnceCell::new();
    pool::map(run, |worker, site| {
        Span::time(site, worker, || {
            // A worker makes its own, for its first site: processes cannot share a connection.
            let session = session.get_or_init(|| run.session());
            let session = session.as_ref().map_err(ToString::to_string)?;
            read_body(session.get(&site.url).call()?)
        })
    })
}

fn main() -> ExitCode {
    let run = Run::io("io_processes", 5);
    run.report(|| download_all_sites(&run))
}
