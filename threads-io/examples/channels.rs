//! Beyond the notes: a channel as the queue between threads. **A bounded channel makes a fast producer
//! wait for a slow consumer (backpressure). An unbounded channel stores what the consumer has not
//! taken yet, and memory grows.**
//!
//! A producer sends pages of 20 KiB as fast as it can, and a consumer takes a millisecond for each. The
//! total time is the same with both channels, because the consumer determines it.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SendError};
use std::thread;
use std::time::{Duration, Instant};

use common::Result;
use common::demo::{self, Claim, DemoResult, Flag};
use serde_json::json;

const PAGE_BYTES: usize = 20_480;
const CAPACITY: usize = 10;

type Page = Vec<u8>;

/// What a channel cost: the most pages that existed at the same time, the producer's time and the
/// total time, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) most_pages: usize,
    pub(crate) producer: f64,
    pub(crate) total: f64,
}

fn send_and_receive(
    pages: u64,
    send: impl Fn(Page) -> Result<(), SendError<Page>> + Send,
    receiver: Receiver<Page>,
) -> Result<Cost> {
    let (existing, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Instant::now();
    let producer = thread::scope(|scope| {
        let (existing, most) = (&existing, &most);
        let producer = demo::spawn(scope, move || {
            for _ in 0..pages {
                most.fetch_max(existing.fetch_add(1, Relaxed) + 1, Relaxed);
                // A bounded channel that is full blocks the producer here.
                send(vec![1; PAGE_BYTES])?;
            }
            // Dropping the sender ends the receiver's loop.
            drop(send);
            Ok::<_, SendError<Page>>(start.elapsed())
        })?;
        for page in receiver {
            thread::sleep(Duration::from_millis(1));
            drop(page);
            existing.fetch_sub(1, Relaxed);
        }
        let sent = producer.join().map_err(|_| "the producer panicked")?;
        Ok::<_, common::Error>(sent?)
    })?;
    let (producer, total) = (producer.as_secs_f64(), start.elapsed().as_secs_f64());
    Ok(Cost { most_pages: most.into_inner(), producer, total })
}

/// The unbounded channel stored at least half of all pages, and the bounded one no more than fit. The
/// producer took at least half of the total time with the bounded channel, and less with the other. The
/// total time with the bounded channel was at most 1.5 times the other's.
pub(crate) fn holds(pages: u64, unbounded: Cost, bounded: Cost) -> bool {
    // Beside the queue the producer has one page and the consumer another.
    let stored = unbounded.most_pages as u64 >= pages / 2 && bounded.most_pages <= CAPACITY + 2;
    let waited = |cost: Cost| cost.producer >= cost.total / 2.0;
    stored && waited(bounded) && !waited(unbounded) && bounded.total <= 1.5 * unbounded.total
}

fn main() -> ExitCode {
    let words = "a bounded channel makes a fast producer wait, an unbounded one takes memory";
    let flag = Flag { name: "pages", help: "How many pages", default: 500, range: 50..=100_000 };
    demo::show(Claim::Beyond(words), flag, |pages| {
        let (sender, receiver) = mpsc::channel();
        let unbounded = send_and_receive(pages, move |page| sender.send(page), receiver)?;
        let (sender, receiver) = mpsc::sync_channel(CAPACITY);
        let bounded = send_and_receive(pages, move |page| sender.send(page), receiver)?;
        let mut figures = json!({ "pages": pages, "capacity_bounded": CAPACITY });
        for (name, cost) in [("unbounded", unbounded), ("bounded", bounded)] {
            figures[format!("most_pages_{name}")] = json!(cost.most_pages);
            figures[format!("most_bytes_{name}")] = json!(cost.most_pages * PAGE_BYTES);
            figures[format!("producer_seconds_{name}")] = json!(cost.producer);
            figures[format!("total_seconds_{name}")] = json!(cost.total);
        }
        let summary = format!(
            "Of {pages} pages, up to {} existed at once with the unbounded channel, and up to {} with \
             the bounded one.",
            unbounded.most_pages, bounded.most_pages
        );
        Ok(DemoResult::new(holds(pages, unbounded, bounded), figures, summary))
    })
}
