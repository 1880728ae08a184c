//! The processes that the harness has started, and how to end them.
//!
//! `assert_cmd` starts a program and waits for it in one step and does not tell its process id,
//! so the ids are asked of the system.

use std::collections::HashSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::usage;
use nix::sys::signal::killpg;
use nix::unistd::getpgid;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, Signal, System};

/// Ends the programs that run when this process is killed and cannot do it itself. A process that
/// waits for the end of a pipe that only this one holds open, which every way of ending brings; then
/// it kills its process group, which the programs join.
#[derive(Debug)]
pub struct Guard(Child);

impl Guard {
    /// Starts it.
    ///
    /// # Errors
    /// The operating system's, when a process is refused.
    pub fn start() -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", "read _; kill -s KILL 0"]).process_group(0);
        // Nobody who waits for the end of this process's output waits for the guard as well.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        shell.spawn().map(Self)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Its whole group: whoever is left in it was left behind.
        if let Ok(group) = i32::try_from(self.0.id()) {
            let _ = killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// The programs that this process starts, and their workers: its descendants, and who is in the
/// guard's group though its parent has ended; without those that were there at first, the site server
/// and the guard.
#[derive(Clone, Debug)]
pub struct Children {
    spared: HashSet<Pid>,
    group: i32,
}

impl Children {
    /// All that are started from now on.
    pub fn from_now_on(guard: &Guard) -> Self {
        let spared = processes().map(|system| descendants(&system).into_iter().collect());
        Self {
            spared: spared.unwrap_or_default(),
            group: i32::try_from(guard.0.id()).unwrap_or_default(),
        }
    }

    /// Runs a program to its end, through `assert_cmd`. The guard ends it if this process is killed
    /// meanwhile.
    ///
    /// # Errors
    /// The operating system's, when it cannot be started.
    pub fn run(&self, mut command: Command) -> io::Result<process::Output> {
        self.join(&mut command);
        // `assert_cmd` feeds and reads a program by three threads, and would panic without them.
        threads_left(3)?;
        assert_cmd::Command::from_std(command).output()
    }

    /// Makes a command that is about to be started one of these.
    pub fn join(&self, command: &mut Command) {
        command.process_group(self.group);
    }

    fn running(&self, system: &System) -> Vec<Pid> {
        let group = nix::unistd::Pid::from_raw(self.group);
        let joined = |pid: &Pid| {
            let pid = i32::try_from(pid.as_u32()).ok().map(nix::unistd::Pid::from_raw);
            getpgid(pid).is_ok_and(|its| its == group)
        };
        let descend: HashSet<Pid> = descendants(system).into_iter().collect();
        let all = system.processes().keys().copied();
        all.filter(|pid| descend.contains(pid) || joined(pid))
            .filter(|pid| !self.spared.contains(pid))
            .collect()
    }

    /// Asks the programs that run to end, each once: `told` has those who were asked before.
    /// Their workers are theirs to end.
    pub fn ask_to_end(&self, told: &mut HashSet<Pid>) {
        let Some(system) = processes() else { return };
        let own = Pid::from_u32(process::id());
        for pid in self.running(&system) {
            if let Some(child) = system.process(pid).filter(|child| child.parent() == Some(own))
                && told.insert(pid)
            {
                child.kill_with(Signal::Term);
            }
        }
    }

    // Memory that the programs that run and their workers have resident together, in bytes.
    fn resident_memory(&self) -> Option<u64> {
        let running = self.running(&processes()?);
        usage::resident_memory(running.into_iter().map(Pid::as_u32))
    }

    /// Ends the programs that run and all their workers.
    pub fn kill(&self) {
        let Some(system) = processes() else { return };
        for pid in self.running(&system) {
            if let Some(child) = system.process(pid) {
                child.kill();
            }
        }
    }
}

// `None` where the system does not tell: then a program that runs is waited for.
fn processes() -> Option<System> {
    let mut system = System::new().ok()?;
    // On Linux threads would otherwise be in the list as children of their process.
    let no_threads = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, no_threads);
    Some(system)
}

// Whether so many threads can be started, all alive at once.
fn threads_left(count: usize) -> io::Result<()> {
    let (end, ended) = mpsc::channel::<()>();
    let ended = Arc::new(Mutex::new(ended));
    let mut started = Vec::new();
    let all = (0..count).try_for_each(|_| {
        let ended = Arc::clone(&ended);
        let wait = move || drop(ended.lock().map(|ended| ended.recv()));
        started.push(thread::Builder::new().spawn(wait)?);
        Ok(())
    });
    drop(end);
    for thread in started {
        let _ = thread.join();
    }
    all
}

// Parents stand before their children.
fn descendants(system: &System) -> Vec<Pid> {
    let mut found = vec![Pid::from_u32(process::id())];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        let children = system.processes().values().filter(|child| child.parent() == Some(parent));
        found.extend(children.map(|child| child.pid()));
        next += 1;
    }
    found.split_off(1)
}

