//! One item of work as it was done.

use std::error::Error;
use std::time::Duration;
use std::{io, iter};

use serde::{Deserialize, Serialize};

use crate::os::usage::Process;
use crate::os::{clock, limits};
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

/// An error and its causes, outermost first.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        // An `io::Error` is transparent: its source is the source of the error within.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(within) => Some(within as _),
            None => error.source(),
        }
    })
}

/// An error for a person: one of the operating system with the limits that may be the reason, another one
/// with its causes.
pub fn explain(error: &crate::Error) -> String {
    let refusal = error.downcast_ref().map(limits::explain);
    refusal.unwrap_or_else(|| with_causes(&**error))
}

/// An error and its causes as text. A cause that its error repeats is left out.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).fold(String::new(), |text, cause| match &text[..] {
        "" => cause,
        _ if text.contains(&cause) => text,
        _ => format!("{text}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Caused(&'static str, Option<Box<Caused>>);

    impl fmt::Display for Caused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Caused {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_follow_their_error_without_repetition() {
        let inner = Caused("refused", None);
        let middle = Caused("connection refused", Some(Box::new(inner)));
        let outer = Caused("no answer", Some(Box::new(middle)));
        assert_eq!(with_causes(&outer), "no answer: connection refused");
    }
}
