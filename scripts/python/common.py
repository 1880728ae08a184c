"""What the Python twins share, as the Rust programs share the package `common`.

`Run` reads the command line, hands out the items, keeps their records and prints the report. All
times are in seconds, all sizes in bytes. Python 3.11 or later, on Linux or macOS.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from math import fsum
from pathlib import Path
from urllib.parse import urlsplit

# The pages of the local server, and how long each takes.
PAGES = [("/jython", 0.060), ("/dice", 0.030)]
NUMBERS = range(5_000_000, 5_000_020)


def cpu_bound(number):
    """Return the sum of i * i for all i below `number`."""
    total = 0
    for i in range(number):
        total += i * i
    return total


@dataclass
class Site:
    """A download. The latency of a real site is None."""

    index: int
    url: str
    latency: float | None

    def __str__(self):
        return self.url


class Number(int):
    """A number to sum up to. Its `index` is its place in the list of items."""


@dataclass
class Record:
    """How an item went: when (by `time.monotonic`), by which worker, and with what result."""

    index: int
    name: str
    start: float
    end: float
    answer: int | None = None
    error: str | None = None
    # The ids of its process and thread, until `Run.record` replaces them by a number.
    worker: tuple | int | None = None
    process: int | None = None
    # The peak memory of a worker process so far.
    memory: int | None = None


def finish(item, start, **result):
    """Return the record of an item that has just ended in this thread."""
    process, thread = os.getpid(), threading.get_ident()
    memory = peak_memory() if multiprocessing.parent_process() else None
    place = {"worker": (process, thread), "process": process, "memory": memory}
    return Record(item.index, str(item), start, time.monotonic(), **result, **place)


def timed(work):
    """Return a function for a pool: it does `work(item)` and returns the item's record."""
    return partial(time_item, work)


def time_item(work, item):
    start = time.monotonic()
    try:
        return finish(item, start, answer=work(item))
    except Exception as error:
        return finish(item, start, error=describe(error))


