//! The rows of the comparison. To add a program, add a row.

use crate::model::{Origin, Program, Strategy, Workload};

/// The Rust programs, the baseline of each workload first.
pub const RUST: [Program; 5] = [
    rust("sequential-baseline", Strategy::Sequential, Workload::Io, &["io"], None),
    rust("threads-io", Strategy::Threads, Workload::Io, &[], Some(3.7)),
    rust("async-io", Strategy::Tasks, Workload::Io, &[], Some(2.6)),
    rust("sequential-baseline", Strategy::Sequential, Workload::Cpu, &["cpu"], None),
    rust("multiproc-cpu", Strategy::Processes, Workload::Cpu, &[], Some(2.5)),
];

/// What one would use instead; `--peers` adds them.
pub const PEERS: [Program; 5] = [
    // Is async fast, or are 160 downloads at the same time?
    Program {
        origin: Origin::Peer,
        ..rust("threads-io", Strategy::Threads, Workload::Io, &["--workers", "160"], None)
    },
    // What does `#[tokio::main]` on all cores give?
    peer("io_many_cores", "examples/io_many_cores", Strategy::Tasks, Workload::Io),
    // Are processes slow for downloads?
    peer("io_processes", "examples/io_processes", Strategy::Processes, Workload::Io),
    // What is the least possible cost?
    peer("bare_epoll", "examples/bare_epoll", Strategy::Tasks, Workload::Io),
    // What should compute in Rust?
    peer("rayon_sums", "examples/rayon_sums", Strategy::Threads, Workload::Cpu),
];

/// The Python programs, the baseline of each workload first. The last three have no twin: they show the
/// GIL, on and off, and interpreters in one process.
pub const PYTHON: [Program; 8] = [
    twin("sequential_baseline.py", RUST[0]),
    twin("threads_io.py", RUST[1]),
    twin("async_io.py", RUST[2]),
    twin("sequential_baseline.py", RUST[3]),
    twin("multiproc_cpu.py", RUST[4]),
    sums_in_python("cpu_threads.py", "cpu_threads.py"),
    sums_in_python(WITH_GIL, "cpu_threads.py"),
    sums_in_python(INTERPRETERS, "interpreters_cpu.py"),
];

/// Threads for sums with the GIL on, for an interpreter that has it off by itself.
pub const WITH_GIL: &str = "cpu_threads.py (GIL on)";
/// Interpreters for sums, which need `InterpreterPoolExecutor`.
pub const INTERPRETERS: &str = "interpreters_cpu.py";

const fn rust(
    name: &'static str,
    strategy: Strategy,
    workload: Workload,
    arguments: &'static [&'static str],
    article_seconds: Option<f64>,
) -> Program {
    let (origin, strategy) = (Origin::Rust, Some(strategy));
    Program { name, file: name, origin, strategy, workload, arguments, article_seconds }
}

const fn peer(
    name: &'static str,
    file: &'static str,
    strategy: Strategy,
    workload: Workload,
) -> Program {
    Program { origin: Origin::Peer, file, ..rust(name, strategy, workload, &[], None) }
}

const fn twin(name: &'static str, twin: Program) -> Program {
    Program { name, file: name, origin: Origin::Python, ..twin }
}

const fn sums_in_python(name: &'static str, file: &'static str) -> Program {
    let threads = rust(name, Strategy::Threads, Workload::Cpu, &[], None);
    Program { origin: Origin::Python, file, ..threads }
}

/// All rows.
pub fn all() -> impl Iterator<Item = Program> {
    RUST.into_iter().chain(PEERS).chain(PYTHON)
}

/// The names of all programs, each once.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = all().map(|program| program.label()).collect();
    names.sort();
    names.dedup();
    names
}

/// The programs of `--scaling` in the order in which they are shown, and the most workers of each: more
/// processes do not start within the latency of a page.
pub const SCALING: [(Program, usize); 4] =
    [(RUST[1], usize::MAX), (RUST[2], usize::MAX), (PEERS[2], 1_000), (RUST[4], usize::MAX)];

/// The three options of the article, and the headings of their columns in its table.
pub const OPTIONS: [(Strategy, &str); 3] = [
    (Strategy::Threads, "threads"),
    (Strategy::Tasks, "tasks"),
    (Strategy::Processes, "processes"),
];
/// The rows of that table that need no measurement.
pub const OPTION_FACTS: [(&str, [&str; 3]); 4] = [
    (
        "scheduling",
        ["pre-emptive (by the OS)", "cooperative (at .await)", "parallel (a core each)"],
    ),
    ("package in Python", ["threading", "asyncio", "multiprocessing"]),
    ("crates here", ["std::thread, ureq", "tokio, reqwest", "nix: fork, pipe, waitpid"]),
    ("CPUs", ["1 in CPython (GIL)", "1", "many"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_workload_begins_with_its_baseline() {
        for workload in crate::model::WORKLOADS {
            for rows in [&RUST[..], &PYTHON] {
                let rows = rows.iter().filter(|program| program.workload == workload);
                let baselines: Vec<bool> = rows.map(Program::is_baseline).collect();
                assert!(baselines[0] && !baselines[1..].contains(&true));
            }
        }
    }

    #[test]
    fn no_two_rows_have_the_same_command() {
        let commands: Vec<String> = all().map(|program| program.command()).collect();
        let count = |command| commands.iter().filter(|other| *other == command).count();
        assert!(commands.iter().all(|command| count(command) == 1));
        assert_eq!(commands[0], "sequential-baseline io");
    }

    #[test]
    fn each_rust_row_has_one_twin() {
        for rust in RUST {
            let mut twins = all().filter(|program| rust.is_twin_of(program));
            let twin = twins.next().expect("a twin").command();
            assert_eq!(twin.replace('_', "-").replace(".py", ""), rust.command());
            assert!(twins.next().is_none());
        }
    }
}
