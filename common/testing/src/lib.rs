//! What the tests of whole programs share. Only there with the feature `testing`, which packages
//! name under their dev-dependencies.
//!
//! A test runs a built [`Program`] and looks at how it [`Ended`]. A program has ended when it has,
//! and when all processes that it started have let go of its standard output and standard error,
//! which each of them holds as long as it lives: that no process is left behind is seen in every
//! test. What has not ended after [`HANG`] is hung.
//!
//! [`io`], [`cpu`] and [`pictures`] hold the tests that programs have in common, [`faulty`] the
//! sites that fail.

pub mod cpu;
pub mod faulty;
pub mod io;
pub mod pictures;

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::out;

/// The time after which a program counts as hung.
pub const HANG: Duration = Duration::from_secs(60);

/// A built program, and what comes before all its other arguments.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    path: &'static Path,
    first: &'static [&'static str],
}

impl Program {
    /// The program at `path` (`cargo_bin!()`), with `first` before all its other arguments.
    pub const fn new(path: &'static Path, first: &'static [&'static str]) -> Self {
        Self { path, first }
    }

    /// Where it is.
    pub fn path(&self) -> &'static Path {
        self.path
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        let name = self.path.file_name().and_then(OsStr::to_str);
        name.expect("a program has a name")
    }

    /// A command to be completed. No proxy of the tester's own stands in its environment.
    pub fn command(&self) -> Command {
        self.prefixed(&[])
    }

    /// A command that runs the program by `prefix`, such as `["nice"]`.
    pub fn prefixed(&self, prefix: &[&str]) -> Command {
        let mut words = prefix.iter().map(OsStr::new).chain([self.path.as_os_str()]);
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).args(self.first);
        for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(variable);
            command.env_remove(variable.to_uppercase());
        }
        command
    }

    /// A command that runs the program in a shell after `setup`, such as `ulimit -n 256`.
    pub fn after(&self, setup: &str) -> Command {
        // Files that whoever started the tests left open would count against a limit.
        let close = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-";
        self.prefixed(&["sh", "-c", &format!("{close}; {setup}; exec \"$0\" \"$@\"")])
    }

    /// A command that runs the program under a limit on processes and threads, and the folder that
    /// it needs. The limit counts all of a user's and does not bind root, so that root becomes a
    /// user who has no other. `None`, and the test is skipped, where this is not root.
    #[track_caller]
    pub fn as_lonely_user(&self, limit: usize) -> Option<(Command, TempDir)> {
        // No two tests are the same user.
        let user = 100_000 + random(1 << 30);
        let user = [format!("--reuid={user}"), format!("--regid={user}")];
        let become_user = ["setpriv", &user[0], &user[1], "--clear-groups"];
        // A place where any user may read the program.
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join(self.name());
        std::fs::copy(self.path, &copy).expect("a copy");
        let [place, copy] = [folder.path(), &copy].map(|path| path.to_str().expect("a path"));
        let works = works(&["chmod", "755", place, copy])
            && works(&[&become_user[..], &["prlimit", "--nproc=9", copy, "--version"]].concat());
        if !works {
            skip("becoming another user needs root, `setpriv` and `prlimit`");
            return None;
        }
        let mut command = Command::new(become_user[0]);
        command.args(&become_user[1..]).args(["prlimit", &format!("--nproc={limit}"), copy]);
        command.args(self.first);
        Some((command, folder))
    }

    /// Runs it with these arguments to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        let mut command = self.command();
        command.args(arguments);
        end(command)
    }

    /// Starts it with these arguments.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let mut command = self.command();
        command.args(arguments);
        Running::start(command)
    }

    /// Asserts that it refuses all rubbish as a value of this flag, by name.
    pub fn refuses_rubbish(&self, flag: &str) {
        let rubbish =
            ["", "rubbish", "-1", "-x", "1e400", "99999999999999999999999", "1;2", "\u{1F600}"];
        for value in rubbish.iter().chain(&["--json"]) {
            self.refuses([flag, value], &[flag, &format!("'{value}'")]);
        }
        let value = OsStr::from_bytes(b"\xFF\xFE");
        self.refuses([OsStr::new(flag), value], &[flag, "not UTF-8"]);
    }

    /// Asserts that it ends with exit code 0 whichever of its streams is closed, and with 1 and a
    /// message where its standard output is a full device.
    pub fn stands_streams(&self, arguments: &[&str]) {
        let redirected = |redirection: &str| {
            let script = format!("exec \"$0\" \"$@\" {redirection}");
            let mut command = self.prefixed(&["sh", "-c", &script]);
            command.args(arguments);
            end(command)
        };
        for redirection in [">&-", "2>&-", "<&- >&- 2>&-"] {
            redirected(redirection).with_code(0);
        }
        if cfg!(target_os = "linux") {
            redirected("2>/dev/full").with_code(0);
            let ended = redirected(">/dev/full").with_code(1);
            assert!(ended.stderr.contains("standard output cannot be written"), "{ended:?}");
        }
    }

    /// Asserts that no process is left when it is killed at a random moment of its first 30 ms, again
    /// and again.
    pub fn leaves_nothing_when_killed(&self, arguments: &[&str]) {
        for _ in 0..rounds() {
            let running = self.start(arguments);
            thread::sleep(Duration::from_micros(random(30_000)));
            running.kill();
        }
    }

    /// Asserts that it refuses these arguments: exit 2, nothing on standard output, and a message
    /// with each of `named` in it.
    pub fn refuses<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>, named: &[&str]) {
        let arguments: Vec<OsString> =
            arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        let ended = self.run(&arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
        for named in named {
            assert!(
                ended.stderr.contains(named),
                "{arguments:?} does not name {named}: {}",
                ended.stderr
            );
        }
    }
}

