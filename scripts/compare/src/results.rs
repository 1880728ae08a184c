//! What a comparison found. Everything that is printed or exported is read off this.

use common::schedule::Schedule;
use common::{sites, sums};
use serde::{Deserialize, Serialize};

use crate::growth::Growth;
use crate::lines_of_code::{self, Difference};
use crate::machine::Machine;
use crate::programs::{Concurrency, Language, PROGRAMS, Program, Workload};
use crate::python::Python;
use crate::statistics::{Ratio, Statistics, mean, outliers};

/// One timed run that went well. What the system does not tell is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The time of the whole process, from before it was started until it had ended and all of
    /// its output was read, in seconds.
    pub wall_seconds: f64,
    /// CPU time in the code of the program and its workers, in seconds.
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel for the program and its workers, in seconds.
    pub system_seconds: Option<f64>,
    /// How often they gave up the processor to wait.
    pub voluntary_switches: Option<u64>,
    /// How often the scheduler took the processor away from them.
    pub involuntary_switches: Option<u64>,
    /// The least time that the schedule allows, by the program's own report, in seconds.
    pub bound_seconds: Option<f64>,
    /// The most memory resident at once, by the program's own report, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The most threads alive at once, by the program's own report.
    pub threads: Option<u64>,
    /// The most processes alive at once, by the program's own report.
    pub processes: Option<u64>,
    /// Who did what, and when, by the program's own report; for a picture.
    #[serde(skip)]
    pub schedule: Option<Schedule>,
}

impl Run {
    fn cpu_seconds(&self) -> Option<f64> {
        Some(self.user_seconds? + self.system_seconds?)
    }
}

/// A run that did not go well, and what the program said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// Which run: `warm-up 1`, `run 3`.
    pub run: String,
    /// What was wrong with it.
    pub reason: String,
    /// What it wrote on standard output, shortened.
    pub stdout: String,
    /// What it wrote on standard error, shortened.
    pub stderr: String,
}

/// One program and its runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The program.
    pub program: Program,
    /// How many timed runs it was to have.
    pub planned: usize,
    /// The timed runs that went well.
    pub runs: Vec<Run>,
    /// The run that did not, after which it was not run again.
    pub failure: Option<Failure>,
    /// Its lines of code.
    pub lines_of_code: Option<usize>,
    /// What its `main.rs` has otherwise than the baseline's.
    pub difference: Option<Difference>,
}

/// What the runs of a program say together. What any of them leaves unknown is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Wall time.
    pub wall: Statistics,
    /// CPU time in the program, mean of the runs, in seconds.
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel, mean of the runs, in seconds.
    pub system_seconds: Option<f64>,
    /// CPU time over wall time.
    pub cpus_used: Option<f64>,
    /// The bound over the wall time, mean of the runs.
    pub share_of_bound: Option<f64>,
    /// Voluntary context switches, mean of the runs.
    pub voluntary_switches: Option<f64>,
    /// Involuntary context switches, mean of the runs.
    pub involuntary_switches: Option<f64>,
    /// The most threads in any run.
    pub threads: Option<u64>,
    /// The most processes in any run.
    pub processes: Option<u64>,
    /// The most memory in any run, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// The runs whose time lies far from the others', by position.
    pub outliers: Vec<usize>,
}

