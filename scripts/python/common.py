"""What the Python programs share and none of them teaches: the twin of the Rust package `common`.

A program's life is the one of its Rust twin: a `Run` reads the arguments, the program makes a list
of `Span`s, one for each download or sum, and `Run.report` reads everything off that list. Figures
that the system does not tell are None. Python 3.10 or later, on Linux or macOS.
"""

import argparse
import ctypes
import ipaddress
import json
import os
import re
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import active_children, current_process
from multiprocessing import TimeoutError as NothingYet
from urllib.parse import urlsplit

PAGES = [("/jython", 0.060), ("/dice", 0.030)]
LARGEST_BODY = 64 << 20  # bytes, as in the Rust programs
LARGEST_NUMBER = 10_069_012_961_345  # beyond it a sum does not fit in the Rust programs' integers


def cpu_bound(n):
    """The sum of i * i for all i below n, one step at a time."""
    total = 0
    for i in range(n):
        total += i * i
    return total


@dataclass
class Site:
    """One download: where it is, and what a local page is set to take, in seconds (else None)."""

    url: str
    latency: float | None

    def __str__(self):
        return self.url


@dataclass
class Span:
    """One item as it was done: by which worker, when (`time.monotonic`), and how it ended."""

    name: str
    worker: int
    start: float
    end: float
    answer: int | None
    error: str | None
    pid: int
    threads: int | None
    peak_memory: int | None

    @classmethod
    def ended(cls, item, worker, start, answer=None, error=None):
        usage = os.getpid(), threads_alive(), peak_memory()
        return cls(str(item), worker, start, time.monotonic(), answer, error, *usage)

    @classmethod
    def time(cls, item, worker, work):
        """Does `work` and says when, by whom and how it ended."""
        start = time.monotonic()
        try:
            return cls.ended(item, worker, start, answer=work())
        except Exception as error:
            return cls.ended(item, worker, start, error=told(error))

    @classmethod
    async def time_task(cls, item, worker, work):
        """The same for work that is awaited."""
        start = time.monotonic()
        try:
            return cls.ended(item, worker, start, answer=await work)
        except Exception as error:
            return cls.ended(item, worker, start, error=told(error))


def told(error):
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def read_body(response, timeout):
    """Reads a body that `requests` streams, in pieces, and returns its size in bytes. The session's
    own `timeout`, in seconds, is for a single wait: without this one a body could trickle for ever.
    """
    response.raise_for_status()
    size, latest = 0, time.monotonic() + timeout
    for piece in response.iter_content(1 << 16):
        size = within_limit(size + len(piece))
        if time.monotonic() > latest:
            raise TimeoutError(f"the body took longer than {timeout} s")
    return size


async def read_body_async(response):
    """The same for aiohttp."""
    response.raise_for_status()
    size = 0
    async for piece in response.content.iter_any():
        size = within_limit(size + len(piece))
    return size


def within_limit(size):
    if size > LARGEST_BODY:
        raise ValueError(f"the body is larger than {LARGEST_BODY >> 20} MiB")
    return size


def worker_number():
    """The number of the pool's thread or process that calls this, counted from 0."""
    if thread := re.search(r"_(\d+)$", threading.current_thread().name):
        return int(thread[1])
    process = re.search(r"-(\d+)$", current_process().name)
    return int(process[1]) - 1 if process else 0


