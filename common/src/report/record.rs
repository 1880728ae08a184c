//! One item of work as it was done.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::os::clock;
use crate::os::usage::Process;
use crate::report::polls::Poll;

/// One download or sum: which, by which worker, when, and with which result.
///
/// All times are readings of [`crate::os::clock::now`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The item's position in the run's list, from 0.
    pub index: usize,
    /// The thread or process that did the item, from 0; `None` for a task, which is the item.
    pub worker: Option<usize>,
    /// When the item began.
    pub start: Duration,
    /// When the item ended.
    pub end: Duration,
    /// The bytes read or the sum; or the reason of the failure.
    pub outcome: Result<u128, String>,
    /// For a task, each time that it ran on the thread.
    pub polls: Vec<Poll>,
    /// How long the item could have run but had no CPU; `None` where the system does not report it.
    pub ready: Option<Duration>,
    /// The process that did the item, as it was at the end of the item.
    pub process: Process,
}

impl Record {
    /// The record of an item that ends now.
    pub fn new(
        index: usize,
        worker: Option<usize>,
        start: Duration,
        outcome: Result<u128, String>,
    ) -> Self {
        let (end, process) = (clock::now(), Process::current());
        Self { index, worker, start, end, outcome, polls: Vec::new(), ready: None, process }
    }

    /// How long the item took.
    pub fn duration(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }
}
