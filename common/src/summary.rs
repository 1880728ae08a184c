//! The report on a run, read off its list of spans: a summary for a person, JSON for a program.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::usage::{self, Usage};
use crate::{Site, Span};

/// What a list of items is made of.
pub trait Item: fmt::Display {
    /// The workload's name in the report: `"io"` or `"cpu"`.
    const WORKLOAD: &'static str;

    /// What the item is set to take, if that is known beforehand.
    fn set_time(&self) -> Option<Duration>;

    /// The line for a person when the item has ended well.
    fn line(span: &Span, answer: u128) -> String;

    /// The answer of the whole run.
    fn answer(spans: &[Span]) -> Answer;
}

impl Item for Site {
    const WORKLOAD: &'static str = "io";

    fn set_time(&self) -> Option<Duration> {
        self.latency
    }

    fn line(span: &Span, bytes: u128) -> String {
        let Span { name, worker, .. } = span;
        format!("read {name}: {bytes} bytes in {} by worker {worker}", time(span.duration()))
    }

    fn answer(spans: &[Span]) -> Answer {
        Answer::Bytes(spans.iter().filter_map(|span| span.outcome.as_ref().ok()).sum())
    }
}

impl Item for u64 {
    const WORKLOAD: &'static str = "cpu";

    fn set_time(&self) -> Option<Duration> {
        None
    }

    fn line(span: &Span, sum: u128) -> String {
        let Span { name, worker, .. } = span;
        format!("summed below {name}: {sum} in {} by worker {worker}", time(span.duration()))
    }

    fn answer(spans: &[Span]) -> Answer {
        let sum = |span: &Span| Some(span.outcome.as_ref().ok()?.to_string());
        Answer::Sums(spans.iter().map(sum).collect())
    }
}

/// The answer of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Downloads: bytes read in all.
    Bytes(u128),
    /// Sums: each as a decimal string, in the order asked; `null` for one that failed.
    Sums(Vec<Option<String>>),
}

/// What was measured around the list of spans.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The program's name.
    pub program: &'static str,
    /// Workers that took part.
    pub workers: usize,
    /// When the work began, by [`crate::clock::now`].
    pub began: Duration,
    /// How long it took.
    pub wall: Duration,
    /// CPU time and switches meanwhile; `None` if the system does not tell.
    pub usage: Option<Usage>,
    /// The signal that ended the run early, if one did.
    pub signal: Option<u8>,
}

/// The report on a run. Its fields are the keys of the JSON object, which the README documents.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the README documents the keys")]
pub struct Report {
    pub program: &'static str,
    pub workload: &'static str,
    pub items: usize,
    pub failed: usize,
    pub workers: usize,
    pub wall_seconds: f64,
    pub bound_seconds: Option<f64>,
    pub user_seconds: Option<f64>,
    pub system_seconds: Option<f64>,
    pub peak_memory_bytes: Option<u64>,
    pub threads: Option<u64>,
    pub processes: usize,
    pub voluntary_switches: Option<u64>,
    pub involuntary_switches: Option<u64>,
    pub answer: Answer,
    pub spans: Vec<ReportedSpan>,
}

/// A span as the report tells it: in seconds since the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the README documents the keys")]
pub struct ReportedSpan {
    pub name: String,
    pub worker: usize,
    pub start_seconds: f64,
    pub end_seconds: f64,
    pub error: Option<String>,
    /// Of the two details, which the pictures are drawn from: the process that did it, 0 if left
    /// out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub process: u32,
    /// A task's polls, start and end of each; empty if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub polls_seconds: Vec<(f64, f64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Report {
    /// Reads the report off `spans`, which may stand in any order; one for each of `items`.
    ///
    /// An item without a span counts as failed: as interrupted if a signal came, else as lost.
    pub fn new<T: Item>(items: &[T], spans: Vec<Span>, measured: &Measured) -> Self {
        let spans = in_order(items, spans, measured);
        let seconds = |moment: Duration| moment.saturating_sub(measured.began).as_secs_f64();
        let usage = measured.usage;
        let processes = Processes::seen(&spans);
        Self {
            program: measured.program,
            workload: T::WORKLOAD,
            items: items.len(),
            failed: spans.iter().filter(|span| span.outcome.is_err()).count(),
            workers: measured.workers,
            wall_seconds: measured.wall.as_secs_f64(),
            bound_seconds: bound(items, &spans, measured.workers).map(|bound| bound.as_secs_f64()),
            user_seconds: usage.map(|usage| usage.user_seconds),
            system_seconds: usage.map(|usage| usage.system_seconds),
            peak_memory_bytes: processes.peak_memory,
            threads: processes.threads,
            processes: processes.count,
            voluntary_switches: usage.map(|usage| usage.voluntary_switches),
            involuntary_switches: usage.map(|usage| usage.involuntary_switches),
            answer: T::answer(&spans),
            spans: spans
                .into_iter()
                .map(|span| ReportedSpan {
                    start_seconds: seconds(span.start),
                    end_seconds: seconds(span.end),
                    name: span.name,
                    worker: span.worker,
                    process: span.process.pid,
                    polls_seconds: span
                        .polls
                        .iter()
                        .map(|&(start, end)| (seconds(start), seconds(end)))
                        .collect(),
                    error: span.outcome.err(),
                })
                .collect(),
        }
    }