/// A command for the example `name`. No proxy of the tester's own stands in its environment.
pub fn example(name: &str) -> Command {
    example_program(name).command()
}

/// The example `name`, which cargo builds beside the folder of the tests.
pub fn example_program(name: &str) -> Program {
    let test = std::env::current_exe().expect("the test's own path");
    let built = test.parent().and_then(Path::parent).expect("a target folder");
    let path = built.join("examples").join(name);
    assert!(
        path.exists(),
        "{name} is not built: `cargo test` without `--test` builds the examples"
    );
    let path: &'static Path = Box::leak(path.into_boxed_path());
    Program::new(path, &[])
}

/// Runs the example `name` with `--json` and these arguments; returns its object. Asserts exit code
/// 0, and that `claim`, `holds`, `figures` and `said` are all that is in there.
pub fn shown(name: &str, arguments: &[&str]) -> Value {
    let mut command = example(name);
    command.arg("--json").args(arguments);
    let shown = end(command).with_code(0).json();
    let keys: Vec<&str> =
        shown.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["claim", "figures", "holds", "said"], "{name}");
    shown
}

/// Runs a command to its end, through assert_cmd.
pub fn end(command: Command) -> Ended {
    let said = format!("{command:?}");
    let (sender, output) = mpsc::channel();
    thread::spawn(move || sender.send(assert_cmd::Command::from_std(command).output()));
    match output.recv_timeout(HANG) {
        Ok(output) => output.unwrap_or_else(|error| panic!("{said}: {error}")).into(),
        Err(_) => panic!("{said} is hung, or has left a process behind"),
    }
}

/// How a program ended, and what it said.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ended {
    /// Asserts the exit code, and that nothing panicked.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }

    /// The one JSON object that is all of standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(json @ Value::Object(_)) => json,
            other => panic!("{other:?} in {self:?}"),
        }
    }
}

/// A JSON report with all that differs from run to run taken out: a figure in seconds becomes
/// `"seconds"`, another one its kind, the server's port `PORT`.
pub fn shape(mut report: Value) -> String {
    fn level(value: &mut Value, key: &str) {
        match value {
            // How often a task is polled differs from run to run, too.
            Value::Array(_) if key == "polls_seconds" => *value = "[start, end] pairs".into(),
            // Not every system tells these.
            Value::Number(_) | Value::Null if key == "threads" => *value = "threads".into(),
            Value::Number(_) if key == "process" => *value = "process id".into(),
            Value::Array(values) => values.iter_mut().for_each(|value| level(value, key)),
            Value::Object(entries) => entries.iter_mut().for_each(|(key, value)| level(value, key)),
            Value::Number(_) if key.ends_with("_seconds") => *value = "seconds".into(),
            Value::Number(_) if key.ends_with("_bytes") => *value = "bytes".into(),
            Value::Number(_) if key.ends_with("_switches") => *value = "switches".into(),
            Value::String(text) => {
                if let Some((before, after)) = text.split_once("127.0.0.1:") {
                    let path = after.trim_start_matches(|c: char| c.is_ascii_digit());
                    *text = format!("{before}127.0.0.1:PORT{path}");
                }
            }
            _ => {}
        }
    }
    level(&mut report, "");
    serde_json::to_string_pretty(&report).expect("JSON")
}