def start_worker():
    """Prepare a worker process: only its parent handles Ctrl-C, and then ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Run:
    """One run over a list of items; `workers` of them may be in progress at once."""

    def __init__(self, strategy, workload, workers=None, arguments=None):
        self.strategy = strategy
        self.workload = workload
        self.arguments = arguments or parse(workload)
        self.all_items = (sites if workload == "io" else numbers)(self.arguments)
        workers = self.arguments.workers or workers or len(self.all_items)
        self.workers = min(workers, len(self.all_items))
        self.records = {}
        self.worker_numbers = {}
        self.peak_threads = 1
        self.lock = threading.Lock()
        self.signal = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.interrupt)
        if workload == "io":
            # Loaded here, as a part of the start-up, because sums need no library.
            self.http = importlib.import_module("aiohttp" if strategy == "tasks" else "requests")

    @classmethod
    def threads(cls, workers, workload="io"):
        return cls("threads", workload, workers)

    @classmethod
    def tasks(cls):
        return cls("tasks", "io")

    @classmethod
    def processes(cls):
        return cls("processes", "cpu", cores())

    def interrupt(self, number, _frame):
        # A second signal ends the program at once.
        self.signal = number
        signal.signal(number, signal.SIG_DFL)

    def items(self):
        """Return an iterator over the items in order. It ends after Ctrl-C."""
        return takewhile(lambda _: not self.signal, self.all_items)

    def session(self):
        """Return a session of `requests`, for one thread."""
        session = self.http.Session()
        session.get = partial(session.get, timeout=self.arguments.timeout)
        session.hooks["response"] = lambda response, **_: response.raise_for_status()
        # The environment's proxies are for real sites only.
        session.trust_env = bool(self.arguments.url)
        return session

    def async_session(self):
        """Return a session of `aiohttp`, for all tasks."""
        return self.http.ClientSession(
            # By default aiohttp has at most 100 connections.
            connector=self.http.TCPConnector(limit=0),
            timeout=self.http.ClientTimeout(total=self.arguments.timeout),
            raise_for_status=True,
            trust_env=bool(self.arguments.url),
        )

    def time(self, item, work):
        """Do `work()` and record the item. After Ctrl-C do nothing."""
        if not self.signal:
            self.record(time_item(lambda _: work(), item))

    async def time_async(self, item, work):
        """Await `work` and record the item. After Ctrl-C do nothing."""
        if self.signal:
            return work.close()
        start = time.monotonic()
        try:
            self.record(finish(item, start, answer=await work))
        except Exception as error:
            self.record(finish(item, start, error=describe(error)))

    def record(self, record):
        """Keep the record of an item and print its line. Any thread may call this."""
        with self.lock:
            self.records[record.index] = record
            self.peak_threads = max(self.peak_threads, threading.active_count())
            number = self.worker_numbers.setdefault(record.worker, len(self.worker_numbers))
            # A task is the item itself: it has no worker.
            record.worker = number if record.worker and self.strategy != "tasks" else None
            if record.error and not self.signal:
                print_line(f"error: {record.name}: {record.error}", sys.stderr)
            elif self.arguments.verbose and not self.arguments.json and not record.error:
                unit = " bytes" if self.workload == "io" else ""
                took = record.end - record.start
                print_line(f"{record.name}: {record.answer}{unit} in {1000 * took:.3g} ms")

    def record_all(self, records):
        """Record what a pool's `imap_unordered` yields, until Ctrl-C or until a worker has died.

        `Pool` by itself waits for ever for the item of a worker that has died.
        """
        workers = multiprocessing.active_children()
        while not self.signal:
            try:
                self.record(records.next(timeout=0.2))
            except StopIteration:
                return
            except multiprocessing.TimeoutError:
                if not all(worker.is_alive() for worker in workers):
                    return

    def execute(self, work):
        """Do `work(self)`, print the report, and return the exit code."""
        usage_before, start = usage(), time.monotonic()
        try:
            work(self)
        except (OSError, RuntimeError) as error:
            print_line(f"error: {describe(error)}", sys.stderr)
            return 1
        end = time.monotonic()
        used = [after - before for after, before in zip(usage(), usage_before)]
        why = "interrupted" if self.signal else "lost: no worker reported a result"
        for item in self.all_items:
            if item.index not in self.records:
                self.record(Record(item.index, str(item), end, end, error=why))
        report = self.report(start, end, *used)
        print_line(json.dumps(report) if self.arguments.json else summary(report))
        if self.signal:
            count = f"{report['failed']} of {report['items']}"
            print_line(f"interrupted by signal {self.signal}: {count} items not done", sys.stderr)
            return 128 + self.signal
        return 1 if report["failed"] else 0

    def report(self, start, end, user, system, voluntary, involuntary):
        """Return the object that `--json` prints."""
        records = [self.records[item.index] for item in self.all_items]
        done = [record for record in records if not record.error]
        if self.workload == "io":
            answer = sum(record.answer for record in done)
            times = [self.all_items[record.index].latency for record in done]
        else:
            answer = [None if record.error else str(record.answer) for record in records]
            times = [record.end - record.start for record in done]
        # No schedule is shorter than its longest item, or than an even share of all items.
        known = times and None not in times
        lower_bound = max(*times, fsum(times) / self.workers) if known else None
        # Sorted, so that `dict` keeps the highest figure of each worker process.
        memory = dict(sorted((r.process, r.memory) for r in records if r.memory))
        children = self.workers if self.strategy == "processes" else 0
        keys = ["index", "name", "worker", "error", *["process"] * self.arguments.details]
        return {
            "program": os.path.basename(sys.argv[0]),
            "strategy": self.strategy,
            "workload": self.workload,
            "items": len(records),
            "failed": len(records) - len(done),
            "workers": self.workers,
            "wall_seconds": end - start,
            "lower_bound_seconds": lower_bound or None,
            "user_seconds": user,
            "system_seconds": system,
            "ready_seconds": None,
            "peak_memory_bytes": peak_memory() + sum(memory.values()),
            "threads": self.peak_threads + children,
            "processes": 1 + children,
            "voluntary_context_switches": voluntary,
            "involuntary_context_switches": involuntary,
            "gil": getattr(sys, "_is_gil_enabled", lambda: None)(),
            "answer": answer,
            "spans": [
                {key: getattr(record, key) for key in keys}
                | {"start_seconds": record.start - start, "end_seconds": record.end - start}
                for record in records
            ],
        }


def execute_both(download_all_sites, find_sums):
    """Read the command line of the baseline, do one workload or both, return the exit code."""
    arguments, code = parse(), 0
    for workload, work in [("io", download_all_sites), ("cpu", find_sums)]:
        # Codes from 128 on mean a signal.
        if arguments.workload in (None, workload) and code < 128:
            code = Run("sequential", workload, 1, arguments).execute(work) or code
    return code


def describe(error):
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def print_line(line, stream=sys.stdout):
    """Print a line at once. A closed pipe ends the printing, not the work."""
    try:
        print(line, file=stream, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def summary(report):
    """Return the report for a person."""
    cpu_seconds = report["user_seconds"] + report["system_seconds"]
    memory = f"peak memory {report['peak_memory_bytes'] / 2**20:.3g} MiB"
    return f"""{report["program"]}: {report["items"]} items, {report["failed"]} failed
  wall time {report["wall_seconds"]:.3g} s (start-up excluded), CPU time {cpu_seconds:.3g} s
  {report["workers"]} workers, {memory}, GIL {"off" if report["gil"] is False else "on"}"""


def usage():
    """Return the CPU time and context switches of this process and of its ended workers."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    names = ["ru_utime", "ru_stime", "ru_nvcsw", "ru_nivcsw"]
    return [sum(getattr(part, name) for part in parts) for name in names]


