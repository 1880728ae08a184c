//! C06: a process is heavy. **It takes longer to start than a thread, and uses more memory**, although
//! `fork` copies only the pages that are written to later.
//!
//! More and more processes start and wait for the end of a pipe. The figures show what a process costs,
//! and what a thread costs when 500 wait: time to start, memory (a shared page is split evenly),
//! page tables, and the time of a context switch.

use std::io::{self, Read, Write, pipe};
use std::process::ExitCode;

use common::Result;
use common::demo::scaling::{self, Figures, Ramp};
use common::demo::{self, Claim, DemoResult, Flag};
use nix::sys::wait::waitpid;
use pool::fork::{Forked, fork};

fn idle_processes(up_to: usize) -> Result<Figures> {
    let mut ramp = Ramp::new(up_to);
    let (mut gate, hold_closed) = pipe()?;
    let (mut children, mut alive) = (Vec::new(), 0);
    while let Some(batch) = ramp.next_batch() {
        let (mut arrivals, mut arrived) = pipe()?;
        for _ in 0..batch {
            match fork() {
                Ok(Forked::Parent(pid)) => children.push(pid),
                Ok(Forked::Child(child)) => child.run_and_exit(|| {
                    // The gate opens when no process holds the other end of its pipe.
                    drop(hold_closed);
                    let _ = arrived.write_all(b"!");
                    drop(arrived);
                    let _ = gate.read(&mut [0]);
                }),
                Err(error) => {
                    ramp.stop(&error);
                    break;
                }
            }
        }
        drop(arrived);
        alive += io::copy(&mut arrivals, &mut io::sink())? as usize;
        ramp.record(alive, &children);
    }
    drop(hold_closed);
    children.into_iter().try_for_each(|pid| waitpid(pid, None).map(drop))?;
    ramp.finish(ping_pong)
}

/// Two processes wake each other in turn: each sleeps until the other one has written.
fn ping_pong(rounds: u32) -> Result<()> {
    let (mut pings, mut ping) = pipe()?;
    let (mut pongs, mut pong) = pipe()?;
    let child = match fork()? {
        Forked::Parent(child) => child,
        Forked::Child(child) => child.run_and_exit(|| {
            drop(ping);
            while pings.read_exact(&mut [0]).is_ok() && pong.write_all(b"!").is_ok() {}
        }),
    };
    for _ in 0..rounds {
        ping.write_all(b"!")?;
        pongs.read_exact(&mut [0])?;
    }
    drop(ping);
    waitpid(child, None)?;
    Ok(())
}

/// A process took longer to start than a thread, and used more memory, if that is known.
pub(crate) fn holds(processes: &Figures, threads: &Figures) -> bool {
    processes.compared_with(threads, |process, thread| process > thread)
}

fn main() -> ExitCode {
    let help = "How many processes at most";
    let flag = Flag { name: "up-to", help, default: 1_000, range: 1..=1_000_000 };
    demo::show(Claim::Article(&["C06"]), flag, |up_to| {
        // Before the threads: `fork` needs a process with one thread.
        let processes = idle_processes(up_to as usize)?;
        let threads = scaling::idle_threads(500)?;
        let summary = format!("Processes: {processes}. Threads: {threads}.");
        let figures = processes.beside_threads(&threads);
        Ok(DemoResult::new(holds(&processes, &threads), figures, summary))
    })
}