impl Row {
    /// The wall times of the runs, in seconds.
    pub fn timings(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.wall_seconds).collect()
    }

    /// Adds a run. Of all runs only the one that took closest to their median keeps its schedule:
    /// a picture is drawn of one, and a million spans take memory.
    pub fn add(&mut self, run: Run) {
        self.runs.push(run);
        let Some(wall) = Statistics::of(&self.timings()) else { return };
        let off = |run: &Run| (run.wall_seconds - wall.median).abs();
        let with = self.runs.iter().enumerate().filter(|(_, run)| run.schedule.is_some());
        let kept = with.min_by(|a, b| off(a.1).total_cmp(&off(b.1))).map(|(place, _)| place);
        for (place, run) in self.runs.iter_mut().enumerate() {
            run.schedule = run.schedule.take().filter(|_| kept == Some(place));
        }
    }

    /// The schedule of a run that took about as long as most.
    pub fn schedule(&self) -> Option<&Schedule> {
        self.runs.iter().find_map(|run| run.schedule.as_ref())
    }

    /// What the runs say together; `None` if there are none.
    pub fn summary(&self) -> Option<Summary> {
        let wall = Statistics::of(&self.timings())?;
        let mean_of = |figure: fn(&Run) -> Option<f64>| mean(self.runs.iter().map(figure));
        let most = |figure: fn(&Run) -> Option<u64>| {
            self.runs.iter().map(figure).collect::<Option<Vec<u64>>>()?.into_iter().max()
        };
        Some(Summary {
            wall,
            user_seconds: mean_of(|run| run.user_seconds),
            system_seconds: mean_of(|run| run.system_seconds),
            cpus_used: mean_of(Run::cpu_seconds).map(|seconds| seconds / wall.mean),
            share_of_bound: mean_of(|run| Some(run.bound_seconds? / run.wall_seconds)),
            voluntary_switches: mean_of(|run| {
                run.voluntary_switches.map(|switches| switches as f64)
            }),
            involuntary_switches: mean_of(|run| {
                run.involuntary_switches.map(|switches| switches as f64)
            }),
            threads: most(|run| run.threads),
            processes: most(|run| run.processes),
            peak_memory_bytes: most(|run| run.peak_memory_bytes),
            outliers: outliers(&self.timings()),
        })
    }
}

/// A program beside its twin in Python: how many times as much the twin takes. What is unknown of
/// either is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Twins<'a> {
    /// The program in Rust.
    pub rust: &'a Row,
    /// The one in Python.
    pub python: &'a Row,
    /// Wall time.
    pub wall: Ratio,
    /// CPU time, mean of the runs.
    pub cpu: Option<Ratio>,
    /// Peak memory, the most of any run.
    pub memory: Option<f64>,
}

impl<'a> Twins<'a> {
    // `None` if either has no runs.
    fn of(rust: &'a Row, python: &'a Row) -> Option<Self> {
        let cpu = |row: &Row| {
            let seconds: Option<Vec<f64>> = row.runs.iter().map(Run::cpu_seconds).collect();
            // A run that is too short for the system's clock has taken none, as it seems.
            Statistics::of(&seconds?).filter(|seconds| seconds.mean > 0.0)
        };
        let (ours, theirs) = (rust.summary()?, python.summary()?);
        Some(Self {
            rust,
            python,
            wall: Ratio::between(&theirs.wall, &ours.wall),
            cpu: cpu(python).zip(cpu(rust)).map(|(theirs, ours)| Ratio::between(&theirs, &ours)),
            memory: theirs
                .peak_memory_bytes
                .zip(ours.peak_memory_bytes.filter(|bytes| *bytes > 0))
                .map(|(theirs, ours)| theirs as f64 / ours as f64),
        })
    }
}

/// What an example has shown, in the words of its JSON object; or anything else that the claims
/// need besides the comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The example's name.
    #[serde(default)]
    pub example: String,
    /// The ids of the claims.
    pub claim: Vec<String>,
    /// Whether they hold in this run.
    pub holds: bool,
    /// Named numbers.
    pub figures: serde_json::Map<String, serde_json::Value>,
    /// The figures in a sentence.
    pub said: String,
}

/// What was run for the claims and did not go well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Broken {
    /// Its name.
    pub name: String,
    /// How, and what it said.
    pub failure: Failure,
}

