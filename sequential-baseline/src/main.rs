//! The baseline: **one item after another**, for downloads and for sums.
//!
//! - Good: there is nothing to learn, and no item can disturb another one.
//! - Bad: the CPU is idle while a site takes its time ([`download_all_sites`]), and all other cores
//!   are idle while one computes ([`find_sums`]).
//!
//! Each option does one of the two workloads, with the same function names. To see an option, run
//! `diff sequential-baseline/src/main.rs threads-io/src/main.rs`.

use std::process::ExitCode;

use common::{Result, Run, Session, Site, cpu_bound, execute_both};

fn download_site(session: &Session, site: &Site) -> Result<u64> {
    let response = session.get(&site.url)?;
    response.read_to_end()
}

fn download_all_sites(run: &Run<Site>) -> Result<()> {
    let session = run.session();
    for site in run.items() {
        // The next download starts only when this one has ended.
        run.time(&site, || download_site(&session, &site));
    }
    Ok(())
}

fn find_sums(run: &Run<u64>) -> Result<()> {
    for number in run.items() {
        run.time(&number, || Ok(cpu_bound(*number)));
    }
    Ok(())
}

fn main() -> ExitCode {
    execute_both("sequential-baseline", download_all_sites, find_sums)
}
