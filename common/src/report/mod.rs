//! The report on a run: the program writes it as JSON, and the comparison reads it back.

pub mod format;
pub mod polls;
pub mod record;
pub mod recorder;
pub mod summary;
pub mod svg;
pub mod terminal;
pub mod timeline;
pub mod trace;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use record::Record;

use crate::os::usage::{self, Usage};
use crate::workload::{Strategy, WorkItem, Workload};

/// The report on a run. The fields are the keys of the JSON object; `None` means unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The program's name.
    pub program: String,
    /// How the program does several items at once.
    pub strategy: Strategy,
    /// The kind of work.
    pub workload: Workload,
    /// How many items were to be done.
    pub items: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many threads or processes started; for tasks, how many may be in flight at once.
    pub workers: usize,
    /// Wall time of the work, without the program's start-up.
    pub wall_seconds: f64,
    /// The shortest wall time that any schedule of the items over the workers can have.
    pub lower_bound_seconds: Option<f64>,
    /// CPU time in the program's own code, workers included.
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel on the program's behalf, workers included.
    pub system_seconds: Option<f64>,
    /// How long items could have run but waited for a CPU, added up: threads and processes for a core,
    /// tasks for their one thread.
    #[serde(default)]
    pub ready_seconds: Option<f64>,
    /// Peak resident memory of the program and its worker processes, added up.
    pub peak_memory_bytes: Option<u64>,
    /// The most threads seen at the end of an item, the main thread included.
    pub threads: Option<u64>,
    /// Processes: the program and its workers. The local server is not one of them.
    pub processes: Option<u64>,
    /// How often a thread gave up its CPU to wait.
    pub voluntary_context_switches: Option<u64>,
    /// How often the scheduler took the CPU away from a thread.
    pub involuntary_context_switches: Option<u64>,
    /// The result.
    pub answer: Answer,
    /// One span for each item, in the order of the items.
    pub spans: Vec<Span>,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Downloads: bytes read in total.
    Bytes(u64),
    /// Sums as decimal strings, in the order of the items; `None` for one that failed.
    Sums(Vec<Option<String>>),
}

/// One item in a report. Times are in seconds since the run began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The item's position in the list, from 0.
    pub index: usize,
    /// The URL or the number.
    pub name: String,
    /// The thread or process that did the item, from 0; `None` for a task, which is the item.
    pub worker: Option<usize>,
    /// When the item began.
    pub start_seconds: f64,
    /// When the item ended.
    pub end_seconds: f64,
    /// The reason of a failure.
    pub error: Option<String>,
    /// With `--details`: the id of the process that did the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
    /// With `--details`: how long the item could have run but waited for a CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_seconds: Option<f64>,
    /// With `--details`, for a task: start and end of each time that it ran on the thread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running_seconds: Vec<(f64, f64)>,
    /// With `--details`, for a task: when it was woken for each of these times. The same as the start
    /// if nothing woke it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub woken_seconds: Vec<f64>,
}

/// What was measured around the records.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The program's name.
    pub program: &'static str,
    /// How the program does several items at once.
    pub strategy: Strategy,
    /// The workers that started; for tasks, how many may be in flight at once.
    pub workers: usize,
    /// When the work began, by [`crate::os::clock::now`].
    pub start: Duration,
    /// How long the work took.
    pub wall: Duration,
    /// CPU time and context switches meanwhile; `None` if unknown.
    pub usage: Option<Usage>,
    /// Whether a signal ended the run early.
    pub interrupted: bool,
}

/// The error of an item without a record in a run that no signal interrupted.
pub const LOST: &str = "lost: no worker reported a result";

impl Report {
    /// The report on `records`, which may come in any order; at most one for each of `items`.
    ///
    /// An item without a record counts as failed: as interrupted after a signal, else as lost.
    pub fn new<T: WorkItem>(items: &[T], records: Vec<Record>, measured: &Measured) -> Self {
        let mut by_index: Vec<Option<Record>> = items.iter().map(|_| None).collect();
        for record in records {
            if let Some(place) = by_index.get_mut(record.index) {
                *place = Some(record);
            }
        }
        let spans = spans(items, &by_index, measured);
        let done = || by_index.iter().flatten();
        // Of its own peak this process knows a better figure than its records have.
        let workers = || done().filter(|record| record.process.pid != std::process::id());
        let usage = measured.usage;
        Self {
            program: measured.program.to_owned(),
            strategy: measured.strategy,
            workload: T::WORKLOAD,
            items: items.len(),
            failed: spans.iter().filter(|span| span.error.is_some()).count(),
            workers: measured.workers,
            wall_seconds: measured.wall.as_secs_f64(),
            lower_bound_seconds: lower_bound(items, done(), measured.workers),
            user_seconds: usage.map(|usage| usage.user_seconds),
            system_seconds: usage.map(|usage| usage.system_seconds),
            ready_seconds: spans.iter().filter_map(|span| span.ready_seconds).reduce(|a, b| a + b),
            peak_memory_bytes: total(workers(), usage::peak_memory(), |process| {
                process.peak_memory
            }),
            threads: total(done(), usage::threads(), |process| process.threads),
            processes: Some(match measured.strategy {
                Strategy::Processes => 1 + measured.workers as u64,
                Strategy::Sequential | Strategy::Threads | Strategy::Tasks => 1,
            }),
            voluntary_context_switches: usage.map(|usage| usage.voluntary_context_switches),
            involuntary_context_switches: usage.map(|usage| usage.involuntary_context_switches),
            answer: answer::<T>(&by_index),
            spans,
        }
    }

