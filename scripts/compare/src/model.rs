//! What a comparison measured, as plain data. All tables, charts and exports are read off this.

use std::path::PathBuf;

pub use common::demo::DemoResult;
use common::os::output::escape;
use common::report::Report;
pub use common::workload::{Strategy, Workload};
use serde::{Deserialize, Serialize};

use crate::statistics::{Ratio, Statistics, mean, outliers};

/// How much of a failed program's output is kept, in characters of each stream.
const MAX_SHOWN: usize = 2000;

/// The workloads in the order in which they are compared.
pub const WORKLOADS: [Workload; 2] = [Workload::Io, Workload::Cpu];

/// A count, or a number of bytes, for calculations.
pub fn float(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// Where a program is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// One of the four Rust programs.
    Rust,
    /// Its twin in `scripts/python`.
    Python,
    /// What one would use instead: an example of an option.
    Peer,
    /// A program of the user's own.
    Foreign,
}

/// A row of the comparison: a program on a workload.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Its file in the folder of its kind; of a foreign program the command's first word.
    pub file: &'static str,
    /// Where it is from.
    pub origin: Origin,
    /// Its option; `None` if it is not known.
    pub strategy: Option<Strategy>,
    /// Its workload.
    pub workload: Workload,
    /// Its first arguments, such as the workload.
    pub arguments: &'static [&'static str],
    /// The time that the article gives for its Python program, in seconds.
    pub article_seconds: Option<f64>,
}

impl Program {
    /// The command as a reader types it: the program and its first arguments; the name of a foreign
    /// program.
    pub fn command(&self) -> String {
        match self.origin {
            Origin::Foreign => self.name.to_owned(),
            _ => [&[self.name], self.arguments].concat().join(" "),
        }
    }

    /// Its name in the tables of its workload.
    pub fn label(&self) -> String {
        if self.origin == Origin::Peer { self.command() } else { self.name.to_owned() }
    }

    /// Whether the others are compared with it.
    pub fn is_baseline(&self) -> bool {
        self.strategy == Some(Strategy::Sequential)
    }

    /// Whether `other` is the same program in the other language.
    pub fn is_twin_of(&self, other: &Self) -> bool {
        let same = self.strategy == other.strategy && self.workload == other.workload;
        let origins = [self.origin, other.origin];
        same && origins.contains(&Origin::Rust) && origins.contains(&Origin::Python)
    }
}

/// One timed run with the right answer. What the system does not report is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimedRun {
    /// The round that it is part of, from 0.
    pub round: usize,
    /// The time of the whole process, from its start to its end, measured from outside, in seconds.
    pub wall_seconds: f64,
    /// CPU time in the code of the program and its workers, in seconds.
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel for the program and its workers, in seconds.
    pub system_seconds: Option<f64>,
    /// How often they gave up the CPU to wait.
    pub voluntary_context_switches: Option<u64>,
    /// How often the scheduler took the CPU away from them.
    pub involuntary_context_switches: Option<u64>,
    /// The lower bound on the wall time, as the program reports it, in seconds.
    pub lower_bound_seconds: Option<f64>,
    /// The peak of its resident memory, as the program reports it, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The most threads alive at the same time, as the program reports them.
    pub threads: Option<u64>,
    /// The most processes alive at the same time, as the program reports them.
    pub processes: Option<u64>,
    /// The program's report, for the execution diagram.
    #[serde(skip)]
    pub report: Option<Report>,
}

impl TimedRun {
    /// CPU time of the program and its workers, in seconds.
    pub fn cpu_seconds(&self) -> Option<f64> {
        Some(self.user_seconds? + self.system_seconds?)
    }
}

/// A failed run and the output of the program, in which control characters are escaped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// Which run: `warm-up 1`, `run 3`.
    pub run: String,
    /// What was wrong.
    pub reason: String,
    /// Standard output, shortened.
    pub stdout: String,
    /// Standard error, shortened.
    pub stderr: String,
}

