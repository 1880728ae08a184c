//! The runs of `--growth`: whole processes, each checked as those of the comparison are.

use std::collections::VecDeque;
use std::process::Command;
use std::time::Duration;

use common::server::Server;
use common::sums;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::children::MemoryWatch;
use crate::comparison::Bench;
use crate::growth::text::whole;
use crate::growth::{Growth, NotRun, Point, Series};
use crate::programs::Workload;
use crate::results::{Broken, Comparison, Failure};
use crate::run::Expected;

/// A program that is given more and more workers.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its file, in the folder of the programs.
    pub file: &'static str,
    /// Its name.
    pub program: &'static str,
    /// What it works on.
    pub workload: Workload,
    /// The most workers that it is given. More processes than this do not start within the time
    /// that a page takes.
    pub most: usize,
    /// Whether its workers are processes.
    pub processes: bool,
}

/// The programs, in the order in which they are shown.
pub const SERIES: [Kind; 4] = [
    Kind::new("threads-io", Workload::Io),
    Kind::new("async-io", Workload::Io),
    Kind {
        file: "examples/io_processes",
        most: 1_000,
        processes: true,
        ..Kind::new("io_processes", Workload::Io)
    },
    Kind { processes: true, ..Kind::new("multiproc-cpu", Workload::Cpu) },
];

/// Downloads in flight. The first is the fewest that read both pages: what a program takes anyway.
const IN_FLIGHT: [usize; 5] = [2, 10, 100, 1_000, 10_000];
/// What each page takes, in milliseconds: longer than 10,000 threads take to start, so that all
/// downloads are in flight at once, and than the site server takes to answer as many.
const LATENCY: u64 = 4_000;
/// The longest that one download may take, in seconds.
const TIMEOUT: u64 = 60;
/// Runs of the sums with each number of workers. The one of median time is shown.
const SUMS_ROUNDS: usize = 3;
/// Open files that a program or the site server needs at most: a connection for each download, and
/// some besides.
const FILES: u64 = 10_200;

impl Kind {
    const fn new(program: &'static str, workload: Workload) -> Self {
        Self { file: program, program, workload, most: usize::MAX, processes: false }
    }

    // When to look at the memory for the first time: downloads are all in flight by then.
    fn first_look(&self) -> Duration {
        match self.workload {
            Workload::Io => Duration::from_millis(LATENCY / 10 * 9),
            Workload::Cpu => Duration::ZERO,
        }
    }
}

/// Raises the limits on open files and on processes as far as is needed and this process may; those
/// that it starts inherit them. A limit that stays too low is named by the program that meets it.
pub fn raise_limits() {
    raise(Resource::RLIMIT_NOFILE, FILES);
    raise(Resource::RLIMIT_NPROC, u64::MAX);
}

fn raise(resource: Resource, needed: u64) {
    let Ok((soft, hard)) = getrlimit(resource) else { return };
    // Only the superuser may raise the hard limit.
    if soft < needed && setrlimit(resource, needed, hard.max(needed)).is_err() {
        let _ = setrlimit(resource, needed.min(hard), hard);
    }
}

/// Measures all of it and adds it to `comparison`. Calls `after_each` after each run with what is
/// there by then.
pub fn fill(
    comparison: &mut Comparison,
    bench: &Bench,
    server: &Server,
    mut after_each: impl FnMut(&Comparison),
) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Of no number of workers up to six does one get more to do than another.
    let sums = 240.max(8 * cores);
    let series = SERIES.map(|kind| Series {
        program: kind.program,
        workload: kind.workload,
        points: Vec::new(),
        not_run: Vec::new(),
    });
    let growth = Growth { latency_milliseconds: LATENCY, cores, sums, series: series.into() };
    comparison.growth = Some(growth);
    let meter = Meter { bench, server, sums };
    let mut to_do = plan(cores);
    let mut done = 0.0;
    while let Some(turn) = to_do.pop_front() {
        if bench.interrupt.signal().is_some() {
            break;
        }
        let kind = SERIES[turn.series];
        let left: f64 = to_do.iter().map(Turn::seconds).sum();
        let now = format!("{}, {}", kind.program, at(kind, turn.workers));
        bench.progress.show(&now, done, left + turn.seconds());
        done += turn.seconds();
        let outcome = meter.measure(kind, turn.workers);
        let Some(growth) = &mut comparison.growth else { break };
        let series = &mut growth.series[turn.series];
        match outcome {
            Ok(Measured::Point(point)) => series.points.push(point),
            Ok(Measured::Fewer { had, why }) => {
                let known = series.points.last().map_or(0, |point| point.workers);
                series.not_run.push(NotRun { workers: turn.workers, why });
                // As many as there can be, if that is worth a point: two pages, so an even number.
                let workers = had - had % 2;
                if kind.workload == Workload::Io && !turn.again && workers > 2 * known {
                    to_do.push_front(Turn { workers, again: true, ..turn });
                }
            }
            // What was asked to end has not failed.
            Err(_) if bench.interrupt.signal().is_some() => {}
            Err(failure) => {
                bench.progress.complain(&format!("{now}: {}", failure.reason));
                comparison.broken.push(Broken { name: kind.program.into(), failure: *failure });
            }
        }
        comparison.interrupted_by = bench.interrupt.signal();
        after_each(comparison);
    }
    comparison.interrupted_by = bench.interrupt.signal();
}