    /// The lower bound as a share of the wall time: 1 is a perfect schedule. `None` if unknown.
    pub fn efficiency(&self) -> Option<f64> {
        Some(self.lower_bound_seconds? / self.wall_seconds).filter(|share| share.is_finite())
    }

    /// Removes what only `--details` prints.
    pub fn remove_details(&mut self) {
        for span in &mut self.spans {
            span.process = None;
            span.ready_seconds = None;
            span.running_seconds = Vec::new();
            span.woken_seconds = Vec::new();
        }
    }
}

fn spans<T: WorkItem>(items: &[T], records: &[Option<Record>], measured: &Measured) -> Vec<Span> {
    let seconds = |moment: Duration| moment.saturating_sub(measured.start).as_secs_f64();
    let missing = if measured.interrupted { "interrupted" } else { LOST };
    let span = |(index, item): (usize, &T)| match &records[index] {
        Some(record) => Span {
            index,
            name: item.to_string(),
            worker: record.worker,
            start_seconds: seconds(record.start),
            end_seconds: seconds(record.end),
            error: record.outcome.as_ref().err().cloned(),
            process: Some(record.process.pid),
            ready_seconds: record.ready.map(|ready| ready.as_secs_f64()),
            running_seconds: record
                .polls
                .iter()
                .map(|poll| (seconds(poll.start), seconds(poll.end)))
                .collect(),
            woken_seconds: record.polls.iter().map(|poll| seconds(poll.woken)).collect(),
        },
        None => Span {
            index,
            name: item.to_string(),
            start_seconds: measured.wall.as_secs_f64(),
            end_seconds: measured.wall.as_secs_f64(),
            error: Some(missing.to_owned()),
            ..Span::default()
        },
    };
    items.iter().enumerate().map(span).collect()
}

fn answer<T: WorkItem>(records: &[Option<Record>]) -> Answer {
    let result = |record: &Option<Record>| record.as_ref()?.outcome.as_ref().ok().copied();
    let results = records.iter().map(result);
    match T::WORKLOAD {
        Workload::Io => Answer::Bytes(results.flatten().fold(0, |sum, bytes| {
            // A changed lesson may return any number.
            sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
        })),
        Workload::Cpu => Answer::Sums(results.map(|sum| Some(sum?.to_string())).collect()),
    }
}

/// The lower bound on the makespan of the successful items, in seconds: the longest item, or the
/// total divided by `workers`, whichever is larger (Graham 1966, "Bounds for certain multiprocessing
/// anomalies"). `None` if there is no such item, if a download's time is unknown, or if it is 0.
fn lower_bound<'a, T: WorkItem>(
    items: &[T],
    records: impl Iterator<Item = &'a Record>,
    workers: usize,
) -> Option<f64> {
    let time = |record: &Record| match T::WORKLOAD {
        Workload::Cpu => Some(record.duration()),
        Workload::Io => items[record.index].set_time(),
    };
    let times: Vec<Duration> =
        records.filter(|record| record.outcome.is_ok()).map(time).collect::<Option<_>>()?;
    let longest = times.iter().max()?.as_secs_f64();
    let shared = times.iter().sum::<Duration>().as_secs_f64() / workers.max(1) as f64;
    Some(longest.max(shared)).filter(|bound| *bound > 0.0)
}

/// A figure of this process plus the largest that each worker process reported. `None` if one of
/// them is unknown.
fn total<'a>(
    records: impl Iterator<Item = &'a Record>,
    own: Option<u64>,
    figure: fn(&usage::Process) -> Option<u64>,
) -> Option<u64> {
    let this = std::process::id();
    let mut own = own;
    // A killed worker's replacement has the same number: at most one process lives for a worker.
    let mut workers: BTreeMap<Option<usize>, Option<u64>> = BTreeMap::new();
    for record in records {
        if record.process.pid == this {
            own = own.max(figure(&record.process));
        } else {
            let most = workers.entry(record.worker).or_default();
            *most = (*most).max(figure(&record.process));
        }
    }
    workers.into_values().try_fold(own?, |sum, worker| Some(sum + worker?))
}

#[cfg(test)]
mod tests;