def start_worker_process():
    """What a new worker process does first: it leaves Ctrl-C to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def results(spans):
    """What `Pool.imap` returns, until it is all there or a worker has died: the pool would wait for
    ever for the item that died with it."""
    workers = {worker.pid for worker in active_children()}
    while True:
        try:
            yield spans.next(timeout=0.2)
        except NothingYet:
            if workers != {worker.pid for worker in active_children()}:
                say_error("note: a worker process died; what is not done yet is given up")
                return
        except StopIteration:
            return


class Run:
    """One run: its `items`, how many `workers`, the `timeout` of a download in seconds."""

    def __init__(self, workload, items, workers, arguments):
        self.program = os.path.basename(sys.argv[0])
        self.workload = workload
        self.items = items
        self.workers = min(workers or len(items), len(items))
        self.timeout = getattr(arguments, "timeout", None)
        # A proxy is for others, never for this machine's own addresses.
        self.proxies = bool(getattr(arguments, "url", None)) and not all(map(loopback, items))
        self.arguments = arguments
        self.signal = None
        self.threads = 0
        for number in [signal.SIGINT, signal.SIGTERM]:
            signal.signal(number, self.interrupt)

    @classmethod
    def io(cls, workers=None):
        """The downloads that the command line asks for; without `workers`, all at once."""
        parser = argparse.ArgumentParser(description=main_doc())
        add_io(parser)
        parser.add_argument("--workers", type=whole(1, 1_000_000), default=workers, metavar="N")
        arguments = parser.parse_args()
        return cls("io", sites(parser, arguments), arguments.workers, arguments)

    @classmethod
    def cpu(cls):
        """The sums that the command line asks for; a worker for each core that may be used."""
        parser = argparse.ArgumentParser(description=main_doc())
        add_cpu(parser)
        cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
        parser.add_argument("--workers", type=whole(1, 10_000), default=cores, metavar="N")
        arguments = parser.parse_args()
        return cls("cpu", arguments.number, arguments.workers, arguments)

    @classmethod
    def io_or_cpu(cls):
        """The one of the two that the command line asks for, with one worker."""
        parser = argparse.ArgumentParser(description=main_doc())
        workloads = parser.add_subparsers(dest="workload", required=True)
        add_io(io := workloads.add_parser("io", help="the downloads"))
        add_cpu(workloads.add_parser("cpu", help="the sums"))
        arguments = parser.parse_args()
        items = sites(io, arguments) if arguments.workload == "io" else arguments.number
        return cls(arguments.workload, items, 1, arguments)

    def interrupt(self, number, _frame):
        # No new item is begun, what is done is reported. A second signal ends the program at once.
        self.signal = number
        signal.signal(number, signal.SIG_DFL)

    def time(self, item, worker, work):
        """`Span.time`, and the item's line."""
        if self.signal:
            return Span.ended(item, worker, time.monotonic(), error="interrupted")
        return self.finished(Span.time(item, worker, work))

    def finished(self, span):
        """Says that an item has ended: on standard output, a failure on standard error."""
        if span.error:
            say_error(f"error: {span.name}: {span.error}")
        elif not self.arguments.quiet and not self.arguments.json:
            did = "read {}: {} bytes" if self.workload == "io" else "summed below {}: {}"
            took = f"{1e3 * (span.end - span.start):.3f} ms by worker {span.worker}"
            say(f"{did.format(span.name, span.answer)} in {took}")
        self.threads = max(self.threads, threads_alive() or 0)
        return span

    def report(self, work, **more):
        """Does `work`, which returns the list of spans, and reports on it; returns the exit code."""
        before, began = usage(), time.monotonic()
        try:
            spans = work()
        except (OSError, RuntimeError) as error:
            say_error(f"error: {told(error)}")
            return 1
        wall = time.monotonic() - began
        figures = [after - earlier for after, earlier in zip(usage(), before)]
        report = self.figures(self.in_order(spans, began + wall), began, wall, figures) | more
        say(json.dumps(report) if self.arguments.json else summary(report))
        if self.signal:
            failed = f"{report['failed']} of {report['items']}"
            say_error(f"interrupted by signal {int(self.signal)}: {failed} items not done")
            return 128 + self.signal
        return 1 if report["failed"] else 0

    def in_order(self, spans, end):
        # Items of one name are alike: any of their spans will do.
        by_name = {}
        for span in sorted(spans, key=lambda span: span.start, reverse=True):
            by_name.setdefault(span.name, []).append(span)

        def lost(item):
            if self.signal:
                return Span.ended(item, 0, end, error="interrupted")
            return self.finished(Span.ended(item, 0, end, error="lost: no worker reported it"))

        return [by_name[str(item)].pop() if by_name.get(str(item)) else lost(item) for item in self.items]

    def figures(self, spans, began, wall, usage):
        workers = {}
        for span in spans:
            if span.pid != os.getpid():
                workers.setdefault(span.worker, []).append(span)
        # A worker's memory only grows, and its threads stay: its last span tells.
        last = [max(spans, key=lambda span: span.end) for spans in workers.values()]
        if self.workload == "io":
            answer = sum(span.answer or 0 for span in spans)
            times = [site.latency for site in self.items]
        else:
            answer = [None if span.error else str(span.answer) for span in spans]
            times = [span.end - span.start for span in spans]
        return {
            "program": self.program,
            "workload": self.workload,
            "items": len(spans),
            "failed": sum(span.error is not None for span in spans),
            "workers": self.workers,
            "wall_seconds": wall,
            "bound_seconds": None if None in times else max(*times, sum(times) / self.workers),
            "user_seconds": usage[0],
            "system_seconds": usage[1],
            "peak_memory_bytes": total([peak_memory()] + [span.peak_memory for span in last]),
            "threads": total([self.threads or None] + [span.threads for span in last]),
            "processes": 1 + len(workers),
            "voluntary_switches": usage[2],
            "involuntary_switches": usage[3],
            "answer": answer,
            "spans": [
                {
                    "name": span.name,
                    "worker": span.worker,
                    "start_seconds": span.start - began,
                    "end_seconds": span.end - began,
                    "error": span.error,
                }
                for span in spans
            ],
        }


def total(parts):
    return None if None in parts else sum(parts)


def usage():
    """CPU time and context switches of this process and of the workers it has waited for."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    names = ["ru_utime", "ru_stime", "ru_nvcsw", "ru_nivcsw"]
    return [sum(getattr(part, name) for part in parts) for name in names]


def peak_memory():
    """The most memory that this process has had resident, in bytes."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with open("/proc/self/status") as status:
            return int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) * 1024
    except (OSError, TypeError):
        return None


