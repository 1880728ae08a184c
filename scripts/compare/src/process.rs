//! Runs a program in a process group of its own: timed, with a deadline, and ended with all that it
//! started.

use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::os::limits::explain;
use common::os::usage::Usage;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The most bytes that are read of each stream of a program.
const MAX_OUTPUT: usize = 64 << 20;
/// How long the output is still read after a program was killed.
const GRACE: Duration = Duration::from_millis(500);

/// A process group. Its leader is a shell that kills the group when this process ends in any way,
/// also by SIGKILL: the shell then reads the end of its pipe.
#[derive(Debug)]
struct Group {
    id: Pid,
    leader: Child,
}

impl Group {
    fn start() -> io::Result<Self> {
        let mut shell = Command::new("sh");
        // The group is also sent SIGTERM and SIGINT, which must not end its leader.
        shell.args(["-c", "trap '' TERM INT; echo; read _; kill -s KILL 0"]).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut leader = shell.spawn()?;
        let id = Pid::from_raw(i32::try_from(leader.id()).map_err(io::Error::other)?);
        // Waits until it is ready, so that its start takes no time from the program's.
        if let Some(stdout) = &mut leader.stdout {
            stdout.read_exact(&mut [0])?;
        }
        Ok(Self { id, leader })
    }
}

impl Drop for Group {
    // The leader is waited for last: until then no other group can have this id.
    fn drop(&mut self) {
        kill(self.id);
        let _ = self.leader.wait();
    }
}

fn kill(group: Pid) {
    let _ = killpg(group, Signal::SIGKILL);
}

/// How long a run may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimit {
    /// The longest time.
    pub time: Duration,
    /// What a message adds to the time, such as the flag that sets it.
    pub hint: &'static str,
}

/// Starts programs, one after another, and passes SIGINT and SIGTERM on to them.
#[derive(Clone, Debug, Default)]
pub struct Processes(Arc<Mutex<ProcessState>>);

#[derive(Debug, Default)]
struct ProcessState {
    /// The signal that this process got.
    signal: Option<u8>,
    /// The group of the program that runs.
    group: Option<Pid>,
}

impl Processes {
    /// Watches for SIGINT and SIGTERM. The first one is passed on to the program that runs, and no
    /// other one is started; a second one kills the program and exits.
    ///
    /// # Errors
    /// The operating system refuses a signal handler, a thread or a process.
    pub fn watch_signals() -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        // A parent may have left SIGCHLD ignored; then no exit status could be read.
        signal_hook::flag::register(SIGCHLD, Arc::default())?;
        // Under a limit that allows no program, nothing is measured.
        Group::start()?;
        let processes = Self::default();
        let watcher = processes.clone();
        thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                let mut state = watcher.state();
                if state.signal.is_some() {
                    state.group.into_iter().for_each(kill);
                    process::exit(128 + signal);
                }
                state.signal = u8::try_from(signal).ok();
                if let Some(group) = state.group {
                    let _ = killpg(group, Signal::SIGTERM);
                }
            }
        })?;
        Ok(processes)
    }

    /// The signal that this process got, if any.
    pub fn interrupted_by(&self) -> Option<u8> {
        self.state().signal
    }

    fn state(&self) -> MutexGuard<'_, ProcessState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process group of the program that runs now.
    pub fn group(&self) -> Option<Pid> {
        self.state().group
    }

    /// Runs a program to its end, for at most `limit`, and ends what it left behind in its process
    /// group.
    ///
    /// # Errors
    /// The program cannot be started, or this process was interrupted.
    pub fn run(&self, command: Command, limit: TimeLimit) -> Result<Finished, String> {
        let finished = self.finished(command, limit);
        finished.map_err(|error| format!("it cannot be started: {}", explain(&error)))
    }

    fn finished(&self, mut command: Command, limit: TimeLimit) -> io::Result<Finished> {
        let group = Group::start()?;
        let (stdout, stdout_end) = io::pipe()?;
        let (stderr, stderr_end) = io::pipe()?;
        command.process_group(group.id.as_raw());
        command.stdin(Stdio::null()).stdout(stdout_end).stderr(stderr_end);
        let watched = Watched::start([stdout, stderr], group.id, limit.time)?;
        // Of all programs that have ended, with the workers that they waited for.
        let before = Usage::of_children();
        let start = Instant::now();
        let mut child = {
            let mut state = self.state();
            if state.signal.is_some() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let child = command.spawn()?;
            state.group = Some(group.id);
            child
        };
        // Only the program and its workers keep the ends of the pipes open.
        drop(command);
        let status = child.wait();
        let wall = start.elapsed();
        let after = Usage::of_children();
        // Ends the workers that it left behind.
        kill(group.id);
        self.state().group = None;
        let (stdout, stderr, in_limits) = watched.finish(start, limit);
        let status = status?;
        let succeeded = status.success().then_some(()).ok_or(status.to_string());
        let usage = before.zip(after).map(|(before, after)| after.since(&before));
        Ok(Finished { outcome: in_limits.and(succeeded), stdout, stderr, wall, usage })
    }
}

