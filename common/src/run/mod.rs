//! One run of a program: its items, their records, and the report on them.

mod print;
mod setup;

use std::cell::Cell;
use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::sync::Notify;

pub use setup::execute_both;

use crate::Result;
use crate::cli::Output;
use crate::os::error::with_causes;
use crate::os::output::{eprint_line, print_line};
use crate::os::usage::{self, Usage};
use crate::os::{clock, limits, signals};
use crate::report::polls::{Poll, observe};
use crate::report::{Measured, Record, Report, format};
use crate::server::Server;
use crate::workload::{Strategy, WorkItem};

thread_local! {
    // The number of the worker that this thread is; the main thread is the first.
    static WORKER: Cell<usize> = const { Cell::new(0) };
}

/// One run over a list of items: [`Site`](crate::Site)s to download or numbers to sum up to. Keeps a
/// record of each finished item, and makes the report from them.
#[derive(Debug)]
pub struct Run<T> {
    /// How many items may be in progress at once: threads, processes, or tasks in flight. No more than
    /// there are items.
    pub workers: usize,
    program: &'static str,
    strategy: Strategy,
    items: Vec<T>,
    timeout: Duration,
    output: Output,
    cancelled: Notify,
    active_workers: AtomicUsize,
    records: Mutex<Vec<Record>>,
    // Why the system refused a worker.
    refusal: Mutex<Option<String>>,
    progress: ProgressBar,
    // Ends with the run.
    _server: Option<Server>,
}

/// An item of a run and its position in the list.
#[derive(Debug)]
pub struct Item<'run, T> {
    index: usize,
    value: &'run T,
}

impl<T> Clone for Item<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Item<'_, T> {}