impl Failure {
    /// A failure of a run with this output.
    pub fn new(run: &str, reason: &str, stdout: &[u8], stderr: &[u8]) -> Self {
        Self {
            run: run.to_owned(),
            reason: escape(reason),
            stdout: shortened(stdout),
            stderr: shortened(stderr),
        }
    }
}

/// The beginning and the end of an output.
fn shortened(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let text: Vec<char> = text.trim_end().chars().collect();
    if text.len() <= MAX_SHOWN {
        return escape(&String::from_iter(text));
    }
    let (head, tail) = (&text[..MAX_SHOWN / 2], &text[text.len() - MAX_SHOWN / 2..]);
    let left_out = text.len() - MAX_SHOWN;
    let [head, tail] = [head, tail].map(|part| escape(&String::from_iter(part)));
    format!("{head}\n[{left_out} characters left out]\n{tail}")
}

/// One program and its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The program.
    pub program: Program,
    /// The timed runs with the right answer.
    pub runs: Vec<TimedRun>,
    /// The run that failed, after which the program was not run again.
    pub failure: Option<Failure>,
    /// Its lines of code.
    pub lines_of_code: Option<usize>,
    /// The lines of its `main.rs` that the baseline's has not.
    pub lines_added: Option<usize>,
}

/// The figures of a program over its runs. A figure that is unknown in any run is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Wall time.
    #[serde(skip)]
    pub wall: Statistics,
    /// CPU time in the program, mean of the runs, in seconds.
    #[serde(skip)]
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel, mean of the runs, in seconds.
    #[serde(skip)]
    pub system_seconds: Option<f64>,
    /// CPU time, mean of the runs, in seconds.
    #[serde(skip)]
    pub cpu_seconds: Option<f64>,
    /// CPU time over wall time.
    pub cpus_used: Option<f64>,
    /// The lower bound over the wall time, mean of the runs.
    pub efficiency: Option<f64>,
    /// Voluntary context switches, mean of the runs.
    pub voluntary_context_switches: Option<f64>,
    /// Involuntary context switches, mean of the runs.
    pub involuntary_context_switches: Option<f64>,
    /// The most threads in any run.
    pub threads: Option<u64>,
    /// The most processes in any run.
    pub processes: Option<u64>,
    /// The highest peak memory of any run, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The positions of the runs that are outliers.
    pub outliers: Vec<usize>,
}

impl Row {
    /// The wall times of the runs, in seconds.
    pub fn times(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.wall_seconds).collect()
    }

    /// Adds a run. Only the run closest to the median keeps its report: one diagram is drawn, and a
    /// million spans take memory.
    pub fn add(&mut self, run: TimedRun) {
        self.runs.push(run);
        let Some(wall) = Statistics::of(&self.times()) else { return };
        let distance = |run: &TimedRun| (run.wall_seconds - wall.median).abs();
        let mut drawn: Vec<_> = self.runs.iter_mut().filter(|run| run.report.is_some()).collect();
        drawn.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        drawn.into_iter().skip(1).for_each(|run| run.report = None);
    }

    /// The report of a typical run.
    pub fn report(&self) -> Option<&Report> {
        self.runs.iter().find_map(|run| run.report.as_ref())
    }

    /// The median wall time in a round, in seconds; `None` if the program did not run in it.
    fn median_in(&self, round: usize) -> Option<f64> {
        let runs = self.runs.iter().filter(|run| run.round == round);
        let times: Vec<f64> = runs.map(|run| run.wall_seconds).collect();
        Some(Statistics::of(&times)?.median)
    }

    /// How many times faster this program is than `other`, over the rounds in which both ran.
    pub fn speedup_over(&self, other: &Self) -> Option<Ratio> {
        let rounds = self.runs.iter().map(|run| run.round + 1).max().unwrap_or(0);
        let ratio = |round| Some(other.median_in(round)? / self.median_in(round)?);
        Ratio::of_rounds(&(0..rounds).filter_map(ratio).collect::<Vec<_>>())
    }

    /// The figures over all runs; `None` if there are none.
    pub fn summary(&self) -> Option<Summary> {
        let wall = Statistics::of(&self.times())?;
        let mean_of = |figure: fn(&TimedRun) -> Option<f64>| mean(self.runs.iter().map(figure));
        let max_of = |figure: fn(&TimedRun) -> Option<u64>| {
            self.runs.iter().map(figure).collect::<Option<Vec<u64>>>()?.into_iter().max()
        };
        let cpu_seconds = mean_of(TimedRun::cpu_seconds);
        Some(Summary {
            wall,
            user_seconds: mean_of(|run| run.user_seconds),
            system_seconds: mean_of(|run| run.system_seconds),
            cpu_seconds,
            cpus_used: cpu_seconds.map(|seconds| seconds / wall.mean),
            efficiency: mean_of(|run| Some(run.lower_bound_seconds? / run.wall_seconds)),
            voluntary_context_switches: mean_of(|run| float(run.voluntary_context_switches)),
            involuntary_context_switches: mean_of(|run| float(run.involuntary_context_switches)),
            threads: max_of(|run| run.threads),
            processes: max_of(|run| run.processes),
            peak_memory_bytes: max_of(|run| run.peak_memory_bytes),
            outliers: outliers(&self.times()),
        })
    }
}

