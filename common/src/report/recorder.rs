//! Records what an example does while it does it, as a [`Timeline`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::os::clock;
use crate::report::polls::observe;
use crate::report::timeline::{State, Timeline, TimelineRow};

/// The most blocks of a row: more could not be seen, and a hot loop would fill the memory.
const MAX_BLOCKS: usize = 2_000;

/// A timeline that threads and tasks add to as they go. Time 0 is the moment of its making.
#[derive(Debug)]
pub struct Recorder {
    start: Duration,
    // A block that has not ended yet ends at infinity.
    timeline: Mutex<Timeline>,
}

impl Recorder {
    /// A recorder for rows with these labels, from top to bottom.
    pub fn new(name: &str, title: &str, rows: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut timeline = Timeline::new(name, title);
        for row in rows {
            timeline.row(row);
        }
        Self { start: clock::now(), timeline: Mutex::new(timeline) }
    }

    /// Sets the words of the legend for a state.
    pub fn explain(self, state: State, words: &str) -> Self {
        self.timeline().explain(state, words);
        self
    }

    fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a row is in `state`; its last block ends. `label` is written into the new block.
    pub fn set(&self, row: usize, state: State, label: impl Into<String>) {
        let now = self.seconds(clock::now());
        let mut timeline = self.timeline();
        end_last(&mut timeline.rows[row], now);
        push(&mut timeline, row, state, &label.into(), [now, f64::INFINITY]);
    }

    /// Ends the last block of a row.
    pub fn end(&self, row: usize) {
        let now = self.seconds(clock::now());
        end_last(&mut self.timeline().rows[row], now);
    }

    /// Adds a block from readings of [`clock::now`].
    pub fn block(&self, row: usize, state: State, label: &str, start: Duration, end: Duration) {
        push(&mut self.timeline(), row, state, label, [start, end].map(|at| self.seconds(at)));
    }

    /// Does a task's work: its row is running, ready (woken, waits for the thread), or waiting.
    pub async fn task<F: Future>(&self, row: usize, work: F) -> F::Output {
        let mut polls = Vec::new();
        let output = observe(work, &mut polls).await;
        let mut last = None;
        for poll in polls {
            if let Some(last) = last {
                self.block(row, State::Waiting, "", last, poll.woken);
                self.block(row, State::Ready, "", poll.woken, poll.start);
            }
            self.block(row, State::Running, "", poll.start, poll.end);
            last = Some(poll.end);
        }
        output
    }

    /// The timeline up to now. A row that is still in a state, as after a deadlock, stays in it to the end.
    pub fn finish(&self) -> Timeline {
        let mut timeline = self.timeline();
        timeline.seconds = self.seconds(clock::now());
        let end = timeline.seconds;
        timeline.rows.iter_mut().for_each(|row| end_last(row, end));
        timeline.clone()
    }

    fn seconds(&self, moment: Duration) -> f64 {
        moment.saturating_sub(self.start).as_secs_f64()
    }
}

// A block without length is none, unless it has a label.
fn push(timeline: &mut Timeline, row: usize, state: State, label: &str, [start, end]: [f64; 2]) {
    if timeline.rows[row].blocks.len() < MAX_BLOCKS && (start < end || !label.is_empty()) {
        timeline.block(row, state, start, end, label);
    }
}

fn end_last(row: &mut TimelineRow, end: f64) {
    if let Some(last) = row.blocks.last_mut() {
        last.end = last.end.min(end);
    }
}
