"""Threads for CPU in Python: the wrong option. The threads compute in turns, because CPython's GIL
lets one of them run at a time; together they take as long as the baseline, or longer.

A free-threaded interpreter has no GIL: there they do compute at the same time. Whether this one has
it stands in the report. In Rust: the example `cpu_threads` of threads-io.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from common import Run, cpu_bound, gil_is_on, worker_number


def find_sums(run):
    def timed_sum(number):
        return run.time(number, worker_number(), lambda: cpu_bound(number))

    with ThreadPoolExecutor(run.workers) as pool:
        return list(pool.map(timed_sum, run.items))


if __name__ == "__main__":
    run = Run.cpu()
    sys.exit(run.report(lambda: find_sums(run), gil=gil_is_on()))
