//! Downloads by processes: the pool of `multiproc-cpu` with the flags and the report of `threads-io`.
//! A row of `scripts/compare.sh --peers`.

use std::cell::OnceCell;
use std::process::ExitCode;

use common::workload::Strategy;
use common::{Result, Run, Site};

fn download_all_sites(run: &Run<Site>) -> Result<()> {
    // Made in each worker at its first download, because processes cannot share a connection.
    let session = OnceCell::new();
    pool::map(run, |site| {
        let session = session.get_or_init(|| run.session());
        session.get(&site.url)?.read_to_end()
    })
}

fn main() -> ExitCode {
    Run::downloads("io_processes", Strategy::Processes, 5).execute(download_all_sites)
}
