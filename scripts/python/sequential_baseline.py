"""The baseline in Python: one item after another, for downloads and for sums.

The twin of `sequential-baseline/src/main.rs`.
"""

import sys

from common import cpu_bound, execute_both


def download_site(session, site):
    with session.get(site.url) as response:
        return len(response.content)


def download_all_sites(run):
    session = run.session()
    for site in run.items():
        # The next download starts only when this one has ended.
        run.time(site, lambda: download_site(session, site))


def find_sums(run):
    for number in run.items():
        run.time(number, lambda: cpu_bound(number))


if __name__ == "__main__":
    sys.exit(execute_both(download_all_sites, find_sums))