/// Ends what runs when it takes too long.
#[derive(Debug)]
pub struct Deadline {
    ended: Sender<()>,
    watcher: JoinHandle<bool>,
}

impl Deadline {
    /// From now on `limit` may pass.
    ///
    /// # Errors
    /// The operating system's, when a thread is refused.
    pub fn start(children: &Children, limit: Duration) -> io::Result<Self> {
        let (ended, waiting) = mpsc::channel();
        let children = children.clone();
        let watcher = thread::Builder::new().spawn(move || {
            let passed = waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if passed {
                children.kill();
            }
            passed
        })?;
        Ok(Self { ended, watcher })
    }

    /// The run has ended; returns whether the limit had passed before.
    pub fn stop(self) -> bool {
        drop(self.ended);
        self.watcher.join().unwrap_or(false)
    }
}

/// Looks again and again at the memory that the programs have resident together while they run.
#[derive(Debug)]
pub struct MemoryWatch {
    ended: Sender<()>,
    watcher: JoinHandle<Option<u64>>,
}

/// The shortest time between two looks.
const LOOKS: Duration = Duration::from_millis(10);

impl MemoryWatch {
    /// The first look is when `first` has passed.
    ///
    /// # Errors
    /// The operating system's, when a thread is refused.
    pub fn start(children: &Children, first: Duration) -> io::Result<Self> {
        let (ended, waiting) = mpsc::channel();
        let children = children.clone();
        let watcher = thread::Builder::new().spawn(move || {
            let (mut most, mut wait) = (None, first);
            while waiting.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let began = Instant::now();
                most = most.max(children.resident_memory());
                // Who looks takes time from who is looked at: a twentieth of a core at most.
                wait = LOOKS.max(20 * began.elapsed());
            }
            most
        })?;
        Ok(Self { ended, watcher })
    }

    /// The run has ended; returns the most memory that was seen, in bytes. `None` if there was no
    /// look, and where the system does not tell.
    pub fn stop(self) -> Option<u64> {
        drop(self.ended);
        self.watcher.join().ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_seen_while_a_program_runs() {
        let guard = Guard::start().expect("a guard");
        let children = Children::from_now_on(&guard);
        let seen = |first| {
            let watch = MemoryWatch::start(&children, first).expect("a thread");
            let mut program = Command::new("sleep");
            program.arg("0.5");
            assert!(children.run(program).expect("a run").status.success());
            watch.stop()
        };
        let looked = seen(Duration::ZERO);
        assert_eq!(looked.is_some(), cfg!(target_os = "linux"), "{looked:?}");
        assert!(looked.is_none_or(|bytes| (100_000..1 << 30).contains(&bytes)), "{looked:?}");
        assert_eq!(seen(Duration::from_secs(3600)), None, "it ended before a look");
    }
}
