//! Beyond the notes: to cancel a task is to drop its future. **A dropped future stops at its
//! `.await`: what came before is done, what comes after never happens, and what it held is lost.**
//!
//! - `timeout` drops the future that takes too long.
//! - `select!` drops the future of the branch that loses. If the loop makes a new future each time,
//!   the messages in the dropped one are lost. If `select!` gets a reference to a pinned future, only
//!   the reference is dropped, and the future keeps its messages.

use std::cell::Cell;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use common::Result;
use common::demo::{self, Claim, DemoResult, Flag};
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{sleep, timeout};
use tokio::{select, spawn};

/// Returns how many of two steps were done when the time ran out.
async fn steps_done() -> u64 {
    let done = Cell::new(0);
    let work = async {
        done.set(1);
        sleep(Duration::from_secs(3600)).await;
        done.set(2);
    };
    let _ = timeout(Duration::from_millis(10), work).await;
    done.get()
}

/// Receives two messages. Dropped at the second `.await`, it loses the first message.
async fn receive_pair(messages: &mut Receiver<u64>) -> Option<[u64; 2]> {
    Some([messages.recv().await?, messages.recv().await?])
}

/// Returns how many of `count` messages are lost when a tick follows each message.
async fn messages_lost(count: u64, keep_future: bool) -> u64 {
    let (message, mut messages) = mpsc::channel(1);
    let (tick, mut ticks) = mpsc::channel(1);
    spawn(async move {
        for number in 0..count {
            let _ = message.send(number).await;
            // Returns when the message has been received and the channel has room again.
            let _ = message.reserve().await;
            let _ = tick.send(()).await;
        }
    });
    let mut received = 0;
    loop {
        // Dropped at the end of each iteration of the outer loop, as if created inside `select!`.
        let mut future = pin!(receive_pair(&mut messages));
        loop {
            select! {
                pair = &mut future => {
                    if pair.is_none() { return count - received; }
                    received += 2;
                    break;
                }
                Some(()) = ticks.recv() => if !keep_future { break }
            }
        }
    }
}

/// The timeout came between the two steps, and only the dropped futures lost messages.
pub(crate) fn holds(steps: u64, lost_by_dropped: u64, lost_by_kept: u64) -> bool {
    steps == 1 && lost_by_dropped > 0 && lost_by_kept == 0
}

#[tokio::main(flavor = "current_thread")]
async fn cancel(pairs: u64) -> Result<DemoResult> {
    let count = 2 * pairs;
    let steps = steps_done().await;
    let by_dropped = messages_lost(count, false).await;
    let by_kept = messages_lost(count, true).await;
    let figures = json!({
        "steps": 2,
        "steps_done_before_timeout": steps,
        "messages": count,
        "messages_lost_by_dropped_futures": by_dropped,
        "messages_lost_by_a_kept_future": by_kept,
    });
    let summary = format!(
        "A timeout let {steps} of 2 steps happen. Of {count} messages, {by_dropped} were lost in \
         dropped futures and {by_kept} in one that was kept."
    );
    Ok(DemoResult::new(holds(steps, by_dropped, by_kept), figures, summary))
}

fn main() -> ExitCode {
    let words = "a dropped future stops at its `.await` and loses what it held";
    let help = "How many pairs of messages";
    let flag = Flag { name: "pairs", help, default: 500, range: 50..=1_000_000 };
    demo::show(Claim::Beyond(words), flag, cancel)
}
