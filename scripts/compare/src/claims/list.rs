//! The claims as data. To add a claim, add a row.
//!
//! A row names the figures and the demonstrations that the claim needs, which also decides what is
//! run for it. Most claims hold if their examples say so; the others have a rule.

use crate::claims::demos::Demo;
use crate::claims::facts::Metric::{
    ArticleTime, CpusUsed, LinesOfCode, Memory, Processes, Speedup, Threads, Time,
};
use crate::claims::facts::Source::{self, Program as P};
use crate::claims::facts::{Claim, FASTER, Facts, all, holds_if};
use crate::model::ClaimVerdict::{self, DoesNotHold, Holds, HoldsForCPython};

/// Half of what the five threads of the article can gain.
const VERY_FAST: f64 = 2.5;
/// Two times are alike if the longer one is at most so many times the shorter one.
const ALIKE: f64 = 2.0;

const BASELINE_IO: &str = "sequential-baseline io";
const THREADS: &str = "threads-io";
const TASKS: &str = "async-io";
const PROCESSES: &str = "multiproc-cpu";
const PYTHON_THREADS: &str = "threads_io.py";
const PYTHON_CPU_THREADS: &str = "cpu_threads.py";

const RACE_CONDITION: Demo = example("threads-io", "race_condition");
const DEADLOCK: Demo = example("threads-io", "deadlock");
const PREEMPTION: Demo = example("threads-io", "preemption");
const GIL: Demo = example("threads-io", "gil");
const CPU_THREADS: Demo = example("threads-io", "cpu_threads");
const SCALE_THREADS: Demo = example("threads-io", "scale_threads");
const COOPERATIVE_SWITCH: Demo = example("async-io", "cooperative_switch");
const BLOCKING_CALL: Demo = example("async-io", "blocking_call");
const GREEDY_TASK: Demo = example("async-io", "greedy_task");
const CPU_TASKS: Demo = example("async-io", "cpu_tasks");
const SCALE_TASKS: Demo = example("async-io", "scale_tasks");
const SEPARATE_MEMORY: Demo = example("multiproc-cpu", "separate_memory");
const SCALE_PROCESSES: Demo = example("multiproc-cpu", "scale_processes");
const IO_BOUND: Demo = example("multiproc-cpu", "io_bound");
const THREADS_DIAGRAM: Demo = Demo::Diagram { program: "threads-io" };
const TASKS_DIAGRAM: Demo = Demo::Diagram { program: "async-io" };
const PROCESSES_DIAGRAM: Demo = Demo::Diagram { program: "multiproc-cpu" };
const REFUSED: Demo = Demo::DocTests { package: "threads-io", file: "src/refused.rs" };

const fn example(package: &'static str, name: &'static str) -> Demo {
    Demo::Example { package, name }
}

// A claim that holds if its demonstrations hold.
const fn by_demos(id: &'static str, claim: &'static str, demos: &'static [Demo]) -> Claim {
    Claim { id, claim, opinion: false, figures: &[], demos, rule: Facts::all_hold }
}

// Whether a program did all items with so many workers, by its first demonstration.
fn complete(of: &Facts, items: f64, workers: f64) -> Result<ClaimVerdict, String> {
    let done = of.demo(0, "items")? == items && of.demo(0, "items_failed")? == 0.0;
    Ok(holds_if(done && of.demo(0, "workers")? == workers))
}

