"""Option 3 in Python: processes for CPU. A pool of worker processes, one for each core, computes
the sums in parallel; each process has a GIL of its own.

The twin of `multiproc-cpu/src/main.rs`.
"""

import multiprocessing
import sys

from common import Run, cpu_bound, start_worker, timed


def find_sums(run):
    # As in the Rust program, workers are forked: each starts with a copy of this process.
    fork = multiprocessing.get_context("fork")
    with fork.Pool(run.workers, initializer=start_worker) as pool:
        run.record_all(pool.imap_unordered(timed(cpu_bound), run.items()))


if __name__ == "__main__":
    sys.exit(Run.processes().execute(find_sums))