// One point of a series, by position, to be measured.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Turn {
    series: usize,
    workers: usize,
    again: bool,
}

impl Turn {
    // About how long it takes.
    fn seconds(&self) -> f64 {
        match SERIES[self.series].workload {
            Workload::Io => LATENCY as f64 / 1000.0 + self.workers as f64 / 4000.0,
            Workload::Cpu => 1.0,
        }
    }
}

// The programs take turns, so that a machine that slows down slows all of them alike.
fn plan(cores: usize) -> VecDeque<Turn> {
    let mut plan = VecDeque::new();
    for workload in Workload::ALL {
        let counts = match workload {
            Workload::Io => IN_FLIGHT.to_vec(),
            Workload::Cpu => up_to_two_a_core(cores),
        };
        for workers in counts {
            for (series, kind) in SERIES.iter().enumerate() {
                if kind.workload == workload && workers <= kind.most {
                    plan.push_back(Turn { series, workers, again: false });
                }
            }
        }
    }
    plan
}

// All numbers of workers where these are few; else the powers of two, and one and two a core.
fn up_to_two_a_core(cores: usize) -> Vec<usize> {
    let most = 2 * cores;
    if most <= 12 {
        return (1..=most).collect();
    }
    let mut counts: Vec<usize> = std::iter::successors(Some(1), |count| Some(count * 2))
        .take_while(|it| *it < most)
        .collect();
    counts.extend([cores, most]);
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn at(kind: Kind, workers: usize) -> String {
    match kind.workload {
        Workload::Io => format!("{} in flight", whole(workers)),
        Workload::Cpu => format!("{} workers", whole(workers)),
    }
}

enum Measured {
    Point(Point),
    // A limit allowed only so many workers; which one.
    Fewer { had: usize, why: String },
}

struct Meter<'a> {
    bench: &'a Bench<'a>,
    server: &'a Server,
    sums: usize,
}

