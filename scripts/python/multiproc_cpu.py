"""Option 3 in Python: processes for CPU. A pool of worker processes, one for each core, computes the
sums at the same time, each with a GIL of its own.

The twin of `multiproc-cpu/src/main.rs`.
"""

import multiprocessing
import sys

from common import Run, Span, cpu_bound, results, start_worker_process, worker_number


def timed_sum(number):
    # A worker gets this function by its name, so that it must stand on its own in the file.
    return Span.time(number, worker_number(), lambda: cpu_bound(number))


def find_sums(run):
    # Forked, as in the Rust program: a worker begins with a copy of this process.
    forked = multiprocessing.get_context("fork")
    spans = []
    with forked.Pool(run.workers, initializer=start_worker_process) as pool:
        for span in results(pool.imap(timed_sum, run.items), run.workers):
            spans.append(run.finished(span))
            if run.signal:
                break
    return spans


if __name__ == "__main__":
    run = Run.cpu()
    sys.exit(run.report(lambda: find_sums(run)))
