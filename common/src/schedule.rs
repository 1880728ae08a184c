//! What the pictures of a run show: who worked on what, and when.
//!
//! [`crate::diagram`], [`crate::svg`] and [`crate::trace`] draw one of these. A run gives it from
//! its own report; another program reads it from the JSON object that the run prints.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::summary::{Report, ReportedSpan};

/// Of a run's JSON object, the keys that a picture needs; all times in seconds since it began.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[expect(missing_docs, reason = "the README documents the keys")]
pub struct Schedule {
    pub program: String,
    pub workload: String,
    pub workers: usize,
    pub processes: usize,
    pub wall_seconds: f64,
    pub user_seconds: Option<f64>,
    pub system_seconds: Option<f64>,
    pub spans: Vec<ReportedSpan>,
}

/// What a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// A thread of the program.
    Thread,
    /// A task on the program's one thread.
    Task,
    /// A process that the program started.
    Process,
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thread => "thread",
            Self::Task => "task",
            Self::Process => "process",
        })
    }
}

impl Worker {
    /// Several of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Thread => "threads",
            Self::Task => "tasks",
            Self::Process => "processes",
        }
    }

    /// With its number: `thread 0`.
    pub fn label(self, number: usize) -> String {
        format!("{self} {number}")
    }
}

/// What one worker did.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Its number.
    pub worker: usize,
    /// Its items in the order in which it began them.
    pub blocks: Vec<Block<'a>>,
}

/// One item as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Block<'a> {
    /// When it began, in seconds; at least 0.
    pub start: f64,
    /// When it ended, in seconds; at most the run's wall time.
    pub end: f64,
    /// The item.
    pub span: &'a ReportedSpan,
}

impl Schedule {
    /// What `report` tells.
    pub fn of(report: &Report) -> Self {
        Self {
            program: report.program.to_owned(),
            workload: report.workload.to_owned(),
            workers: report.workers,
            processes: report.processes,
            wall_seconds: report.wall_seconds,
            user_seconds: report.user_seconds,
            system_seconds: report.system_seconds,
            spans: report.spans.clone(),
        }
    }

    /// What its workers are, by what they left: polls, other processes, or neither.
    pub fn worker(&self) -> Worker {
        if self.spans.iter().any(|span| !span.polls_seconds.is_empty()) {
            Worker::Task
        } else if self.processes > 1 {
            Worker::Process
        } else {
            Worker::Thread
        }
    }

