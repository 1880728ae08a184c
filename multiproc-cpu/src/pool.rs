//! A pool of worker processes: `fork`, two pipes for each worker, `waitpid`.
//!
//! A worker is forked with a copy of the items, so that an item is handed out as its index, eight
//! bytes through one pipe; the span comes back through the other one. A worker that dies closes
//! its pipes, which is how [`map`] sees it: another takes its place and its item. An item that has
//! lost three workers is given up by name, and the others go on.
//!
//! While there are plenty of items a worker is given the next one before it has finished the last.
//! All cores compute, so that the pool itself may wait some milliseconds for a core, and its workers
//! with it.

pub mod fork;
pub mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use common::summary::Item;
use common::{Error, Run, Span, clock, cores, limits, out};
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
/// the worker's slot and the item, and runs in the worker.
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
    for slot in 0..run.workers {
        if run.started(slot, pool.start(slot))?.is_none() {
            break;
        }
    }
    let mut spans = Vec::new();
    while !run.interrupted() && pool.hand_out() {
        for slot in pool.readable()? {
            let ended = match pool.receive(slot) {
                Ok(span) => span,
                Err(why) => pool.replace(slot, &why),
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
    // The items that it has, by index: it works on the first.
    given: VecDeque<usize>,
    // When it began that one, as far as the pool can tell.
    since: Duration,
}

struct Pool<'a, T, W> {
    work: W,
    items: Vec<&'a T>,
    // Indices of the items that no worker has.
    waiting: VecDeque<usize>,
    // How many workers each item has lost.
    lost: Vec<usize>,
    // By slot: a worker's number, counted from 0, which its replacement takes over.
    workers: BTreeMap<usize, Worker>,
}

impl<T: Item, W: Fn(usize, &T) -> Span> Pool<'_, T, W> {
    fn start(&mut self, slot: usize) -> io::Result<()> {
        let (task_end, tasks) = pipe()?;
        let (results, result_end) = pipe()?;
        match fork::split()? {
            Forked::Parent(pid) => {
                let (tasks, results) = (tasks.into(), results.into());
                let (received, given) = (Vec::new(), VecDeque::new());
                let since = clock::now();
                self.workers.insert(slot, Worker { pid, tasks, results, received, given, since });
                Ok(())
            }
            Forked::Child(child) => child.end_after(|| {
                // A fork copies every open pipe. A worker that kept the others' ends would keep
                // these from seeing that the parent has let go.
                self.workers.clear();
                drop((tasks, results));
                cores::begin_on(slot);
                // It fails when the parent has gone: then nobody is left to tell.
                let _ = self.serve(slot, task_end.into(), result_end.into());
            }),
        }
    }

    // A worker's whole life.
    fn serve(&self, slot: usize, mut tasks: File, mut results: File) -> io::Result<()> {
        let mut index = [0; size_of::<usize>()];
        while tasks.read_exact(&mut index).is_ok() {
            let span = (self.work)(slot, self.items[usize::from_ne_bytes(index)]);
            results.write_all(&wire::frame(&span)?)?;
        }
        Ok(())
    }

    // Gives every idle worker an item, then every worker one more while there are some for all.
    // False when no worker is busy then: all is done.
    fn hand_out(&mut self) -> bool {
        for (given, spare) in [(0, 0), (1, self.workers.len())] {
            for worker in self.workers.values_mut().filter(|worker| worker.given.len() == given) {
                if self.waiting.len() > spare
                    && let Some(index) = self.waiting.pop_front()
                {
                    if worker.given.is_empty() {
                        worker.since = clock::now();
                    }
                    worker.given.push_back(index);
                    // It fails if the worker is dead, which its other pipe is about to tell.
                    let _ = worker.tasks.write_all(&index.to_ne_bytes());
                }
            }
        }
        self.workers.values().any(|worker| !worker.given.is_empty())
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
            .map(|(slot, _)| *slot)
            .collect())
    }

    // A result, once it is there as a whole; an error when the worker is of no more use.
    fn receive(&mut self, slot: usize) -> Result<Option<Span>, String> {
        let Some(worker) = self.workers.get_mut(&slot) else {
            return Ok(None);
        };
        // No further than this message: nothing tells of bytes that were read too early.
        let mut piece = vec![0; wire::missing(&worker.received)];
        match worker.results.read(&mut piece) {
            Ok(0) => return Err("ended".into()),
            Ok(bytes) => worker.received.extend_from_slice(&piece[..bytes]),
            Err(error) => return Err(format!("could not be read from ({error})")),
        }
        let Some(span) = wire::decode(&mut worker.received)? else {
            return Ok(None);
        };
        let asked = worker.given.front().map(|&index| self.items[index].to_string());
        if asked.as_ref() != Some(&span.name) || span.worker != slot {
            return Err("sent a result that nobody asked for".into());
        }
        worker.given.pop_front();
        worker.since = clock::now();
        Ok(Some(span))
    }

    // Starts a worker in the place of one that is of no more use. A span, if that was the last
    // attempt at its item.
    fn replace(&mut self, slot: usize, why: &str) -> Option<Span> {
        let mut worker = self.workers.remove(&slot)?;
        let _ = kill(worker.pid, Signal::SIGKILL);
        let how = match waitpid(worker.pid, None) {
            Ok(WaitStatus::Signaled(_, signal, _)) if why == "ended" => {
                format!("was killed by {signal}")
            }
            Ok(WaitStatus::Exited(_, code)) => format!("ended with exit code {code}"),
            _ => why.to_owned(),
        };
        let lost = worker.given.pop_front();
        let during = lost.map_or(String::new(), |index| format!(" during {}", self.items[index]));
        out::complain(&format!("note: worker {slot} (process {}) {how}{during}", worker.pid));
        while let Some(unbegun) = worker.given.pop_back() {
            self.waiting.push_front(unbegun);
        }
        let mut given_up = None;
        if let Some(index) = lost {
            self.lost[index] += 1;
            if self.lost[index] < ATTEMPTS {
                self.waiting.push_front(index);
            } else {
                let why = format!("given up: its worker {how}, the {ATTEMPTS}rd one that it lost");
                given_up = Some(Span::not_done(self.items[index], slot, worker.since, &why));
            }
        }
        if !self.waiting.is_empty()
            && let Err(error) = self.start(slot)
        {
            out::complain(&format!(
                "note: worker {slot} could not be replaced: {}",
                limits::named(&error)
            ));
        }
        given_up
    }
}

// No worker outlives the pool, not even one that is stopped and would not see that its pipe ends.
impl<T, W> Drop for Pool<'_, T, W> {
    fn drop(&mut self) {
        let end = |Worker { pid, .. }| {
            let _ = kill(pid, Signal::SIGKILL);
            pid
        };
        // All are told to end before any is waited for.
        let ending: Vec<Pid> = std::mem::take(&mut self.workers).into_values().map(end).collect();
        for pid in ending {
            let _ = waitpid(pid, None);
        }
    }
}

#[cfg(test)]
#[path = "hostile.rs"]
mod tests;
