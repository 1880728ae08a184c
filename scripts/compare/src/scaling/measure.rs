//! The runs of `--scaling`: whole processes, each checked like those of the comparison.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use common::os::{affinity, usage};
use common::report::timeline::Timeline;
use common::server::Server;
use common::workload::{PAGES, default_numbers};
use nix::unistd::Pid;

use crate::bench::Bench;
use crate::bench::load::{cpu_seconds, stat};
use crate::catalog::SCALING;
use crate::check::Expected;
use crate::model::{
    Comparison, Failure, NotRun, Point, Program, Scaling, Series, Strategy, WORKLOADS, Workload,
};
use crate::process::Processes;
use crate::scaling::fit::fits;

/// Downloads in flight. The first number, one download of each page, is what a program needs anyway.
const IN_FLIGHT: [usize; 5] = [2, 10, 100, 1_000, 10_000];
/// The latency of each page, in milliseconds: longer than the start of 10,000 threads, so that all
/// downloads are in flight at the same time.
const LATENCY: u64 = 4_000;
/// The longest that one download may take, in seconds.
const TIMEOUT: u64 = 60;
/// Runs of the sums with each number of workers. The run of median time is shown.
const SUMS_ROUNDS: usize = 3;

/// Measures all points and adds them to `comparison`. Calls `after_each` after each point.
pub fn fill(
    comparison: &mut Comparison,
    bench: &Bench,
    after_each: &mut dyn FnMut(&mut Comparison),
) {
    // There is one: the flag conflicts with --url.
    let Some(server) = &bench.server else { return };
    let cpus = affinity::cores();
    // For up to six workers, each gets the same number of sums.
    let sums = 240.max(8 * cpus);
    let series = SCALING.map(|(program, _)| Series {
        program: program.name,
        workload: program.workload,
        points: Vec::new(),
        not_run: Vec::new(),
    });
    let mut scaling = Scaling {
        latency_milliseconds: LATENCY,
        cpus,
        sums,
        series: series.into(),
        fit: Vec::new(),
    };
    let meter = Meter { bench, server, sums };
    let mut turns = plan(cpus);
    let all: f64 = turns.iter().map(Turn::seconds).sum();
    while let Some(turn) = turns.pop_front() {
        if bench.interrupted_by().is_some() {
            break;
        }
        let program = &SCALING[turn.target].0;
        let left: f64 = turns.iter().map(Turn::seconds).sum();
        let now = format!("{}, {} workers", program.name, turn.workers);
        bench.progress.show(&now, 1.0 - (left + turn.seconds()) / all);
        let measure = || meter.measure(program, turn.workers);
        let (measured, round) = bench.timed(program.workload, comparison.rounds.len(), measure);
        comparison.rounds.push(round);
        if let Some(again) = note(&mut scaling, comparison, turn, measured, bench) {
            turns.push_front(again);
        }
        scaling.fit = fits(&scaling);
        comparison.scaling = Some(scaling.clone());
        after_each(comparison);
    }
    comparison.scaling = Some(scaling);
}

// Adds what was measured. Returns a turn with fewer workers if a limit did not allow them all.
fn note(
    scaling: &mut Scaling,
    comparison: &mut Comparison,
    turn: Turn,
    measured: Result<Measurement, Failure>,
    bench: &Bench,
) -> Option<Turn> {
    let series = &mut scaling.series[turn.target];
    match measured {
        Ok(Ok(point)) => series.points.push(point),
        Ok(Err(NotRun { workers, reason })) => {
            let known = series.points.last().map_or(0, |point| point.workers);
            series.not_run.push(NotRun { workers: turn.workers, reason });
            // Even, because there are two pages; and only if it is more than twice the last point.
            let workers = workers - workers % 2;
            if series.workload == Workload::Io && !turn.again && workers > 2 * known {
                return Some(Turn { workers, again: true, ..turn });
            }
        }
        Err(failure) => {
            if bench.report_failure(&format!("{}, {}", series.program, failure.run), &failure) {
                comparison.failed.push((series.program.to_owned(), failure));
            }
        }
    }
    None
}

/// A point to be measured.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Turn {
    /// The position of the program in [`SCALING`].
    target: usize,
    workers: usize,
    /// Whether it replaces a turn with more workers.
    again: bool,
}

