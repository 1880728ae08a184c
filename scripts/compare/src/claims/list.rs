//! The ledger as data: a row a claim. Adding a claim is adding a row.
//!
//! A row names the figures that the claim needs and where each is from, which also says what is
//! run for it; the phrase in which they are shown; and the rule that makes a verdict of them. What
//! an example is about is judged by the example's own rule ([`as_shown`]).

use crate::ledger::Verdict::{self, DoesNotHoldHere, Holds, HoldsForCPython};
use crate::ledger::demonstrations::Demonstration;
use crate::ledger::figures::{Figure, Figures, Source};

/// A row.
#[derive(Debug)]
pub struct Claim {
    /// The claim's id, which never changes.
    pub id: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// Whether it is an opinion. Then the rule is about the facts that it rests on.
    pub opinion: bool,
    /// What it needs.
    pub figures: &'static [Figure],
    /// The figures in a phrase, each by its name in braces.
    pub measured: &'static str,
    /// The verdict.
    pub rule: fn(&Figures) -> Found,
}

/// A verdict, or why there is none.
pub type Found = Result<Verdict, String>;

/// Anything computed on two cores is at least so much faster than on one, also where other
/// programs take one of the two half of the time.
const FASTER: f64 = 1.25;
/// Half of what the five threads of the notes can gain for downloads.
const VERY_FAST: f64 = 2.5;
/// Two timings are alike when the longer one is at most so many times the shorter one.
const ALIKE: f64 = 2.0;

const BASELINE_IO: Source = Source::Program("sequential-baseline io");
const BASELINE_CPU: Source = Source::Program("sequential-baseline cpu");
const THREADS: Source = Source::Program("threads-io");
const TASKS: Source = Source::Program("async-io");
const PROCESSES: Source = Source::Program("multiproc-cpu");

const PYTHON_THREADS: Source = Source::Python("threads_io.py");
const PYTHON_CPU_THREADS: Source = Source::Python("cpu_threads.py");

const RACE_CONDITION: Source = example("threads-io", "race_condition");
const DEADLOCK: Source = example("threads-io", "deadlock");
const PREEMPTION: Source = example("threads-io", "preemption");
const GIL: Source = example("threads-io", "gil");
const CPU_THREADS: Source = example("threads-io", "cpu_threads");
const SCALE_THREADS: Source = example("threads-io", "scale_threads");
const COOPERATIVE_SWITCH: Source = example("async-io", "cooperative_switch");
const BLOCKING_CALL: Source = example("async-io", "blocking_call");
const GREEDY_TASK: Source = example("async-io", "greedy_task");
const CPU_TASKS: Source = example("async-io", "cpu_tasks");
const SCALE_TASKS: Source = example("async-io", "scale_tasks");
const SEPARATE_MEMORY: Source = example("multiproc-cpu", "separate_memory");
// With the latencies of the comparison, so that its figures can stand beside those.
const IO_BOUND: Source = Source::Shown(Demonstration::Example {
    package: "multiproc-cpu",
    name: "io_bound",
    flags: &["--own-latency"],
});
const SCALE_PROCESSES: Source = example("multiproc-cpu", "scale_processes");

const THREADS_DIAGRAM: Source = Source::Shown(Demonstration::Diagram { program: "threads-io" });
const TASKS_DIAGRAM: Source = Source::Shown(Demonstration::Diagram { program: "async-io" });
const PROCESSES_DIAGRAM: Source =
    Source::Shown(Demonstration::Diagram { program: "multiproc-cpu" });
const REFUSED: Source =
    Source::Shown(Demonstration::DocTests { package: "threads-io", file: "src/refused.rs" });

const fn example(package: &'static str, name: &'static str) -> Source {
    Source::Shown(Demonstration::Example { package, name, flags: &[] })
}

// `name` is the figure's name in the ledger, `key` its name at the source.
const fn figure(source: Source, key: &'static str, name: &'static str) -> Figure {
    Figure { name, source, key }
}

fn holds_if(holds: bool) -> Found {
    Ok(if holds { Holds } else { DoesNotHoldHere })
}

