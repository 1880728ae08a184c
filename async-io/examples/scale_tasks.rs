//! Tasks scale: **a million of them can wait at once**, and each costs less than one of a few
//! hundred threads does.
//!
//! More and more tasks are started on one thread; each runs up to its `.await`, a sleep of an
//! hour, and waits there. The figures say what one takes: time to start, time to hand over to
//! another one, memory; and beside it what one of 500 threads takes, by the functions of the
//! example `scale_threads` of threads-io. Where a limit allows fewer than asked for, it is named.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use common::Error;
use common::example::{self, Shown};
use common::scale::{Compared, Figures, Growing, Need, Options, switch_microseconds};
use tokio::sync::mpsc;
use tokio::{runtime, task, time};

#[path = "../../threads-io/examples/scale_threads.rs"]
#[allow(dead_code, reason = "its own main and rule")]
mod scale_threads;

const NEED: Need = Need { tasks: 0, maps: 0, bytes: 640, address_space: 640 };
const HOUR: Duration = Duration::from_secs(3600);

/// Holds when more tasks than threads waited at once, each taking less time to start than one of
/// hundreds of threads, and less memory, if that is known.
pub(crate) fn holds(figures: &Compared) -> bool {
    let Compared { figures: tasks, .. } = figures;
    let start = tasks.start_microseconds_each.zip(figures.thread_start_microseconds_each);
    let memory = tasks.resident_bytes_each.zip(figures.thread_resident_bytes_each);
    tasks.reached > figures.threads
        && figures.threads >= 200
        && start.is_some_and(|(task, thread)| task < thread)
        && memory.is_none_or(|(task, thread)| task < thread)
}

fn idle_tasks(up_to: usize) -> Result<Figures, Error> {
    let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
    let mut growing = Growing::new(up_to, NEED);
    while let Some(more) = growing.more() {
        runtime.block_on(async {
            for number in 1..=more {
                task::spawn(time::sleep(HOUR));
                if number % 1_000 == 0 || number == more {
                    // First in, first out: when this one has run, all before it are asleep.
                    task::spawn(async {}).await?;
                }
            }
            Ok::<(), Error>(())
        })?;
        growing.idle(runtime.metrics().num_alive_tasks(), &[]);
    }
    Ok(growing.end(switch_microseconds(|rounds| runtime.block_on(hand_over(rounds)))?))
}

// Two tasks wake each other in turn: each waits until the other has sent.
async fn hand_over(rounds: u32) -> Result<(), Error> {
    let (ping, mut pings) = mpsc::channel(1);
    let (pong, mut pongs) = mpsc::channel(1);
    task::spawn(async move {
        while let Some(()) = pings.recv().await {
            let _ = pong.send(()).await;
        }
    });
    for _ in 0..rounds {
        ping.send(()).await?;
        pongs.recv().await;
    }
    Ok(())
}

fn main() -> ExitCode {
    let options = Options::parse();
    example::show(&options.output, || {
        let tasks = idle_tasks(options.up_to.unwrap_or(1_000_000))?;
        let threads = scale_threads::idle_threads(500)?;
        let said = format!("Tasks: {tasks}. Threads: {threads}.");
        let figures = tasks.beside(&threads);
        Ok(Shown { claim: &["C21"], holds: holds(&figures), figures, said })
    })
}
