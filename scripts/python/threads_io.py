"""Option 1 in Python: threads for I/O. Five threads take sites from one queue; a thread that waits
for a site releases the GIL, and another thread runs.

The twin of `threads-io/src/main.rs`.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from common import Run

local = threading.local()


def get_session(run):
    # A session of `requests` is not made for several threads: each thread has its own.
    if not hasattr(local, "session"):
        local.session = run.session()
    return local.session


def download_site(session, site):
    with session.get(site.url) as response:
        return len(response.content)


def download_all_sites(run):
    def download(site):
        session = get_session(run)
        run.time(site, lambda: download_site(session, site))

    with ThreadPoolExecutor(max_workers=run.workers) as pool:
        pool.map(download, run.items())


if __name__ == "__main__":
    sys.exit(Run.threads(5).execute(download_all_sites))
