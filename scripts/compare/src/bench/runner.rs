//! Starts the programs with the right flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use common::os::affinity;
use common::workload::default_numbers;

use crate::check::{Expected, checked};
use crate::model::{Failure, Interpreter, Origin, Program, TimedRun, Workload};
use crate::process::{Processes, TimeLimit};
use crate::{catalog, python};

/// What the programs download.
#[derive(Clone, Debug)]
pub enum Sites {
    /// The pages of the local server at this address.
    Local(SocketAddr),
    /// Real sites.
    Real(Vec<String>),
}

/// Starts programs, times and checks them.
#[derive(Debug)]
pub struct Runner {
    /// The folder of the programs.
    pub programs: PathBuf,
    /// What they download.
    pub sites: Sites,
    /// How often they read the list of sites.
    pub repeat: usize,
    /// The Python interpreter and the folder of its programs.
    pub python: Option<(Interpreter, PathBuf)>,
    /// The longest that a run may take.
    pub limit: Duration,
    /// The processes that it starts.
    pub processes: Processes,
}

impl Runner {
    /// Does a warm-up run and returns about how long a whole run takes, in seconds. A program that
    /// takes seconds does a part of a run: an eighth of the downloads, or a sum for each core. With fewer
    /// downloads, the start of Python would count too much.
    ///
    /// # Errors
    /// The failure of the run.
    pub fn warm_up(&self, program: &Program, number: usize) -> Result<f64, Failure> {
        let whole = self.whole(program.workload);
        let part = match (program.workload, program.origin) {
            (Workload::Io, _) if program.is_baseline() => whole.div_ceil(8),
            (Workload::Cpu, Origin::Python) => affinity::cores().min(whole),
            _ => whole,
        };
        let run = self.run_part(program, part, &format!("warm-up {number}"))?;
        Ok(run.wall_seconds * whole as f64 / part as f64)
    }

    /// A foreign program with its workload: it is tried with two downloads and, if they fail, with a sum.
    /// If both fail, its workload is the one for which it printed something.
    pub fn foreign(&self, program: Program) -> Program {
        let program = |workload| Program { workload, ..program };
        // A failure with output says more than one without.
        let success = |workload| match self.run_part(&program(workload), 1, "trial") {
            Ok(_) => 2,
            Err(failure) => usize::from(!failure.stdout.is_empty()),
        };
        let downloads = success(Workload::Io);
        let io = downloads == 2 || downloads >= success(Workload::Cpu);
        program(if io { Workload::Io } else { Workload::Cpu })
    }

    /// Does a timed run.
    ///
    /// # Errors
    /// The failure of the run.
    pub fn time(&self, program: &Program, number: usize) -> Result<TimedRun, Failure> {
        self.run_part(program, self.whole(program.workload), &format!("run {number}"))
    }

    // A whole run in its unit: how often it reads the sites, or how many sums it does.
    fn whole(&self, workload: Workload) -> usize {
        match workload {
            Workload::Io => self.repeat,
            Workload::Cpu => default_numbers().count(),
        }
    }

    fn run_part(&self, program: &Program, part: usize, name: &str) -> Result<TimedRun, Failure> {
        let command = self.command(program, part);
        self.run(command, &self.expected(program.workload, part), name).map(|(run, _)| run)
    }

    /// Runs a command; returns the run and its standard error.
    ///
    /// # Errors
    /// The failure of the run.
    pub fn run(
        &self,
        command: Command,
        expected: &Expected,
        name: &str,
    ) -> Result<(TimedRun, String), Failure> {
        let finished =
            self.processes.run(command, TimeLimit { time: self.limit, hint: " (--run-limit)" });
        let finished = finished.map_err(|reason| Failure::new(name, &reason, b"", b""))?;
        let run = checked(&finished, expected, name)?;
        Ok((run, String::from_utf8_lossy(&finished.stderr).into_owned()))
    }

    fn command(&self, program: &Program, part: usize) -> Command {
        let mut command = match (program.origin, &self.python) {
            (Origin::Python, Some((interpreter, scripts))) => {
                let mut command = python::command(interpreter.executable.as_os_str());
                if program.name == catalog::WITH_GIL {
                    command.env("PYTHON_GIL", "1");
                }
                command.arg(scripts.join(program.file));
                command
            }
            (Origin::Foreign, _) => Command::new(program.file),
            _ => Command::new(self.programs.join(program.file)),
        };
        command.args(program.arguments).args(["--json", "--quiet"]);
        if program.origin == Origin::Rust {
            command.arg("--details");
        }
        if program.workload == Workload::Cpu {
            command.args(default_numbers().take(part).map(|number| number.to_string()));
            return command;
        }
        command.args(["--repeat", &part.to_string()]);
        match &self.sites {
            Sites::Local(server) => command.args(["--site-server", &server.to_string()]),
            Sites::Real(urls) => command.args(urls.iter().flat_map(|url| ["--url", url])),
        };
        command
    }

    /// What a run must have that reads the sites `part` times, or does `part` sums.
    pub fn expected(&self, workload: Workload, part: usize) -> Expected {
        match (workload, &self.sites) {
            (Workload::Io, Sites::Local(_)) => Expected::of_local_sites(part),
            (Workload::Io, Sites::Real(urls)) => {
                Expected { items: part * urls.len(), answer: None }
            }
            (Workload::Cpu, _) => Expected::sums(default_numbers().take(part)),
        }
    }
}
