//! A pool of worker processes: `fork`, two pipes for each worker, `waitpid`.
//!
//! A fork copies the parent's memory, so each worker has the items already. The parent sends the index
//! of an item through one pipe; the worker sends a record of the finished item through the other.
//!
//! When a worker dies, the system closes its pipes, and the parent reads end-of-file. Then the item goes
//! back to the queue, and a new worker starts. An item fails once `MAX_ATTEMPTS` workers have
//! died while doing it.

pub mod fork;
pub mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use common::os::{affinity, clock, limits};
use common::report::Record;
use common::run::Item;
use common::workload::WorkItem;
use common::{Result, Run};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe};

use fork::{Forked, fork};

/// An item fails once this many workers have died while doing it.
const MAX_ATTEMPTS: usize = 3;
/// The longest wait for a record before the pool looks for Ctrl-C, in milliseconds.
const POLL_TIMEOUT: u16 = 200;

/// Does `work` for each item of `run`, in `run.workers` processes. The result of `work` is any number that
/// fits in a `u128`. The run keeps the records.
///
/// # Errors
/// An error of the operating system, if the parent cannot wait for its workers.
pub fn map<T: WorkItem, O: Into<u128>>(run: &Run<T>, work: impl Fn(&T) -> Result<O>) -> Result<()> {
    // A worker only measures; its parent records. A record kept in the worker would be lost with it.
    let work = |item: &Item<'_, T>, worker| run.measure(item, worker, || work(item));
    let items: Vec<Item<T>> = run.items().collect();
    let mut pool = Pool {
        run,
        work,
        pending: (0..items.len()).collect(),
        attempts: vec![0; items.len()],
        items,
        workers: BTreeMap::new(),
    };
    for number in 0..run.workers {
        // `started` counts the worker, or keeps the reason why the system refused it.
        if !run.started(pool.start(number)) {
            break;
        }
    }
    while !run.interrupted() && pool.dispatch() {
        for number in pool.wait()? {
            match pool.receive(number) {
                Ok(record) => run.record(record),
                Err(reason) => pool.replace(number, &reason),
            }
        }
    }
    Ok(())
}

/// The parent's view of a worker.
struct Worker {
    pid: Pid,
    tasks: File,
    records: File,
    // The index of the item that the worker does, and when it was sent.
    in_flight: Option<(usize, Duration)>,
}

struct Pool<'run, T, W> {
    run: &'run Run<T>,
    work: W,
    items: Vec<Item<'run, T>>,
    // Indices of the items that wait for a worker.
    pending: VecDeque<usize>,
    // How many workers have died while doing each item.
    attempts: Vec<usize>,
    // By number. A new worker gets the number of the dead worker that it replaces.
    workers: BTreeMap<usize, Worker>,
}