/// A program and its twin in Python, and the slowdown of the twin. Unknown figures are `None`.
#[derive(Clone, Copy, Debug)]
pub struct Twins<'a> {
    /// The Rust program.
    pub rust: &'a Row,
    /// The Python program.
    pub python: &'a Row,
    /// Slowdown in wall time.
    pub wall: Ratio,
    /// Python's CPU time over Rust's, of the means.
    pub cpu: Option<f64>,
    /// Python's peak memory over Rust's, of the highest peaks.
    pub memory: Option<f64>,
}

impl<'a> Twins<'a> {
    // `None` if either has no runs.
    fn of(rust: &'a Row, python: &'a Row) -> Option<Self> {
        let (ours, theirs) = (rust.summary()?, python.summary()?);
        let over = |theirs: Option<f64>, ours: Option<f64>| {
            Some(theirs? / ours.filter(|ours| *ours > 0.0)?)
        };
        Some(Self {
            rust,
            python,
            wall: rust.speedup_over(python)?,
            cpu: over(theirs.cpu_seconds, ours.cpu_seconds),
            memory: over(float(theirs.peak_memory_bytes), float(ours.peak_memory_bytes)),
        })
    }
}

/// The machine that the figures are from. What it does not report is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Machine {
    /// CPUs that a program may use here, within control groups and affinity.
    pub cpus: Option<usize>,
    /// The name of the CPU.
    pub model: Option<String>,
    /// `x86_64`, `aarch64`, ...
    pub architecture: &'static str,
    /// The operating system and its version.
    pub system: Option<String>,
    /// The version of the kernel.
    pub kernel: Option<String>,
    /// The compiler that built the programs, and its version.
    pub compiler: Option<String>,
    /// When the comparison started, as HTTP writes a date.
    pub date: String,
}

/// Whether the Python programs can run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Python {
    /// With this interpreter.
    Interpreter(Interpreter),
    /// They cannot, for this reason.
    Missing(String),
}

/// A Python interpreter that has the packages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Interpreter {
    /// Its path.
    pub executable: PathBuf,
    /// Its version: `3.14.0`.
    pub version: String,
    /// The packages and their versions.
    pub packages: String,
    /// Whether its GIL is on.
    pub gil: bool,
    /// Whether its GIL is on once the packages are loaded.
    pub gil_with_packages: bool,
    /// Whether it has `InterpreterPoolExecutor`.
    pub interpreters: bool,
}

/// A claim of the article and what was measured of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimEntry {
    /// The id of the claim, which never changes.
    pub id: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// Whether it is an opinion. Then the verdict is on the facts that it rests on.
    pub opinion: bool,
    /// Whether it holds here.
    pub verdict: ClaimVerdict,
    /// Its figures besides those of the examples.
    pub figures: Vec<ClaimFigure>,
    /// The examples that show it, by name, and their results.
    pub demos: Vec<(String, DemoResult)>,
    /// The commands that show it, for the folder of the project.
    pub commands: Vec<String>,
}