/// All claims.
pub const CLAIMS: [Claim; 33] = [
    Claim {
        id: "C01",
        claim: "downloads get faster if their waits overlap",
        opinion: false,
        figures: &[P(THREADS, Speedup), P(TASKS, Speedup)],
        demos: &[],
        rule: |of| Ok(all([of.gains(0)?, of.gains(1)?])),
    },
    Claim {
        id: "C02",
        claim: "sums get faster if several are computed at the same time",
        opinion: false,
        figures: &[P(PROCESSES, Speedup), P(PROCESSES, CpusUsed)],
        demos: &[],
        rule: |of| of.gains(0),
    },
    Claim {
        id: "C03",
        claim: "what is good for one kind of work can be bad for the other",
        opinion: false,
        // For each option its speedup of the downloads and of the sums.
        figures: &[
            P(THREADS, Speedup),
            Source::Demo(CPU_THREADS, "speedup"),
            P(TASKS, Speedup),
            Source::Demo(CPU_TASKS, "speedup"),
            Source::Demo(IO_BOUND, "speedup"),
            P(PROCESSES, Speedup),
        ],
        demos: &[CPU_THREADS, CPU_TASKS, IO_BOUND],
        // The best for one kind of work gains nothing for the other, or less than half of the best.
        rule: |of| {
            let values =
                (0..6).map(|position| of.value(position)).collect::<Result<Vec<_>, _>>()?;
            let bad_elsewhere = |here: usize| {
                let there = 1 - here;
                let options = [0, 2, 4];
                let best = options
                    .into_iter()
                    .max_by(|&a, &b| values[a + here].total_cmp(&values[b + here]));
                let best_there =
                    options.map(|option| values[option + there]).into_iter().fold(0.0, f64::max);
                best.is_some_and(|best| {
                    values[best + there] < FASTER || values[best + there] < best_there / 2.0
                })
            };
            Ok(holds_if(bad_elsewhere(0) || bad_elsewhere(1)))
        },
    },
    Claim {
        id: "C04",
        claim: "under CPython's GIL, threads that compute do not run at the same time",
        opinion: false,
        figures: &[
            Source::Demo(GIL, "cpu_bound_speedup"),
            Source::Demo(CPU_THREADS, "speedup"),
            P(PYTHON_CPU_THREADS, Speedup),
        ],
        demos: &[GIL, CPU_THREADS],
        rule: |of| {
            let (rust, python) = (of.gains(1)?, of.gains(2)?);
            if of.gil == Some(false) {
                return Err("this interpreter has no GIL".into());
            }
            Ok(match (python, rust) {
                (DoesNotHold, Holds) => HoldsForCPython,
                (DoesNotHold, _) => Holds,
                (Holds, _) => DoesNotHold,
                (undecided, _) => undecided,
            })
        },
    },
    Claim {
        id: "C05",
        claim: "under the GIL, threads that wait do run at the same time",
        opinion: false,
        figures: &[Source::Demo(GIL, "io_bound_speedup"), P(PYTHON_THREADS, Speedup)],
        demos: &[GIL],
        // The example is enough for a verdict; CPython, if it was run, must agree.
        rule: |of| {
            let lock = holds_if(of.value(0)? >= of.demo(0, "threads")? / 2.0);
            Ok(all([lock, of.at_least(1, VERY_FAST).unwrap_or(Holds)]))
        },
    },
    by_demos(
        "C06",
        "threads are light, processes are heavy",
        &[SCALE_THREADS, SCALE_TASKS, SCALE_PROCESSES],
    ),
    by_demos(
        "C07",
        "threads and tasks take turns in different ways",
        &[PREEMPTION, COOPERATIVE_SWITCH],
    ),
    by_demos(
        "C08",
        "pre-emptive: the OS gives each thread its slices, and the thread has no say",
        &[PREEMPTION],
    ),
    by_demos("C09", "a switch can fall inside x = x + 1", &[RACE_CONDITION]),
    Claim { opinion: true, ..by_demos("C10", "that is usually no issue", &[REFUSED]) },
    by_demos("C11", "cooperative: a task is switched only at an .await", &[COOPERATIVE_SWITCH]),
    Claim {
        id: "C12",
        claim: "the table of options: scheduling, and how many CPUs",
        opinion: false,
        figures: &[
            P(THREADS, Threads),
            P(THREADS, Processes),
            P(THREADS, CpusUsed),
            P(TASKS, Threads),
            P(TASKS, Processes),
            P(TASKS, CpusUsed),
            P(PROCESSES, Processes),
            P(PROCESSES, CpusUsed),
        ],
        demos: &[],
        rule: |of| {
            let threads = of.value(0)? > 1.0 && of.value(1)? == 1.0 && of.value(2)? <= 1.0;
            let tasks = of.value(3)? == 1.0 && of.value(4)? == 1.0 && of.value(5)? <= 1.0;
            let processes = of.value(6)? > 1.0 && of.value(7)? > 1.0;
            Ok(holds_if(threads && tasks && processes))
        },
    },
    Claim {
        id: "C13",
        claim: "threads for downloads: very fast, concurrent",
        opinion: false,
        figures: &[P(THREADS, Speedup), P(THREADS, Threads)],
        demos: &[],
        rule: |of| Ok(all([of.at_least(0, VERY_FAST)?, holds_if(of.value(1)? > 1.0)])),
    },
    Claim {
        id: "C14",
        claim: "threads: the code can grow",
        opinion: false,
        figures: &[
            P(BASELINE_IO, LinesOfCode),
            P(THREADS, LinesOfCode),
            Source::LinesAdded("threads-io"),
        ],
        demos: &[],
        rule: |of| Ok(holds_if(of.value(1)? > of.value(0)?)),
    },
    by_demos("C15", "threads: race conditions", &[RACE_CONDITION]),
    by_demos("C16", "threads: deadlocks", &[DEADLOCK]),
    Claim {
        opinion: true,
        ..by_demos("C17", "threads: difficult to debug", &[RACE_CONDITION, DEADLOCK])
    },
    Claim {
        id: "C18",
        claim: "the program with threads: five workers, 160 downloads",
        opinion: false,
        figures: &[],
        demos: &[THREADS_DIAGRAM],
        rule: |of| complete(of, 160.0, 5.0),
    },
    by_demos("C19", "its execution diagram", &[THREADS_DIAGRAM]),
    Claim {
        id: "C20",
        claim: "tasks for downloads: very fast, concurrent, on one thread",
        opinion: false,
        figures: &[P(TASKS, Speedup), P(TASKS, Threads), P(TASKS, Memory)],
        demos: &[],
        rule: |of| Ok(all([of.at_least(0, VERY_FAST)?, holds_if(of.value(1)? == 1.0)])),
    },
    Claim {
        id: "C21",
        claim: "hundreds of tasks scale better than hundreds of threads",
        opinion: false,
        figures: &[],
        demos: &[SCALE_TASKS, SCALE_THREADS],
        rule: |of| {
            let each = |name: &str| Ok::<_, String>((of.demo(0, name)?, of.demo(1, name)?));
            let (tasks, threads) = each("reached")?;
            let (task_start, thread_start) = each("start_microseconds_each")?;
            // Memory is known on Linux only.
            let smaller = each("resident_bytes_each").map_or(true, |(task, thread)| task < thread);
            Ok(holds_if(tasks > threads && task_start < thread_start && smaller))
        },
    },
    by_demos("C22", "tasks: need functions made for async", &[BLOCKING_CALL]),
    by_demos("C23", "one task can ruin it for the others", &[GREEDY_TASK]),
    Claim {
        id: "C24",
        claim: "the program with tasks: a task for each site, all gathered",
        opinion: false,
        figures: &[],
        demos: &[TASKS_DIAGRAM],
        rule: |of| complete(of, 160.0, 160.0),
    },
    by_demos("C25", "its execution diagram", &[TASKS_DIAGRAM]),
    Claim {
        id: "C26",
        claim: "processes: parallel, on many cores",
        opinion: false,
        figures: &[P(PROCESSES, Processes), P(PROCESSES, CpusUsed), Source::Cpus],
        demos: &[],
        rule: |of| Ok(holds_if(of.value(0)? > 1.0 && of.value(1)? >= FASTER)),
    },
    Claim {
        id: "C27",
        claim: "processes: intuitive, close to the sequential code",
        opinion: true,
        figures: &[
            Source::LinesAdded("multiproc-cpu"),
            Source::LinesAdded("threads-io"),
            Source::LinesAdded("async-io"),
            P(PROCESSES, LinesOfCode),
        ],
        demos: &[],
        rule: |of| Ok(holds_if(of.value(0)? < of.value(1)?.min(of.value(2)?))),
    },
    Claim {
        id: "C28",
        claim: "processes: fast for computing",
        opinion: false,
        figures: &[P(PROCESSES, Speedup)],
        demos: &[],
        rule: |of| of.gains(0),
    },
    by_demos("C29", "processes: some strange parts", &[SEPARATE_MEMORY]),
    by_demos("C30", "processes: slow for downloads, for what they cost", &[IO_BOUND]),
    Claim {
        id: "C31",
        claim: "the program with processes: a worker for each core, 20 sums",
        opinion: false,
        figures: &[Source::Cpus],
        demos: &[PROCESSES_DIAGRAM],
        rule: |of| complete(of, 20.0, of.value(0)?.min(20.0)),
    },
    by_demos("C32", "its execution diagram", &[PROCESSES_DIAGRAM]),
    Claim {
        id: "C33",
        claim: "the article's own times (Python, real sites, another machine), within a factor of two",
        opinion: false,
        figures: &[
            P(THREADS, Time),
            P(THREADS, ArticleTime),
            P(TASKS, Time),
            P(TASKS, ArticleTime),
            P(PROCESSES, Time),
            P(PROCESSES, ArticleTime),
        ],
        demos: &[],
        rule: |of| {
            let mut all = true;
            for option in [0, 2, 4] {
                let (here, article) = (of.value(option)?, of.value(option + 1)?);
                all &= here <= ALIKE * article && article <= ALIKE * here;
            }
            Ok(holds_if(all))
        },
    },
];