/// How a program ended.
#[derive(Debug)]
pub struct Finished {
    /// Whether it ended by itself, within the limits, with exit code 0; else what was wrong.
    pub outcome: Result<(), String>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// The time from before its start to its end.
    pub wall: Duration,
    /// CPU time and context switches; `None` if the system does not report them.
    pub usage: Option<Usage>,
}

/// The threads beside a program that runs: two read its output, one keeps the deadline.
struct Watched {
    outputs: [Receiver<Vec<u8>>; 2],
    ended: Sender<()>,
    deadline: thread::JoinHandle<bool>,
}

impl Watched {
    fn start(outputs: [PipeReader; 2], group: Pid, limit: Duration) -> io::Result<Self> {
        let [stdout, stderr] = outputs.map(|pipe| {
            let (sender, output) = mpsc::channel();
            thread::Builder::new().spawn(move || sender.send(read(pipe, group)))?;
            io::Result::Ok(output)
        });
        let (ended, running) = mpsc::channel();
        let deadline = thread::Builder::new().spawn(move || {
            let passed = running.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if passed {
                kill(group);
            }
            passed
        })?;
        Ok(Self { outputs: [stdout?, stderr?], ended, deadline })
    }

    /// The program has ended: returns its output, which is waited for until `limit` after `start`, and
    /// which limit it broke.
    fn finish(self, start: Instant, limit: TimeLimit) -> (Vec<u8>, Vec<u8>, Result<(), String>) {
        drop(self.ended);
        let too_long = self.deadline.join().unwrap_or(false);
        let least = Instant::now() + GRACE;
        let until = if too_long { least } else { least.max(start + limit.time) };
        let outputs = self.outputs.map(|output| {
            output.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
        });
        let open = outputs.contains(&None);
        let [stdout, stderr] = outputs.map(Option::unwrap_or_default);
        let limit = format!("{} s{}", limit.time.as_secs(), limit.hint);
        let in_limits = match () {
            () if stdout.len().max(stderr.len()) > MAX_OUTPUT => {
                Err("it wrote more than 64 MiB".into())
            }
            () if too_long => Err(format!("it took longer than {limit}")),
            () if open => Err(format!(
                "it ended, but a process that it started kept its output open for {limit}"
            )),
            () => Ok(()),
        };
        (stdout, stderr, in_limits)
    }
}

/// Reads to the end, or kills the group once there is too much.
fn read(pipe: impl Read, group: Pid) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = pipe.take(MAX_OUTPUT as u64 + 1).read_to_end(&mut bytes);
    if bytes.len() > MAX_OUTPUT {
        kill(group);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, limit: Duration) -> Finished {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Processes::default().run(command, TimeLimit { time: limit, hint: "" }).expect("a run")
    }

    #[test]
    fn output_status_and_usage_are_returned() {
        let finished = run("echo out; echo error >&2; exit 3", Duration::from_secs(60));
        assert_eq!((finished.stdout, finished.stderr), (b"out\n".to_vec(), b"error\n".to_vec()));
        assert_eq!(finished.outcome, Err("exit status: 3".into()));
        assert!(finished.usage.is_some());
    }

    #[test]
    fn too_much_output_ends_the_program() {
        let finished = run("yes", Duration::from_secs(60));
        assert_eq!(finished.outcome, Err("it wrote more than 64 MiB".into()));
        assert_eq!(finished.stdout.len(), MAX_OUTPUT + 1);
    }

    #[test]
    fn a_process_that_left_the_group_cannot_outwait_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let started = folder.path().join("started").display().to_string();
        let script = format!(
            "setsid sh -c 'touch {started}; sleep 5' & until [ -e {started} ]; do sleep 0.1; done"
        );
        let finished = run(&script, Duration::from_secs(2));
        let reason = finished.outcome.expect_err("open");
        assert!(reason.contains("kept its output open for 2 s"), "{reason}");
        assert!(finished.wall < Duration::from_secs(5));
    }

    #[test]
    fn an_interrupted_harness_starts_nothing() {
        let processes = Processes::default();
        processes.state().signal = Some(2);
        let run = processes
            .finished(Command::new("true"), TimeLimit { time: Duration::from_secs(60), hint: "" });
        assert_eq!(run.expect_err("interrupted").kind(), io::ErrorKind::Interrupted);
    }
}