/// A whole comparison, or as much of it as was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Where it ran.
    pub machine: Machine,
    /// The real sites that were read; none if the local ones were.
    pub urls: Vec<String>,
    /// Downloads of a run.
    pub downloads: usize,
    /// Sums of a run.
    pub sums: usize,
    /// Whether the downloads are those of the notes in number, so that the notes' timings can
    /// stand beside them.
    pub as_in_the_notes: bool,
    /// The programs, in the order in which they are shown.
    pub rows: Vec<Row>,
    /// What runs the Python programs; `None` if they were not asked for.
    pub python: Option<Python>,
    /// What the examples have shown; `None` if they were not asked for.
    pub shown: Option<Vec<Shown>>,
    /// The examples that broke, and the points of the growth.
    pub broken: Vec<Broken>,
    /// How the costs grow with the number of workers; `None` if that was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// The signal that ended the comparison early.
    pub interrupted_by: Option<u8>,
}

impl Comparison {
    /// What is known before anything has run, of programs that read the sites `repeat` times.
    pub fn new(chosen: &[Program], repeat: usize, downloads: usize, urls: Vec<String>) -> Self {
        let row = |program: &Program| Row {
            program: *program,
            planned: 0,
            runs: Vec::new(),
            failure: None,
            lines_of_code: match program.language {
                Language::Rust => lines_of_code::of_package(program.name),
                Language::Python => lines_of_code::of_python(program.name),
            },
            difference: lines_of_code::difference(PROGRAMS[0].name, program.name),
        };
        Self {
            machine: Machine::this(),
            urls,
            downloads,
            sums: sums::default_numbers().count(),
            as_in_the_notes: repeat == sites::REPEAT,
            rows: chosen.iter().map(row).collect(),
            python: None,
            shown: None,
            broken: Vec::new(),
            growth: None,
            interrupted_by: None,
        }
    }

    /// The rows of a workload.
    pub fn of_workload(&self, workload: Workload) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.program.workload == workload)
    }

    /// How many times faster a row is than the baseline of its workload in its language; `None` if
    /// either has no runs, or no baseline was asked for.
    pub fn times_faster(&self, row: &Row) -> Option<Ratio> {
        let mut rows = self.of_workload(row.program.workload);
        let Program { language, .. } = row.program;
        let baseline = rows.find(|row| {
            row.program.option == Concurrency::Sequential && row.program.language == language
        })?;
        Some(Ratio::between(&baseline.summary()?.wall, &row.summary()?.wall))
    }

    /// The rows in Rust, each with its twin in Python, where both have runs.
    pub fn twins(&self) -> impl Iterator<Item = Twins<'_>> {
        let rust = self.rows.iter().filter(|row| row.program.language == Language::Rust);
        rust.filter_map(|rust| {
            let python = self.rows.iter().find(|row| row.program.is_twin_of(&rust.program))?;
            Twins::of(rust, python)
        })
    }

    /// What the notes give as a row's time, in seconds; `None` also where the downloads are not
    /// those of the notes in number.
    pub fn notes_seconds(&self, row: &Row) -> Option<f64> {
        let comparable = self.as_in_the_notes || row.program.workload != Workload::Io;
        row.program.notes_seconds.filter(|_| comparable)
    }

    /// Whether anything failed that was run.
    pub fn any_failed(&self) -> bool {
        self.failures().next().is_some()
    }

    /// What failed, by name: programs of the comparison, then examples and points of the growth.
    pub fn failures(&self) -> impl Iterator<Item = (String, &Failure)> {
        let programs = self.failed().map(|(row, failure)| (row.program.command(), failure));
        programs.chain(self.broken.iter().map(|it| (it.name.clone(), &it.failure)))
    }

    /// The rows that have a run that failed.
    pub fn failed(&self) -> impl Iterator<Item = (&Row, &Failure)> {
        self.rows.iter().filter_map(|row| Some((row, row.failure.as_ref()?)))
    }
}

/// Made-up results for the tests of whatever shows them.
#[cfg(test)]
pub mod sample {
    use super::*;
    use crate::programs::PYTHON;
    use crate::python::Interpreter;

