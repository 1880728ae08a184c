//! What is compared: one row a program. Adding a program to the comparison is adding a row.

use std::fmt;

use serde::Serialize;

/// The kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// I/O-bound: the downloads.
    Io,
    /// CPU-bound: the sums.
    Cpu,
}

impl Workload {
    /// Both, in the order in which they are compared.
    pub const ALL: [Self; 2] = [Self::Io, Self::Cpu];
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Io => "io",
            Self::Cpu => "cpu",
        })
    }
}

/// The option of concurrency that a program shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Concurrency {
    /// None: what the others are held against.
    Sequential,
    /// Threads.
    Threads,
    /// Asynchronous tasks.
    Tasks,
    /// Processes.
    Processes,
}

/// What a program is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// The programs that this project is about.
    Rust,
    /// Their twins, in `scripts/python`.
    Python,
}

/// A row of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Program {
    /// Its name, which is that of its file, and in Rust of its package.
    pub name: &'static str,
    /// What it is written in.
    pub language: Language,
    /// What it shows.
    pub option: Concurrency,
    /// What it works on.
    pub workload: Workload,
    /// The arguments that choose the workload, for a program that has more than one.
    pub arguments: &'static [&'static str],
    /// Whether its warm-up reads each site once only, or does a sum for each core, because a whole
    /// run takes long.
    pub short_warm_up: bool,
    /// What the notes give as the time of their Python program, in seconds.
    pub notes_seconds: Option<f64>,
}

/// All rows in Rust, the baseline of each workload first.
pub const PROGRAMS: [Program; 5] = [
    Program {
        name: "sequential-baseline",
        language: Language::Rust,
        option: Concurrency::Sequential,
        workload: Workload::Io,
        arguments: &["io"],
        short_warm_up: true,
        notes_seconds: None,
    },
    Program {
        name: "threads-io",
        language: Language::Rust,
        option: Concurrency::Threads,
        workload: Workload::Io,
        arguments: &[],
        short_warm_up: false,
        notes_seconds: Some(3.7),
    },
    Program {
        name: "async-io",
        language: Language::Rust,
        option: Concurrency::Tasks,
        workload: Workload::Io,
        arguments: &[],
        short_warm_up: false,
        notes_seconds: Some(2.6),
    },
    Program {
        name: "sequential-baseline",
        language: Language::Rust,
        option: Concurrency::Sequential,
        workload: Workload::Cpu,
        arguments: &["cpu"],
        short_warm_up: false,
        notes_seconds: None,
    },
    Program {
        name: "multiproc-cpu",
        language: Language::Rust,
        option: Concurrency::Processes,
        workload: Workload::Cpu,
        arguments: &[],
        short_warm_up: false,
        notes_seconds: Some(2.5),
    },
];

/// All rows in Python, the baseline of each workload first. The last one shows the GIL and has no twin.
pub const PYTHON: [Program; 6] = [
    Program { short_warm_up: true, ..in_python("sequential_baseline.py", PROGRAMS[0]) },
    in_python("threads_io.py", PROGRAMS[1]),
    in_python("async_io.py", PROGRAMS[2]),
    Program { short_warm_up: true, ..in_python("sequential_baseline.py", PROGRAMS[3]) },
    Program { short_warm_up: true, ..in_python("multiproc_cpu.py", PROGRAMS[4]) },
    Program {
        option: Concurrency::Threads,
        short_warm_up: true,
        notes_seconds: None,
        ..in_python("cpu_threads.py", PROGRAMS[4])
    },
];

const fn in_python(name: &'static str, twin: Program) -> Program {
    Program { name, language: Language::Python, ..twin }
}

impl Program {
    /// The command as a reader types it: the program and what chooses its workload.
    pub fn command(&self) -> String {
        [&[self.name], self.arguments].concat().join(" ")
    }

    /// Whether `other` is the same in the other language.
    pub fn is_twin_of(&self, other: &Self) -> bool {
        let same = self.option == other.option && self.workload == other.workload;
        same && self.language != other.language
    }
}

/// The names of all programs, each once.
pub fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for program in PROGRAMS.into_iter().chain(PYTHON) {
        if !names.contains(&program.name) {
            names.push(program.name);
        }
    }
    names
}

/// What the notes' table says of an option, in this project's words, and what is used here.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The option.
    pub option: Concurrency,
    /// What a column for it is headed.
    pub title: &'static str,
    /// The type of multitasking.
    pub multitasking: &'static str,
    /// The package in Python.
    pub python_package: &'static str,
    /// What stands in its place here.
    pub rust_crate: &'static str,
    /// Who decides when to switch.
    pub switched_by: &'static str,
    /// On how many processors it runs.
    pub processors: &'static str,
}

/// The three options of the notes.
pub const KINDS: [Kind; 3] = [
    Kind {
        option: Concurrency::Threads,
        title: "threads",
        multitasking: "pre-emptive",
        python_package: "threading",
        rust_crate: "std::thread, ureq",
        switched_by: "the system, at any time",
        processors: "1 in CPython (its GIL)",
    },
    Kind {
        option: Concurrency::Tasks,
        title: "tasks",
        multitasking: "cooperative",
        python_package: "asyncio",
        rust_crate: "tokio, reqwest",
        switched_by: "tasks, where they await",
        processors: "1",
    },
    Kind {
        option: Concurrency::Processes,
        title: "processes",
        multitasking: "parallel",
        python_package: "multiprocessing",
        rust_crate: "nix: fork, pipe, waitpid",
        switched_by: "nobody needs to: all run",
        processors: "many",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_workload_opens_with_its_baseline() {
        for (workload, all) in
            Workload::ALL.into_iter().flat_map(|it| [(it, &PROGRAMS[..]), (it, &PYTHON)])
        {
            let of_workload = all.iter().filter(|program| program.workload == workload);
            let baselines: Vec<bool> =
                of_workload.map(|program| program.option == Concurrency::Sequential).collect();
            assert!(baselines[0] && !baselines[1..].contains(&true));
        }
    }

    #[test]
    fn no_two_rows_are_the_same_command() {
        let all = PROGRAMS.into_iter().chain(PYTHON);
        let commands: Vec<String> = all.map(|program| program.command()).collect();
        assert!(
            commands.iter().all(|command| commands.iter().filter(|it| *it == command).count() == 1)
        );
        assert_eq!(commands[0], "sequential-baseline io");
        assert_eq!(
            names()[..4],
            ["sequential-baseline", "threads-io", "async-io", "multiproc-cpu"]
        );
    }

    #[test]
    fn each_of_the_four_has_one_twin_and_what_shows_the_gil_has_none() {
        let twins = PYTHON.map(|program| {
            let twins: Vec<String> = PROGRAMS[..5]
                .iter()
                .filter(|other| program.is_twin_of(other))
                .map(Program::command)
                .collect();
            (program.command(), twins.join(", "))
        });
        for (python, rust) in &twins[..5] {
            assert_eq!(python.replace('_', "-").replace(".py", ""), *rust);
        }
        let gil = &PYTHON[5];
        assert_eq!(gil.command(), "cpu_threads.py");
        assert!(!PROGRAMS[..5].iter().any(|program| gil.is_twin_of(program)));
    }
}
