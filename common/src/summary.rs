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

/// The error of an item that no worker has said anything of, though nothing interrupted the run.
pub(crate) const LOST: &str = "lost: no worker reported it";

// The spans in the order of the items. Items of one name are alike, so that any of their spans
// will do; the earliest is taken first.
fn in_order<T: Item>(items: &[T], mut spans: Vec<Span>, measured: &Measured) -> Vec<Span> {
    spans.sort_by_key(|span| span.start);
    let mut by_name: HashMap<String, VecDeque<Span>> = HashMap::new();
    for span in spans {
        by_name.entry(span.name.clone()).or_default().push_back(span);
    }
    let why = if measured.signal.is_some() { "interrupted" } else { LOST };
    let end = measured.began + measured.wall;
    items
        .iter()
        .map(|item| {
            let name = item.to_string();
            let span = by_name.get_mut(&name).and_then(VecDeque::pop_front);
            span.unwrap_or_else(|| Span { end, ..Span::not_done(name, 0, end, why) })
        })
        .collect()
}

/// The least time that any schedule of `items` over `workers` can take: the longest item, or the
/// total shared evenly, whichever is more (Graham 1966, the trivial lower bounds on a makespan).
/// Of the items that went well: of the others nobody knows how long they take. `None` where there
/// are none, and where an item's time is not known.
fn bound<T: Item>(items: &[T], spans: &[Span], workers: usize) -> Option<Duration> {
    let time = |(item, span): (&T, &Span)| match T::WORKLOAD {
        "cpu" => Some(span.duration()),
        _ => item.set_time(),
    };
    let done = items.iter().zip(spans).filter(|(_, span)| span.outcome.is_ok());
    let times: Vec<Duration> = done.map(time).collect::<Option<_>>()?;
    let total: Duration = times.iter().sum();
    let share = total / u32::try_from(workers.max(1)).ok()?;
    times.into_iter().max().map(|longest| longest.max(share))
}

