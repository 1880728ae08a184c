//! Option 3: **processes for CPU**. A pool of worker processes, one for each core, computes the
//! sums at the same time.
//!
//! Good: all cores compute, and [`find_sums`] stays close to the baseline's loop: the pool takes
//! its place.
//! Bad: processes share no memory, so that a sum has to be sent back through a pipe and a worker
//! may die alone (`src/pool.rs` does both); each process costs more than a thread.
//!
//! More of the bad sides: `examples/separate_memory.rs` and `examples/io_bound.rs`.

use std::process::ExitCode;

use common::{Error, Run, Span, cpu_bound};

fn find_sums(run: &Run<u64>) -> Result<Vec<Span>, Error> {
    // The closure runs in a worker process, which got its copy of the numbers when it was forked.
    pool::map(run, |worker, number| Span::time(number, worker, || Ok(cpu_bound(*number))))
}

fn main() -> ExitCode {
    let run = Run::cpu("multiproc-cpu");
    run.report(|| find_sums(&run))
}
