//! When a task was woken, and when it ran.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::os::clock;

/// One time that a task ran. The times are readings of [`clock::now`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// When it was woken for this run; the start of the run if nothing woke it, as for the first one.
    pub woken: Duration,
    /// When the runtime began to run it.
    pub start: Duration,
    /// When it gave the thread back.
    pub end: Duration,
}

impl Poll {
    /// How long the task was ready to run while the thread did something else.
    pub fn ready(&self) -> Duration {
        self.start.saturating_sub(self.woken)
    }
}

/// Does `work` and adds to `polls` each time that it ran. A runtime polls a task to let it run a little
/// further, and hands it a waker for the time after that.
pub async fn observe<F: Future>(work: F, polls: &mut Vec<Poll>) -> F::Output {
    let mut work = pin!(work);
    let mut observer: Option<(Arc<Observer>, Waker)> = None;
    std::future::poll_fn(|context| {
        let start = clock::now();
        let last_end = polls.last().map_or(start, |last| last.end);
        let woken = observer.as_ref().and_then(|(observer, _)| observer.woken());
        // The runtime may hand over another waker each time, but seldom does.
        let same = observer.as_ref().is_some_and(|(it, _)| it.runtime.will_wake(context.waker()));
        if !same {
            let new = Arc::new(Observer::new(context.waker().clone()));
            observer = Some((new.clone(), new.into()));
        }
        let waker = observer.as_ref().map_or(context.waker(), |(_, waker)| waker);
        let poll = work.as_mut().poll(&mut Context::from_waker(waker));
        // A task that was woken while it ran is ready from the end of that run.
        let woken = woken.map_or(start, |woken| woken.max(last_end));
        polls.push(Poll { woken, start, end: clock::now() });
        poll
    })
    .await
}

/// A waker around the runtime's own that notes when it is used first.
#[derive(Debug)]
struct Observer {
    runtime: Waker,
    // In nanoseconds; 0 before the first use.
    woken: AtomicU64,
}

impl Observer {
    fn new(runtime: Waker) -> Self {
        Self { runtime, woken: AtomicU64::new(0) }
    }

    // When it was used first since the last call of this.
    fn woken(&self) -> Option<Duration> {
        let nanoseconds = self.woken.swap(0, Ordering::Relaxed);
        (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
    }
}

impl Wake for Observer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let now = clock::now().as_nanos() as u64;
        let _ = self.woken.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        self.runtime.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    const LONG: Duration = Duration::from_millis(5);

    fn run<T>(work: impl Future<Output = T>) -> T {
        Builder::new_current_thread().build().expect("a runtime").block_on(work)
    }

    #[test]
    fn a_task_is_ready_from_its_waking_until_the_thread_is_free() {
        let (sender, receiver) = oneshot::channel();
        let greedy = async {
            yield_now().await;
            sender.send(()).expect("a receiver");
            std::thread::sleep(LONG);
        };
        let mut polls = Vec::new();
        let (_, received) = run(async { tokio::join!(greedy, observe(receiver, &mut polls)) });
        received.expect("a message");
        assert!(polls.iter().all(|poll| poll.woken <= poll.start && poll.start <= poll.end));
        assert!(polls.windows(2).all(|pair| pair[0].end <= pair[1].woken));
        assert_eq!(polls[0].ready(), Duration::ZERO, "nothing woke it before it began");
        assert!(polls.last().expect("a run").ready() >= LONG, "{polls:?}");
    }

    #[test]
    fn a_task_that_yields_is_woken_while_it_runs() {
        let mut polls = Vec::new();
        let result = run(observe(
            async {
                yield_now().await;
                7
            },
            &mut polls,
        ));
        assert_eq!((result, polls.len()), (7, 2));
        assert!(polls[0].end <= polls[1].woken);
    }
}
