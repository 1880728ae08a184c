//! What a process uses. One test in a process of its own, because the figures are of the whole process.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::cpu_bound;
use common::os::usage::{self, Process, Usage};

const BLOCK: u64 = 64 << 20;

#[test]
fn figures_follow_what_the_process_does() {
    cpu_time_grows_with_work();
    if cfg!(target_os = "linux") {
        threads_are_counted();
        memory_is_measured();
        interruptions_of_a_thread_are_counted();
    }
}

fn cpu_time_grows_with_work() {
    let used = || Usage::now().expect("usage").user_seconds;
    let before = used();
    while used() == before {
        cpu_bound(100_000);
    }
    assert!(used() < 1000.0, "in seconds");
}

fn threads_are_counted() {
    const STARTED: u64 = 50;
    let before = usage::threads().expect("threads");
    let barrier = Barrier::new(STARTED as usize + 1);
    thread::scope(|scope| {
        for _ in 0..STARTED {
            scope.spawn(|| barrier.wait());
        }
        assert_eq!(usage::threads(), Some(before + STARTED));
        barrier.wait();
    });
}

fn memory_is_measured() {
    let resident = || usage::resident_memory([std::process::id()]).expect("resident memory");
    let before = resident();
    let block = black_box(vec![1u8; BLOCK as usize]);
    assert!(resident() >= before + BLOCK / 2);
    drop(block);
    assert!(usage::peak_memory() >= Some(BLOCK));
    let of_record = Process::current().peak_memory.expect("peak memory");
    assert!((BLOCK..1 << 40).contains(&of_record), "{of_record} bytes");
    // A process that has ended has none.
    assert_eq!(usage::resident_memory([u32::MAX]), None);
    assert!(usage::resident_memory([u32::MAX, std::process::id()]).is_some());
}

// One thread more than there are cores: some of them are interrupted.
fn interruptions_of_a_thread_are_counted() {
    let count = || usage::involuntary_context_switches_of_thread().expect("context switches");
    let cores = thread::available_parallelism().expect("cores").get();
    let seen = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..=cores {
            scope.spawn(|| {
                let before = count();
                while !seen.load(Ordering::Relaxed) {
                    seen.fetch_or(count() > before, Ordering::Relaxed);
                }
            });
        }
    });
}
