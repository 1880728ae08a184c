//! What the tests of whole programs share.
//!
//! A [`TestProgram`] is a built program and its first arguments. [`end`] runs a command to its end;
//! [`Running`] is a command that a test reads from or signals meanwhile. Both wait until every process
//! of the command has closed its standard output and standard error, so that each test also fails if
//! a process is left behind. After [`HANG`] a command counts as hung.
//!
//! [`program`], [`io`], [`cpu`] and [`pictures`] hold the tests that several programs share;
//! [`faulty`] is a server whose pages fail.

pub mod cpu;
pub mod demo;
pub mod faulty;
pub mod io;
pub mod pictures;
pub mod program;

use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use common::os::output::eprint_line;
use common::report::Report;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

/// The time after which a program counts as hung.
pub const HANG: Duration = Duration::from_secs(60);

/// Makes a test of each named function of a module of this crate, with these arguments.
#[macro_export]
macro_rules! tests {
    ($module:ident $arguments:tt: $($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            $crate::$module::$name $arguments;
        })+
    };
}

/// A built program, and the first of its arguments.
#[derive(Clone, Copy, Debug)]
pub struct TestProgram {
    path: &'static Path,
    first: &'static [&'static str],
}

impl TestProgram {
    /// The program at `path` (`cargo_bin!()`), with `first` before all its other arguments.
    pub const fn new(path: &'static Path, first: &'static [&'static str]) -> Self {
        Self { path, first }
    }

    /// The path of its file.
    pub fn path(&self) -> &'static Path {
        self.path
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.path.file_name().and_then(OsStr::to_str).expect("a program has a name")
    }

    /// A command without further arguments, and without the proxies of this environment.
    pub fn command(&self) -> Command {
        self.prefixed(&[])
    }

    /// A command that runs the program by `prefix`, such as `["nice"]`.
    pub fn prefixed(&self, prefix: &[&str]) -> Command {
        let mut words = prefix.iter().map(OsStr::new).chain([self.path.as_os_str()]);
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).args(self.first);
        for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(variable).env_remove(variable.to_uppercase());
        }
        command
    }

    /// A command that runs the program in a shell after `setup`, such as `ulimit -n 256`, or with
    /// redirections of the shell, such as `exec >&-`.
    pub fn after(&self, setup: &str) -> Command {
        // Files that the test runner left open would count against a limit.
        let close = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-";
        // Not `sh`: dash does not pass "ignore SIGCHLD" on.
        self.prefixed(&["bash", "-c", &format!("{close}; {setup}; exec \"$0\" \"$@\"")])
    }

    /// A command that runs the program under a limit on processes and threads, and the folder that
    /// it needs. The limit counts all processes of a user and does not bind root, so the program runs
    /// as a user without other processes. `None`, and the test is skipped, unless this is root.
    #[track_caller]
    pub fn with_process_limit(&self, limit: usize) -> Option<(Command, TempDir)> {
        // Tests run at the same time, each as another user.
        let user = 100_000 + random(1 << 30);
        let user = [format!("--reuid={user}"), format!("--regid={user}")];
        let become_user = ["setpriv", &user[0], &user[1], "--clear-groups"];
        // Any user may read the program there.
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join(self.name());
        std::fs::copy(self.path, &copy).expect("a copy");
        let [place, copy] = [folder.path(), &copy].map(|path| path.to_str().expect("a path"));
        let works = works(&["chmod", "755", place, copy])
            && works(&[&become_user[..], &["prlimit", "--nproc=9", copy, "--help"]].concat());
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
        self.start(arguments).end()
    }

    /// Starts it with these arguments.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let mut command = self.command();
        command.args(arguments);
        Running::start(command)
    }

    /// Asserts that it refuses these arguments: exit code 2, nothing on standard output, and a message
    /// that contains each of `named`.
    pub fn refuses<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>, named: &[&str]) {
        let mut command = self.command();
        let mut refused = command.args(arguments).assert().code(2).stdout("");
        for named in named {
            refused = refused.stderr(contains(*named));
        }
    }

    /// Asserts that it refuses each of these values of a flag, and names both.
    pub fn refuses_values(&self, flag: &str, values: &[&str]) {
        for value in values {
            self.refuses([flag, value], &[flag, &format!("'{value}'")]);
        }
    }

    /// Asserts that it refuses values of this flag that are no number, address or name at all.
    pub fn refuses_rubbish(&self, flag: &str) {
        let large = "99999999999999999999999";
        let rubbish = ["", "rubbish", "-1", "-x", "1e400", large, "1;2", "\u{1F600}", "--json"];
        self.refuses_values(flag, &rubbish);
        self.refuses([OsStr::new(flag), OsStr::from_bytes(b"\xFF\xFE")], &[flag, "not UTF-8"]);
    }
}

