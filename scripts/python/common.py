"""What the Python programs share and none of them teaches: the twin of the Rust package `common`.

A program's life is that of its Rust twin: a `Run` reads the arguments, the program makes one list
of `Span`s, one for each download or sum, and `Run.report` reads everything off that list. A figure
that cannot be had is None. Python 3.11 or later, on Linux or macOS.
"""

import argparse
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import TimeoutError as NothingYet
from multiprocessing import active_children, current_process, parent_process
from pathlib import Path

PAGES = [("/jython", 0.060), ("/dice", 0.030)]


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
    # Of a worker that is a process of its own: its id, and its memory by then, in bytes.
    process: tuple[int, int | None] | None = None

    @classmethod
    def ended(cls, item, worker, start, answer=None, error=None):
        process = (os.getpid(), peak_memory()) if parent_process() else None
        return cls(str(item), worker, start, time.monotonic(), answer, error, process)

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
    """Reads a body that `requests` streams and returns its size in bytes. The session's own timeout
    is for a single wait: without this one, in seconds, a body could trickle for ever.
    """
    response.raise_for_status()
    size, latest = 0, time.monotonic() + timeout
    for piece in response.iter_content(1 << 16):
        size += len(piece)
        if time.monotonic() > latest:
            raise TimeoutError(f"the body took longer than {timeout} s")
    return size


async def read_body_async(response):
    """The same for aiohttp, whose timeout is for the whole download."""
    response.raise_for_status()
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
    return size


def worker_number():
    """The number of the pool's thread or process that calls this, counted from 0."""
    if thread := re.search(r"_(\d+)$", threading.current_thread().name):
        return int(thread[1])
    return number_of(current_process())


def number_of(process):
    """The number of a pool's process, counted from 0."""
    number = re.search(r"-(\d+)$", process.name)
    return int(number[1]) - 1 if number else 0


