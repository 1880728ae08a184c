//! Processes have separate memory: **what a child writes, its parent does not see**, though the
//! variable has the same name and the same address in both.
//!
//! A forked child writes a number into three places. The figures say what its parent finds there
//! afterwards: nothing new in a variable, the number at the end of a pipe, and the number in
//! memory that both were made to share.

use std::io::{Read, Write, pipe};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use common::Error;
use common::example::{self, Shown};
use nix::sys::wait::waitpid;
use pool::fork::{self, Forked, SharedCounter};
use serde_json::json;

/// Holds when the parent finds the child's number in the pipe and in the shared memory, and in the
/// variable the one from before the fork, which is another.
pub(crate) fn holds(before: u64, written: u64, [variable, piped, shared]: [u64; 3]) -> bool {
    variable == before && before != written && piped == written && shared == written
}

/// Lets a child write the number; returns what its parent sees in the three places.
fn write_in_child(before: u64, number: u64) -> Result<[u64; 3], Error> {
    let mut variable = before;
    let shared = SharedCounter::new(before)?;
    let (mut read_end, mut write_end) = pipe()?;
    let child = match fork::split()? {
        Forked::Parent(child) => child,
        Forked::Child(child) => child.end_after(|| {
            // Now at the latest the kernel copies the variable's page: there are two of it.
            variable = number;
            shared.store(variable, Ordering::Relaxed);
            let _ = write_end.write_all(&variable.to_ne_bytes());
        }),
    };
    drop(write_end);
    let mut received = [0; size_of::<u64>()];
    read_end.read_exact(&mut received)?;
    waitpid(child, None)?;
    Ok([variable, u64::from_ne_bytes(received), shared.load(Ordering::Relaxed)])
}

fn main() -> ExitCode {
    let help = "The number to write; before the fork there is a 1 in its place";
    let (number, output) = example::flags("number", help, 42, 0..=u64::MAX);
    example::show(&output, || {
        let seen = write_in_child(1, number)?;
        let [variable, piped, shared] = seen;
        let figures = json!({
            "before_the_fork": 1,
            "written_by_the_child": number,
            "seen_in_a_variable": variable,
            "seen_through_a_pipe": piped,
            "seen_in_shared_memory": shared,
        });
        let said = format!(
            "The child wrote {number}: its parent saw {variable} in the variable, {piped} through \
             the pipe, {shared} in shared memory."
        );
        Ok(Shown { claim: &["C29"], holds: holds(1, number, seen), figures, said })
    })
}
