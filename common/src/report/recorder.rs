//! Records what an example does while it does it, as a [`Timeline`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::os::clock;
use crate::report::polls::observe;
use crate::report::timeline::{State, Timeline};

/// The most blocks of a row: more could not be seen, and a hot loop would fill the memory.
const MAX_BLOCKS: usize = 2_000;
/// The least time between two readings of the clock that means that the thread lost its CPU.
const GAP: Duration = Duration::from_micros(200);

/// A timeline that threads and tasks add to as they go. Time 0 is the moment of its making.
#[derive(Debug)]
pub struct Recorder {
    start: Duration,
    recorded: Mutex<Recorded>,
}

#[derive(Debug)]
struct Recorded {
    timeline: Timeline,
    // For each row its state, when that began, and its label.
    now: Vec<Option<(State, Duration, String)>>,
}

impl Recorder {
    /// A recorder for rows with these labels, from top to bottom.
    pub fn new(name: &str, title: &str, rows: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut timeline = Timeline::new(name, title);
        for row in rows {
            timeline.row(row);
        }
        let now = vec![None; timeline.rows.len()];
        Self { start: clock::now(), recorded: Mutex::new(Recorded { timeline, now }) }
    }

    /// Sets the words of the legend for a state.
    pub fn explain(self, state: State, words: &str) -> Self {
        self.recorded().timeline.explain(state, words);
        self
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a row is in `state`; whatever it did before has ended. Drawn with `label`, if any.
    pub fn set(&self, row: usize, state: State, label: impl Into<String>) {
        self.change(row, Some((state, clock::now(), label.into())));
    }

    /// From now on a row does nothing.
    pub fn end(&self, row: usize) {
        self.change(row, None);
    }

    fn change(&self, row: usize, next: Option<(State, Duration, String)>) {
        let end = next.as_ref().map_or_else(clock::now, |(_, start, _)| *start);
        let mut recorded = self.recorded();
        if let Some((state, start, label)) = std::mem::replace(&mut recorded.now[row], next) {
            recorded.block(row, state, &label, self.seconds(start), self.seconds(end));
        }
    }

    /// A row is in `state` while it does `work`.
    pub fn during<R>(&self, row: usize, state: State, label: &str, work: impl FnOnce() -> R) -> R {
        self.set(row, state, label);
        let result = work();
        self.end(row);
        result
    }

    /// Adds a block from readings of [`clock::now`].
    pub fn block(&self, row: usize, state: State, label: &str, start: Duration, end: Duration) {
        self.recorded().block(row, state, label, self.seconds(start), self.seconds(end));
    }

    /// Calls `work` again and again until it returns false. If 0.2 ms or more pass between two returns,
    /// the thread had lost its CPU: it was ready. Otherwise it was running. So one call of `work` must be
    /// shorter than that. Returns how many slices of running there were.
    pub fn busy(&self, row: usize, mut work: impl FnMut() -> bool) -> usize {
        let (mut slice, mut last, mut slices) = (clock::now(), clock::now(), 1);
        while work() {
            let now = clock::now();
            if now.saturating_sub(last) >= GAP {
                self.block(row, State::Running, "", slice, last);
                self.block(row, State::Ready, "", last, now);
                slices += 1;
                slice = now;
            }
            last = now;
        }
        self.block(row, State::Running, "", slice, clock::now());
        slices
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
        let end = clock::now();
        let mut recorded = self.recorded();
        for row in 0..recorded.now.len() {
            if let Some((state, start, label)) = recorded.now[row].take() {
                recorded.block(row, state, &label, self.seconds(start), self.seconds(end));
            }
        }
        recorded.timeline.seconds = self.seconds(end);
        recorded.timeline.clone()
    }

    fn seconds(&self, moment: Duration) -> f64 {
        moment.saturating_sub(self.start).as_secs_f64()
    }
}

impl Recorded {
    // A block without length is none, unless it has a label.
    fn block(&mut self, row: usize, state: State, label: &str, start: f64, end: f64) {
        let blocks = &self.timeline.rows[row].blocks;
        if blocks.len() < MAX_BLOCKS && (start < end || !label.is_empty()) {
            self.timeline.block(row, state, start, end, label);
        }
    }
}
