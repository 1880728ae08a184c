//! The pool against workers that misbehave in every way that a process can.
//!
//! A test with a `main` of its own: fork needs a process with one thread, and the usual harness has
//! several.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use common::sums::closed_form;
use common::{Run, Span, cpu_bound, out};
use nix::sys::signal::{Signal, raise};
use pool::wire;

/// The number on which a worker misbehaves.
const VICTIM: u64 = 1000;

type Misdeed = fn(usize);

/// What a worker does before it sends its result, or instead.
const MISDEEDS: [(&str, Misdeed); 13] = [
    ("dies in the middle of a write", |worker| {
        let message = message(worker, VICTIM);
        send(&message[..message.len() / 2]);
        let _ = raise(Signal::SIGKILL);
    }),
    ("dies after a complete write", |worker| {
        send(&message(worker, VICTIM));
        let _ = raise(Signal::SIGKILL);
    }),
    ("aborts", |_| process::abort()),
    ("exits in the middle of its work", |_| process::exit(0)),
    ("exits with a code", |_| process::exit(7)),
    ("panics", |_| panic!("a worker panics, as this test wants it to")),
    ("sends rubbish", |_| send(&[b'x'; 5000])),
    ("promises more than a message may have", |_| send(&u32::MAX.to_le_bytes())),
    ("sends an empty message", |_| send(&0u32.to_le_bytes())),
    ("sends another's result", |worker| send(&message(worker, VICTIM + 1))),
    ("sends in another's name", |worker| send(&message(worker + 1, VICTIM))),
    // The repetition arrives as if it were the next one's.
    ("sends its result twice", |worker| send(&message(worker, VICTIM))),
    ("closes its pipe and lives on", |_| {
        for pipe in pipes() {
            let _ = nix::unistd::close(pipe);
        }
        thread::sleep(Duration::from_secs(1000));
    }),
];

fn main() {
    if !cfg!(target_os = "linux") {
        return common::testing::skip("a worker finds its pipes in Linux's /proc");
    }
    for (name, misdeed) in MISDEEDS {
        for (attempts, given_up) in [(1, false), (2, false), (3, true)] {
            check(name, misdeed, attempts, given_up);
        }
    }
    out::say("hostile workers: all went well");
}

// A worker misbehaves this many times on the victim. Each time it leaves a file behind, since it
// has no other memory.
fn check(name: &str, misdeed: Misdeed, attempts: usize, given_up: bool) {
    let folder = std::env::temp_dir().join(format!("hostile-{}", process::id()));
    fs::create_dir(&folder).expect("a folder");
    let spans = run(|worker, number| {
        if number == VICTIM && first_free(&folder, attempts) {
            misdeed(worker);
        }
        sum(worker, number)
    });
    fs::remove_dir_all(&folder).expect("the folder is there");
    for (number, span) in spans {
        match span.outcome {
            // A worker that sent its result before it died has done its work.
            Ok(answer) => assert_eq!(Some(answer), closed_form(number), "{name}"),
            Err(why) => {
                assert!(given_up && number == VICTIM, "{name}: {number}: {why}");
                assert!(why.contains("given up: its worker"), "{name}: {why}");
            }
        }
    }
}

// Each number's span, asserted to be there once.
fn run(work: impl Fn(usize, u64) -> Span) -> BTreeMap<u64, Span> {
    let numbers: Vec<u64> = (VICTIM - 3..VICTIM + 5).collect();
    let run = Run::of_numbers(numbers.clone(), 2);
    let spans = pool::map(&run, |worker, number| work(worker, *number)).expect("workers");
    let by_number: BTreeMap<u64, Span> =
        spans.iter().map(|span| (span.name.parse().expect("a number"), span.clone())).collect();
    assert_eq!(spans.len(), numbers.len(), "each number has one span: {spans:?}");
    assert!(by_number.keys().eq(&numbers), "{by_number:?}");
    by_number
}

fn first_free(folder: &Path, attempts: usize) -> bool {
    (0..attempts).any(|attempt| File::create_new(folder.join(attempt.to_string())).is_ok())
}

fn sum(worker: usize, number: u64) -> Span {
    Span::time(number, worker, || Ok(cpu_bound(number)))
}

fn message(worker: usize, number: u64) -> Vec<u8> {
    wire::frame(&sum(worker, number)).expect("a frame")
}

// The descriptors of this worker's pipes.
fn pipes() -> Vec<i32> {
    let names = fs::read_dir("/proc/self/fd").expect("/proc").flatten();
    names
        .filter(|entry| {
            fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("pipe:"))
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect()
}

// Writes into the pipe of the results, which is the one that is open for writing.
fn send(bytes: &[u8]) {
    let for_writing = |pipe: &i32| {
        let flags = fs::read_to_string(format!("/proc/self/fdinfo/{pipe}")).expect("flags");
        let flags = flags.lines().find_map(|line| line.strip_prefix("flags:")).expect("flags");
        u32::from_str_radix(flags.trim(), 8).expect("octal") & 1 == 1
    };
    let pipe = pipes().into_iter().find(for_writing).expect("a pipe");
    let mut results =
        OpenOptions::new().write(true).open(format!("/proc/self/fd/{pipe}")).expect("the pipe");
    results.write_all(bytes).expect("the pool reads");
}
