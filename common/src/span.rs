//! One item of work as it was done. A program's only record is a list of these.

use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::usage::Process;
use crate::{Error, clock};

/// One download or sum: who did it, when, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The site's URL, or the number.
    pub name: String,
    /// Which worker did it: a thread, a task, a process; counted from 0.
    pub worker: usize,
    /// When it began, by [`clock::now`].
    pub start: Duration,
    /// When it ended, by [`clock::now`].
    pub end: Duration,
    /// Bytes read or the sum; or what went wrong.
    pub outcome: Result<u128, String>,
    /// For a task, the moments in which it ran (start, end); the rest of its time it waited.
    /// Empty for work that a thread or process does alone.
    pub polls: Vec<(Duration, Duration)>,
    /// The process that did it.
    pub process: Process,
}

impl Span {
    /// Does `work` and says when, by whom and how.
    pub fn time<A: Into<u128>>(
        name: impl Display,
        worker: usize,
        work: impl FnOnce() -> Result<A, Error>,
    ) -> Self {
        let start = clock::now();
        let outcome = work();
        Self::ended(name.to_string(), worker, start, outcome, Vec::new())
    }

    /// Does `work` as [`Span::time`] does, for work that waits by `.await`.
    pub async fn time_task<A: Into<u128>>(
        name: impl Display,
        worker: usize,
        work: impl Future<Output = Result<A, Error>>,
    ) -> Self {
        let start = clock::now();
        let mut polls = Vec::new();
        let mut work = pin!(work);
        // What an executor calls to run a task a little further is passed on, and timed.
        let outcome = std::future::poll_fn(|context| {
            let begun = clock::now();
            let poll = work.as_mut().poll(context);
            polls.push((begun, clock::now()));
            poll
        });
        let outcome = outcome.await;
        Self::ended(name.to_string(), worker, start, outcome, polls)
    }

    /// An item that was not done, and why.
    pub fn not_done(name: impl Display, worker: usize, start: Duration, why: &str) -> Self {
        Self::ended(name.to_string(), worker, start, Err::<u128, _>(why.into()), Vec::new())
    }

    fn ended<A: Into<u128>>(
        name: String,
        worker: usize,
        start: Duration,
        outcome: Result<A, Error>,
        polls: Vec<(Duration, Duration)>,
    ) -> Self {
        let end = clock::now();
        let outcome = outcome.map(A::into).map_err(|error| causes(&*error));
        Self { name, worker, start, end, outcome, polls, process: Process::current() }
    }

    /// How long it took.
    pub fn duration(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }
}

/// An error with all its causes, outermost first, each said once.
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_its_work() {
        let before = clock::now();
        let span = Span::time("work", 3, || Ok(7u64));
        assert_eq!((span.name.as_str(), span.worker, span.outcome), ("work", 3, Ok(7)));
        assert!(before <= span.start && span.start <= span.end && span.end <= clock::now());
    }

    #[test]
    fn a_failure_is_told_with_its_causes() {
        let cause = std::io::Error::other("the plug was pulled");
        let span = Span::time("work", 0, || Err::<u64, _>(Error::from(cause)));
        assert_eq!(span.outcome, Err("the plug was pulled".into()));
    }

    #[test]
    fn each_cause_is_said_once() {
        #[derive(Debug)]
        struct Because(&'static str, Option<Box<Self>>);
        impl Display for Because {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }
        impl std::error::Error for Because {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                self.1.as_ref().map(|cause| &**cause as _)
            }
        }
        let plug = Because("the plug was pulled", None);
        let again = Because("plug", Some(Box::new(plug)));
        let error = Because("no power, no plug", Some(Box::new(again)));
        assert_eq!(causes(&error), "no power, no plug: the plug was pulled");
    }

    #[test]
    fn a_span_lasts_from_its_start_to_its_end() {
        let span = Span::time("work", 0, || {
            std::thread::sleep(Duration::from_millis(1));
            Ok(1u64)
        });
        assert!(span.duration() > Duration::ZERO);
        assert_eq!(span.start + span.duration(), span.end);
    }

    #[test]
    fn a_task_tells_its_polls() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        let span = runtime.block_on(Span::time_task("task", 0, async {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            Ok(1u64)
        }));
        assert_eq!(span.polls.len(), 3, "one poll to begin, one after each of two waits");
        let moments: Vec<_> = span.polls.iter().flat_map(|&(start, end)| [start, end]).collect();
        assert!(moments.is_sorted() && span.start <= moments[0] && moments[5] <= span.end);
    }
}
