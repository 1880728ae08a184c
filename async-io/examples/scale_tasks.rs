//! C21: **far more tasks can wait at the same time than threads**, and a task costs less than a thread
//! does when hundreds of threads wait.
//!
//! More and more tasks on one thread run to their `.await`, a sleep of an hour; by default a million.
//! The figures show what a task costs, and what a thread costs when 500 wait: time to start, memory, and
//! the time of a switch.

use std::process::ExitCode;
use std::time::Duration;

use common::Result;
use common::demo::scaling::{self, Figures, NO_CHILDREN, Ramp};
use common::demo::{self, Claim, DemoResult, Flag};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::{task, time};

const HOUR: Duration = Duration::from_secs(3600);

fn idle_tasks(up_to: usize) -> Result<Figures> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let mut ramp = Ramp::new(up_to);
    while let Some(batch) = ramp.next_batch() {
        runtime.block_on(async {
            for number in 1..=batch {
                task::spawn(time::sleep(HOUR));
                if number % 1_000 == 0 || number == batch {
                    // First in, first out: when this task has run, all earlier tasks are asleep.
                    task::spawn(async {}).await?;
                }
            }
            Ok::<_, common::Error>(())
        })?;
        ramp.record(runtime.metrics().num_alive_tasks(), NO_CHILDREN);
    }
    ramp.finish(|rounds| runtime.block_on(ping_pong(rounds)))
}

/// Two tasks wake each other in turn: each waits until the other one has sent a message.
async fn ping_pong(rounds: u32) -> Result<()> {
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

/// More tasks than threads waited at the same time. A task started in less time than a thread, and used
/// less memory, if that is known.
pub(crate) fn holds(tasks: &Figures, threads: &Figures) -> bool {
    tasks.reached > threads.reached
        && threads.reached >= 200
        && tasks.compared_with(threads, |task, thread| task < thread)
}

fn main() -> ExitCode {
    let help = "How many tasks at most";
    let flag = Flag { name: "up-to", help, default: 1_000_000, range: 1..=100_000_000 };
    demo::show(Claim::Article(&["C21"]), flag, |up_to| {
        let tasks = idle_tasks(up_to as usize)?;
        let threads = scaling::idle_threads(500)?;
        let summary = format!("Tasks: {tasks}. Threads: {threads}.");
        let figures = tasks.beside_threads(&threads);
        Ok(DemoResult::new(holds(&tasks, &threads), figures, summary))
    })
}
