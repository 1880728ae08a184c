//! The claims as data. To add a claim, add a row.
//!
//! A row names the figures and the demonstrations that the claim needs, which also decides what is
//! run for it. Most claims hold if their examples say so; the others have a rule.

use crate::claims::demos::Demo;
use crate::claims::facts::Metric::{
    ArticleTime, CpusUsed, LinesAdded, LinesOfCode, Memory, Processes, Speedup, Threads, Time,
};
use crate::claims::facts::Source::{self, Program as P};
use crate::claims::facts::{ClaimRow, Facts, MIN_GAIN, Rule, all, holds_if};
use crate::model::ClaimVerdict::{self, DoesNotHold, Holds, HoldsForCPython};

/// Half of what the five threads of the article can gain.
const VERY_FAST: f64 = 2.5;
/// Two times are alike if the longer one divided by the shorter one is at most this.
const ALIKE: f64 = 2.0;

const BASELINE_IO: &str = "sequential-baseline io";
const THREADS: &str = "threads-io";
const TASKS: &str = "async-io";
const PROCESSES: &str = "multiproc-cpu";
const PYTHON_THREADS: &str = "threads_io.py";
const PYTHON_CPU_THREADS: &str = "cpu_threads.py";

const RACE_CONDITION: Demo = Demo::Example("threads-io", "race_condition");
const DEADLOCK: Demo = Demo::Example("threads-io", "deadlock");
const PREEMPTION: Demo = Demo::Example("threads-io", "preemption");
const GIL: Demo = Demo::Example("threads-io", "gil");
const CPU_THREADS: Demo = Demo::Example("threads-io", "cpu_threads");
const SCALE_THREADS: Demo = Demo::Example("threads-io", "scale_threads");
const COOPERATIVE_SWITCH: Demo = Demo::Example("async-io", "cooperative_switch");
const BLOCKING_CALL: Demo = Demo::Example("async-io", "blocking_call");
const GREEDY_TASK: Demo = Demo::Example("async-io", "greedy_task");
const CPU_TASKS: Demo = Demo::Example("async-io", "cpu_tasks");
const SCALE_TASKS: Demo = Demo::Example("async-io", "scale_tasks");
const SEPARATE_MEMORY: Demo = Demo::Example("multiproc-cpu", "separate_memory");
const SCALE_PROCESSES: Demo = Demo::Example("multiproc-cpu", "scale_processes");
const IO_BOUND: Demo = Demo::Example("multiproc-cpu", "io_bound");
const THREADS_DIAGRAM: Demo = Demo::Diagram("threads-io");
const TASKS_DIAGRAM: Demo = Demo::Diagram("async-io");
const PROCESSES_DIAGRAM: Demo = Demo::Diagram("multiproc-cpu");
const REFUSED: Demo = Demo::DocTests("threads-io");

// A claim that holds if its demonstrations hold, unless it gets another rule.
const fn claim(id: &'static str) -> ClaimRow {
    ClaimRow { id, opinion: false, figures: &[], demos: &[], rule: Facts::all_hold }
}

impl ClaimRow {
    const fn opinion(self) -> Self {
        Self { opinion: true, ..self }
    }

    const fn figures(self, figures: &'static [Source]) -> Self {
        Self { figures, ..self }
    }

    const fn demos(self, demos: &'static [Demo]) -> Self {
        Self { demos, ..self }
    }

    const fn rule(self, rule: Rule) -> Self {
        Self { rule, ..self }
    }
}

// Whether a program did `items` items with `workers` workers, by its first demonstration.
fn complete(facts: &Facts, items: f64, workers: f64) -> Result<ClaimVerdict, String> {
    let done = facts.demo(0, "items")? == items && facts.demo(0, "items_failed")? == 0.0;
    Ok(holds_if(done && facts.demo(0, "workers")? == workers))
}

