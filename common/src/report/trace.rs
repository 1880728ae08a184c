//! A timeline as a trace that Perfetto (ui.perfetto.dev) and `chrome://tracing` open.
//!
//! The format is the "Trace Event Format" of the Chromium project. `M` events name processes and
//! threads. `X` events are slices: a block, and within it the parts in which a task was ready or ran.
//! `s` and `f` events are the ends of an arrow from a waking to the run that it led to; the arrow ends at
//! the slice that encloses its end (`bp` is `e`). `C` events count the blocks in progress. Times are in
//! whole microseconds.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::report::timeline::{Block, State, Timeline};

/// The number of the program where it is the only process.
const PROGRAM: u32 = 1;
/// With this many blocks or more there are no arrows: the file would be too large for a browser.
const MANY: usize = 1_000;

/// Writes `timeline` as a trace.
pub fn draw(timeline: &Timeline) -> String {
    let arrows = timeline.count() < MANY;
    let mut trace = Trace { events: Vec::new(), arrows: 0 };
    let mut named = HashSet::new();
    let rows = timeline.rows.iter().filter(|row| !row.repeats);
    for (index, row) in rows.enumerate() {
        // A worker process that was killed is replaced by another one: one row, two processes.
        let mut lane = (0, index + 1);
        for block in &row.blocks {
            let pid = block.process.unwrap_or(PROGRAM);
            if named.insert(pid) {
                let process = match block.process {
                    Some(_) => format!("{} {}", timeline.name, row.label),
                    None => timeline.name.clone(),
                };
                trace.name("process_name", (pid, lane.1), &process);
            }
            if lane.0 != pid {
                lane.0 = pid;
                trace.name("thread_name", lane, &row.label);
            }
            trace.block(timeline, block, lane, arrows);
        }
    }
    for (moment, count) in timeline.in_flight() {
        let ts = microseconds(moment);
        let args = json!({ "items": count });
        trace.events.push(
            json!({ "name": "in flight", "ph": "C", "pid": PROGRAM, "ts": ts, "args": args }),
        );
    }
    json!({ "displayTimeUnit": "ms", "traceEvents": trace.events }).to_string()
}

// The numbers of a process and of a thread in it.
type Lane = (u32, usize);

struct Trace {
    events: Vec<Value>,
    arrows: usize,
}

impl Trace {
    fn name(&mut self, what: &str, (pid, tid): Lane, name: &str) {
        let args = json!({ "name": name });
        self.events.push(json!({ "name": what, "ph": "M", "pid": pid, "tid": tid, "args": args }));
    }

    fn block(&mut self, timeline: &Timeline, block: &Block, lane: Lane, arrows: bool) {
        self.slice(block.name(timeline), lane, block.start, block.end);
        if let (Some(error), Some(slice)) = (&block.error, self.events.last_mut()) {
            slice["args"] = json!({ "error": error });
        }
        for &(state, start, end) in &block.parts {
            self.slice(if state == State::Ready { "ready" } else { "running" }, lane, start, end);
            if state == State::Ready && arrows {
                self.arrows += 1;
                self.arrow("s", lane, start);
                self.arrow("f", lane, end);
            }
        }
    }

    fn slice(&mut self, name: &str, (pid, tid): Lane, start: f64, end: f64) {
        // Both ends are rounded alike, so that a part stays within its block.
        let (ts, dur) = (microseconds(start), microseconds(end) - microseconds(start));
        self.events
            .push(json!({ "name": name, "ph": "X", "pid": pid, "tid": tid, "ts": ts, "dur": dur }));
    }

    fn arrow(&mut self, end: &str, (pid, tid): Lane, moment: f64) {
        let (id, ts) = (self.arrows, microseconds(moment));
        self.events.push(json!({
            "name": "wake", "cat": "wake", "ph": end, "id": id, "bp": "e", "pid": pid, "tid": tid, "ts": ts
        }));
    }
}

fn microseconds(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}