impl Meter<'_> {
    fn measure(&self, kind: Kind, workers: usize) -> Result<Measured, Box<Failure>> {
        match kind.workload {
            Workload::Io => self.once(kind, workers),
            Workload::Cpu => {
                let mut points = Vec::new();
                for _ in 0..SUMS_ROUNDS {
                    match self.once(kind, workers)? {
                        Measured::Point(point) => points.push(point),
                        fewer @ Measured::Fewer { .. } => return Ok(fewer),
                    }
                }
                points.sort_by(|a, b| a.wall_seconds.total_cmp(&b.wall_seconds));
                Ok(Measured::Point(points[SUMS_ROUNDS / 2]))
            }
        }
    }

    fn once(&self, kind: Kind, workers: usize) -> Result<Measured, Box<Failure>> {
        let (command, expected) = self.command(kind, workers);
        let before = cpu_seconds(self.server.process());
        let runner = self.bench.runner;
        // What processes share, each of them reports as its own.
        let watch = || MemoryWatch::start(&runner.children, kind.first_look()).ok();
        let watch = kind.processes.then(watch);
        let checked = runner.checked(command, &expected, at(kind, workers));
        let watched = watch.map(|watch| watch?.stop());
        let (run, said) = checked?;
        let server = cpu_seconds(self.server.process()).zip(before);
        let Some(schedule) = &run.schedule else {
            let reason = "its report does not tell its workers and spans".into();
            let (stdout, stderr) = (String::new(), said);
            return Err(Box::new(Failure { run: at(kind, workers), reason, stdout, stderr }));
        };
        if schedule.workers < workers {
            let why = why_fewer(&said, schedule.workers);
            return Ok(Measured::Fewer { had: schedule.workers, why });
        }
        let share = server.map(|(after, before)| (after - before) / run.wall_seconds);
        let server_share = share.filter(|_| kind.workload == Workload::Io);
        Ok(Measured::Point(Point {
            workers,
            most_at_once: schedule.at_once(),
            wall_seconds: run.wall_seconds,
            cpu_seconds: run.user_seconds.zip(run.system_seconds).map(|(user, sys)| user + sys),
            memory_bytes: watched.unwrap_or(run.peak_memory_bytes),
            server_share,
        }))
    }

    fn command(&self, kind: Kind, workers: usize) -> (Command, Expected) {
        let mut command = Command::new(self.bench.runner.programs.join(kind.file));
        command.args(["--json", "--quiet", "--workers", &workers.to_string()]);
        match kind.workload {
            Workload::Io => {
                let repeat = workers / common::sites::PAGES.len();
                command.args(["--repeat", &repeat.to_string(), "--latency", &LATENCY.to_string()]);
                command.args(["--timeout", &TIMEOUT.to_string()]);
                command.args(["--site-server", &self.server.address().to_string()]);
                (command, Expected::of_local_sites(repeat))
            }
            Workload::Cpu => {
                let numbers = || numbers(self.sums);
                command.args(numbers().map(|number| number.to_string()));
                (command, Expected::sums(numbers()))
            }
        }
    }
}

// What a program says that has fewer workers than it was asked for.
fn why_fewer(said: &str, had: usize) -> String {
    let mut notes = said.lines().filter_map(|line| line.strip_prefix("note: "));
    let note = notes.find(|note| note.contains(" instead of "));
    note.map_or_else(|| format!("only {had} started, and it did not say why"), str::to_owned)
}

// CPU time of a process so far; `None` where the system does not tell.
fn cpu_seconds(process: u32) -> Option<f64> {
    let pid = Pid::from_u32(process);
    let mut system = System::new().ok()?;
    let what = ProcessRefreshKind::nothing().with_cpu().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
    Some(system.process(pid)?.accumulated_cpu_time() as f64 / 1000.0)
}

// The default numbers again and again.
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    let all: Vec<u64> = sums::default_numbers().collect();
    all.into_iter().cycle().take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_take_turns_and_processes_end_early() {
        let plan = plan(2);
        let downloads: Vec<(usize, usize)> =
            plan.iter().take(14).map(|turn| (turn.workers, turn.series)).collect();
        assert_eq!(downloads[..4], [(2, 0), (2, 1), (2, 2), (10, 0)]);
        assert_eq!(downloads[11..], [(1_000, 2), (10_000, 0), (10_000, 1)]);
        let sums: Vec<(usize, usize)> =
            plan.iter().skip(14).map(|turn| (turn.workers, turn.series)).collect();
        assert_eq!(sums, [(1, 3), (2, 3), (3, 3), (4, 3)]);
        assert!(plan.iter().map(Turn::seconds).sum::<f64>() < 90.0);
    }

    #[test]
    fn many_cores_are_not_counted_one_by_one() {
        assert_eq!(up_to_two_a_core(1), [1, 2]);
        assert_eq!(up_to_two_a_core(6).len(), 12);
        assert_eq!(up_to_two_a_core(24), [1, 2, 4, 8, 16, 24, 32, 48]);
        assert_eq!(up_to_two_a_core(32), [1, 2, 4, 8, 16, 32, 64]);
    }

    #[test]
    fn a_limit_is_named_in_the_programs_words() {
        let said = "note: worker 3 ended\nnote: 90 workers instead of 100: the limit\n";
        assert_eq!(why_fewer(said, 90), "90 workers instead of 100: the limit");
        assert_eq!(why_fewer("", 7), "only 7 started, and it did not say why");
    }

    #[test]
    fn cpu_time_of_this_process_grows() {
        let so_far = || cpu_seconds(std::process::id()).expect("known");
        let before = so_far();
        while so_far() <= before {
            common::cpu_bound(1_000_000);
        }
        assert_eq!(cpu_seconds(u32::MAX / 2), None);
    }
}
