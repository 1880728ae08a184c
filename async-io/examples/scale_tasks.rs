//! Tasks scale: **a million of them can wait at once**, and each costs less than one of a few
//! hundred threads does.
//!
//! More and more tasks on one thread run up to their `.await`, a sleep of an hour. The figures say
//! what one takes: time to start, time to hand over to another one, memory; and beside it what one
//! of 500 threads takes. Where a limit allows fewer than asked for, it is named.

use std::process::ExitCode;
use std::time::Duration;

use common::Error;
use common::example::{self, Shown};
use common::scale::{Compared, Figures, Growing, Need, switch_microseconds};
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
    let (tasks, threads) = (figures.figures.reached, figures.threads);
    tasks > threads && threads >= 200 && figures.each(|task, thread| task < thread)
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
    let (up_to, output) = example::flags("up-to", "How many at most", 1_000_000, 1..=100_000_000);
    example::show(&output, || {
        let tasks = idle_tasks(up_to as usize)?;
        let threads = scale_threads::idle_threads(500)?;
        let said = format!("Tasks: {tasks}. Threads: {threads}.");
        let figures = tasks.beside(&threads);
        Ok(Shown { claim: &["C21"], holds: holds(&figures), figures, said })
    })
}