/// All claims.
pub const CLAIMS: [ClaimRow; 33] = [
    claim("C01")
        .figures(&[P(THREADS, Speedup), P(TASKS, Speedup)])
        .rule(|facts| Ok(all([facts.gains(0)?, facts.gains(1)?]))),
    claim("C02")
        .figures(&[P(PROCESSES, Speedup), P(PROCESSES, CpusUsed)])
        .rule(|facts| facts.gains(0)),
    claim("C03")
        // For each option its speedup of the downloads and of the sums.
        .figures(&[
            P(THREADS, Speedup),
            Source::Demo(CPU_THREADS, "speedup"),
            P(TASKS, Speedup),
            Source::Demo(CPU_TASKS, "speedup"),
            Source::Demo(IO_BOUND, "speedup"),
            P(PROCESSES, Speedup),
        ])
        .demos(&[CPU_THREADS, CPU_TASKS, IO_BOUND])
        // The best for one kind of work gains nothing for the other, or less than half of the best.
        .rule(|facts| {
            let values: Vec<f64> = (0..6).map(|at| facts.value(at)).collect::<Result<_, _>>()?;
            let option = |at: usize| (values[at], values[at + 1]);
            let options = [option(0), option(2), option(4)];
            let best_by = |of: fn((f64, f64)) -> f64| {
                options.into_iter().max_by(|a, b| of(*a).total_cmp(&of(*b))).unwrap_or_default()
            };
            let (downloads, sums) = (best_by(|it| it.0), best_by(|it| it.1));
            let bad = |here: f64, best: f64| here < MIN_GAIN || here < best / 2.0;
            Ok(holds_if(bad(downloads.1, sums.1) || bad(sums.0, downloads.0)))
        }),
    claim("C04")
        .figures(&[
            Source::Demo(GIL, "cpu_bound_speedup"),
            Source::Demo(CPU_THREADS, "speedup"),
            P(PYTHON_CPU_THREADS, Speedup),
        ])
        .demos(&[GIL, CPU_THREADS])
        .rule(|facts| {
            let (rust, python) = (facts.gains(1)?, facts.gains(2)?);
            if facts.gil == Some(false) {
                return Err("this interpreter has no GIL".into());
            }
            Ok(match (python, rust) {
                (DoesNotHold, Holds) => HoldsForCPython,
                (DoesNotHold, _) => Holds,
                (Holds, _) => DoesNotHold,
                (undecided, _) => undecided,
            })
        }),
    claim("C05")
        .figures(&[Source::Demo(GIL, "io_bound_speedup"), P(PYTHON_THREADS, Speedup)])
        .demos(&[GIL])
        // The example is enough for a verdict; CPython, if it was run, must agree.
        .rule(|facts| {
            let lock = holds_if(facts.value(0)? >= facts.demo(0, "threads")? / 2.0);
            Ok(all([lock, facts.at_least(1, VERY_FAST).unwrap_or(Holds)]))
        }),
    claim("C06").demos(&[SCALE_THREADS, SCALE_TASKS, SCALE_PROCESSES]),
    claim("C07").demos(&[PREEMPTION, COOPERATIVE_SWITCH]),
    claim("C08").demos(&[PREEMPTION]),
    claim("C09").demos(&[RACE_CONDITION]),
    claim("C10").opinion().demos(&[REFUSED]),
    claim("C11").demos(&[COOPERATIVE_SWITCH]),
    claim("C12")
        .figures(&[
            P(THREADS, Threads),
            P(THREADS, Processes),
            P(THREADS, CpusUsed),
            P(TASKS, Threads),
            P(TASKS, Processes),
            P(TASKS, CpusUsed),
            P(PROCESSES, Processes),
            P(PROCESSES, CpusUsed),
        ])
        .rule(|facts| {
            let threads = facts.value(0)? > 1.0 && facts.value(1)? == 1.0 && facts.value(2)? <= 1.0;
            let tasks = facts.value(3)? == 1.0 && facts.value(4)? == 1.0 && facts.value(5)? <= 1.0;
            let processes = facts.value(6)? > 1.0 && facts.value(7)? > 1.0;
            Ok(holds_if(threads && tasks && processes))
        }),
    claim("C13")
        .figures(&[P(THREADS, Speedup), P(THREADS, Threads)])
        .rule(|facts| Ok(all([facts.at_least(0, VERY_FAST)?, holds_if(facts.value(1)? > 1.0)]))),
    claim("C14")
        .figures(&[P(BASELINE_IO, LinesOfCode), P(THREADS, LinesOfCode), P(THREADS, LinesAdded)])
        .rule(|facts| Ok(holds_if(facts.value(1)? > facts.value(0)?))),
    claim("C15").demos(&[RACE_CONDITION]),
    claim("C16").demos(&[DEADLOCK]),
    claim("C17").opinion().demos(&[RACE_CONDITION, DEADLOCK]),
    claim("C18").demos(&[THREADS_DIAGRAM]).rule(|facts| complete(facts, 160.0, 5.0)),
    claim("C19").demos(&[THREADS_DIAGRAM]),
    claim("C20")
        .figures(&[P(TASKS, Speedup), P(TASKS, Threads), P(TASKS, Memory)])
        .rule(|facts| Ok(all([facts.at_least(0, VERY_FAST)?, holds_if(facts.value(1)? == 1.0)]))),
    claim("C21").demos(&[SCALE_TASKS, SCALE_THREADS]).rule(|facts| {
        let each = |name: &str| Ok::<_, String>((facts.demo(0, name)?, facts.demo(1, name)?));
        let (tasks, threads) = each("reached")?;
        let (task_start, thread_start) = each("start_microseconds_each")?;
        // Memory is known on Linux only.
        let smaller = each("resident_bytes_each").map_or(true, |(task, thread)| task < thread);
        Ok(holds_if(tasks > threads && task_start < thread_start && smaller))
    }),
    claim("C22").demos(&[BLOCKING_CALL]),
    claim("C23").demos(&[GREEDY_TASK]),
    claim("C24").demos(&[TASKS_DIAGRAM]).rule(|facts| complete(facts, 160.0, 160.0)),
    claim("C25").demos(&[TASKS_DIAGRAM]),
    claim("C26")
        .figures(&[P(PROCESSES, Processes), P(PROCESSES, CpusUsed), Source::Cpus])
        .rule(|facts| Ok(holds_if(facts.value(0)? > 1.0 && facts.value(1)? >= MIN_GAIN))),
    claim("C27")
        .opinion()
        .figures(&[
            P(PROCESSES, LinesAdded),
            P(THREADS, LinesAdded),
            P(TASKS, LinesAdded),
            P(PROCESSES, LinesOfCode),
        ])
        .rule(|facts| Ok(holds_if(facts.value(0)? < facts.value(1)?.min(facts.value(2)?)))),
    claim("C28").figures(&[P(PROCESSES, Speedup)]).rule(|facts| facts.gains(0)),
    claim("C29").demos(&[SEPARATE_MEMORY]),
    claim("C30").demos(&[IO_BOUND]),
    claim("C31")
        .figures(&[Source::Cpus])
        .demos(&[PROCESSES_DIAGRAM])
        .rule(|facts| complete(facts, 20.0, facts.value(0)?.min(20.0))),
    claim("C32").demos(&[PROCESSES_DIAGRAM]),
    claim("C33")
        .figures(&[
            P(THREADS, Time),
            P(THREADS, ArticleTime),
            P(TASKS, Time),
            P(TASKS, ArticleTime),
            P(PROCESSES, Time),
            P(PROCESSES, ArticleTime),
        ])
        .rule(|facts| {
            let mut alike = true;
            for option in [0, 2, 4] {
                let (here, article) = (facts.value(option)?, facts.value(option + 1)?);
                alike &= here <= ALIKE * article && article <= ALIKE * here;
            }
            Ok(holds_if(alike))
        }),
];
