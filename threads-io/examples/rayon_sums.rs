//! Sums by rayon: what one would use for CPU-bound work in Rust. A row of `scripts/compare.sh --peers`.
//!
//! The flags and the report are those of `multiproc-cpu`. rayon has one thread for each core, and each
//! of its threads takes the next number from its own queue or steals one from another thread.

use std::process::ExitCode;

use common::run::Item;
use common::workload::Strategy;
use common::{Result, Run, cpu_bound};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

fn find_sums(run: &Run<u64>) -> Result<()> {
    let numbers: Vec<Item<u64>> = run.items().collect();
    let pool = ThreadPoolBuilder::new().num_threads(run.workers).build()?;
    // rayon has started the threads; this only counts them for the report.
    for _ in 0..run.workers {
        run.started(Ok(()));
    }
    // Without records: `numbers.par_iter().map(|number| cpu_bound(**number)).collect()`. A thread takes one
    // number at a time (`with_max_len`), as a worker of `multiproc-cpu` does.
    pool.install(|| {
        numbers.par_iter().with_max_len(1).for_each(|number| {
            let worker = rayon::current_thread_index().unwrap_or(0);
            if !run.interrupted() {
                run.record(run.measure(number, worker, || Ok(cpu_bound(**number))));
            }
        });
    });
    Ok(())
}

fn main() -> ExitCode {
    Run::sums("rayon_sums", Strategy::Threads).execute(find_sums)
}