impl Turn {
    // About how long it takes.
    fn seconds(&self) -> f64 {
        match SCALING[self.target].0.workload {
            Workload::Io => LATENCY as f64 / 1000.0 + self.workers as f64 / 4000.0,
            Workload::Cpu => 1.0,
        }
    }
}

// The programs take turns, so that a machine that slows down slows all of them.
fn plan(cpus: usize) -> VecDeque<Turn> {
    let mut plan = VecDeque::new();
    for workload in WORKLOADS {
        let counts = match workload {
            Workload::Io => IN_FLIGHT.to_vec(),
            Workload::Cpu => up_to_two_for_each_cpu(cpus),
        };
        for workers in counts {
            for (position, (program, most)) in SCALING.iter().enumerate() {
                if program.workload == workload && workers <= *most {
                    plan.push_back(Turn { target: position, workers, again: false });
                }
            }
        }
    }
    plan
}

// All numbers of workers if these are few; else the powers of two, and one and two for each CPU.
fn up_to_two_for_each_cpu(cpus: usize) -> Vec<usize> {
    let most = 2 * cpus;
    if most <= 12 {
        return (1..=most).collect();
    }
    let powers = std::iter::successors(Some(1), |count| Some(count * 2));
    let counts: BTreeSet<usize> = powers.take_while(|it| *it < most).chain([cpus, most]).collect();
    Vec::from_iter(counts)
}

/// A point, or how many workers a limit allowed instead, and which limit.
type Measurement = Result<Point, NotRun>;

struct Meter<'a> {
    bench: &'a Bench,
    server: &'a Server,
    sums: usize,
}

impl Meter<'_> {
    fn measure(&self, program: &Program, workers: usize) -> Result<Measurement, Failure> {
        let rounds = if program.workload == Workload::Io { 1 } else { SUMS_ROUNDS };
        let mut points = Vec::new();
        for _ in 0..rounds {
            match self.once(program, workers)? {
                Ok(point) => points.push(point),
                fewer => return Ok(fewer),
            }
        }
        points.sort_by(|a, b| a.wall_seconds.total_cmp(&b.wall_seconds));
        Ok(Ok(points[rounds / 2]))
    }

    fn once(&self, program: &Program, workers: usize) -> Result<Measurement, Failure> {
        let (command, expected) = self.command(program, workers);
        // Processes report what they share each as their own, so their memory is watched.
        let processes = program.strategy == Some(Strategy::Processes);
        let name = format!("{workers} workers");
        let before = cpu_seconds(self.server.process());
        let runner = &self.bench.runner;
        let watch = processes.then(|| watch_memory(runner.processes.clone(), program.workload));
        let ran = runner.run(command, &expected, &name);
        let watched = watch.and_then(Result::ok).and_then(|stop| stop());
        let (run, stderr) = ran?;
        let server = cpu_seconds(self.server.process()).zip(before);
        let Some(report) = &run.report else {
            let reason = "its report has no valid workers and spans";
            return Err(Failure::new(&name, reason, b"", stderr.as_bytes()));
        };
        if report.workers < workers {
            let reason = why_fewer(&stderr, report.workers);
            return Ok(Err(NotRun { workers: report.workers, reason }));
        }
        let server_cpus_used = server.map(|(after, before)| (after - before) / run.wall_seconds);
        Ok(Ok(Point {
            workers,
            peak_concurrency: Timeline::of(report).peak_concurrency(),
            wall_seconds: run.wall_seconds,
            cpu_seconds: run.cpu_seconds(),
            memory_bytes: if processes { watched } else { run.peak_memory_bytes },
            server_cpus_used: server_cpus_used.filter(|_| program.workload == Workload::Io),
        }))
    }

    fn command(&self, program: &Program, workers: usize) -> (Command, Expected) {
        let mut command = Command::new(self.bench.runner.programs.join(program.file));
        command.args(["--json", "--quiet", "--workers", &workers.to_string()]);
        match program.workload {
            Workload::Io => {
                let repeat = workers / PAGES.len();
                command.args(["--repeat", &repeat.to_string(), "--latency", &LATENCY.to_string()]);
                command.args(["--timeout", &TIMEOUT.to_string()]);
                command.args(["--site-server", &self.server.address().to_string()]);
                (command, Expected::of_local_sites(repeat))
            }
            Workload::Cpu => {
                // The default numbers again and again.
                let all: Vec<u64> = default_numbers().collect();
                let numbers = || all.iter().copied().cycle().take(self.sums);
                command.args(numbers().map(|number| number.to_string()));
                (command, Expected::sums(numbers()))
            }
        }
    }
}