impl<T> Deref for Item<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl<T> Item<'_, T> {
    /// The item's position in the list, from 0.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl<T: WorkItem> Run<T> {
    /// The items in their order. Ends early after Ctrl-C or SIGTERM.
    pub fn items(&self) -> impl Iterator<Item = Item<'_, T>> {
        let item = |(index, value)| Item { index, value };
        self.items.iter().enumerate().map(item).take_while(|_| !self.interrupted())
    }

    /// Whether Ctrl-C or SIGTERM has interrupted the program.
    pub fn interrupted(&self) -> bool {
        signals::received().is_some()
    }

    /// Does an item, and records when and with which result.
    pub fn time<O: Into<u128>>(&self, item: &Item<'_, T>, work: impl FnOnce() -> Result<O>) {
        self.record(self.measure(item, WORKER.get(), work));
    }

    /// [`Run::time`] for a task: also records when the task was woken and when it ran on its thread. A
    /// signal cancels the work.
    pub async fn time_async<O: Into<u128>>(
        &self,
        item: &Item<'_, T>,
        work: impl Future<Output = Result<O>>,
    ) {
        if self.interrupted() {
            return;
        }
        let start = clock::now();
        let mut polls = Vec::new();
        let outcome = tokio::select! {
            biased;
            outcome = observe(work, &mut polls) => outcome,
            () = self.cancelled.notified() => return,
        };
        let ready = Some(polls.iter().map(Poll::ready).sum());
        self.record(Record { polls, ready, ..finish(item.index, None, start, outcome) });
    }

    /// Does an item and returns the record, for a worker process, whose parent keeps the records.
    pub fn measure<O: Into<u128>>(
        &self,
        item: &Item<'_, T>,
        worker: usize,
        work: impl FnOnce() -> Result<O>,
    ) -> Record {
        let before = usage::ready_time_of_thread();
        let start = clock::now();
        let outcome = work();
        let record = finish(item.index, Some(worker), start, outcome);
        let ready = usage::ready_time_of_thread().zip(before).map(|(after, before)| after - before);
        Record { ready, ..record }
    }

    /// Records a finished item, and prints its line: a failure always, a success with `--verbose`.
    pub fn record(&self, record: Record) {
        match &record.outcome {
            Err(error) => self.eprint(&format!("error: {}: {error}", self.items[record.index])),
            Ok(result) if self.output.verbose => print_line(&self.line(&record, *result)),
            Ok(_) => {}
        }
        self.progress.inc(1);
        lock(&self.records).push(record);
    }

    fn line(&self, record: &Record, result: u128) -> String {
        let time = format::seconds(record.duration().as_secs_f64());
        let line = format!("{}: {} in {time}", self.items[record.index], T::describe(result));
        match record.worker.filter(|_| self.strategy != Strategy::Sequential) {
            Some(worker) => format!("{line} by {} {worker}", self.strategy.worker()),
            None => line,
        }
    }

    /// Prints a note on standard error, above the progress line.
    pub fn note(&self, text: &str) {
        self.eprint(&format!("note: {text}"));
    }

    fn eprint(&self, line: &str) {
        self.progress.suspend(|| eprint_line(line));
    }

    /// Starts a thread of the scope as one more worker. If the system refuses it, the run goes on with
    /// those that started.
    pub fn spawn<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: impl FnOnce() + Send + 'scope,
    ) {
        let worker = self.active();
        let thread = thread::Builder::new().spawn_scoped(scope, move || {
            WORKER.set(worker);
            work();
        });
        self.started(thread.map(drop));
    }

    /// Counts one more worker, or keeps the reason why the system refused it. Returns whether it started.
    pub fn started(&self, worker: io::Result<()>) -> bool {
        match &worker {
            Ok(()) => _ = self.active_workers.fetch_add(1, Ordering::Relaxed),
            Err(error) => _ = lock(&self.refusal).get_or_insert(limits::explain(error)),
        }
        worker.is_ok()
    }

    fn active(&self) -> usize {
        self.active_workers.load(Ordering::Relaxed)
    }

    /// Runs `work` and makes the report. Wall time, CPU time and context switches cover `work` from
    /// its start to its end. If the system refused a worker, standard error names the limit.
    ///
    /// # Errors
    /// Those of `work`; the refusal of all workers. A failed item is none.
    pub fn report<'run>(&'run self, work: impl FnOnce(&'run Self) -> Result<()>) -> Result<Report> {
        let before = Usage::now();
        let start = clock::now();
        let result = work(self);
        let wall = clock::now().saturating_sub(start);
        let usage = Usage::now().zip(before).map(|(after, before)| after.since(&before));
        self.progress.finish_and_clear();
        result?;
        match (lock(&self.refusal).take(), self.active()) {
            (Some(why), 0) => return Err(format!("cannot start a worker: {why}").into()),
            (Some(why), active) => {
                self.note(&format!("{active} workers instead of {}: {why}", self.workers));
            }
            (None, _) => {}
        }
        let records = std::mem::take(&mut *lock(&self.records));
        let workers = match self.strategy {
            Strategy::Sequential => 1,
            Strategy::Tasks => self.workers,
            Strategy::Threads | Strategy::Processes => self.active(),
        };
        let measured = Measured {
            program: self.program,
            strategy: self.strategy,
            workers,
            start,
            wall,
            usage,
            interrupted: self.interrupted(),
        };
        Ok(Report::new(&self.items, records, &measured))
    }
}

fn finish<O: Into<u128>>(
    index: usize,
    worker: Option<usize>,
    start: Duration,
    outcome: Result<O>,
) -> Record {
    let outcome = outcome.map(O::into).map_err(|error| with_causes(&*error));
    Record::new(index, worker, start, outcome)
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_refused_worker_ends_only_a_run_without_any() {
        let run = || Run::numbers(Strategy::Threads, vec![1, 2], 2);
        let refuse = |run: &Run<u64>| assert!(!run.started(Err(ErrorKind::OutOfMemory.into())));
        let report = run().report(|run| {
            refuse(run);
            assert!(run.started(Ok(())));
            Ok(())
        });
        assert_eq!(report.expect("a report").workers, 1);
        let error = run().report(|run| {
            refuse(run);
            Ok(())
        });
        let error = error.expect_err("no worker").to_string();
        assert!(error.starts_with("cannot start a worker: "), "{error}");
    }
}