/// A program on its way.
#[derive(Debug)]
pub struct Running {
    process: Child,
    said: Receiver<(Stream, String)>,
    stdout: String,
    stderr: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stream {
    Out,
    Err,
}

impl Running {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("the program starts");
        let (sender, said) = mpsc::channel();
        let stdout = process.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>);
        let stderr = process.stderr.take().map(|err| Box::new(err) as Box<dyn Read + Send>);
        for (stream, pipe) in [(Stream::Out, stdout), (Stream::Err, stderr)] {
            let (sender, mut pipe) = (sender.clone(), BufReader::new(pipe.expect("a pipe")));
            thread::spawn(move || {
                let mut line = Vec::new();
                while pipe.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
                    let text = String::from_utf8_lossy(&line).into_owned();
                    line.clear();
                    if sender.send((stream, text)).is_err() {
                        break;
                    }
                }
            });
        }
        Self { process, said, stdout: String::new(), stderr: String::new() }
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.id()).expect("a process id"))
    }

    /// Whether it has ended. Processes that it started may still run.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("its state").is_some()
    }

    /// Sends a signal to its process group, as a terminal does on Ctrl-C.
    pub fn signal_all(&self, signal: Signal) {
        killpg(self.pid(), signal).expect("the signal is sent");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the signal is sent");
    }

    /// Kills it by SIGKILL and waits until all processes that it has started have ended, and theirs.
    /// Asserts that it had not ended before.
    #[track_caller]
    pub fn kill(self) {
        // Stopped, it starts no further process while `ps` looks.
        self.signal(Signal::SIGSTOP);
        eventually(|| state(self.pid()).starts_with(['T', 'Z']).then_some(()));
        let (mut family, running) = (vec![self.pid()], processes());
        let mut next = 0;
        while let Some(&member) = family.get(next) {
            family.extend(running.iter().filter(|(_, of)| *of == member).map(|(pid, _)| *pid));
            next += 1;
        }
        self.signal(Signal::SIGKILL);
        assert_eq!(self.end().code, None);
        eventually(|| {
            let left = processes();
            (!left.iter().any(|(pid, _)| family.contains(pid))).then_some(())
        });
    }

    /// Waits for its next line on standard output.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let until = Instant::now() + HANG;
        loop {
            match self.hear(until) {
                Some((Stream::Out, line)) => return line,
                Some(_) => {}
                None => panic!("the program ended: {self:?}"),
            }
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let until = Instant::now() + HANG;
        while self.hear(until).is_some() {}
        let status = self.process.wait().expect("it has ended");
        Ended {
            code: status.code(),
            stdout: std::mem::take(&mut self.stdout),
            stderr: std::mem::take(&mut self.stderr),
        }
    }

    // `None` when all its processes have ended.
    #[track_caller]
    fn hear(&mut self, until: Instant) -> Option<(Stream, String)> {
        match self.said.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((stream, line)) => {
                match stream {
                    Stream::Out => self.stdout.push_str(&line),
                    Stream::Err => self.stderr.push_str(&line),
                }
                Some((stream, line))
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("hung, or a process is left behind: {self:?}"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processes that `parent` has started and that still run, by `ps`.
pub fn children(parent: Pid) -> Vec<Pid> {
    processes().into_iter().filter(|(_, of)| *of == parent).map(|(pid, _)| pid).collect()
}

// The processes that run, by `ps`, each with its parent.
fn processes() -> Vec<(Pid, Pid)> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,state="]).output();
    let output = output.expect("ps tells the processes");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let pid = words.next()?.parse().ok()?;
            let of = words.next()?.parse().ok()?;
            let dead = words.next()?.starts_with('Z');
            (!dead).then(|| (Pid::from_raw(pid), Pid::from_raw(of)))
        })
        .collect()
}

/// Waits until a process runs no more. One that nobody has waited for yet, a zombie, does not: the
/// orphans of a killed program are init's to wait for, which may take its time.
#[track_caller]
pub fn ends(pid: Pid) {
    eventually(|| {
        let state = state(pid);
        (state.is_empty() || state.starts_with('Z')).then_some(())
    });
}

// What `ps` says of a process; empty when there is none.
fn state(pid: Pid) -> String {
    let ps = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
    String::from_utf8_lossy(&ps.expect("ps").stdout).trim().to_owned()
}

/// Waits until `found` finds something.
#[track_caller]
pub fn eventually<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + HANG;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < until, "hung");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How many rounds a test with random moments makes: 20, or what the variable `ROUNDS` says.
pub fn rounds() -> usize {
    let rounds = std::env::var("ROUNDS").ok();
    rounds.map_or(20, |rounds| rounds.parse().expect("ROUNDS is a number"))
}

/// A number below `limit`, different each time.
pub fn random(limit: u64) -> u64 {
    // A new `RandomState` has new keys: the standard library's only source of chance.
    RandomState::new().hash_one(()) % limit
}

/// Says that a test was skipped and why. Where the variable `NO_SKIP` is set, as in CI, the test
/// fails instead.
#[track_caller]
pub fn skip(why: &str) {
    assert!(std::env::var_os("NO_SKIP").is_none(), "not to be skipped: {why}");
    out::complain(&format!("skipped: {why}"));
}

/// Whether a command can be run here and ends well.
pub fn works(command: &[&str]) -> bool {
    let mut words = command.iter();
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