    /// A run whose figures all follow from two of them.
    pub fn run(wall_seconds: f64, units: u64) -> Run {
        Run {
            wall_seconds,
            user_seconds: Some(wall_seconds / 4.0),
            system_seconds: Some(wall_seconds / 8.0),
            voluntary_switches: Some(100 * units),
            involuntary_switches: Some(units / 2),
            bound_seconds: Some(wall_seconds * 0.75),
            peak_memory_bytes: Some((4 << 20) * units),
            threads: Some(units),
            processes: Some(1),
            schedule: None,
        }
    }

    /// The same with what ran in Python: on an interpreter without a GIL, and not all of it.
    pub fn with_python() -> Comparison {
        let mut comparison = comparison();
        let rows = [(0, 7.5, 6), (1, 1.5, 30), (2, 0.375, 9), (3, 4.5, 7), (5, 2.25, 3)];
        comparison.rows.extend(rows.map(|(program, wall, units)| Row {
            program: PYTHON[program],
            planned: 2,
            runs: vec![run(wall, units), run(wall * 1.125, units)],
            failure: None,
            lines_of_code: Some(20),
            difference: None,
        }));
        comparison.python = Some(Python::Interpreter(Interpreter {
            executable: "/example/bin/python".into(),
            version: "3.14.0".into(),
            packages: "requests 2.0.0, aiohttp 3.0.0".into(),
            gil: false,
            gil_with_packages: true,
        }));
        comparison
    }