def start_worker_process():
    """What a worker process does first: it leaves Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def results(spans, workers):
    """What `Pool.imap` returns, until it is all there or one of the `workers` has died: the pool
    itself would wait for ever for the item that died with it.
    """
    while True:
        try:
            yield spans.next(timeout=0.2)
        except NothingYet:
            # The pool counts its workers on: one that has taken a dead one's place has a higher number.
            if {number_of(process) for process in active_children()} != set(range(workers)):
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
        self.timeout = arguments.timeout
        # A proxy is for others, never for this machine's own pages.
        self.proxies = bool(arguments.url)
        self.arguments = arguments
        self.signal = None
        self.threads = 1
        for number in [signal.SIGINT, signal.SIGTERM]:
            signal.signal(number, self.interrupt)

    @classmethod
    def io(cls, workers=None):
        """The downloads that the command line asks for; without `workers`, all at once."""
        parser = add_io(new_parser())
        parser.add_argument("--workers", type=at_least(1), default=workers, metavar="N")
        arguments = parser.parse_args(namespace=Arguments())
        return cls("io", sites(arguments), arguments.workers, arguments)

    @classmethod
    def cpu(cls):
        """The sums that the command line asks for; a worker for each core that may be used."""
        parser = add_cpu(new_parser())
        parser.add_argument("--workers", type=at_least(1), default=cores(), metavar="N")
        arguments = parser.parse_args(namespace=Arguments())
        return cls("cpu", arguments.number, arguments.workers, arguments)

    @classmethod
    def io_and_cpu(cls):
        """The two runs that the baseline's command line asks for, with one worker; or one and None."""
        parser = new_parser()
        workloads = parser.add_subparsers(dest="workload", help="without it, both")
        add_io(new_parser(workloads.add_parser, "io"))
        add_cpu(new_parser(workloads.add_parser, "cpu"))
        asked = parser.parse_args(namespace=Arguments())
        io = None if asked.workload == "cpu" else cls("io", sites(asked), 1, asked)
        cpu = None if asked.workload == "io" else cls("cpu", asked.number, 1, asked)
        return io, cpu

    def interrupt(self, number, _frame):
        # No new item is begun, what is done is reported. A second signal ends the program at once.
        self.signal = number
        signal.signal(number, signal.SIG_DFL)

    def time(self, item, worker, work):
        """`Span.time`, and the item's line. Does nothing once Ctrl-C was pressed."""
        if self.signal:
            return self.not_done(item)
        return self.finished(Span.time(item, worker, work))

    def not_done(self, item):
        """The span of an item that nobody has done."""
        if self.signal:
            return Span.ended(item, 0, time.monotonic(), error="interrupted")
        why = "lost: no worker reported it"
        return self.finished(Span.ended(item, 0, time.monotonic(), error=why))

    def finished(self, span):
        """Says that an item has ended: on standard output, a failure on standard error."""
        if span.error:
            say(f"error: {span.name}: {span.error}", sys.stderr)
        elif not self.arguments.quiet and not self.arguments.json:
            did = "read {}: {} bytes" if self.workload == "io" else "summed below {}: {}"
            took = f"{1e3 * (span.end - span.start):.3f} ms by worker {span.worker}"
            say(f"{did.format(span.name, span.answer)} in {took}")
        self.threads = max(self.threads, threading.active_count())
        return span

    def report(self, work, **more):
        """Does `work`, which returns the spans of the first items or of all, in the order asked, and
        reports on it, with `more` figures; returns the exit code.
        """
        before, began = usage(), time.monotonic()
        try:
            spans = work()
        except (OSError, RuntimeError) as error:
            say(f"error: {told(error)}", sys.stderr)
            return 1
        wall = time.monotonic() - began
        used = [after - earlier for after, earlier in zip(usage(), before)]
        spans += [self.not_done(item) for item in self.items[len(spans) :]]
        report = self.figures(spans, began, wall, used) | more
        say(json.dumps(report) if self.arguments.json else summary(report))
        if self.signal:
            failed = f"{report['failed']} of {report['items']}"
            number = int(self.signal)
            say(f"interrupted by signal {number}: {failed} items not done", sys.stderr)
            return 128 + number
        return 1 if report["failed"] else 0

    def figures(self, spans, began, wall, used):
        # A worker's memory only grows: its last word counts.
        processes = dict(span.process for span in spans if span.process)
        memory = [peak_memory(), *processes.values()]
        if self.workload == "io":
            answer = sum(span.answer or 0 for span in spans)
            times = [site.latency for site, span in zip(self.items, spans) if not span.error]
        else:
            answer = [None if span.error else str(span.answer) for span in spans]
            times = [span.end - span.start for span in spans if not span.error]
        return {
            "program": self.program,
            "workload": self.workload,
            "items": len(spans),
            "failed": sum(span.error is not None for span in spans),
            "workers": self.workers,
            "wall_seconds": wall,
            "bound_seconds": None if None in times or not times else max(*times, sum(times) / self.workers),
            "user_seconds": used[0],
            "system_seconds": used[1],
            "peak_memory_bytes": None if None in memory else sum(memory),
            "threads": self.threads + len(processes),
            "processes": 1 + len(processes),
            "voluntary_switches": used[2],
            "involuntary_switches": used[3],
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


def usage():
    """CPU time and context switches of this process and of the workers it has waited for."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    names = ["ru_utime", "ru_stime", "ru_nvcsw", "ru_nivcsw"]
    return [sum(getattr(part, name) for part in parts) for name in names]


def peak_memory():
    """The most memory that this process has had resident, in bytes."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in `ru_maxrss` also what the process was before it became this program.
    try:
        return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
    except (OSError, TypeError):
        return None


def summary(report):
    """The report for a person."""
    memory = report["peak_memory_bytes"]
    rows = {
        "items": f"{report['items']}, {report['failed']} failed",
        "workers": report["workers"],
        "wall time": f"{report['wall_seconds']:.3f} s for the work, without the program's start",
        "CPU time": f"{report['user_seconds']:.3f} s user, {report['system_seconds']:.3f} s system",
        "peak memory": f"{memory / 2**20:.1f} MiB, of all its processes" if memory else "unknown",
        "threads": report["threads"],
        "processes": report["processes"],
    }
    if "gil" in report:
        rows["GIL"] = "on" if report["gil"] else "off"
    lines = [f"  {name:<12} {figure}" for name, figure in rows.items()]
    return "\n".join([f"\n{report['program']} ({report['workload']})", *lines])


def gil_is_on():
    """Whether this interpreter runs one thread at a time: all do that cannot tell."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def say(line, stream=sys.stdout):
    """Writes a line. A reader who has gone ends the program quietly."""
    try:
        stream.write(line + "\n")
        stream.flush()
    except BrokenPipeError:
        os._exit(0)


class Arguments(argparse.Namespace):
    """What holds where the command line does not say otherwise."""

    workload = None
    number = range(5_000_000, 5_000_020)
    repeat, timeout = 80, 10.0
    site_server = url = latency = None
    quiet = json = False


def new_parser(add_parser=argparse.ArgumentParser, *name):
    # What a program's own documentation says first is its description.
    doc = (sys.modules["__main__"].__doc__ or "").partition("\n\n")[0]
    parser = add_parser(*name, description=doc, argument_default=argparse.SUPPRESS)
    add = parser.add_argument
    add("--quiet", action="store_true", help="leave out the lines for single items")
    add("--json", action="store_true", help="print one JSON object, nothing else")
    return parser


def add_io(parser):
    add = parser.add_argument
    add("--site-server", metavar="ADDRESS", help="read from this one, which runs")
    add("--url", action="append", metavar="URL", help="read this site (can be repeated)")
    add("--repeat", type=at_least(1), metavar="N", help="how often the sites are read")
    add("--latency", type=at_least(0), metavar="MS", help="what each local page takes")
    add("--timeout", type=float, metavar="SECONDS", help="for one download")
    return parser


def add_cpu(parser):
    parser.add_argument("number", type=at_least(0), nargs="*", help="sum the squares below it")
    return parser


def at_least(least):
    def whole_number(text):
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return int(text)

    return whole_number


def cores():
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()


def sites(arguments):
    """The list of downloads. Raises the limit on open files as far as this process may."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft if sys.platform == "darwin" else most, most))
    if arguments.url:
        return [Site(url, None) for url in arguments.url] * arguments.repeat
    root = f"http://{arguments.site_server}" if arguments.site_server else start_site_server()
    if arguments.latency is None:
        pages = [Site(root + path, takes) for path, takes in PAGES]
    else:
        query, takes = f"?latency={arguments.latency}", arguments.latency / 1e3
        pages = [Site(root + path + query, takes) for path, _ in PAGES]
    return pages * arguments.repeat


def start_site_server():
    """Starts the Rust programs' site server, which ends with this process; returns where it is."""
    usual = Path(__file__).resolve().parents[2] / "target"
    target = Path(os.environ.get("CARGO_TARGET_DIR", usual))
    built = [target / kind / "async-io" for kind in ("release", "debug")]
    for program in filter(Path.is_file, built):
        # A process group of its own: it outlives Ctrl-C, so that downloads can end well.
        server = subprocess.Popen(
            [program, "serve-sites"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        # It ends when its standard input does, which is when this is forgotten.
        start_site_server.server = server
        return server.stdout.readline().strip()
    say("error: no site server: `cargo build` makes one; or name one: --site-server", sys.stderr)
    sys.exit(1)
