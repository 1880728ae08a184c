//! Runs a program to its end.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::report::Report;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A program that has not ended after this time is killed.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs one program, with different arguments.
pub struct ProgramRunner<'a>(pub &'a dyn Fn() -> Command);

/// How a program ended.
pub struct Outcome {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl ProgramRunner<'_> {
    /// Runs the program with these arguments, separated by spaces.
    ///
    /// # Errors
    /// The program cannot be started, or does not end in time.
    pub fn run(&self, arguments: &str) -> Result<Outcome, String> {
        let mut command = (self.0)();
        command.args(arguments.split_whitespace()).env("RUST_BACKTRACE", "0");
        run(command)
    }

    /// Runs the program with `--json` and returns its report.
    ///
    /// # Errors
    /// As for [`ProgramRunner::run`]; a program that prints no report.
    pub fn report(&self, arguments: &str) -> Result<Report, String> {
        self.run(&format!("{arguments} --json"))?.json()
    }

    /// Runs an example with `--json` and returns its figures.
    ///
    /// # Errors
    /// As for [`ProgramRunner::report`].
    pub fn figures(&self, arguments: &str) -> Result<Value, String> {
        let mut result: Value = self.run(&format!("{arguments} --json"))?.json()?;
        Ok(result["figures"].take())
    }
}

/// Runs a command to its end.
///
/// # Errors
/// The command cannot be started, or does not end in time.
pub fn run(mut command: Command) -> Result<Outcome, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(LIMIT) else {
        let _ = kill(pid, Signal::SIGKILL);
        return Err(format!("the program did not end within {} s", LIMIT.as_secs()));
    };
    let output = output.map_err(|error| error.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (code, stdout, stderr) = (output.status.code(), text(output.stdout), text(output.stderr));
    Ok(Outcome { code, stdout, stderr })
}

impl Outcome {
    /// The JSON object on standard output, such as a [`Report`].
    ///
    /// # Errors
    /// What the program printed instead.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(&self.stdout).map_err(|_| {
            let code = self.code.map_or("a signal".into(), |code| format!("exit code {code}"));
            format!("the program ended with {code} and without a report:\n{}", self.stderr)
        })
    }
}
