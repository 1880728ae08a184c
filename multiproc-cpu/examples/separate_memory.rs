//! Processes have separate memory: **what a child writes, its parent does not see**, though the
//! variable has the same name and the same address in both.
//!
//! A forked child writes a number into three places. The figures say what its parent finds there
//! afterwards: nothing new in a variable, the number at the end of a pipe, and the number in
//! memory that both were made to share.

use std::io::{Read, Write, pipe};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Parser;
use common::Error;
use common::example::{self, Output, Shown};
use nix::sys::wait::waitpid;
use pool::fork::{self, Forked, SharedCounter};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) before_the_fork: u64,
    pub(crate) written_by_the_child: u64,
    pub(crate) seen_in_a_variable: u64,
    pub(crate) seen_through_a_pipe: u64,
    pub(crate) seen_in_shared_memory: u64,
}

/// Holds when the parent finds the child's number in the pipe and in the shared memory, and in the
/// variable the one from before the fork, which is another.
pub(crate) fn holds(figures: &Figures) -> bool {
    let written = figures.written_by_the_child;
    let sent = [figures.seen_through_a_pipe, figures.seen_in_shared_memory] == [written; 2];
    sent && figures.seen_in_a_variable == figures.before_the_fork
        && figures.before_the_fork != written
}

fn write_in_child(before: u64, written: u64) -> Result<Figures, Error> {
    let mut variable = before;
    let shared = SharedCounter::new(before)?;
    let (mut read_end, mut write_end) = pipe()?;
    let child = match fork::split()? {
        Forked::Parent(child) => child,
        Forked::Child(child) => child.end_after(|| {
            // The kernel copies the variable's page now: from here on there are two of it.
            variable = written;
            shared.store(variable, Ordering::Relaxed);
            let _ = write_end.write_all(&variable.to_ne_bytes());
        }),
    };
    drop(write_end);
    let mut received = [0; size_of::<u64>()];
    read_end.read_exact(&mut received)?;
    waitpid(child, None)?;
    Ok(Figures {
        before_the_fork: before,
        written_by_the_child: written,
        seen_in_a_variable: variable,
        seen_through_a_pipe: u64::from_ne_bytes(received),
        seen_in_shared_memory: shared.load(Ordering::Relaxed),
    })
}

/// A child writes a number into three places; its parent looks
#[derive(Parser)]
struct Options {
    /// The number; before the fork there is a 1 in its place
    #[arg(long, default_value_t = 42)]
    number: u64,
    #[command(flatten)]
    output: Output,
}

fn main() -> ExitCode {
    let options = Options::parse();
    example::show(&options.output, || {
        let figures = write_in_child(1, options.number)?;
        let said = format!(
            "The child wrote {}: its parent saw {} in the variable, {} through the pipe, {} in shared memory.",
            figures.written_by_the_child,
            figures.seen_in_a_variable,
            figures.seen_through_a_pipe,
            figures.seen_in_shared_memory
        );
        Ok(Shown { claim: &["C29"], holds: holds(&figures), figures, said })
    })
}
