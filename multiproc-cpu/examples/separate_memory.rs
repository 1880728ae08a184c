//! C29: processes have separate memory. **What a child process writes, its parent does not see**,
//! although the variable has the same name and the same address in both.
//!
//! A forked child writes a number to three places. Afterwards the parent finds the old number in the
//! variable, and the new one at the end of a pipe and in shared memory.

use std::io::{Read, Write, pipe};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use common::Result;
use common::demo::{self, Claim, DemoResult, Flag};
use common::report::{recorder::Recorder, timeline::State};
use nix::sys::wait::waitpid;
use pool::fork::{Forked, SharedCounter, fork};
use serde_json::json;

/// The rows of the picture.
const PARENT: usize = 0;
const CHILD: usize = 1;

/// Lets a child write `number`. Returns what the parent sees in the three places.
fn write_in_child(before: u64, number: u64, recorder: &Recorder) -> Result<[u64; 3]> {
    let mut variable = before;
    recorder.set(PARENT, State::Running, format!("variable = {variable}"));
    let shared = SharedCounter::new(before)?;
    let (mut read_end, mut write_end) = pipe()?;
    let child = match fork()? {
        Forked::Parent(child) => child,
        Forked::Child(child) => child.run_and_exit(|| {
            // The kernel copies the variable's page for the child no later than at this write.
            variable = number;
            shared.store(variable, Ordering::Relaxed);
            let _ = write_end.write_all(&variable.to_ne_bytes());
        }),
    };
    drop(write_end);
    // The parent draws both rows, because the child has only a copy of the recorder.
    recorder.set(PARENT, State::Waiting, "");
    recorder.set(CHILD, State::Running, format!("variable = {number}"));
    let mut received = [0; size_of::<u64>()];
    read_end.read_exact(&mut received)?;
    waitpid(child, None)?;
    recorder.end(CHILD);
    recorder.set(PARENT, State::Running, format!("variable = {variable}"));
    Ok([variable, u64::from_ne_bytes(received), shared.load(Ordering::Relaxed)])
}

/// The parent finds the child's number in the pipe and in the shared memory, and the number from
/// before the fork in the variable.
pub(crate) fn holds(before: u64, written: u64, [variable, piped, shared]: [u64; 3]) -> bool {
    variable == before && before != written && piped == written && shared == written
}

fn main() -> ExitCode {
    let help = "The number that the child writes (initially 1)";
    let flag = Flag { name: "number", help, default: 42, range: 0..=u64::MAX };
    demo::show_drawn(Claim::Article(&["C29"]), flag, |number| {
        let title = "One variable in two processes";
        let recorder = Recorder::new("separate_memory", title, ["parent", "child"]);
        let seen = write_in_child(1, number, &recorder)?;
        let [variable, piped, shared] = seen;
        let figures = json!({
            "before_the_fork": 1,
            "written_by_the_child": number,
            "seen_in_a_variable": variable,
            "seen_through_a_pipe": piped,
            "seen_in_shared_memory": shared,
        });
        let summary = format!(
            "The child wrote {number}: its parent saw {variable} in the variable, {piped} through \
             the pipe, {shared} in shared memory."
        );
        Ok((DemoResult::new(holds(1, number, seen), figures, summary), recorder.finish()))
    })
}