impl<T: WorkItem, W: Fn(&Item<'_, T>, usize) -> Record> Pool<'_, T, W> {
    /// Forks a worker.
    fn start(&mut self, number: usize) -> io::Result<()> {
        let (task_reader, task_writer) = pipe()?;
        let (record_reader, record_writer) = pipe()?;
        match fork()? {
            Forked::Parent(pid) => {
                // This process's copies of the worker's two ends close at the end of this function.
                let (tasks, records) = (task_writer.into(), record_reader.into());
                self.workers.insert(number, Worker { pid, tasks, records, in_flight: None });
                Ok(())
            }
            Forked::Child(child) => {
                // `tasks` and `records` stay open until the process ends. If the closure owned them, a panic
                // would close them earlier: the parent would read end-of-file, kill this process, and miss
                // its exit code.
                let (mut tasks, mut records) = (File::from(task_reader), File::from(record_writer));
                child.run_and_exit(|| {
                    // The fork copied the parent's ends of all pipes, also of those to other workers. While
                    // they are open here, those workers do not read end-of-file when the parent exits.
                    self.workers.clear();
                    drop((task_writer, record_reader));
                    // Without this, two new workers may share a core for a while, with another core idle.
                    affinity::start_on_core(number);
                    // Whatever the error is, this worker exits, and its parent reads end-of-file.
                    let _ = self.serve(number, &mut tasks, &mut records);
                })
            }
        }
    }

    /// A worker's whole life, until the pool kills it or the parent has gone.
    fn serve(&self, number: usize, tasks: &mut File, records: &mut File) -> io::Result<()> {
        let mut index = [0; size_of::<usize>()];
        while tasks.read_exact(&mut index).is_ok() {
            let item = &self.items[usize::from_ne_bytes(index)];
            wire::write(records, &(self.work)(item, number))?;
        }
        Ok(())
    }

    /// Sends each idle worker an item. Returns whether any worker has one.
    fn dispatch(&mut self) -> bool {
        for worker in self.workers.values_mut().filter(|worker| worker.in_flight.is_none()) {
            let Some(index) = self.pending.pop_front() else { break };
            worker.in_flight = Some((index, clock::now()));
            // If the worker is dead, this fails, and `receive` reads end-of-file from its other pipe.
            let _ = worker.tasks.write_all(&index.to_ne_bytes());
        }
        self.workers.values().any(|worker| worker.in_flight.is_some())
    }

    /// Waits a moment for workers that send a record or die, and returns their numbers.
    fn wait(&self) -> io::Result<Vec<usize>> {
        let pipes = self.workers.values().map(|worker| worker.records.as_fd());
        let mut ends: Vec<_> = pipes.map(|pipe| PollFd::new(pipe, PollFlags::POLLIN)).collect();
        match poll(&mut ends, POLL_TIMEOUT) {
            // A signal, such as Ctrl-C, ends the wait early.
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        // Something can be read, a record or end-of-file. (`None` is an event that nix does not know.)
        let ready = self.workers.keys().zip(&ends).filter(|(_, end)| end.any() == Some(true));
        Ok(ready.map(|(number, _)| *number).collect())
    }

    /// Reads a worker's record. Returns an error if the worker must be replaced.
    fn receive(&mut self, number: usize) -> Result<Record, String> {
        let worker = self.workers.get_mut(&number).expect("a number from `wait`");
        let record = wire::read(&mut worker.records)?;
        if worker.in_flight.is_none_or(|(index, _)| index != record.index) {
            return Err("sent a record of another item".into());
        }
        worker.in_flight = None;
        // The pool's own number, because a broken worker may send any.
        Ok(Record { worker: Some(number), ..record })
    }

    /// Ends a worker, puts its item back, and starts a new worker if an item is pending.
    fn replace(&mut self, number: usize, reason: &str) {
        let Some(worker) = self.workers.remove(&number) else { return };
        let reason = end_of(worker.pid, reason);
        if let Some((index, start)) = worker.in_flight {
            self.retry(index, start, number, &reason);
        }
        if !self.pending.is_empty()
            && let Err(error) = self.start(number)
        {
            let error = limits::explain(&error);
            self.run.note(&format!("cannot replace worker {number}: {error}"));
        }
    }

    /// Puts the item of a dead worker back, or records its failure if this was the last attempt.
    fn retry(&mut self, index: usize, start: Duration, number: usize, reason: &str) {
        self.run.note(&format!("worker {number} {reason} during {}", *self.items[index]));
        self.attempts[index] += 1;
        if self.attempts[index] < MAX_ATTEMPTS {
            // To the front, so that the items stay in their order.
            return self.pending.push_front(index);
        }
        let error = format!("failed after {MAX_ATTEMPTS} attempts: its worker {reason}");
        self.run.record(Record::new(index, Some(number), start, Err(error)));
    }
}

/// Kills a worker, waits for it, and returns how it ended.
fn end_of(pid: Pid, reason: &str) -> String {
    // Ends a worker that lives, such as one that sent a wrong record.
    let _ = kill(pid, Signal::SIGKILL);
    // A worker whose pipe is closed was dead before this SIGKILL, so `waitpid` returns what ended it.
    let closed = reason == wire::CLOSED;
    match waitpid(pid, None) {
        Ok(WaitStatus::Exited(_, code)) => format!("exited with code {code}"),
        Ok(WaitStatus::Signaled(_, signal, _)) if closed => format!("was killed by {signal}"),
        _ => reason.to_owned(),
    }
}

/// No worker outlives the pool, not even a suspended one (SIGSTOP), which would not see its pipe close.
impl<T, W> Drop for Pool<'_, T, W> {
    fn drop(&mut self) {
        for worker in self.workers.values() {
            let _ = kill(worker.pid, Signal::SIGKILL);
        }
        for worker in self.workers.values() {
            let _ = waitpid(worker.pid, None);
        }
    }
}
