//! A run as a trace that Perfetto (ui.perfetto.dev) and `chrome://tracing` open.
//!
//! The format is the "Trace Event Format" of the Chromium project: `M` events name processes and
//! threads, `X` events are slices with a start and a length in microseconds. A worker has a lane;
//! in it lies a slice for each item, and in that one for each poll.

use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::json;

use crate::report::timeline::{Timeline, label};
use crate::workload::Strategy;

#[derive(Serialize)]
struct Trace<'a> {
    #[serde(rename = "displayTimeUnit")]
    display_time_unit: &'static str,
    #[serde(rename = "traceEvents")]
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    ph: char,
    pid: u32,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "short")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "short")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<serde_json::Value>,
}

/// The number of the program's process where it is the only one: short, for it stands in each event.
const PROGRAM: u32 = 1;
/// From so many items on, times are in whole microseconds.
const MANY: usize = 1_000;

/// Writes `timeline` as a trace.
///
/// # Errors
/// None is known: all that is in a schedule can be written as JSON.
pub fn draw(timeline: &Timeline) -> serde_json::Result<String> {
    let mut events = Vec::new();
    let mut named = HashSet::new();
    let strategy = timeline.strategy;
    let clock = Clock { parts: if timeline.spans.len() < MANY { 10.0 } else { 1.0 } };
    for row in timeline.rows() {
        // A worker process that died was replaced by another: one worker, two processes.
        let tid = row.number + 1;
        let label = label(strategy, row.number);
        let process = match strategy {
            Strategy::Processes => format!("{} {label}", timeline.program),
            _ => timeline.program.clone(),
        };
        let mut lane = None;
        for block in &row.blocks {
            let pid = if strategy == Strategy::Processes {
                block.span.process.unwrap_or(PROGRAM)
            } else {
                PROGRAM
            };
            if named.insert(pid) {
                events.push(name("process_name", pid, tid, &process));
            }
            if lane.replace(pid) != Some(pid) {
                events.push(name("thread_name", pid, tid, &label));
            }
            events.push(Event {
                args: block.span.error.as_ref().map(|why| json!({ "error": why })),
                ..clock.slice(timeline.short(&block.span.name), pid, tid, block.start, block.end)
            });
            for &(start, end) in &block.span.running_seconds {
                events.push(clock.slice("poll", pid, tid, start, end));
            }
        }
    }
    serde_json::to_string(&Trace { display_time_unit: "ms", events })
}

fn name(what: &'static str, pid: u32, tid: usize, name: &str) -> Event<'static> {
    let args = Some(json!({ "name": name }));
    Event { name: what, ph: 'M', pid, tid, ts: None, dur: None, args }
}

struct Clock {
    // Of a microsecond, for the rounding: more digits would make a large trace too large.
    parts: f64,
}

impl Clock {
    fn slice<'a>(&self, name: &'a str, pid: u32, tid: usize, start: f64, end: f64) -> Event<'a> {
        // Both ends are rounded alike, so that a poll stays within its item.
        let [start, end] = [start, end].map(|seconds| (seconds * 1e6 * self.parts).round());
        let dur = (end - start) / self.parts;
        Event { name, ph: 'X', pid, tid, ts: Some(start / self.parts), dur: Some(dur), args: None }
    }
}

// A whole number without the `.0`.
fn short<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.fract() == 0.0 => serializer.serialize_i64(*value as i64),
        value => value.serialize(serializer),
    }
}
