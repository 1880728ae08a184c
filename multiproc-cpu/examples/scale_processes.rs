//! A process is heavy: **it takes longer to start than a thread, and more memory**, though `fork`
//! copies nothing but what is written to later.
//!
//! More and more processes run up to a pipe and wait there for its end. The figures say what one
//! takes: time to start, time to hand over to another one, memory that it does not share, and apart
//! from that its page tables; and beside it what one of 500 threads takes. Where a limit allows
//! fewer than asked for, it is named.

use std::io::{self, Read, Write, pipe};
use std::process::ExitCode;

use common::Error;
use common::example::{self, Shown};
use common::scale::{Compared, Figures, Growing, Need, switch_microseconds};
use nix::sys::wait::waitpid;
use pool::fork::{self, Forked};

#[path = "../../threads-io/examples/scale_threads.rs"]
#[allow(dead_code, reason = "its own main and rule")]
mod scale_threads;

const NEED: Need = Need { tasks: 1, maps: 0, bytes: 512 << 10, address_space: 0 };

/// Holds when a process took longer to start than a thread, and more memory, if that is known.
pub(crate) fn holds(figures: &Compared) -> bool {
    figures.each(|process, thread| process > thread)
}

fn idle_processes(up_to: usize) -> Result<Figures, Error> {
    let mut growing = Growing::new(up_to, NEED);
    let (mut gate, closed) = pipe()?;
    let (mut children, mut alive) = (Vec::new(), 0);
    while let Some(more) = growing.more() {
        let (mut arrivals, mut arrived) = pipe()?;
        for _ in 0..more {
            match fork::split() {
                Ok(Forked::Parent(pid)) => children.push(pid),
                Ok(Forked::Child(child)) => child.end_after(|| {
                    // A pipe ends when nobody holds this end of it any more.
                    drop(closed);
                    let _ = arrived.write_all(b"!");
                    drop(arrived);
                    let _ = gate.read(&mut [0]);
                }),
                Err(why) => {
                    growing.refused(&why);
                    break;
                }
            }
        }
        drop(arrived);
        alive += io::copy(&mut arrivals, &mut io::sink())? as usize;
        growing.idle(alive, &children);
    }
    drop(closed);
    children.into_iter().try_for_each(|pid| waitpid(pid, None).map(drop))?;
    Ok(growing.end(switch_microseconds(hand_over)?))
}

// Two processes wake each other in turn: each sleeps until the other has written.
fn hand_over(rounds: u32) -> Result<(), Error> {
    let (mut pings, mut ping) = pipe()?;
    let (mut pongs, mut pong) = pipe()?;
    let child = match fork::split()? {
        Forked::Parent(child) => child,
        Forked::Child(child) => child.end_after(|| {
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

fn main() -> ExitCode {
    let (up_to, output) = example::flags("up-to", "How many at most", 1_000, 1..=1_000_000);
    example::show(&output, || {
        // Processes first: `fork` needs a process with one thread.
        let processes = idle_processes(up_to as usize)?;
        let threads = scale_threads::idle_threads(500)?;
        let said = format!("Processes: {processes}. Threads: {threads}.");
        let figures = processes.beside(&threads);
        Ok(Shown { claim: &["C06"], holds: holds(&figures), figures, said })
    })
}