/// Whether a claim holds here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// It holds.
    Holds,
    /// It holds for CPython and does not for Rust: both were measured.
    HoldsForCPython,
    /// It does not hold on this machine, in this run.
    DoesNotHold,
    /// The interval of a speedup is too wide to decide.
    NotResolved,
    /// A figure is missing, for this reason.
    NotMeasured(String),
}

/// A figure of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimFigure {
    /// The program or the example that it is from.
    pub source: String,
    /// Its name there.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Its value; `None` if it is unknown.
    pub value: Option<f64>,
    /// Its 95 % confidence interval, if it has one.
    pub interval: Option<(f64, f64)>,
}

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A ratio of two times.
    Ratio,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A count, or the mean of counts.
    Count,
}

/// The figures of a program with more and more workers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scaling {
    /// The latency of each page, in milliseconds.
    pub latency_milliseconds: u64,
    /// CPUs that a program may use. Sums are computed by up to twice as many workers.
    pub cpus: usize,
    /// How many sums each run computed.
    pub sums: usize,
    /// A series for each program, downloads first.
    pub series: Vec<Series>,
    /// How the costs of each series grow with the workers.
    pub fit: Vec<Fit>,
}

/// How the costs of a series grow with the workers, over some of its points. A cost with too few
/// points is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The name of the program.
    pub program: &'static str,
    /// The numbers of workers.
    pub range: (usize, usize),
    /// Wall time.
    pub wall: Option<Class>,
    /// CPU time.
    pub cpu_time: Option<Class>,
    /// Memory.
    pub memory: Option<Class>,
}

/// How a cost grows with the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It hardly changes.
    Flat,
    /// Twice the workers have twice the cost.
    Linear,
    /// Between flat and linear.
    SlowerThanLinear,
    /// More than linear.
    FasterThanLinear,
    /// Twice the workers have half of the cost.
    Inverse,
    /// Between flat and inverse.
    SlowerThanInverse,
    /// More than inverse.
    FasterThanInverse,
}

/// A cost of a point, in seconds or bytes.
pub type PointCost = fn(&Point) -> Option<f64>;

impl Point {
    /// Wall time, in seconds.
    pub const WALL: PointCost = |point| Some(point.wall_seconds);
    /// CPU time, in seconds.
    pub const CPU_TIME: PointCost = |point| point.cpu_seconds;
    /// Memory, in bytes.
    pub const MEMORY: PointCost = |point| float(point.memory_bytes);

    /// Whether the local server may have been the bottleneck.
    pub fn server_is_busy(&self) -> bool {
        self.server_cpus_used.is_some_and(|used| used > 0.8)
    }
}

impl Series {
    /// The marginal cost of a worker at each point: the difference in cost to the previous point over
    /// the difference in workers. `None` for the first point, and if a cost is unknown.
    pub fn marginal(&self, cost: PointCost) -> Vec<Option<f64>> {
        let step = |pair: &[Point]| {
            let workers = pair[1].workers.checked_sub(pair[0].workers).filter(|more| *more > 0)?;
            Some((cost(&pair[1])? - cost(&pair[0])?) / workers as f64)
        };
        let first = self.points.first().map(|_| None);
        first.into_iter().chain(self.points.windows(2).map(step)).collect()
    }
}

/// One program with more and more workers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// The name of the program.
    pub program: &'static str,
    /// Its workload.
    pub workload: Workload,
    /// The measured points, by number of workers.
    pub points: Vec<Point>,
    /// The points that could not be measured.
    pub not_run: Vec<NotRun>,
}