def threads_alive():
    """Threads alive in this process: Linux gives `/proc/self/task` a link for each, besides two."""
    try:
        return os.stat("/proc/self/task").st_nlink - 2
    except OSError:
        return None


def summary(report):
    """The report for a person."""
    known = lambda figure, text: "unknown" if figure is None else text.format(figure)
    memory, answer = report["peak_memory_bytes"], report["answer"]
    if report["workload"] == "io":
        answer = f"{answer} bytes read"
    else:
        answer = " to ".join(known(sum, "{}") for sum in dict.fromkeys([answer[0], answer[-1]]))
    rows = {
        "items": f"{report['items']}, {report['failed']} failed",
        "workers": report["workers"],
        "wall time": f"{report['wall_seconds']:.3f} s for the work, without the program's start",
        "bound": known(report["bound_seconds"], "{:.3f} s, the least that this schedule allows"),
        "CPU time": f"{report['user_seconds']:.3f} s user, {report['system_seconds']:.3f} s system",
        "switches": f"{report['voluntary_switches']} voluntary, "
        f"{report['involuntary_switches']} involuntary",
        "peak memory": known(memory and memory / 2**20, "{:.1f} MiB resident, of all its processes"),
        "threads": known(report["threads"], "{}"),
        "processes": report["processes"],
        "answer": answer,
    }
    if "gil" in report:
        rows["GIL"] = "on" if report["gil"] else "off"
    lines = [f"  {name:<12} {figure}" for name, figure in rows.items()]
    return "\n".join([f"\n{report['program']} ({report['workload']})", *lines])


def gil_is_on():
    """Whether this interpreter runs one thread at a time: all do that cannot tell."""
    tell = getattr(sys, "_is_gil_enabled", None)
    return tell() if tell else True


def say(line):
    """Writes one line on standard output. A reader who has gone ends the program quietly."""
    if sys.stdout is None:  # It was closed from the beginning: nobody wants to read.
        return
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            say_error(f"error: standard output cannot be written: {error}")
        os._exit(0 if isinstance(error, BrokenPipeError) else 1)


def say_error(line):
    """Writes one line on standard error. A line that nobody can read is let go."""
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, AttributeError):
        pass


def add_output(parser):
    parser.add_argument("--quiet", action="store_true", help="leave out the lines for single items")
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")


def add_io(parser):
    add_output(parser)
    add = parser.add_argument
    add("--site-server", type=loopback_address, metavar="ADDRESS", help="read from this one, which runs")
    add("--url", type=url, action="append", metavar="URL", help="read this site (can be repeated)")
    add("--repeat", type=whole(1, 1_000_000), default=80, metavar="N", help="rounds over the sites")
    add("--latency", type=whole(0, 60_000), metavar="MS", help="what each local page takes")
    add("--timeout", type=seconds, default=10.0, metavar="SECONDS", help="for one download")


def add_cpu(parser):
    add_output(parser)
    numbers = range(5_000_000, 5_000_020)
    parser.add_argument("number", type=whole(0, LARGEST_NUMBER), nargs="*", default=[*numbers])


def sites(parser, arguments):
    """The list of downloads. Raises the limit on open files as far as this process may."""
    if arguments.url and (arguments.site_server or arguments.latency is not None):
        parser.error("--url goes with neither --site-server nor --latency")
    if not arguments.url and not arguments.site_server:
        parser.error("--site-server is needed (`async-io serve-sites` is one), or --url")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if arguments.url:
        return [Site(url, None) for url in arguments.url] * arguments.repeat
    query = "" if arguments.latency is None else f"?latency={arguments.latency}"
    asked = None if arguments.latency is None else arguments.latency / 1e3
    root = f"http://{arguments.site_server}"
    pages = [Site(f"{root}{path}{query}", takes if asked is None else asked) for path, takes in PAGES]
    return pages * arguments.repeat


def whole(least, most):
    def parse(text):
        if re.fullmatch("[0-9]+", text) and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {least} to {most}")

    return parse


def seconds(text):
    try:
        if 0 < float(text) <= 86_400:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0 and up to 86400")


def url(text):
    try:
        parts = urlsplit(text)
        if parts.scheme in ("http", "https") and parts.hostname:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"'{text}' is no http or https URL like https://www.jython.org")


def loopback_address(text):
    host, _, port = text.rpartition(":")
    try:
        if ipaddress.ip_address(host.strip("[]")).is_loopback and 0 < int(port) < 65_536:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"'{text}' is not an address on this machine, like 127.0.0.1:8080")


def loopback(site):
    host = urlsplit(site.url).hostname
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def main_doc():
    # What a program's own documentation says first.
    return (sys.modules["__main__"].__doc__ or "").partition("\n\n")[0]
