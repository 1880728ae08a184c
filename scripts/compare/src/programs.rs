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

/// A row of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Program {
    /// Its name, which is that of its file and of its package.
    pub name: &'static str,
    /// What it shows.
    pub option: Concurrency,
    /// What it works on.
    pub workload: Workload,
    /// The arguments that choose the workload, for a program that has more than one.
    pub arguments: &'static [&'static str],
    /// Whether its warm-up reads each site once only, because a whole run takes long.
    pub short_warm_up: bool,
    /// What the notes give as the time of their Python program, in seconds.
    pub notes_seconds: Option<f64>,
}

/// All rows, the baseline of each workload first.
pub const PROGRAMS: [Program; 5] = [
    Program {
        name: "sequential-baseline",
        option: Concurrency::Sequential,
        workload: Workload::Io,
        arguments: &["io"],
        short_warm_up: true,
        notes_seconds: None,
    },
    Program {
        name: "threads-io",
        option: Concurrency::Threads,
        workload: Workload::Io,
        arguments: &[],
        short_warm_up: false,
        notes_seconds: Some(3.7),
    },
    Program {
        name: "async-io",
        option: Concurrency::Tasks,
        workload: Workload::Io,
        arguments: &[],
        short_warm_up: false,
        notes_seconds: Some(2.6),
    },
    Program {
        name: "sequential-baseline",
        option: Concurrency::Sequential,
        workload: Workload::Cpu,
        arguments: &["cpu"],
        short_warm_up: false,
        notes_seconds: None,
    },
    Program {
        name: "multiproc-cpu",
        option: Concurrency::Processes,
        workload: Workload::Cpu,
        arguments: &[],
        short_warm_up: false,
        notes_seconds: Some(2.5),
    },
];

impl Program {
    /// The command as a reader types it: the program and what chooses its workload.
    pub fn command(&self) -> String {
        [&[self.name], self.arguments].concat().join(" ")
    }
}

/// The names of all programs, each once.
pub fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for program in PROGRAMS {
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
        for workload in Workload::ALL {
            let of_workload = PROGRAMS.into_iter().filter(|program| program.workload == workload);
            let baselines: Vec<bool> =
                of_workload.map(|program| program.option == Concurrency::Sequential).collect();
            assert!(baselines[0] && !baselines[1..].contains(&true));
        }
    }

    #[test]
    fn no_two_rows_are_the_same_command() {
        let commands = PROGRAMS.map(|program| program.command());
        assert!(
            commands.iter().all(|command| commands.iter().filter(|it| *it == command).count() == 1)
        );
        assert_eq!(commands[0], "sequential-baseline io");
        assert_eq!(names(), ["sequential-baseline", "threads-io", "async-io", "multiproc-cpu"]);
    }
}
