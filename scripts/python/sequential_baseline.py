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
    io, cpu = Run.io_and_cpu()
    codes = [
        io.report(lambda: download_all_sites(io)) if io else 0,
        cpu.report(lambda: find_sums(cpu)) if cpu else 0,
    ]
    sys.exit(codes[0] or codes[1])
