//! Option 3: **processes for CPU**. A pool of worker processes, one for each core, computes the sums
//! at the same time.
//!
//! - Good: all cores compute, and [`find_sums`] is as short as the baseline's: `pool::map` takes the
//!   place of the loop.
//! - Bad: processes share no memory. A sum has to be sent back through a pipe, and a worker may die
//!   while the others go on. `pool`, this package's library (`src/pool.rs`), handles both. A process
//!   costs more than a thread.
//!
//! More of the bad sides: `examples/separate_memory.rs` and `examples/io_bound.rs`.

use std::process::ExitCode;

use common::{Result, Run, cpu_bound};

fn find_sums(run: &Run<u64>) -> Result<()> {
    // The closure runs in a worker process, which received its copy of the numbers at the fork.
    pool::map(run, |number| Ok(cpu_bound(*number)))
}

fn main() -> ExitCode {
    Run::processes("multiproc-cpu").execute(find_sums)
}
