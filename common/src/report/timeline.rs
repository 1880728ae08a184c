//! What the pictures of a run show: which worker did which item, and when.

use std::collections::BTreeMap;

use crate::report::{Report, Span, format};
use crate::workload::{Strategy, Workload};

/// What a picture needs of a report. All times are in seconds since the run began.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The program's name.
    pub program: String,
    /// How the program does several items at once.
    pub strategy: Strategy,
    /// The kind of work.
    pub workload: Workload,
    /// Threads, processes, or tasks that may be in flight.
    pub workers: usize,
    /// Wall time of the work.
    pub wall_seconds: f64,
    /// CPU time of the work, user and system; `None` if unknown.
    pub cpu_seconds: Option<f64>,
    /// One span for each item.
    pub spans: Vec<Span>,
    title: String,
}

/// The label of a row, such as `thread 0`.
pub fn label(strategy: Strategy, number: usize) -> String {
    let name = match strategy {
        Strategy::Sequential | Strategy::Threads => "thread",
        Strategy::Tasks => "task",
        Strategy::Processes => "process",
    };
    format!("{name} {number}")
}

/// What several rows are, such as `threads`.
pub fn rows_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Sequential | Strategy::Threads => "threads",
        Strategy::Tasks => "tasks",
        Strategy::Processes => "processes",
    }
}

/// One row: a worker and its items; for tasks, one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The worker's or the task's number, from 0.
    pub number: usize,
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
    pub span: &'a Span,
}

impl Timeline {
    /// The timeline of `report`.
    pub fn of(report: &Report) -> Self {
        Self {
            program: report.program.clone(),
            strategy: report.strategy,
            workload: report.workload,
            workers: report.workers,
            wall_seconds: report.wall_seconds,
            cpu_seconds: report.user_seconds.zip(report.system_seconds).map(|(a, b)| a + b),
            spans: report.spans.clone(),
            title: report.title(),
        }
    }

    /// A row for each worker, idle ones included; for tasks, a row for each item. An item that never
    /// started is in no row.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let tasks = self.strategy == Strategy::Tasks;
        let workers = if tasks { 0 } else { self.workers };
        let mut rows: BTreeMap<usize, Vec<Block>> =
            (0..workers).map(|worker| (worker, Vec::new())).collect();
        for span in self.spans.iter().filter(|span| self.started(span)) {
            let number = if tasks { span.index } else { span.worker.unwrap_or(0) };
            rows.entry(number).or_default().push(Block {
                start: span.start_seconds.clamp(0.0, self.wall_seconds),
                end: span.end_seconds.clamp(0.0, self.wall_seconds),
                span,
            });
        }
        rows.into_iter()
            .map(|(number, mut blocks)| {
                blocks.sort_by(|a, b| a.start.total_cmp(&b.start));
                Row { number, blocks }
            })
            .collect()
    }

    fn started(&self, span: &Span) -> bool {
        span.start_seconds < self.wall_seconds
    }

    /// All polls of all tasks, in order: when their one thread ran one of them.
    pub fn polls(&self) -> Vec<(f64, f64)> {
        let polls = self.spans.iter().flat_map(|span| &span.running_seconds);
        let mut polls: Vec<(f64, f64)> = polls
            .map(|&(start, end)| (start, end.min(self.wall_seconds)))
            .filter(|(start, end)| start < end)
            .collect();
        polls.sort_by(|a, b| a.0.total_cmp(&b.0));
        polls
    }

    /// The most items that were under way at one moment.
    pub fn peak_concurrency(&self) -> usize {
        let mut moments: Vec<(f64, bool)> = Vec::new();
        for span in self.spans.iter().filter(|span| self.started(span)) {
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
        let begun = self.spans.iter().filter(|span| self.started(span));
        begun.map(|span| span.end_seconds.min(self.wall_seconds) - span.start_seconds).sum()
    }

    /// The share of the items' time (0 to 1) for which a processor worked; `None` if unknown.
    pub fn cpu_share(&self) -> Option<f64> {
        let total = self.total();
        let share = self.cpu_seconds? / total;
        (total > 0.0).then(|| share.clamp(0.0, 1.0))
    }

    /// An item's name, of a local page only the path: its server's address changes with each run.
    pub fn short<'a>(&self, name: &'a str) -> &'a str {
        let after = name.strip_prefix("http://127.0.0.1:");
        after.and_then(|after| Some(&after[after.find('/')?..])).unwrap_or(name)
    }

    /// The share of the run's time (0 to 1) in which the tasks' one thread ran one of them.
    pub fn thread_share(&self) -> f64 {
        let polls = self.spans.iter().flat_map(|span| &span.running_seconds);
        let ran: f64 =
            polls.map(|(start, end)| (end.min(self.wall_seconds) - start).max(0.0)).sum();
        if self.wall_seconds > 0.0 { ran / self.wall_seconds } else { 0.0 }
    }

    /// The run's time, for a person.
    pub fn wall(&self) -> String {
        format::seconds(self.wall_seconds)
    }

    /// What was done and how, such as `160 downloads by 5 threads`.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it came to: `at most 5 at once: 7.236 s of downloads in 1.447 s`.
    pub fn subtitle(&self) -> String {
        let how = match self.peak_concurrency() {
            0 => "none done".into(),
            1 => "one at a time".into(),
            most => format!("up to {most} at once"),
        };
        let left = self.spans.iter().filter(|span| !self.started(span)).count();
        let left = if left > 0 { format!("; {left} not done") } else { String::new() };
        format!(
            "{how}: {} of {}s in {}{left}",
            format::seconds(self.total()),
            self.workload.item(),
            self.wall(),
        )
    }

    /// What a block of a thread or process stands for.
    pub fn block_legend(&self) -> String {
        let percent = |share: f64| (100.0 * share).floor();
        match (self.workload, self.cpu_share()) {
            (Workload::Cpu, Some(share)) => format!("a sum: {} % of it computing", percent(share)),
            (Workload::Cpu, None) => "a sum".into(),
            (_, Some(share)) => format!("a download: {} % of it waiting", percent(1.0 - share)),
            (_, None) => "a download, waiting included".into(),
        }
    }
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
