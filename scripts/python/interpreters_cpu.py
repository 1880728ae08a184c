"""Interpreters for CPU in Python: one process, and in it an interpreter for each core. Each has a
GIL of its own, so they compute in parallel. Like processes, they share no objects.

Needs CPython 3.14 or later. Rust needs no such option: its threads have no GIL.
"""

import sys

try:
    from concurrent.futures import InterpreterPoolExecutor
except ImportError:
    sys.exit("error: this Python has no InterpreterPoolExecutor: use CPython 3.14 or later")

from common import Run, cores, cpu_bound, timed


def find_sums(run):
    with InterpreterPoolExecutor(max_workers=run.workers) as pool:
        # Few sums wait in the pool, so that the run ends soon after Ctrl-C.
        for record in pool.map(timed(cpu_bound), run.items(), buffersize=2 * run.workers):
            run.record(record)


if __name__ == "__main__":
    sys.exit(Run.threads(cores(), "cpu").execute(find_sums))
