"""Threads for CPU in Python: the wrong option. CPython's GIL lets one thread compute at a time, so
the threads together take as long as the baseline, or longer.

A free-threaded interpreter has no GIL: there they compute in parallel. The report says whether
the GIL is on. In Rust: the example `cpu_threads` of threads-io.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from common import Run, cores, cpu_bound


def find_sums(run):
    def timed_sum(number):
        run.time(number, lambda: cpu_bound(number))

    with ThreadPoolExecutor(max_workers=run.workers) as pool:
        pool.map(timed_sum, run.items())


if __name__ == "__main__":
    sys.exit(Run.threads(cores(), "cpu").execute(find_sums))