/// The figures for one number of workers. What the system does not report is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The number of workers; of downloads, how many may be in flight.
    pub workers: usize,
    /// The most items that were in progress at the same time.
    pub peak_concurrency: usize,
    /// The time of the whole process, in seconds.
    pub wall_seconds: f64,
    /// CPU time of the program and its workers, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Peak memory, in bytes. A page that several processes share counts in equal parts.
    pub memory_bytes: Option<u64>,
    /// CPU time of the local server over wall time; `None` for sums.
    pub server_cpus_used: Option<f64>,
}

/// A number of workers that could not be measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotRun {
    /// The number of workers.
    pub workers: usize,
    /// The limit that did not allow them.
    pub reason: String,
}

/// A round of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Round {
    /// The workload.
    pub workload: Workload,
    /// Its number, from 0.
    pub round: usize,
    /// Its length, in seconds.
    pub seconds: f64,
    /// The share of all CPUs that other programs and the hypervisor took; `None` if unknown.
    pub others_cpu_share: Option<f64>,
    /// Whether that was more than a tenth.
    pub disturbed: bool,
}

impl Round {
    /// The share of all CPUs above which others disturb a measurement.
    const DISTURBED: f64 = 0.1;

    /// A round in which others took this share of all CPUs.
    pub fn new(workload: Workload, round: usize, seconds: f64, others: Option<f64>) -> Self {
        let disturbed = others.is_some_and(|share| share > Self::DISTURBED);
        Self { workload, round, seconds, others_cpu_share: others, disturbed }
    }
}

/// A whole comparison, or as much of it as was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Where it ran.
    pub machine: Machine,
    /// The real sites that were read; none if the local ones were.
    pub urls: Vec<String>,
    /// Downloads of a run.
    pub downloads: usize,
    /// Sums of a run.
    pub sums: usize,
    /// Whether a run does as many downloads as the article's programs.
    pub as_in_the_article: bool,
    /// The programs, in the order in which they are shown.
    pub rows: Vec<Row>,
    /// The rounds that were measured.
    pub rounds: Vec<Round>,
    /// `--until`: the half-width that each interval should have, as a share of its speedup.
    pub until: Option<f64>,
    /// The Python interpreter; `None` if no Python program was requested.
    pub python: Option<Python>,
    /// The demonstrations, by name, and their results.
    pub demos: Vec<(String, DemoResult)>,
    /// The demonstrations and the points of the scaling that failed, by name.
    pub failed: Vec<(String, Failure)>,
    /// The claims; `None` if they were not requested.
    pub claims: Option<Vec<ClaimEntry>>,
    /// The marginal costs; `None` if they were not requested.
    pub scaling: Option<Scaling>,
    /// The signal that ended the comparison early.
    pub interrupted_by: Option<u8>,
}