// The note of a program that has fewer workers than it should.
fn why_fewer(stderr: &str, workers: usize) -> String {
    let mut notes = stderr.lines().filter_map(|line| line.strip_prefix("note: "));
    let note = notes.find(|note| note.contains(" instead of "));
    note.map_or_else(|| format!("only {workers} started, without a reason"), str::to_owned)
}

/// The shortest time between two looks at the memory of a process group.
const LOOKS: Duration = Duration::from_millis(10);

/// Looks at the memory of the program that runs again and again, in a thread. The function that it
/// returns ends that and returns the most memory that was seen, in bytes.
fn watch_memory(
    processes: Processes,
    workload: Workload,
) -> io::Result<impl FnOnce() -> Option<u64>> {
    // Downloads are all in flight at the first look.
    let first = match workload {
        Workload::Io => Duration::from_millis(LATENCY / 10 * 9),
        Workload::Cpu => Duration::ZERO,
    };
    let (ended, running) = mpsc::channel::<()>();
    let watcher = thread::Builder::new().spawn(move || {
        let (mut most, mut wait) = (None, first);
        while running.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            let start = Instant::now();
            most = most.max(processes.group().and_then(memory_of));
            // A look takes CPU time from the program: a twentieth of a core at most.
            wait = LOOKS.max(20 * start.elapsed());
        }
        most
    })?;
    Ok(move || {
        drop(ended);
        watcher.join().ok().flatten()
    })
}

// The memory of the processes in a group besides its leader, in bytes.
fn memory_of(group: Pid) -> Option<u64> {
    let processes = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        let id: u32 = name.parse().ok()?;
        // The group is field 5.
        let in_group = stat(&name)?.get(2)?.parse() == Ok(group.as_raw());
        (in_group && Ok(group.as_raw()) != i32::try_from(id)).then_some(id)
    });
    usage::resident_memory(processes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::TimeLimit;

    #[test]
    fn the_programs_take_turns_and_processes_end_early() {
        let plan = plan(2);
        let turns: Vec<(usize, usize)> =
            plan.iter().map(|turn| (turn.workers, turn.target)).collect();
        assert_eq!(turns[..4], [(2, 0), (2, 1), (2, 2), (10, 0)]);
        assert_eq!(turns[11..14], [(1_000, 2), (10_000, 0), (10_000, 1)]);
        assert_eq!(turns[14..], [(1, 3), (2, 3), (3, 3), (4, 3)]);
        assert!(plan.iter().map(Turn::seconds).sum::<f64>() < 90.0);
    }

    #[test]
    fn many_cpus_are_not_counted_one_by_one() {
        assert_eq!(up_to_two_for_each_cpu(1), [1, 2]);
        assert_eq!(up_to_two_for_each_cpu(6).len(), 12);
        assert_eq!(up_to_two_for_each_cpu(24), [1, 2, 4, 8, 16, 24, 32, 48]);
        assert_eq!(up_to_two_for_each_cpu(32), [1, 2, 4, 8, 16, 32, 64]);
    }

    #[test]
    fn the_note_of_a_program_is_the_reason() {
        let stderr = "note: worker 3 ended\nnote: 90 workers instead of 100: the limit\n";
        assert_eq!(why_fewer(stderr, 90), "90 workers instead of 100: the limit");
        assert_eq!(why_fewer("", 7), "only 7 started, without a reason");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_memory_of_a_group_is_seen() {
        let mut command = Command::new("sleep");
        command.arg("0.5");
        let processes = Processes::default();
        let stop = watch_memory(processes.clone(), Workload::Cpu).expect("a thread");
        processes
            .run(command, TimeLimit { time: Duration::from_secs(60), hint: "" })
            .expect("a run");
        let bytes = stop().expect("known");
        assert!((50_000..1 << 30).contains(&bytes), "{bytes}");
    }
}