/// The example `name`, which cargo builds beside the folder of the tests.
pub fn example_program(name: &str) -> TestProgram {
    let test = std::env::current_exe().expect("the test's own path");
    let built = test.parent().and_then(Path::parent).expect("a target folder");
    let path = built.join("examples").join(name);
    assert!(
        path.exists(),
        "{name} is not built: `cargo test` without `--test` builds the examples"
    );
    TestProgram::new(Box::leak(path.into_boxed_path()), &[])
}

/// A command for the example `name`, without the proxies of this environment.
pub fn example(name: &str) -> Command {
    example_program(name).command()
}

/// Runs the example `name` with `--json` and these arguments; returns its object. Asserts exit code
/// 0 and the object's keys.
pub fn demo_result(name: &str, arguments: &[&str]) -> Value {
    let mut command = example(name);
    command.arg("--json").args(arguments);
    let result = end(command).with_code(0).json();
    assert_eq!(keys(&result), ["claim", "figures", "holds", "summary"], "{name}");
    result
}

/// The keys of a JSON object, sorted.
pub fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> =
        object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Runs a command to its end.
#[track_caller]
pub fn end(command: Command) -> Ended {
    Running::start(command).end()
}

/// How a program ended, and what it printed.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Asserts the exit code, and that no thread panicked.
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

    /// The report that is all of standard output.
    #[track_caller]
    pub fn report(&self) -> Report {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// A running program, in a process group of its own. Dropping it kills the group.
#[derive(Debug)]
pub struct Running {
    process: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    // The lines of standard output that were read already.
    read: String,
}

impl Running {
    /// Starts a command, with an empty standard input.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.process_group(0).spawn().expect("the program starts");
        let stdout = lines(process.stdout.take().expect("a pipe"));
        let stderr = lines(process.stderr.take().expect("a pipe"));
        Self { process, stdout, stderr, read: String::new() }
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
    pub fn signal_group(&self, signal: Signal) {
        killpg(self.pid(), signal).expect("the signal is sent");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the signal is sent");
    }

    /// Waits for its next line on standard output.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let Ok(line) = self.stdout.recv_timeout(HANG) else { panic!("no further line: {self:?}") };
        self.read.push_str(&line);
        line
    }

    /// Waits for its end, and for that of all processes that share its standard streams.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let deadline = Instant::now() + HANG;
        let stdout = std::mem::take(&mut self.read) + &rest(&self.stdout, deadline);
        let stderr = rest(&self.stderr, deadline);
        let status = self.process.wait().expect("its status");
        Ended { code: status.code(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = killpg(self.pid(), Signal::SIGKILL);
        let _ = self.process.wait();
    }
}

// The lines of a pipe. The channel closes at the end of the file.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut pipe, mut line) = (BufReader::new(pipe), Vec::new());
        while pipe.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            if sender.send(text).is_err() {
                break;
            }
        }
    });
    receiver
}

#[track_caller]
fn rest(lines: &Receiver<String>, deadline: Instant) -> String {
    let mut text = String::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => text.push_str(&line),
            Err(RecvTimeoutError::Disconnected) => return text,
            Err(RecvTimeoutError::Timeout) => {
                panic!("the program is hung or has left a process behind; it printed {text}")
            }
        }
    }
}

/// The processes that `parent` has started and not waited for yet.
pub fn children(parent: Pid) -> Vec<Pid> {
    let output = Command::new("pgrep").args(["-P", &parent.to_string()]).output().expect("pgrep");
    let numbers = String::from_utf8_lossy(&output.stdout).into_owned();
    numbers.lines().map(|pid| Pid::from_raw(pid.parse().expect("a process id"))).collect()
}

/// Waits until `found` returns something.
#[track_caller]
pub fn eventually<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + HANG;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "hung");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How many rounds a test with random moments makes: 20, or the value of the variable `ROUNDS`.
pub fn rounds() -> usize {
    let rounds = std::env::var("ROUNDS").ok();
    rounds.map_or(20, |rounds| rounds.parse().expect("ROUNDS is a number"))
}

/// A random number below `limit`.
pub fn random(limit: u64) -> u64 {
    // A new `RandomState` has new keys: the standard library's only source of random numbers.
    RandomState::new().hash_one(()) % limit
}

/// Prints that a test was skipped, and why. If the variable `NO_SKIP` is set, as in CI, the test
/// fails instead.
#[track_caller]
pub fn skip(why: &str) {
    assert!(std::env::var_os("NO_SKIP").is_none(), "must not be skipped: {why}");
    eprint_line(&format!("skipped: {why}"));
}

/// Whether a command can be run here and succeeds.
pub fn works(command: &[&str]) -> bool {
    let (program, arguments) = command.split_first().expect("a program");
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
