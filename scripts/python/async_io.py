"""Option 2 in Python: async for I/O. A task for each site, all of them on one thread and with one
session; a task that has to wait says so with `await`, and the thread runs another one meanwhile.

The twin of `async-io/src/main.rs`.
"""

import asyncio
import sys

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from common import Run, Span, read_body_async


async def download_site(session, site):
    # Each `await` is a place where this task may be paused, and the only such places.
    async with session.get(site.url) as response:
        return await read_body_async(response)


async def download_all_sites(run):
    places = asyncio.Semaphore(run.workers)
    # By itself aiohttp has at most 100 connections: the semaphore is the only limit here.
    connector, timeout = TCPConnector(limit=0), ClientTimeout(total=run.timeout)

    async def download(worker, site):
        async with places:
            if run.signal:
                return run.not_done(site)
            span = await Span.time_task(site, worker, download_site(session, site))
            return run.finished(span)

    async with ClientSession(
        connector=connector, timeout=timeout, trust_env=run.proxies
    ) as session:
        tasks = [asyncio.create_task(download(*item)) for item in enumerate(run.items)]
        return await asyncio.gather(*tasks)


if __name__ == "__main__":
    run = Run.io()
    sys.exit(run.report(lambda: asyncio.run(download_all_sites(run))))
