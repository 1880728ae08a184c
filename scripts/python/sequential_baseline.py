"""The baseline in Python: one thing after another, for downloads and for sums.

The twin of `sequential-baseline/src/main.rs`.
"""

import sys

from requests import Session

from common import Run, cpu_bound, read_body


def download_site(session, site, timeout):
    with session.get(site.url, stream=True, timeout=timeout) as response:
        return read_body(response, timeout)


def download_all_sites(run):
    spans = []
    with Session() as session:
        session.trust_env = run.proxies
        for site in run.items:
            # Each download waits here until the one before has ended.
            work = lambda: download_site(session, site, run.timeout)
            spans.append(run.time(site, 0, work))
    return spans


def find_sums(run):
    return [run.time(number, 0, lambda: cpu_bound(number)) for number in run.items]


if __name__ == "__main__":
    run = Run.io_or_cpu()
    work = {"io": download_all_sites, "cpu": find_sums}[run.workload]
    sys.exit(run.report(lambda: work(run)))