def peak_memory():
    """Return the peak memory of this process."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # On Linux `ru_maxrss` includes the program that started this one.
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])


def cores():
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()


def parse(workload=None):
    """Read the flags of one workload, or of both for the baseline."""
    # The first paragraph of the program's own documentation describes it.
    description = (sys.modules["__main__"].__doc__ or "").partition("\n\n")[0]
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    if not workload:
        add("workload", nargs="?", choices=["io", "cpu"], help="the workload (default: both)")
    if workload != "cpu":
        add("--site-server", metavar="ADDRESS", help="read from this running local server")
        add("--url", action="append", type=site_url, help="read this site (can be repeated)")
        add("--repeat", type=at_least(1), default=80, metavar="N", help="read all sites N times")
        add("--latency", type=at_least(0), metavar="MS", help="latency of each local page")
        add("--timeout", type=at_least(0.001, float), default=10, metavar="SECONDS")
    if workload != "io":
        add("number", type=at_least(0), nargs="*", help="sum the squares below this number")
    if workload:
        add("--workers", type=at_least(1), metavar="N", help="how many may be in progress at once")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("-v", "--verbose", action="store_true", help="print a line for each item")
    output.add_argument("--quiet", action="store_true", help="print the summary only, the default")
    add("--json", action="store_true", help="print only a JSON object for each workload")
    add("--details", action="store_true", help=argparse.SUPPRESS)
    # Intermixed: in `cpu --json 5 6` the numbers come after a flag.
    return parser.parse_intermixed_args(namespace=argparse.Namespace(workers=None))


def at_least(least, kind=int):
    def number(text):
        if not kind(text) >= least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return kind(text)

    return number


def site_url(text):
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise argparse.ArgumentTypeError("needs the form http(s)://host/path, without a user name")
    return text


def numbers(arguments):
    items = [Number(number) for number in arguments.number or NUMBERS]
    for index, item in enumerate(items):
        item.index = index
    return items


def sites(arguments):
    if sys.platform == "linux":
        # Each download has a socket: raise the soft limit on open files to the hard limit.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    pages = [(url, None) for url in arguments.url or []]
    if not pages:
        root = f"http://{arguments.site_server or start_local_server()}"
        pages = [(root + path, latency) for path, latency in PAGES]
        if arguments.latency is not None:
            query = f"?latency={arguments.latency}"
            pages = [(url + query, arguments.latency / 1000) for url, _ in pages]
    return [Site(index, *page) for index, page in enumerate(pages * arguments.repeat)]


def start_local_server():
    """Start the local server of the Rust programs; return its address."""
    target = os.environ.get("CARGO_TARGET_DIR", Path(__file__).resolve().parents[2] / "target")
    # The profile `release` comes after `debug`: prefer it.
    programs = sorted(Path(target).glob("*/async-io"))
    if not programs:
        sys.exit("error: no local server: run `cargo build`, or name one with --site-server")
    # It gets no Ctrl-C, so that downloads in progress can end. It ends with this program, which
    # closes the server's standard input. Kept in an attribute, or it would be closed at once.
    pipe = subprocess.PIPE
    start_local_server.process = subprocess.Popen(
        [programs[-1], "serve-sites"], stdin=pipe, stdout=pipe, text=True, start_new_session=True
    )
    return start_local_server.process.stdout.readline().strip().removeprefix("http://")