// What the rules of the examples and the diagrams say that the claim has figures from.
fn as_shown(figures: &Figures) -> Found {
    holds_if(figures.all_shown()?)
}

// Whether `longer` and `shorter` are alike, whichever is longer.
fn alike(one: f64, other: f64) -> bool {
    one <= ALIKE * other && other <= ALIKE * one
}

/// The ledger.
pub const CLAIMS: [Claim; 33] = [
    Claim {
        id: "C01",
        claim: "downloads get faster when their waiting overlaps",
        opinion: false,
        figures: &[
            figure(BASELINE_IO, "wall_seconds", "baseline_wall_seconds"),
            figure(THREADS, "times_faster", "threads_times_faster"),
            figure(TASKS, "times_faster", "tasks_times_faster"),
        ],
        measured: "one after another {baseline_wall_seconds}; threads {threads_times_faster} \
                   times faster, tasks {tasks_times_faster} times",
        rule: |of| {
            let slowest = of.number("threads_times_faster")?.min(of.number("tasks_times_faster")?);
            holds_if(slowest >= FASTER)
        },
    },
    Claim {
        id: "C02",
        claim: "sums get faster when more of them are computed in the same time",
        opinion: false,
        figures: &[
            figure(BASELINE_CPU, "wall_seconds", "baseline_wall_seconds"),
            figure(PROCESSES, "times_faster", "processes_times_faster"),
            figure(PROCESSES, "cpus_used", "processes_cpus_used"),
        ],
        measured: "one after another {baseline_wall_seconds}; processes {processes_times_faster} \
                   times faster on {processes_cpus_used} CPUs",
        rule: |of| holds_if(of.number("processes_times_faster")? >= FASTER),
    },
    Claim {
        id: "C03",
        claim: "what is good for one kind of work can be bad for the other",
        opinion: false,
        figures: &[
            figure(THREADS, "times_faster", "threads_io_times_faster"),
            figure(TASKS, "times_faster", "tasks_io_times_faster"),
            figure(IO_BOUND, "speedup", "processes_io_times_faster"),
            figure(CPU_THREADS, "speedup", "threads_cpu_times_faster"),
            figure(CPU_TASKS, "speedup", "tasks_cpu_times_faster"),
            figure(PROCESSES, "times_faster", "processes_cpu_times_faster"),
        ],
        measured: "times faster, downloads and sums: threads {threads_io_times_faster} and \
                   {threads_cpu_times_faster}, tasks {tasks_io_times_faster} and \
                   {tasks_cpu_times_faster}, processes {processes_io_times_faster} and \
                   {processes_cpu_times_faster}",
        // The best for one kind of work gains nothing, or less than half of the best, for the other.
        rule: |of| {
            let options = ["threads", "tasks", "processes"];
            let column = |workload| -> Result<Vec<f64>, String> {
                let name = |option| format!("{option}_{workload}_times_faster");
                options.iter().map(|option| of.number(&name(option))).collect()
            };
            let bad_elsewhere = |here: &[f64], there: &[f64]| {
                let best = (0..options.len()).max_by(|&a, &b| here[a].total_cmp(&here[b]));
                let best_there = there.iter().copied().fold(0.0, f64::max);
                best.is_some_and(|best| there[best] < FASTER || there[best] < best_there / 2.0)
            };
            let (io, cpu) = (column("io")?, column("cpu")?);
            holds_if(bad_elsewhere(&io, &cpu) || bad_elsewhere(&cpu, &io))
        },
    },
    Claim {
        id: "C04",
        claim: "under CPython's GIL, threads that compute do not run at once",
        opinion: false,
        figures: &[
            figure(GIL, "cpu_bound_speedup", "gil_cpu_bound_speedup"),
            figure(GIL, "cpus_used", "gil_cpus_used"),
            figure(CPU_THREADS, "speedup", "cpu_threads_speedup"),
            figure(PYTHON_CPU_THREADS, "times_faster", "python_cpu_threads_speedup"),
            figure(PYTHON_CPU_THREADS, "gil", "python_gil"),
        ],
        measured: "threads over one: {gil_cpu_bound_speedup} times faster under a lock that plays \
                   the GIL, {cpu_threads_speedup} times in Rust, {python_cpu_threads_speedup} in \
                   CPython, whose GIL is {python_gil}",
        rule: |of| {
            let python_gains = of.number("python_cpu_threads_speedup")? >= FASTER;
            let rust_gains = of.number("cpu_threads_speedup")? >= FASTER;
            Ok(match (python_gains, rust_gains) {
                (true, _) => DoesNotHoldHere,
                (false, true) => HoldsForCPython,
                (false, false) => Holds,
            })
        },
    },
    Claim {
        id: "C05",
        claim: "under the GIL, threads that wait do run at once",
        opinion: false,
        figures: &[
            figure(GIL, "threads", "threads"),
            figure(GIL, "io_bound_speedup", "gil_io_bound_speedup"),
            figure(THREADS, "times_faster", "threads_times_faster"),
            figure(PYTHON_THREADS, "times_faster", "python_threads_times_faster"),
        ],
        measured: "{threads} threads that wait, under a lock that plays the GIL: \
                   {gil_io_bound_speedup} times faster than one; downloads by five threads: \
                   {threads_times_faster} times in Rust, {python_threads_times_faster} in CPython",
        // The lock is enough for a verdict; CPython, where it was run, is not to say otherwise.
        rule: |of| {
            let lock = of.number("gil_io_bound_speedup")? >= of.number("threads")? / 2.0;
            let python = of.number("python_threads_times_faster");
            holds_if(lock && python.map_or(true, |faster| faster >= VERY_FAST))
        },
    },
    Claim {
        id: "C06",
        claim: "threads are light, processes are heavy",
        opinion: false,
        figures: &[
            figure(SCALE_THREADS, "start_microseconds_each", "thread_start_microseconds"),
            figure(SCALE_THREADS, "resident_bytes_each", "thread_resident_bytes"),
            figure(SCALE_TASKS, "start_microseconds_each", "task_start_microseconds"),
            figure(SCALE_TASKS, "resident_bytes_each", "task_resident_bytes"),
            figure(SCALE_PROCESSES, "start_microseconds_each", "process_start_microseconds"),
            figure(SCALE_PROCESSES, "resident_bytes_each", "process_resident_bytes"),
        ],
        measured: "to start one, and its memory: thread {thread_start_microseconds}, \
                   {thread_resident_bytes}; task {task_start_microseconds}, \
                   {task_resident_bytes}; process {process_start_microseconds}, \
                   {process_resident_bytes}",
        rule: as_shown,
    },
    Claim {
        id: "C07",
        claim: "threads and tasks take turns in different ways",
        opinion: false,
        figures: &[
            figure(PREEMPTION, "slices_of_the_thread_with_fewest", "slices_without_yielding"),
            figure(COOPERATIVE_SWITCH, "turns_without_await", "turns_without_await"),
            figure(COOPERATIVE_SWITCH, "turns_with_await_after", "turns_with_await"),
        ],
        measured: "a thread that never yields had at least {slices_without_yielding} slices; two \
                   tasks had {turns_without_await} turns without .await, {turns_with_await} with",
        rule: as_shown,
    },
    Claim {
        id: "C08",
        claim: "pre-emptive: the system gives each thread its slices, and the thread has no say",
        opinion: false,
        figures: &[
            figure(PREEMPTION, "cores", "cores"),
            figure(PREEMPTION, "threads", "threads"),
            figure(PREEMPTION, "slices_of_the_thread_with_fewest", "fewest_slices"),
            figure(PREEMPTION, "median_slice_milliseconds", "median_slice_milliseconds"),
            figure(PREEMPTION, "involuntary_switches_a_thread", "involuntary_switches_a_thread"),
        ],
        measured: "{threads} busy threads on {cores} cores: each had at least {fewest_slices} \
                   slices, half of them longer than {median_slice_milliseconds}; \
                   {involuntary_switches_a_thread} involuntary switches a thread",
        rule: as_shown,
    },
    Claim {
        id: "C09",
        claim: "a switch can fall inside x = x + 1",
        opinion: false,
        figures: &[
            figure(RACE_CONDITION, "updates", "updates"),
            figure(RACE_CONDITION, "updates_lost_by_load_store", "updates_lost"),
            figure(RACE_CONDITION, "share_lost_by_load_store", "share_lost"),
        ],
        measured: "{updates_lost} of {updates} updates lost ({share_lost})",
        rule: as_shown,
    },
    Claim {
        id: "C10",
        claim: "that is usually no issue",
        opinion: true,
        figures: &[
            figure(REFUSED, "doc_tests", "forms_tried"),
            figure(REFUSED, "forms_refused", "forms_refused"),
            figure(REFUSED, "forms_accepted", "forms_accepted"),
        ],
        measured: "of {forms_tried} ways to share x, Rust refuses the {forms_refused} that could \
                   lose an update and accepts {forms_accepted} that cannot",
        rule: |of| {
            let refused = of.number("forms_refused")? > 0.0;
            holds_if(of.all_shown()? && refused)
        },
    },
    Claim {
        id: "C11",
        claim: "cooperative: a task is switched only where it says so",
        opinion: false,
        figures: &[
            figure(COOPERATIVE_SWITCH, "updates", "updates"),
            figure(COOPERATIVE_SWITCH, "updates_lost_without_await", "updates_lost_without_await"),
            figure(
                COOPERATIVE_SWITCH,
                "updates_lost_with_await_inside",
                "updates_lost_with_await_inside",
            ),
            figure(COOPERATIVE_SWITCH, "runs", "runs"),
            figure(COOPERATIVE_SWITCH, "runs_with_the_same_figures", "runs_alike"),
        ],
        measured: "of {updates} updates {updates_lost_without_await} lost without .await, \
                   {updates_lost_with_await_inside} with one inside; {runs_alike} of {runs} runs \
                   alike",
        rule: as_shown,
    },
    Claim {
        id: "C12",
        claim: "the table of options: who decides the switch, how many processors",
        opinion: false,
        figures: &[
            figure(THREADS, "threads", "threads_threads"),
            figure(THREADS, "processes", "threads_processes"),
            figure(THREADS, "cpus_used", "threads_cpus_used"),
            figure(THREADS, "voluntary_switches", "threads_voluntary_switches"),
            figure(TASKS, "threads", "tasks_threads"),
            figure(TASKS, "processes", "tasks_processes"),
            figure(TASKS, "cpus_used", "tasks_cpus_used"),
            figure(TASKS, "voluntary_switches", "tasks_voluntary_switches"),
            figure(PROCESSES, "processes", "processes_processes"),
            figure(PROCESSES, "cpus_used", "processes_cpus_used"),
            figure(PROCESSES, "involuntary_switches", "processes_involuntary_switches"),
        ],
        measured: "threads-io: {threads_threads} threads, {threads_processes} process, \
                   {threads_cpus_used} CPUs, {threads_voluntary_switches} voluntary switches; \
                   async-io: {tasks_threads} thread, {tasks_processes} process, \
                   {tasks_cpus_used} CPUs, {tasks_voluntary_switches} voluntary switches; \
                   multiproc-cpu: {processes_processes} processes, {processes_cpus_used} CPUs, \
                   {processes_involuntary_switches} involuntary switches",
        rule: |of| {
            let threads = of.number("threads_threads")? > 1.0
                && of.number("threads_processes")? == 1.0
                && of.number("threads_cpus_used")? <= 1.0;
            let tasks = of.number("tasks_threads")? == 1.0
                && of.number("tasks_processes")? == 1.0
                && of.number("tasks_cpus_used")? <= 1.0;
            let processes =
                of.number("processes_processes")? > 1.0 && of.number("processes_cpus_used")? > 1.0;
            holds_if(threads && tasks && processes)
        },
    },
    Claim {
        id: "C13",
        claim: "threads for downloads: very fast, concurrent",
        opinion: false,
        figures: &[
            figure(THREADS, "wall_seconds", "wall_seconds"),
            figure(THREADS, "times_faster", "times_faster"),
            figure(THREADS, "threads", "threads"),
        ],
        measured: "{wall_seconds}, {times_faster} times faster than the baseline, with {threads} \
                   threads",
        rule: |of| {
            let fast = of.number("times_faster")? >= VERY_FAST;
            holds_if(fast && of.number("threads")? > 1.0)
        },
    },
    Claim {
        id: "C14",
        claim: "threads: the code can grow",
        opinion: false,
        figures: &[
            figure(BASELINE_IO, "lines_of_code", "baseline_lines_of_code"),
            figure(THREADS, "lines_of_code", "threads_lines_of_code"),
            figure(Source::Difference("threads-io"), "lines_removed", "lines_removed"),
            figure(Source::Difference("threads-io"), "lines_added", "lines_added"),
        ],
        measured: "{threads_lines_of_code} lines of code; the baseline has \
                   {baseline_lines_of_code}, and does the sums as well; main.rs: {lines_added} \
                   lines added, {lines_removed} removed",
        rule: |of| {
            holds_if(of.number("threads_lines_of_code")? > of.number("baseline_lines_of_code")?)
        },
    },
    Claim {
        id: "C15",
        claim: "threads: race conditions",
        opinion: false,
        figures: &[
            figure(RACE_CONDITION, "share_lost_by_load_store", "share_lost"),
            figure(RACE_CONDITION, "updates_lost_by_fetch_add", "updates_lost_by_fetch_add"),
            figure(RACE_CONDITION, "updates_lost_by_mutex", "updates_lost_by_mutex"),
            figure(
                RACE_CONDITION,
                "nanoseconds_an_update_load_store",
                "nanoseconds_an_update_load_store",
            ),
            figure(
                RACE_CONDITION,
                "nanoseconds_an_update_fetch_add",
                "nanoseconds_an_update_fetch_add",
            ),
            figure(RACE_CONDITION, "nanoseconds_an_update_mutex", "nanoseconds_an_update_mutex"),
        ],
        measured: "lost, and time an update: read, then write {share_lost}, \
                   {nanoseconds_an_update_load_store}; fetch_add {updates_lost_by_fetch_add}, \
                   {nanoseconds_an_update_fetch_add}; mutex {updates_lost_by_mutex}, \
                   {nanoseconds_an_update_mutex}",
        rule: as_shown,
    },
    Claim {
        id: "C16",
        claim: "threads: deadlocks",
        opinion: false,
        figures: &[
            figure(DEADLOCK, "threads_locked_up", "threads_locked_up"),
            figure(DEADLOCK, "rounds", "rounds"),
            figure(DEADLOCK, "rounds_done_in_opposite_orders", "rounds_done_in_opposite_orders"),
            figure(DEADLOCK, "rounds_done_in_one_order", "rounds_done_in_one_order"),
        ],
        measured: "two locks in opposite orders: {threads_locked_up} threads locked up after \
                   {rounds_done_in_opposite_orders} of {rounds} rounds; in one order \
                   {rounds_done_in_one_order} rounds ended",
        rule: as_shown,
    },
    Claim {
        id: "C17",
        claim: "threads: difficult to debug",
        opinion: true,
        figures: &[
            figure(RACE_CONDITION, "updates_lost_by_load_store", "updates_lost"),
            figure(DEADLOCK, "threads_locked_up", "threads_locked_up"),
            figure(DEADLOCK, "rounds_done_in_opposite_orders", "rounds_before_the_deadlock"),
        ],
        measured: "this time {updates_lost} updates lost, and {threads_locked_up} threads locked \
                   up after {rounds_before_the_deadlock} rounds: run them again and compare",
        rule: as_shown,
    },
    Claim {
        id: "C18",
        claim: "the program with threads: five workers, 160 downloads",
        opinion: false,
        figures: &[
            figure(THREADS_DIAGRAM, "items", "downloads"),
            figure(THREADS_DIAGRAM, "items_failed", "downloads_failed"),
            figure(THREADS_DIAGRAM, "workers_seen", "threads"),
        ],
        measured: "{downloads} downloads by {threads} threads, {downloads_failed} failed",
        rule: |of| {
            let well = of.number("downloads")? == 160.0 && of.number("downloads_failed")? == 0.0;
            holds_if(well && of.number("threads")? == 5.0)
        },
    },
    Claim {
        id: "C19",
        claim: "its execution diagram",
        opinion: false,
        figures: &[
            figure(THREADS_DIAGRAM, "items", "downloads"),
            figure(THREADS_DIAGRAM, "blocks", "blocks"),
        ],
        measured: "drawn from a real run: {blocks} blocks for {downloads} downloads",
        rule: as_shown,
    },
    Claim {
        id: "C20",
        claim: "tasks for downloads: very fast, concurrent, on one thread",
        opinion: false,
        figures: &[
            figure(TASKS, "wall_seconds", "wall_seconds"),
            figure(TASKS, "times_faster", "times_faster"),
            figure(TASKS, "threads", "threads"),
            figure(TASKS, "peak_memory_bytes", "peak_memory_bytes"),
        ],
        measured: "{wall_seconds}, {times_faster} times faster than the baseline, with {threads} \
                   thread and {peak_memory_bytes}",
        rule: |of| {
            let fast = of.number("times_faster")? >= VERY_FAST;
            holds_if(fast && of.number("threads")? == 1.0)
        },
    },
    Claim {
        id: "C21",
        claim: "hundreds of tasks scale better than hundreds of threads",
        opinion: false,
        figures: &[
            figure(SCALE_TASKS, "reached", "tasks"),
            figure(SCALE_TASKS, "resident_bytes_each", "task_resident_bytes"),
            figure(SCALE_TASKS, "start_microseconds_each", "task_start_microseconds"),
            figure(SCALE_THREADS, "reached", "threads"),
            figure(SCALE_THREADS, "resident_bytes_each", "thread_resident_bytes"),
            figure(SCALE_THREADS, "start_microseconds_each", "thread_start_microseconds"),
        ],
        measured: "{tasks} tasks at once, {task_resident_bytes} and {task_start_microseconds} \
                   each; {threads} threads, {thread_resident_bytes} and \
                   {thread_start_microseconds} each",
        rule: |of| {
            let more = of.number("tasks")? > of.number("threads")?;
            let sooner =
                of.number("task_start_microseconds")? < of.number("thread_start_microseconds")?;
            // Memory is known on Linux only.
            let smaller =
                match (of.number("task_resident_bytes"), of.number("thread_resident_bytes")) {
                    (Ok(task), Ok(thread)) => task < thread,
                    _ => true,
                };
            holds_if(more && sooner && smaller)
        },
    },
    Claim {
        id: "C22",
        claim: "tasks: need functions made for async",
        opinion: false,
        figures: &[
            figure(BLOCKING_CALL, "wall_seconds_sequential", "wall_seconds_sequential"),
            figure(
                BLOCKING_CALL,
                "wall_seconds_blocking_in_tasks",
                "wall_seconds_blocking_in_tasks",
            ),
            figure(BLOCKING_CALL, "wall_seconds_spawn_blocking", "wall_seconds_spawn_blocking"),
            figure(BLOCKING_CALL, "wall_seconds_async_client", "wall_seconds_async_client"),
        ],
        measured: "one after another {wall_seconds_sequential}; in tasks, with a client that \
                   blocks {wall_seconds_blocking_in_tasks}, with spawn_blocking \
                   {wall_seconds_spawn_blocking}, with a client made for async \
                   {wall_seconds_async_client}",
        rule: as_shown,
    },
    Claim {
        id: "C23",
        claim: "one task can ruin it for the others",
        opinion: false,
        figures: &[
            figure(GREEDY_TASK, "beat_milliseconds", "beat_milliseconds"),
            figure(
                GREEDY_TASK,
                "longest_gap_greedy_milliseconds",
                "longest_gap_greedy_milliseconds",
            ),
            figure(
                GREEDY_TASK,
                "longest_gap_yield_now_milliseconds",
                "longest_gap_yield_now_milliseconds",
            ),
            figure(
                GREEDY_TASK,
                "longest_gap_spawn_blocking_milliseconds",
                "longest_gap_spawn_blocking_milliseconds",
            ),
        ],
        measured: "a heartbeat of {beat_milliseconds} stopped for \
                   {longest_gap_greedy_milliseconds} beside a greedy task; with yield_now for \
                   {longest_gap_yield_now_milliseconds}, with spawn_blocking for \
                   {longest_gap_spawn_blocking_milliseconds}",
        rule: as_shown,
    },
    Claim {
        id: "C24",
        claim: "the program with tasks: a task for each site, all gathered",
        opinion: false,
        figures: &[
            figure(TASKS_DIAGRAM, "items", "downloads"),
            figure(TASKS_DIAGRAM, "items_failed", "downloads_failed"),
            figure(TASKS_DIAGRAM, "workers_seen", "tasks"),
        ],
        measured: "{downloads} downloads by {tasks} tasks, {downloads_failed} failed",
        rule: |of| {
            let well = of.number("downloads")? == 160.0 && of.number("downloads_failed")? == 0.0;
            holds_if(well && of.number("tasks")? == of.number("downloads")?)
        },
    },
    Claim {
        id: "C25",
        claim: "its execution diagram",
        opinion: false,
        figures: &[
            figure(TASKS_DIAGRAM, "items", "downloads"),
            figure(TASKS_DIAGRAM, "blocks", "blocks"),
        ],
        measured: "drawn from a real run: {blocks} blocks for {downloads} downloads",
        rule: as_shown,
    },
    Claim {
        id: "C26",
        claim: "processes: parallel, on many cores",
        opinion: false,
        figures: &[
            figure(PROCESSES, "processes", "processes"),
            figure(PROCESSES, "cpus_used", "cpus_used"),
            figure(Source::Machine, "processors", "processors"),
        ],
        measured: "{processes} processes used {cpus_used} of {processors} CPUs",
        rule: |of| holds_if(of.number("processes")? > 1.0 && of.number("cpus_used")? >= FASTER),
    },
    Claim {
        id: "C27",
        claim: "processes: intuitive, close to the sequential code",
        opinion: true,
        figures: &[
            figure(Source::Difference("multiproc-cpu"), "lines_added", "lines_added"),
            figure(Source::Difference("multiproc-cpu"), "lines_removed", "lines_removed"),
            figure(Source::Difference("threads-io"), "lines_added", "threads_lines_added"),
            figure(Source::Difference("async-io"), "lines_added", "tasks_lines_added"),
            figure(PROCESSES, "lines_of_code", "lines_of_code"),
        ],
        measured: "main.rs: {lines_added} lines added to the baseline's, {lines_removed} removed \
                   (threads: {threads_lines_added} added, tasks: {tasks_lines_added}); with its \
                   pool {lines_of_code} lines of code",
        rule: |of| {
            let others = of.number("threads_lines_added")?.min(of.number("tasks_lines_added")?);
            holds_if(of.number("lines_added")? < others)
        },
    },
    Claim {
        id: "C28",
        claim: "processes: fast for what computes",
        opinion: false,
        figures: &[
            figure(PROCESSES, "wall_seconds", "wall_seconds"),
            figure(PROCESSES, "times_faster", "times_faster"),
        ],
        measured: "{wall_seconds}, {times_faster} times faster than the baseline",
        rule: |of| holds_if(of.number("times_faster")? >= FASTER),
    },
    Claim {
        id: "C29",
        claim: "processes: some strange parts",
        opinion: false,
        figures: &[
            figure(SEPARATE_MEMORY, "written_by_the_child", "written_by_the_child"),
            figure(SEPARATE_MEMORY, "seen_in_a_variable", "seen_in_a_variable"),
            figure(SEPARATE_MEMORY, "seen_through_a_pipe", "seen_through_a_pipe"),
            figure(SEPARATE_MEMORY, "seen_in_shared_memory", "seen_in_shared_memory"),
        ],
        measured: "a child wrote {written_by_the_child}; its parent saw {seen_in_a_variable} in \
                   the variable, {seen_through_a_pipe} through a pipe, {seen_in_shared_memory} in \
                   shared memory",
        rule: as_shown,
    },
    Claim {
        id: "C30",
        claim: "processes: slow for downloads, for what they cost",
        opinion: false,
        figures: &[
            figure(IO_BOUND, "speedup", "processes_times_faster"),
            figure(IO_BOUND, "wall_seconds_processes", "processes_wall_seconds"),
            figure(IO_BOUND, "wall_seconds_threads", "threads_wall_seconds"),
            figure(IO_BOUND, "wall_seconds_tasks", "tasks_wall_seconds"),
            figure(IO_BOUND, "cpu_seconds_processes", "processes_cpu_seconds"),
            figure(IO_BOUND, "cpu_seconds_threads", "threads_cpu_seconds"),
            figure(IO_BOUND, "cpu_seconds_tasks", "tasks_cpu_seconds"),
        ],
        measured: "{processes_times_faster} times faster than the baseline; time and CPU time: \
                   processes {processes_wall_seconds}, {processes_cpu_seconds}; threads \
                   {threads_wall_seconds}, {threads_cpu_seconds}; tasks {tasks_wall_seconds}, \
                   {tasks_cpu_seconds}",
        rule: as_shown,
    },
    Claim {
        id: "C31",
        claim: "the program with processes: a worker for each core, 20 sums",
        opinion: false,
        figures: &[
            figure(PROCESSES_DIAGRAM, "items", "sums"),
            figure(PROCESSES_DIAGRAM, "items_failed", "sums_failed"),
            figure(PROCESSES_DIAGRAM, "workers", "workers"),
            figure(Source::Machine, "processors", "processors"),
        ],
        measured: "{sums} sums by {workers} processes on {processors} cores, {sums_failed} failed",
        rule: |of| {
            let well = of.number("sums")? == 20.0 && of.number("sums_failed")? == 0.0;
            let workers = of.number("processors")?.min(of.number("sums")?);
            holds_if(well && of.number("workers")? == workers)
        },
    },
    Claim {
        id: "C32",
        claim: "its execution diagram",
        opinion: false,
        figures: &[
            figure(PROCESSES_DIAGRAM, "items", "sums"),
            figure(PROCESSES_DIAGRAM, "blocks", "blocks"),
        ],
        measured: "drawn from a real run: {blocks} blocks for {sums} sums",
        rule: as_shown,
    },
    Claim {
        id: "C33",
        claim: "the notes' own timings, within a factor of two",
        opinion: false,
        figures: &[
            figure(THREADS, "wall_seconds", "threads_wall_seconds"),
            figure(THREADS, "notes_seconds", "threads_notes_seconds"),
            figure(TASKS, "wall_seconds", "tasks_wall_seconds"),
            figure(TASKS, "notes_seconds", "tasks_notes_seconds"),
            figure(PROCESSES, "wall_seconds", "processes_wall_seconds"),
            figure(PROCESSES, "notes_seconds", "processes_notes_seconds"),
        ],
        measured: "threads {threads_wall_seconds} (notes: {threads_notes_seconds}), tasks \
                   {tasks_wall_seconds} ({tasks_notes_seconds}), processes \
                   {processes_wall_seconds} ({processes_notes_seconds}); the notes' are of \
                   Python programs, real sites and another machine, so that nobody should expect \
                   the same here",
        rule: |of| {
            let mut all = true;
            for option in ["threads", "tasks", "processes"] {
                let here = of.number(&format!("{option}_wall_seconds"))?;
                all &= alike(here, of.number(&format!("{option}_notes_seconds"))?);
            }
            holds_if(all)
        },
    },
];
