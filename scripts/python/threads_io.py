"""Option 1 in Python: threads for I/O. Five threads, each with a session of its own, take sites
from one queue; while one waits for a site it lets go of the GIL, and another one runs.

The twin of `threads-io/src/main.rs`.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from requests import Session

from common import Run, read_body, worker_number


def download_site(session, site, timeout):
    with session.get(site.url, stream=True, timeout=timeout) as response:
        return read_body(response, timeout)


def download_all_sites(run):
    local = threading.local()

    def open_session():
        # A session is not made to be shared by threads.
        local.session = Session()
        local.session.trust_env = run.proxies

    def download(site):
        work = lambda: download_site(local.session, site, run.timeout)
        return run.time(site, worker_number(), work)

    with ThreadPoolExecutor(run.workers, initializer=open_session) as pool:
        return list(pool.map(download, run.items))


if __name__ == "__main__":
    run = Run.io(workers=5)
    sys.exit(run.report(lambda: download_all_sites(run)))
