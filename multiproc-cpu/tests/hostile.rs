//! The pool with workers that misbehave in every way that a process can.
//!
//! A test with a `main` of its own: fork needs a process with one thread, and the usual harness has
//! several.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use common::os::output::print_line;
use common::report::{Answer, Record, Report};
use common::workload::{Strategy, closed_form};
use common::{Result, Run, cpu_bound};
use nix::sys::signal::{Signal, raise};
use pool::wire;

/// The number whose worker misbehaves, and the position of that number.
const VICTIM: u64 = 1000;
const INDEX: usize = 3;

type Misdeed = fn();

/// What a worker does before it sends its record, or instead.
const MISDEEDS: [(&str, Misdeed); 14] = [
    ("dies in the middle of a message", || {
        let message = message(INDEX, 0);
        send(&message[..message.len() / 2]);
        let _ = raise(Signal::SIGKILL);
    }),
    ("dies after a whole message", || {
        send(&message(INDEX, 0));
        send(&message(INDEX, 1));
        let _ = raise(Signal::SIGKILL);
    }),
    ("aborts", || process::abort()),
    ("exits without a record", || process::exit(0)),
    ("exits with a code", || process::exit(7)),
    ("panics", || {
        // Its message would look like a failure of this test.
        std::panic::set_hook(Box::new(|_| ()));
        panic!("as intended")
    }),
    ("sends rubbish", || send(&[b'x'; 5000])),
    ("announces too long a message", || send(&u32::MAX.to_le_bytes())),
    ("sends an empty message", || send(&0u32.to_le_bytes())),
    ("sends a message that is no record", || send(b"\x02\0\0\0{}")),
    ("sends the record of another item", || {
        send(&message(INDEX + 1, 0));
        send(&message(INDEX + 1, 1));
    }),
    ("sends the record of no item", || send(&message(1000, 0))),
    // One of the two numbers is not the worker's.
    ("sends its record twice", || {
        send(&message(INDEX, 0));
        send(&message(INDEX, 1));
    }),
    ("closes its pipes and lives on", || {
        for pipe in pipes() {
            let _ = nix::unistd::close(pipe);
        }
        thread::sleep(Duration::from_secs(1000));
    }),
];

fn main() {
    if !cfg!(target_os = "linux") {
        return testing::skip("a worker finds its pipes in Linux's /proc");
    }
    for (name, misdeed) in MISDEEDS {
        for misdeeds in 1..=3 {
            check(name, misdeed, misdeeds);
        }
    }
    print_line("all sums were correct, or failed after three attempts");
}

// A worker misbehaves so many times. Each time it leaves a file behind, because a replacement shares
// no memory with it.
fn check(name: &str, misdeed: Misdeed, misdeeds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let numbers: Vec<u64> = (VICTIM - INDEX as u64..VICTIM + 5).collect();
    let report = report(&numbers, |number| {
        if number == VICTIM && first_free(folder.path(), misdeeds) {
            misdeed();
        }
        Ok(cpu_bound(number))
    });
    let Answer::Sums(sums) = &report.answer else { panic!("{report:?}") };
    for ((number, sum), span) in numbers.iter().zip(sums).zip(&report.spans) {
        match (sum, &span.error) {
            // A worker that sent its record before it died has done its work.
            (Some(sum), None) => {
                assert_eq!(Some(sum), closed_form(*number).map(|sum| sum.to_string()).as_ref());
            }
            (None, Some(error)) => {
                assert_eq!((*number, misdeeds), (VICTIM, 3), "{name}: {error}");
                let end = match name {
                    "aborts" => "was killed by SIGABRT",
                    "exits with a code" => "exited with code 7",
                    "panics" => "exited with code 101",
                    _ => "",
                };
                assert!(error.starts_with("failed after 3 attempts: its worker "), "{error}");
                assert!(error.ends_with(end), "{name}: {error}");
            }
            _ => panic!("{name}: {span:?}"),
        }
    }
}

fn report(numbers: &[u64], work: impl Fn(u64) -> Result<u128>) -> Report {
    let run = Run::numbers(Strategy::Processes, numbers.to_vec(), 2);
    run.report(|run| pool::map(run, |number| work(*number))).expect("workers")
}

fn first_free(folder: &Path, misdeeds: usize) -> bool {
    (0..misdeeds).any(|misdeed| File::create_new(folder.join(misdeed.to_string())).is_ok())
}

// A message as a worker of this number sends it.
fn message(index: usize, worker: usize) -> Vec<u8> {
    let start = common::os::clock::now();
    let sum = cpu_bound(VICTIM - INDEX as u64 + index as u64);
    let mut message = Vec::new();
    wire::write(&mut message, &Record::new(index, Some(worker), start, Ok(sum)))
        .expect("a message");
    message
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

// Writes into the pipe of the records, the one that is open for writing.
fn send(bytes: &[u8]) {
    let for_writing = |pipe: &i32| {
        let flags = fs::read_to_string(format!("/proc/self/fdinfo/{pipe}")).expect("flags");
        let flags = flags.lines().find_map(|line| line.strip_prefix("flags:")).expect("flags");
        u32::from_str_radix(flags.trim(), 8).expect("octal") & 1 == 1
    };
    let pipe = pipes().into_iter().find(for_writing).expect("a pipe");
    let mut records =
        OpenOptions::new().write(true).open(format!("/proc/self/fd/{pipe}")).expect("the pipe");
    // Fails once the pool has refused an earlier message.
    let _ = records.write_all(bytes);
}