    /// Leaves each span with the keys that the README promises.
    pub fn leave_out_details(&mut self) {
        for span in &mut self.spans {
            span.process = 0;
            span.polls_seconds = Vec::new();
        }
    }
}

// The spans in the order of the items. Items of one name are alike, so that any of their spans
// will do; the earliest is taken first.
fn in_order<T: Item>(items: &[T], mut spans: Vec<Span>, measured: &Measured) -> Vec<Span> {
    spans.sort_by_key(|span| span.start);
    let mut by_name: HashMap<String, VecDeque<Span>> = HashMap::new();
    for span in spans {
        by_name.entry(span.name.clone()).or_default().push_back(span);
    }
    let why = if measured.signal.is_some() { "interrupted" } else { "lost: no worker reported it" };
    let end = measured.began + measured.wall;
    items
        .iter()
        .map(|item| {
            let name = item.to_string();
            let span = by_name.get_mut(&name).and_then(VecDeque::pop_front);
            span.unwrap_or_else(|| Span::not_done(name, 0, end, why))
        })
        .collect()
}

/// The least time that any schedule of `items` over `workers` can take: the longest item, or the
/// total shared evenly, whichever is more (Graham 1966, the trivial lower bounds on a makespan).
/// `None` where an item's time is not known.
fn bound<T: Item>(items: &[T], spans: &[Span], workers: usize) -> Option<Duration> {
    let time = |(item, span): (&T, &Span)| match T::WORKLOAD {
        "cpu" => Some(span.duration()),
        _ => item.set_time(),
    };
    let times: Vec<Duration> = items.iter().zip(spans).map(time).collect::<Option<_>>()?;
    let total: Duration = times.iter().sum();
    let share = total / u32::try_from(workers.max(1)).ok()?;
    times.into_iter().max().map(|longest| longest.max(share))
}

// What the spans tell of the processes that did them.
struct Processes {
    count: usize,
    threads: Option<u64>,
    peak_memory: Option<u64>,
}

impl Processes {
    // A worker has at most one process at a time: when it dies, another takes its place.
    fn seen(spans: &[Span]) -> Self {
        let own = std::process::id();
        let mut workers: BTreeMap<usize, Vec<&Span>> = BTreeMap::new();
        let mut threads = usage::threads();
        for span in spans {
            if span.process.pid == own {
                threads = threads.max(span.process.threads);
            } else {
                workers.entry(span.worker).or_default().push(span);
            }
        }
        let mut peak_memory = usage::peak_memory();
        for spans in workers.values() {
            let most = |figure: fn(&Span) -> Option<u64>| {
                spans.iter().map(|span| figure(span)).max().flatten()
            };
            threads = threads.zip(most(|span| span.process.threads)).map(|(a, b)| a + b);
            peak_memory =
                peak_memory.zip(most(|span| span.process.peak_memory)).map(|(a, b)| a + b);
        }
        Self { count: 1 + workers.len(), threads, peak_memory }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |figure: Option<String>| figure.unwrap_or_else(|| "unknown".into());
        let seconds = |figure: Option<f64>| known(figure.map(|s| time(Duration::from_secs_f64(s))));
        let count = |figure: Option<u64>| known(figure.map(|count| count.to_string()));
        let bound = self.bound_seconds.map(|bound| {
            let (least, share) = (seconds(Some(bound)), 100.0 * bound / self.wall_seconds);
            format!("{least}, the least that this schedule allows, {share:.1} % of it reached")
        });
        let memory = known(
            self.peak_memory_bytes.map(|b| format!("{:.1} MiB", b as f64 / f64::from(1 << 20))),
        );
        let answer = match &self.answer {
            Answer::Bytes(bytes) => format!("{bytes} bytes read"),
            Answer::Sums(sums) => match &sums[..] {
                [only] => known(only.clone()),
                [first, .., last] => format!("{} to {}", known(first.clone()), known(last.clone())),
                [] => "none".into(),
            },
        };
        writeln!(f)?;
        writeln!(f, "{} ({})", self.program, self.workload)?;
        let rows = [
            ("items", format!("{}, {} failed", self.items, self.failed)),
            ("workers", self.workers.to_string()),
            (
                "wall time",
                format!(
                    "{} for the work, without the program's start",
                    seconds(Some(self.wall_seconds))
                ),
            ),
            ("bound", known(bound)),
            (
                "CPU time",
                format!(
                    "{} user, {} system",
                    seconds(self.user_seconds),
                    seconds(self.system_seconds)
                ),
            ),
            (
                "switches",
                format!(
                    "{} voluntary, {} involuntary",
                    count(self.voluntary_switches),
                    count(self.involuntary_switches)
                ),
            ),
            ("peak memory", format!("{memory} resident, of all its processes together")),
            ("threads", count(self.threads)),
            ("processes", self.processes.to_string()),
            ("answer", answer),
        ];
        let mut rows = rows.iter().peekable();
        while let Some((name, figure)) = rows.next() {
            write!(f, "  {name:<12} {figure}")?;
            if rows.peek().is_some() {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A duration for a person: three digits or more, in the unit that suits it.
pub fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 1.0 { format!("{seconds:.3} s") } else { format!("{:.3} ms", seconds * 1e3) }
}
