//! A pool of worker processes: `fork`, two pipes for each worker, `waitpid`.
//!
//! A worker is forked with a copy of the items, so that an item is handed out as its index, eight
//! bytes through one pipe; the span comes back through the other one. A worker that dies closes
//! its pipes, which is how [`map`] sees it: another takes its place and its item. An item that has
//! lost three workers is given up by name, and the others go on.

pub mod apart;
pub mod fork;
pub mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use common::summary::Item;
use common::{Error, Run, Span, clock, limits, out};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe};

use fork::Forked;

/// How many workers an item may lose before it is given up.
const ATTEMPTS: usize = 3;
/// The longest wait for a result, in milliseconds, before Ctrl-C is looked for again.
const WAIT: u8 = 200;

/// Does `work` for every item of `run`, in as many worker processes as it asks for. `work` gets
/// the worker's number and the item, and runs in the worker.
///
/// # Errors
/// When not a single worker can be started.
pub fn map<T: Item>(run: &Run<T>, work: impl Fn(usize, &T) -> Span) -> Result<Vec<Span>, Error> {
    let items: Vec<&T> = run.items().collect();
    let mut pool = Pool {
        work,
        waiting: (0..items.len()).collect(),
        lost: vec![0; items.len()],
        items,
        workers: BTreeMap::new(),
    };
    for number in 0..run.workers {
        match pool.start(number) {
            Ok(()) => {}
            Err(error) if number == 0 => return Err(error.into()),
            Err(error) => {
                run.fewer_workers(number, &error);
                break;
            }
        }
    }
    let mut spans = Vec::new();
    while !run.interrupted() && pool.hand_out() {
        for number in pool.readable()? {
            let ended = match pool.receive(number) {
                Ok(span) => span,
                Err(why) => pool.replace(number, &why),
            };
            spans.extend(ended.map(|span| run.finished(span)));
        }
    }
    if !run.interrupted() {
        let left = pool.waiting.iter().map(|&index| pool.items[index]);
        let why = "no worker is left, and none could be started";
        spans.extend(left.map(|item| run.finished(Span::not_done(item, 0, clock::now(), why))));
    }
    Ok(spans)
}

struct Worker {
    pid: Pid,
    tasks: File,
    results: File,
    // Of a result, what has come so far.
    received: Vec<u8>,
    // The item that it works on, by index, and since when.
    task: Option<(usize, Duration)>,
}

struct Pool<'a, T, W> {
    work: W,
    items: Vec<&'a T>,
    // Indices of the items that no worker has.
    waiting: VecDeque<usize>,
    // How many workers each item has lost.
    lost: Vec<usize>,
    workers: BTreeMap<usize, Worker>,
}