    /// A comparison in which each kind of row occurs: one with an outlier, one with unknown
    /// figures, one that failed after a run and one that never ran.
    pub fn comparison() -> Comparison {
        let row = |program: usize, planned, runs| Row {
            program: PROGRAMS[program],
            planned,
            runs,
            failure: None,
            lines_of_code: Some(40 + program),
            difference: Some(Difference { removed: 20, added: 20 + program }),
        };
        let mut rows = vec![
            row(0, 2, vec![run(7.25, 1), run(7.5, 1)]),
            row(1, 6, [1.5, 1.5625, 1.4375, 1.5, 1.5625, 3.0].map(|wall| run(wall, 6)).to_vec()),
            row(2, 1, vec![run(0.0625, 1)]),
            row(3, 4, vec![run(0.03125, 1), run(0.046875, 1)]),
            row(4, 4, vec![]),
        ];
        rows[2].lines_of_code = None;
        let single = &mut rows[2].runs[0];
        (single.user_seconds, single.bound_seconds, single.peak_memory_bytes) = (None, None, None);
        let failure = |run: &str, reason: &str| Failure {
            run: run.into(),
            reason: reason.into(),
            stdout: String::new(),
            stderr: "error: no more files\nclose some".into(),
        };
        rows[3].failure = Some(failure("run 3", "its answer is wrong: 7 instead of 8"));
        rows[4].failure = Some(failure("warm-up 1", "exit code 1"));
        Comparison {
            machine: Machine {
                processors: Some(2),
                model: Some("Example 3000".into()),
                architecture: "x86_64".into(),
                system: Some("Linux 12 Example".into()),
                kernel: Some("6.1".into()),
                compiler: Some("rustc 1.99.0".into()),
                date: "Sun, 02 Jan 2000 03:04:05 GMT".into(),
            },
            urls: Vec::new(),
            downloads: 160,
            sums: 20,
            as_in_the_notes: true,
            rows,
            python: None,
            shown: None,
            broken: Vec::new(),
            growth: None,
            interrupted_by: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_by_hand() {
        let comparison = sample::comparison();
        let summary = comparison.rows[1].summary().expect("runs");
        assert_eq!(summary.outliers, [5]);
        assert_eq!((summary.threads, summary.processes), (Some(6), Some(1)));
        assert!(summary.cpus_used.is_some_and(|used| (used - 0.375).abs() < 1e-9));
        assert_eq!(summary.share_of_bound, Some(0.75));
        assert_eq!(
            comparison.times_faster(&comparison.rows[0]).map(|ratio| ratio.value),
            Some(1.0)
        );
    }

    #[test]
    fn what_one_run_leaves_unknown_is_unknown() {
        let mut row = sample::comparison().rows.remove(0);
        row.runs[1].user_seconds = None;
        row.runs[0].threads = None;
        let summary = row.summary().expect("runs");
        assert_eq!((summary.user_seconds, summary.cpus_used, summary.threads), (None, None, None));
        assert!(summary.system_seconds.is_some());
    }

    #[test]
    fn the_run_closest_to_the_median_keeps_its_schedule() {
        let mut row = sample::comparison().rows.remove(0);
        let mut run = row.runs[0].clone();
        row.runs.clear();
        // The medians are 7, 8, 9, 9.5 and 9; the kept one is held against the new one only.
        for (wall_seconds, kept) in
            [(7.0, 7.0), (9.0, 7.0), (10.0, 10.0), (20.0, 10.0), (4.0, 10.0)]
        {
            run.wall_seconds = wall_seconds;
            run.schedule = Some(Schedule {
                program: "program".into(),
                workload: "io".into(),
                workers: 1,
                processes: 1,
                wall_seconds,
                user_seconds: None,
                system_seconds: None,
                spans: Vec::new(),
            });
            row.add(run.clone());
            assert_eq!(row.schedule().map(|schedule| schedule.wall_seconds), Some(kept));
            assert_eq!(row.runs.iter().filter(|run| run.schedule.is_some()).count(), 1);
        }
        run.schedule = None;
        row.add(run);
        assert!(row.schedule().is_some(), "a run without one takes nobody's place");
    }

    #[test]
    fn each_language_has_its_baseline() {
        let comparison = sample::with_python();
        let faster = |row: usize| comparison.times_faster(&comparison.rows[row]).map(|it| it.value);
        assert_eq!(faster(5), Some(1.0));
        assert_eq!((faster(6), faster(9)), (Some(5.0), Some(2.0)));
    }

    #[test]
    fn twins_by_hand() {
        let mut comparison = sample::with_python();
        let of = |comparison: &Comparison| -> Vec<(String, f64, Option<f64>, Option<f64>)> {
            let twins = comparison.twins();
            twins
                .map(|it| {
                    let cpu = it.cpu.map(|cpu| cpu.value);
                    (it.python.program.command(), it.wall.value, cpu, it.memory)
                })
                .collect()
        };
        comparison.rows[1].runs.truncate(1);
        let twins = of(&comparison);
        // What is unknown in Rust has no ratio; `multiproc-cpu` has no run, `cpu_threads.py` no twin.
        let names: Vec<&str> = twins.iter().map(|twins| twins.0.as_str()).collect();
        let io = ["sequential_baseline.py io", "threads_io.py", "async_io.py"];
        assert_eq!(names, [&io[..], &["sequential_baseline.py cpu"]].concat());
        assert_eq!(twins[1].1, 1.0625);
        assert_eq!((twins[1].2, twins[1].3), (Some(1.0625), Some(5.0)));
        assert_eq!((twins[2].2, twins[2].3), (None, None));
        for run in &mut comparison.rows[1].runs {
            (run.user_seconds, run.system_seconds) = (Some(0.0), Some(0.0));
        }
        assert_eq!(of(&comparison)[1].2, None, "nothing is not a part of anything");
        assert!(sample::comparison().twins().next().is_none());
    }

    #[test]
    fn without_runs_or_baseline_there_is_no_ratio() {
        let mut comparison = sample::comparison();
        assert_eq!(comparison.times_faster(&comparison.rows[4]), None);
        comparison.rows.remove(0);
        assert_eq!(comparison.times_faster(&comparison.rows[0]), None);
    }
}
