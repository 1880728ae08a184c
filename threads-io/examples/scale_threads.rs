//! A thread is light: **thousands of them can wait at once**, though each has a stack of its own
//! and the operating system looks after every one.
//!
//! More and more threads run up to a closed gate and wait there. The figures say what one takes:
//! time to start, time to hand over to another one, resident memory, and apart from that the
//! kernel's page tables. Where a limit allows fewer than asked for, it is named.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use common::Error;
use common::example::{self, Shown};
use common::scale::{Figures, Growing, Need, switch_microseconds};

/// Small, so that no stack is ever backed by one huge page of 2 MiB.
const STACK: usize = 64 << 10;
/// A second stack, for the signal that a full one raises; memory for the kernel's own stack, too.
const NEED: Need = Need { tasks: 1, maps: 4, bytes: 48 << 10, address_space: 96 << 10 };

/// Holds when hundreds of threads waited at once, each taking less than a millisecond to start and
/// at most 12 KiB of resident memory, if that is known.
pub(crate) fn holds(figures: &Figures) -> bool {
    figures.reached >= 200
        && figures.start_microseconds_each.is_some_and(|time| time < 1_000.0)
        && figures.resident_bytes_each.is_none_or(|bytes| bytes <= 12_288.0)
}

pub(crate) fn idle_threads(up_to: usize) -> Result<Figures, Error> {
    let mut growing = Growing::new(up_to, NEED);
    let (gate, arrived) = (Mutex::new(()), AtomicUsize::new(0));
    let wait_at_gate = || {
        arrived.fetch_add(1, Ordering::Relaxed);
        drop(gate.lock());
    };
    thread::scope(|scope| {
        let closed = gate.lock();
        let mut started = 0;
        while let Some(more) = growing.more() {
            for _ in 0..more {
                let thread = thread::Builder::new().stack_size(STACK);
                if let Err(why) = thread.spawn_scoped(scope, wait_at_gate) {
                    growing.refused(&why);
                    break;
                }
                started += 1;
            }
            while arrived.load(Ordering::Relaxed) < started {
                thread::yield_now();
            }
            growing.idle(started, &[]);
        }
        drop(closed);
    });
    Ok(growing.end(switch_microseconds(hand_over)?))
}

// Two threads wake each other in turn: each sleeps until the other has sent.
fn hand_over(rounds: u32) -> Result<(), Error> {
    let (ping, pings) = mpsc::sync_channel(1);
    let (pong, pongs) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        example::spawn(scope, move || pings.iter().try_for_each(|()| pong.send(())))?;
        for _ in 0..rounds {
            ping.send(())?;
            pongs.recv()?;
        }
        drop(ping);
        Ok(())
    })
}

fn main() -> ExitCode {
    let (up_to, output) = example::flags("up-to", "How many at most", 10_000, 1..=10_000_000);
    example::show(&output, || {
        let figures = idle_threads(up_to as usize)?;
        let (holds, said) = (holds(&figures), format!("Threads: {figures}."));
        Ok(Shown { claim: &["C06", "C21"], holds, figures, said })
    })
}