impl<T: Item, W: Fn(usize, &T) -> Span> Pool<'_, T, W> {
    fn start(&mut self, number: usize) -> io::Result<()> {
        let (task_end, tasks) = pipe()?;
        let (results, result_end) = pipe()?;
        match fork::split()? {
            Forked::Parent(pid) => {
                let (tasks, results) = (tasks.into(), results.into());
                self.workers.insert(
                    number,
                    Worker { pid, tasks, results, received: Vec::new(), task: None },
                );
                Ok(())
            }
            Forked::Child(child) => child.end_after(|| {
                // A fork copies every open pipe. A worker that kept the others' ends would keep
                // these from seeing that the parent has let go.
                self.workers.clear();
                drop((tasks, results));
                // It fails when the parent has gone: then nobody is left to tell.
                let _ = self.serve(number, task_end.into(), result_end.into());
            }),
        }
    }

    // A worker's whole life.
    fn serve(&self, number: usize, mut tasks: File, mut results: File) -> io::Result<()> {
        let mut index = [0; size_of::<usize>()];
        while tasks.read_exact(&mut index).is_ok() {
            let span = (self.work)(number, self.items[usize::from_ne_bytes(index)]);
            results.write_all(&wire::frame(&span)?)?;
        }
        Ok(())
    }

    // Gives every idle worker an item. False when no worker is busy then: all is done.
    fn hand_out(&mut self) -> bool {
        for worker in self.workers.values_mut().filter(|worker| worker.task.is_none()) {
            let Some(index) = self.waiting.pop_front() else {
                break;
            };
            worker.task = Some((index, clock::now()));
            // It fails if the worker is dead, which its other pipe is about to tell.
            let _ = worker.tasks.write_all(&index.to_ne_bytes());
        }
        self.workers.values().any(|worker| worker.task.is_some())
    }

    // The workers that have sent something, or died; waits until there is one.
    fn readable(&self) -> io::Result<Vec<usize>> {
        let mut ends = Vec::new();
        for worker in self.workers.values() {
            ends.push(PollFd::new(worker.results.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut ends, WAIT) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = |end: &PollFd| end.any().unwrap_or(false);
        Ok(self
            .workers
            .keys()
            .zip(&ends)
            .filter(|(_, end)| ready(end))
            .map(|(number, _)| *number)
            .collect())
    }

    // A result, once it is there as a whole; an error when the worker is of no more use.
    fn receive(&mut self, number: usize) -> Result<Option<Span>, String> {
        let Some(worker) = self.workers.get_mut(&number) else {
            return Ok(None);
        };
        let mut piece = [0; 4096];
        match worker.results.read(&mut piece) {
            Ok(0) => return Err("ended".into()),
            Ok(bytes) => worker.received.extend_from_slice(&piece[..bytes]),
            Err(error) => return Err(format!("could not be read from ({error})")),
        }
        let Some(span) = wire::decode(&mut worker.received)? else {
            return Ok(None);
        };
        match worker.task {
            Some((index, _))
                if self.items[index].to_string() == span.name && span.worker == number =>
            {
                worker.task = None;
                Ok(Some(span))
            }
            _ => Err("sent a result that nobody asked for".into()),
        }
    }

    // Starts a worker in the place of one that is of no more use. A span, if that was the last
    // attempt at its item.
    fn replace(&mut self, number: usize, why: &str) -> Option<Span> {
        let worker = self.workers.remove(&number)?;
        let _ = kill(worker.pid, Signal::SIGKILL);
        let how = match waitpid(worker.pid, None) {
            Ok(WaitStatus::Signaled(_, signal, _)) if why == "ended" => {
                format!("was killed by {signal}")
            }
            Ok(WaitStatus::Exited(_, code)) => format!("ended with exit code {code}"),
            _ => why.to_owned(),
        };
        let during = worker
            .task
            .map_or(String::new(), |(index, _)| format!(" during {}", self.items[index]));
        out::complain(&format!("note: worker {number} (process {}) {how}{during}", worker.pid));
        let mut given_up = None;
        if let Some((index, since)) = worker.task {
            self.lost[index] += 1;
            if self.lost[index] < ATTEMPTS {
                self.waiting.push_front(index);
            } else {
                let why = format!("given up: its worker {how}, the {ATTEMPTS}rd one that it lost");
                given_up = Some(Span::not_done(self.items[index], number, since, &why));
            }
        }
        if !self.waiting.is_empty()
            && let Err(error) = self.start(number)
        {
            out::complain(&format!(
                "note: worker {number} could not be replaced: {}",
                limits::named(&error)
            ));
        }
        given_up
    }
}

// No worker outlives the pool: an idle one ends when its pipe does, a busy one is killed.
impl<T, W> Drop for Pool<'_, T, W> {
    fn drop(&mut self) {
        for (_, Worker { pid, tasks, results, task, .. }) in std::mem::take(&mut self.workers) {
            if task.is_some() {
                let _ = kill(pid, Signal::SIGKILL);
            }
            drop((tasks, results));
            let _ = waitpid(pid, None);
        }
    }
}

#[cfg(test)]
#[path = "hostile.rs"]
mod tests;
