"""Option 2 in Python: async, for I/O. A task for each site, all on one thread; a task that has to
wait gives up the thread with `await`, and another task runs.

The twin of `async-io/src/main.rs`.
"""

import asyncio
import sys

from common import Run


async def download_site(session, site):
    # A task can be paused only where it enters or leaves an `async with`, or awaits.
    async with session.get(site.url) as response:
        return len(await response.read())


async def download_all_sites(run):
    permits = asyncio.Semaphore(run.workers)

    async def download(site):
        async with permits:
            await run.time_async(site, download_site(session, site))

    async with run.async_session() as session:
        tasks = [asyncio.create_task(download(site)) for site in run.items()]
        await asyncio.gather(*tasks)


if __name__ == "__main__":
    sys.exit(Run.tasks().execute(lambda run: asyncio.run(download_all_sites(run))))