    /// A row for each worker, also for one that got nothing to do. An item that was never begun is
    /// in no row.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: BTreeMap<usize, Vec<Block>> =
            (0..self.workers).map(|worker| (worker, Vec::new())).collect();
        for span in self.spans.iter().filter(|span| self.was_begun(span)) {
            rows.entry(span.worker).or_default().push(Block {
                start: span.start_seconds.clamp(0.0, self.wall_seconds),
                end: span.end_seconds.clamp(0.0, self.wall_seconds),
                span,
            });
        }
        rows.into_iter()
            .map(|(worker, mut blocks)| {
                blocks.sort_by(|a, b| a.start.total_cmp(&b.start));
                Row { worker, blocks }
            })
            .collect()
    }

    fn was_begun(&self, span: &ReportedSpan) -> bool {
        span.start_seconds < self.wall_seconds
    }

    /// All polls of all tasks, in order: when their one thread ran one of them.
    pub fn polls(&self) -> Vec<(f64, f64)> {
        let polls = self.spans.iter().flat_map(|span| &span.polls_seconds);
        let mut polls: Vec<(f64, f64)> = polls
            .map(|&(start, end)| (start, end.min(self.wall_seconds)))
            .filter(|(start, end)| start < end)
            .collect();
        polls.sort_by(|a, b| a.0.total_cmp(&b.0));
        polls
    }

    /// The most items that were under way at one moment.
    pub fn at_once(&self) -> usize {
        let mut moments: Vec<(f64, bool)> = Vec::new();
        for span in self.spans.iter().filter(|span| self.was_begun(span)) {
            moments.extend([(span.start_seconds, true), (span.end_seconds, false)]);
        }
        // An item that ends when another begins was not under way with it: false sorts first.
        moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (mut now, mut most) = (0usize, 0);
        for (_, begins) in moments {
            now = if begins { now + 1 } else { now.saturating_sub(1) };
            most = most.max(now);
        }
        most
    }

    /// The time of all items together, in seconds: what one worker would take for them.
    pub fn total(&self) -> f64 {
        let begun = self.spans.iter().filter(|span| self.was_begun(span));
        begun.map(|span| span.end_seconds.min(self.wall_seconds) - span.start_seconds).sum()
    }

    /// Of the items' time, the share (0 to 1) for which a processor worked; `None` if unknown.
    pub fn computing(&self) -> Option<f64> {
        let total = self.total();
        let share = (self.user_seconds? + self.system_seconds?) / total;
        (total > 0.0).then(|| share.clamp(0.0, 1.0))
    }

    /// An item, in a word.
    pub fn item(&self) -> &'static str {
        if self.workload == "cpu" { "sum" } else { "download" }
    }

    /// An item's name, of a local page only the path: its server's address changes with each run.
    pub fn short<'a>(&self, name: &'a str) -> &'a str {
        let after = name.strip_prefix("http://127.0.0.1:");
        after.and_then(|after| Some(&after[after.find('/')?..])).unwrap_or(name)
    }

    /// The share of the run's time (0 to 1) in which the tasks' one thread ran one of them.
    pub fn thread_share(&self) -> f64 {
        let polls = self.spans.iter().flat_map(|span| &span.polls_seconds);
        let ran: f64 =
            polls.map(|(start, end)| (end.min(self.wall_seconds) - start).max(0.0)).sum();
        if self.wall_seconds > 0.0 { ran / self.wall_seconds } else { 0.0 }
    }

    /// The run's time, for a person.
    pub fn wall(&self) -> String {
        seconds(self.wall_seconds)
    }

    /// What was done, and by whom: `160 downloads by 5 threads`.
    pub fn title(&self) -> String {
        let workers = self.rows().len();
        let who = match (self.worker(), workers) {
            (Worker::Thread, 1) => "one thread".into(),
            (Worker::Thread, _) => format!("{workers} threads"),
            (Worker::Task, 1) => "one task on one thread".into(),
            (Worker::Task, _) => format!("{workers} tasks on one thread"),
            (Worker::Process, 1) => "one worker process".into(),
            (Worker::Process, _) => format!("{workers} worker processes"),
        };
        let items = self.spans.len();
        let plural = if items == 1 { "" } else { "s" };
        format!("{items} {}{plural} by {who}", self.item())
    }

    /// What it came to: `at most 5 at once: 7.236 s of downloads in 1.447 s`.
    pub fn subtitle(&self) -> String {
        let how = match self.at_once() {
            0 => "none done".into(),
            1 => "one at a time".into(),
            most => format!("up to {most} at once"),
        };
        let left = self.spans.iter().filter(|span| !self.was_begun(span)).count();
        let left = if left > 0 { format!("; {left} not done") } else { String::new() };
        format!("{how}: {} of {}s in {}{left}", seconds(self.total()), self.item(), self.wall(),)
    }

    /// What a block of a thread or process stands for.
    pub fn block_legend(&self) -> String {
        let percent = |share: f64| (100.0 * share).floor();
        match (self.workload.as_str(), self.computing()) {
            ("cpu", Some(share)) => format!("a sum: {} % of it computing", percent(share)),
            ("cpu", None) => "a sum".into(),
            (_, Some(share)) => format!("a download: {} % of it waiting", percent(1.0 - share)),
            (_, None) => "a download, waiting included".into(),
        }
    }
}

/// So many seconds, for a person.
pub fn seconds(seconds: f64) -> String {
    crate::summary::time(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// A time axis from 0 with round marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its length, in seconds; above 0.
    pub seconds: f64,
    /// The time between two marks, in seconds: 1, 2 or 5 times a power of ten.
    pub step: f64,
}

impl Axis {
    /// An axis of this length with at most `marks` marks after the one at 0, and at least one of
    /// them. Fewer than 2 cannot be asked for: from 2 to 5 it is too far.
    pub fn new(seconds: f64, marks: usize) -> Self {
        let seconds = if seconds.is_finite() { seconds.max(1e-9) } else { 1.0 };
        let marks = marks.max(2);
        let decade = 10f64.powf((seconds / marks as f64).log10().floor());
        let fits = |step: &f64| whole_steps(seconds, *step) <= marks;
        let steps = [1.0, 2.0, 5.0].map(|factor| factor * decade);
        Self { seconds, step: steps.into_iter().find(fits).unwrap_or(10.0 * decade) }
    }

    /// The marks: where (0 at the axis's start, 1 at its end), and what is written there.
    pub fn marks(&self) -> Vec<(f64, String)> {
        let (unit, size) = match self.seconds {
            long if long >= 1.0 => ("s", 1.0),
            middle if middle >= 1e-3 => ("ms", 1e-3),
            _ => ("us", 1e-6),
        };
        let digits = (-(self.step / size).log10().floor()).max(0.0) as usize;
        let count = whole_steps(self.seconds, self.step);
        (0..=count)
            .map(|mark| {
                let at = mark as f64 * self.step;
                let label = match mark {
                    0 => "0".into(),
                    _ => format!("{:.digits$} {unit}", at / size),
                };
                (at / self.seconds, label)
            })
            .collect()
    }
}

// Without the margin a step that fits exactly may be lost to rounding.
fn whole_steps(seconds: f64, step: f64) -> usize {
    (seconds / step * (1.0 + 1e-9)) as usize
}