// What the spans tell of the processes that did them.
#[derive(Debug)]
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
            let least = format!("{}, the least that this schedule allows", seconds(Some(bound)));
            match 100.0 * bound / self.wall_seconds {
                share if share > 0.0 => {
                    format!("{least}, {share:.1} % of it reached")
                }
                _ => least,
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Process;

    const MS: Duration = Duration::from_millis(1);

    fn span(name: &str, worker: usize, ms: [u32; 2], outcome: Result<u128, String>) -> Span {
        let process =
            Process { pid: 7 + worker as u32, threads: Some(1), peak_memory: Some(1 << 20) };
        let [start, end] = ms.map(|ms| (100 + ms) * MS);
        Span { name: name.into(), worker, start, end, outcome, polls: Vec::new(), process }
    }

    fn measured(workers: usize, signal: Option<u8>) -> Measured {
        let usage = Usage {
            user_seconds: 0.25,
            system_seconds: 0.002,
            voluntary_switches: 3,
            involuntary_switches: 4,
        };
        Measured {
            program: "program",
            workers,
            began: 100 * MS,
            wall: 1250 * MS,
            usage: Some(usage),
            signal,
        }
    }

    fn site(url: &str, latency: Option<u32>) -> Site {
        Site { url: url.into(), latency: latency.map(|ms| ms * MS) }
    }

    #[test]
    fn spans_stand_in_the_order_of_the_items() {
        let spans = vec![
            span("2", 0, [40, 50], Ok(5)),
            span("1", 1, [10, 20], Ok(1)),
            span("2", 1, [20, 30], Ok(5)),
        ];
        let report = Report::new(&[2u64, 1, 2], spans, &measured(2, None));
        let told = |span: &ReportedSpan| (span.name.clone(), span.worker, span.start_seconds);
        assert_eq!(
            report.spans.iter().map(told).collect::<Vec<_>>(),
            [("2".into(), 1, 0.02), ("1".into(), 1, 0.01), ("2".into(), 0, 0.04)]
        );
        assert_eq!(report.spans[0].end_seconds, 0.03);
        assert_eq!((report.items, report.failed, report.workers), (3, 0, 2));
        assert_eq!(report.answer, Answer::Sums(["5", "1", "5"].map(|sum| Some(sum.into())).into()));
    }

    #[test]
    fn an_item_without_a_span_is_lost_or_interrupted() {
        for (signal, why) in [(None, LOST), (Some(2), "interrupted")] {
            let spans = vec![span("2", 0, [0, 10], Ok(5))];
            let report = Report::new(&[1u64, 2], spans, &measured(1, signal));
            assert_eq!(report.failed, 1);
            let errors: Vec<_> = report.spans.iter().map(|span| span.error.as_deref()).collect();
            assert_eq!(errors, [Some(why), None]);
            assert_eq!(report.spans[0].start_seconds, 1.25, "the end of the run");
            assert_eq!(report.answer, Answer::Sums(vec![None, Some("5".into())]));
        }
    }

    #[test]
    fn the_bound_is_the_longest_item_or_an_even_share() {
        let spans = || vec![span("1", 0, [0, 30], Ok(1)), span("2", 1, [0, 50], Ok(5))];
        let bound =
            |workers| Report::new(&[1u64, 2], spans(), &measured(workers, None)).bound_seconds;
        assert_eq!([1, 2, 3].map(bound), [Some(0.08), Some(0.05), Some(0.05)]);
        assert_eq!(5u64.set_time(), None, "a sum is set to take nothing");

        // Of downloads it is what they are set to take, if that is known of all.
        let spans = || vec![span("a", 0, [0, 61], Ok(9)), span("b", 1, [0, 62], Ok(11))];
        let bound = |b| {
            let report =
                Report::new(&[site("a", Some(60)), site("b", b)], spans(), &measured(5, None));
            assert_eq!(report.answer, Answer::Bytes(20));
            report.bound_seconds
        };
        assert_eq!(bound(Some(30)), Some(0.06));
        assert_eq!(bound(None), None);

        // Who has failed or was not begun is no part of it.
        let spans = vec![span("1", 0, [0, 30], Ok(1)), span("2", 1, [0, 500], Err("gone".into()))];
        let report = Report::new(&[1u64, 2, 3], spans, &measured(1, Some(2)));
        assert_eq!(report.bound_seconds, Some(0.03));
        assert_eq!(report.spans[2].end_seconds, report.wall_seconds);
        assert_eq!(Report::new(&[1u64], Vec::new(), &measured(1, None)).bound_seconds, None);
    }

    #[test]
    fn processes_are_the_workers_and_the_parent() {
        let mut spans = vec![
            span("1", 0, [0, 10], Ok(1)),
            span("2", 1, [0, 10], Ok(5)),
            span("3", 1, [10, 20], Ok(14)),
        ];
        spans[1].process.threads = Some(4);
        spans[1].process.peak_memory = Some(3 << 20);
        let own = Processes::seen(&[]);
        let seen = Processes::seen(&spans);
        assert_eq!((own.count, seen.count), (1, 3));
        // Of each worker the most, of all of them the sum.
        assert!(seen.peak_memory >= own.peak_memory.map(|own| own + (4 << 20)), "{own:?} {seen:?}");
        if own.threads.is_some() {
            spans[0].process.threads = Some(1_000_000);
            let threads = Processes::seen(&spans).threads.expect("threads");
            assert!((1_000_005..1_001_000).contains(&threads), "{threads}");
        }
        // One that does not tell makes the total unknown.
        spans[0].process = Process { pid: 7, threads: None, peak_memory: None };
        let unknown = Processes::seen(&spans);
        assert_eq!((unknown.threads, unknown.peak_memory), (None, None));
    }

    #[test]
    fn threads_of_this_process_are_counted_once() {
        let mut spans = vec![span("1", 0, [0, 10], Ok(1)), span("2", 1, [0, 10], Ok(5))];
        for (span, threads) in spans.iter_mut().zip([1_000_000, 1_000_001]) {
            span.process =
                Process { pid: std::process::id(), threads: Some(threads), ..span.process };
        }
        let seen = Processes::seen(&spans);
        assert_eq!((seen.count, seen.threads), (1, Some(1_000_001)));
    }

    #[test]
    fn details_are_left_out() {
        let mut with_polls = span("1", 0, [0, 10], Ok(1));
        with_polls.polls = vec![(100 * MS, 101 * MS)];
        let mut report = Report::new(&[1u64], vec![with_polls], &measured(1, None));
        assert_eq!(report.spans[0].polls_seconds, [(0.0, 0.001)]);
        let json = |report: &Report| serde_json::to_value(&report.spans[0]).expect("JSON");
        assert_eq!(json(&report)["process"], 7);
        report.leave_out_details();
        let keys = json(&report);
        let keys: Vec<_> = keys.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["end_seconds", "error", "name", "start_seconds", "worker"]);
    }

    #[test]
    fn as_a_person_reads_it() {
        let spans = vec![span("2", 0, [0, 300], Ok(1)), span("3", 1, [0, 700], Ok(5))];
        let mut report = Report::new(&[2u64, 3], spans, &measured(1, None));
        report.peak_memory_bytes = Some(3 << 19);
        report.threads = None;
        report.processes = 2;
        insta::assert_snapshot!("as_it_is", report);
        report.answer = Answer::Sums(vec![None]);
        report.bound_seconds = Some(0.0);
        report.wall_seconds = 0.0012;
        insta::assert_snapshot!("without_a_bound_to_reach", report);
        report.answer = Answer::Bytes(20);
        report.bound_seconds = None;
        report.user_seconds = None;
        report.voluntary_switches = None;
        report.peak_memory_bytes = None;
        insta::assert_snapshot!("with_what_is_unknown", report);
        report.answer = Answer::Sums(Vec::new());
        assert!(report.to_string().ends_with("answer       none"), "{report}");
    }

    #[test]
    fn the_line_of_an_item() {
        let line = <u64 as Item>::line(&span("3", 4, [0, 12], Ok(5)), 5);
        assert_eq!(line, "summed below 3: 5 in 12.000 ms by worker 4");
        let line = <Site as Item>::line(&span("http://a/", 4, [0, 1250], Ok(20)), 20);
        assert_eq!(line, "read http://a/: 20 bytes in 1.250 s by worker 4");
        assert_eq!(time(1000 * MS), "1.000 s");
    }
}