impl Comparison {
    /// The rows of a workload.
    pub fn of_workload(&self, workload: Workload) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.program.workload == workload)
    }

    /// The interpreter that runs the Python programs.
    pub fn interpreter(&self) -> Option<&Interpreter> {
        match self.python.as_ref()? {
            Python::Interpreter(interpreter) => Some(interpreter),
            Python::Missing(_) => None,
        }
    }

    /// The baseline of a row: the sequential program with its workload, in Python for a Python program.
    pub fn baseline(&self, row: &Row) -> Option<&Row> {
        let python = |program: &Program| program.origin == Origin::Python;
        self.of_workload(row.program.workload).find(|other| {
            other.program.is_baseline() && python(&other.program) == python(&row.program)
        })
    }

    /// The speedup of a row over its baseline; `None` for the baseline itself.
    pub fn speedup(&self, row: &Row) -> Option<Ratio> {
        if row.program.is_baseline() { None } else { row.speedup_over(self.baseline(row)?) }
    }

    /// The Rust rows that have a Python twin, where both have runs.
    pub fn twins(&self) -> impl Iterator<Item = Twins<'_>> {
        let rust = self.rows.iter().filter(|row| row.program.origin == Origin::Rust);
        rust.filter_map(|rust| {
            let python = self.rows.iter().find(|row| row.program.is_twin_of(&rust.program))?;
            Twins::of(rust, python)
        })
    }

    /// The article's time for a row, in seconds; `None` also where a run does another number of
    /// downloads.
    pub fn article_seconds(&self, row: &Row) -> Option<f64> {
        let comparable = self.as_in_the_article || row.program.workload != Workload::Io;
        row.program.article_seconds.filter(|_| comparable)
    }

    /// All failures by name: programs, then demonstrations and points of the scaling.
    pub fn failures(&self) -> impl Iterator<Item = (String, &Failure)> {
        let programs = self.rows.iter();
        let programs =
            programs.filter_map(|row| Some((row.program.command(), row.failure.as_ref()?)));
        programs.chain(self.failed.iter().map(|(name, failure)| (name.clone(), failure)))
    }

    /// The share of all CPUs that others took over all rounds, if that disturbed the measurement.
    pub fn busy(&self) -> Option<f64> {
        let known = || self.rounds.iter().filter_map(|it| Some((it.seconds, it.others_cpu_share?)));
        let seconds: f64 = known().map(|(seconds, _)| seconds).sum();
        let share = known().map(|(seconds, share)| seconds * share).sum::<f64>() / seconds;
        Some(share).filter(|share| *share > Round::DISTURBED)
    }

    /// The rows whose interval is wider than `--until` asks for, with its half-width if it is known.
    pub fn too_wide(&self) -> impl Iterator<Item = (&Row, Option<f64>)> {
        let until = self.until.unwrap_or(f64::INFINITY);
        let widths =
            self.rows.iter().filter_map(|row| Some((row, self.speedup(row)?.half_width())));
        widths.filter(move |(_, half)| half.is_none_or(|half| half > until) && until.is_finite())
    }

    /// Whether anything failed.
    pub fn any_failed(&self) -> bool {
        self.failures().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_summary_by_hand() {
        let comparison = sample::comparison();
        let summary = comparison.rows[1].summary().expect("runs");
        assert_eq!(summary.outliers, [5]);
        assert_eq!((summary.threads, summary.processes), (Some(6), Some(1)));
        assert!(summary.cpus_used.is_some_and(|used| (used - 0.375).abs() < 1e-9));
        assert_eq!(summary.efficiency, Some(0.75));
    }

    #[test]
    fn a_figure_that_one_run_lacks_is_unknown() {
        let mut row = sample::comparison().rows.remove(0);
        row.runs[1].user_seconds = None;
        row.runs[0].threads = None;
        let summary = row.summary().expect("runs");
        assert_eq!((summary.user_seconds, summary.cpus_used, summary.threads), (None, None, None));
        assert!(summary.system_seconds.is_some());
    }

    #[test]
    fn the_run_closest_to_the_median_keeps_its_report() {
        let mut row = sample::comparison().rows.remove(0);
        row.runs.clear();
        // The medians are 7, 8, 9, 9.5 and 9; only the kept report competes with the new one.
        let times = [(7.0, 7.0), (9.0, 7.0), (10.0, 10.0), (20.0, 10.0), (4.0, 10.0)];
        for (round, (wall_seconds, kept)) in times.into_iter().enumerate() {
            let report = Report { wall_seconds, ..sample::report(1) };
            row.add(TimedRun { report: Some(report), ..sample::run(round, wall_seconds, 1) });
            assert_eq!(row.report().map(|report| report.wall_seconds), Some(kept));
            assert_eq!(row.runs.iter().filter(|run| run.report.is_some()).count(), 1);
        }
        row.add(sample::run(5, 9.0, 1));
        assert!(row.report().is_some(), "a run without a report replaces none");
    }

    #[test]
    fn a_speedup_compares_medians_within_each_round() {
        let mut comparison = sample::comparison();
        let runs = |times: &[(usize, f64)]| {
            times.iter().map(|(round, wall)| sample::run(*round, *wall, 1)).collect::<Vec<_>>()
        };
        comparison.rows[0].runs = runs(&[(0, 8.0), (1, 16.0), (2, 4.0)]);
        comparison.rows[2].runs = runs(&[(0, 1.0), (0, 2.0), (0, 9.0), (1, 4.0)]);
        let speedup = comparison.speedup(&comparison.rows[2]).expect("two rounds");
        assert!((speedup.value - 4.0).abs() < 1e-9 && speedup.rounds == 2, "{speedup:?}");
        assert_eq!(comparison.speedup(&comparison.rows[0]), None, "the baseline has none");
        comparison.rows.remove(0);
        assert_eq!(comparison.speedup(&comparison.rows[0]), None, "there is no baseline");
    }

    #[test]
    fn each_language_has_its_baseline() {
        let comparison = sample::with_python();
        let speedup = |row: usize| comparison.speedup(&comparison.rows[row]).expect("runs").value;
        assert!((speedup(6) - 5.0).abs() < 1e-9 && (speedup(9) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn twins_by_hand() {
        let mut comparison = sample::with_python();
        comparison.rows[1].runs.truncate(1);
        let twins: Vec<Twins> = comparison.twins().collect();
        // `multiproc-cpu` has no run, `cpu_threads.py` has no twin.
        let names: Vec<String> = twins.iter().map(|it| it.python.program.command()).collect();
        let io = ["sequential_baseline.py io", "threads_io.py", "async_io.py"];
        assert_eq!(names, [&io[..], &["sequential_baseline.py cpu"]].concat());
        assert!((twins[1].wall.value - 1.0).abs() < 1e-9);
        assert_eq!((twins[1].cpu, twins[1].memory), (Some(1.0625), Some(5.0)));
        assert_eq!((twins[2].cpu, twins[2].memory), (None, None), "unknown of Rust");
        for run in &mut comparison.rows[1].runs {
            (run.user_seconds, run.system_seconds) = (Some(0.0), Some(0.0));
        }
        assert_eq!(comparison.twins().nth(1).expect("twins").cpu, None, "0 divides nothing");
    }

    #[test]
    fn a_busy_machine_is_an_average_over_the_rounds() {
        let mut comparison = sample::comparison();
        assert_eq!(comparison.busy(), None, "nothing is known");
        let round = |seconds, others| Round::new(Workload::Io, 0, seconds, others);
        comparison.rounds = vec![round(9.0, Some(0.0)), round(1.0, Some(0.5)), round(9.0, None)];
        let disturbed: Vec<bool> = comparison.rounds.iter().map(|it| it.disturbed).collect();
        assert_eq!((comparison.busy(), disturbed), (None, vec![false, true, false]));
        comparison.rounds.push(round(2.0, Some(1.0)));
        assert!(comparison.busy().is_some_and(|share| (share - 2.5 / 12.0).abs() < 1e-9));
    }

    #[test]
    fn an_interval_is_too_wide_beyond_until() {
        let mut comparison = sample::comparison();
        assert_eq!(comparison.too_wide().count(), 0, "no width is requested");
        comparison.until = Some(0.5);
        let wide: Vec<&str> = comparison.too_wide().map(|(row, _)| row.program.name).collect();
        assert_eq!(wide, ["async-io"], "a single round has no interval");
        comparison.until = Some(0.01);
        assert_eq!(comparison.too_wide().count(), 2);
    }

    #[test]
    fn a_marginal_cost_is_the_step_from_the_previous_point() {
        let scaling = sample::scaling();
        let memory = scaling.series[1].marginal(Point::MEMORY);
        assert_eq!(memory[0], None);
        assert!(memory[1..].iter().all(|step| *step == Some(32_768.0)), "{memory:?}");
        let unknown = scaling.series[0].marginal(Point::CPU_TIME);
        assert_eq!(unknown, [None, None, None], "a step needs both points");
    }

    #[test]
    fn the_server_is_busy_above_a_share() {
        let mut point = sample::scaling().series[1].points[0];
        for (used, busy) in [(None, false), (Some(0.8), false), (Some(0.801), true)] {
            point.server_cpus_used = used;
            assert_eq!(point.server_is_busy(), busy, "{used:?}");
        }
    }
}
