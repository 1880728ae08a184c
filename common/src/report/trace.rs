//! A timeline as a trace that Perfetto (ui.perfetto.dev) and `chrome://tracing` open.
//!
//! The format is the "Trace Event Format" of the Chromium project. `M` events name processes and
//! threads. `X` events are slices: a block, and within it the parts in which a task was ready or ran.
//! `s` and `f` events are the ends of an arrow from a waking to the run that it led to. `C` events count
//! the blocks in progress. Times are in microseconds.

use std::collections::HashSet;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::report::timeline::{Block, State, Timeline};

/// The number of the program where it is the only process: short, because each event has it.
const PROGRAM: u32 = 1;
/// From so many blocks on, times are in whole microseconds and there are no arrows: the file would be too
/// large for a browser.
const MANY: usize = 1_000;

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
    // The category and the number of an arrow.
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    // An arrow ends at the slice that encloses its end ("e"), and not at the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Value>,
}

/// Writes `timeline` as a trace.
///
/// # Errors
/// A time that is not a number: JSON cannot hold it.
pub fn draw(timeline: &Timeline) -> serde_json::Result<String> {
    let many = timeline.count() >= MANY;
    let mut trace = Trace { events: Vec::new(), parts: if many { 1.0 } else { 10.0 }, arrows: 0 };
    let mut named = HashSet::new();
    for (index, row) in timeline.rows.iter().enumerate() {
        // A worker process that was killed is replaced by another one: one row, two processes.
        let tid = index + 1;
        let mut lane = None;
        for block in &row.blocks {
            let pid = block.process.unwrap_or(PROGRAM);
            if named.insert(pid) {
                let process = match block.process {
                    Some(_) => format!("{} {}", timeline.name, row.label),
                    None => timeline.name.clone(),
                };
                trace.name("process_name", pid, tid, &process);
            }
            if lane.replace(pid) != Some(pid) {
                trace.name("thread_name", pid, tid, &row.label);
            }
            trace.block(timeline, block, pid, tid, !many);
        }
    }
    for (moment, count) in timeline.in_flight() {
        let args = Some(json!({ "items": count }));
        let event = trace.event("in flight", 'C', PROGRAM, 0, moment);
        trace.events.push(Event { args, ..event });
    }
    serde_json::to_string(&json!({ "displayTimeUnit": "ms", "traceEvents": trace.events }))
}

struct Trace<'a> {
    events: Vec<Event<'a>>,
    // Of a microsecond, for the rounding.
    parts: f64,
    arrows: usize,
}

impl<'a> Trace<'a> {
    fn name(&mut self, what: &'static str, pid: u32, tid: usize, name: &str) {
        let args = Some(json!({ "name": name }));
        let event = self.event(what, 'M', pid, tid, 0.0);
        self.events.push(Event { ts: None, args, ..event });
    }

    fn block(
        &mut self,
        timeline: &'a Timeline,
        block: &'a Block,
        pid: u32,
        tid: usize,
        arrows: bool,
    ) {
        let name = if block.name.is_empty() { timeline.words(block.state) } else { &block.name };
        let args = block.error.as_ref().map(|error| json!({ "error": error }));
        self.slice(name, pid, tid, (block.start, block.end), args);
        for &(state, start, end) in &block.parts {
            let name = if state == State::Ready { "ready" } else { "running" };
            self.slice(name, pid, tid, (start, end), None);
            if state == State::Ready && arrows {
                self.arrows += 1;
                let (cat, id) = (Some("wake"), Some(self.arrows));
                let begin = self.event("wake", 's', pid, tid, start);
                self.events.push(Event { cat, id, ..begin });
                let arrive = self.event("wake", 'f', pid, tid, end);
                self.events.push(Event { cat, id, bp: Some("e"), ..arrive });
            }
        }
    }

    fn slice(
        &mut self,
        name: &'a str,
        pid: u32,
        tid: usize,
        (start, end): (f64, f64),
        args: Option<Value>,
    ) {
        // Both ends are rounded alike, so that a part stays within its block.
        let dur = (self.round(end) - self.round(start)) / self.parts;
        let event = self.event(name, 'X', pid, tid, start);
        self.events.push(Event { dur: Some(dur), args, ..event });
    }

    fn event<'b>(&self, name: &'b str, ph: char, pid: u32, tid: usize, seconds: f64) -> Event<'b> {
        let ts = Some(self.round(seconds) / self.parts);
        Event { name, ph, pid, tid, ts, dur: None, cat: None, id: None, bp: None, args: None }
    }

    fn round(&self, seconds: f64) -> f64 {
        (seconds * 1e6 * self.parts).round()
    }
}

// A whole number without the `.0`.
fn short<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.fract() == 0.0 => serializer.serialize_i64(*value as i64),
        value => value.serialize(serializer),
    }
}
