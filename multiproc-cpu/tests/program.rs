//! The program as a whole.

use std::thread;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use common::workload::Strategy;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testing::cpu::sums;
use testing::program::report;
use testing::{Running, TestProgram, children, end, eventually, random, rounds, skip, works};

// A sum that takes far longer than any test.
const ENDLESS: &str = "10000000000000";

fn program() -> TestProgram {
    TestProgram::new(cargo_bin!("multiproc-cpu"), &[])
}

testing::cpu_tests!(program());

#[test]
fn workers_are_processes() {
    program().refuses_values("--workers", &["0", "-1", "", "rubbish", "10001"]);
    let three = report(&program(), &[&["3000000"; 12][..], &["--workers", "3"]].concat());
    assert_eq!((three.strategy, three.workers), (Strategy::Processes, 3));
    assert_eq!(three.processes, Some(4));
    if cfg!(target_os = "linux") {
        assert_eq!(three.threads, Some(4));
    }
    let few = report(&program(), &["5", "--workers", "64"]);
    assert_eq!(few.workers, 1, "no more workers than numbers");
}

#[test]
fn cpu_time_includes_the_workers() {
    // No machine does a hundred million steps within 20 ms, and the parent does next to nothing.
    // A parent that ignores SIGCHLD must not hide what the workers used.
    for setup in [":", "trap '' CHLD"] {
        let mut command = program().after(setup);
        command.args(["100000000", "--json"]);
        let report = end(command).with_code(0).report();
        assert!(report.user_seconds > Some(0.02), "{setup}: {report:?}");
    }
}

fn start(arguments: &[&str]) -> Running {
    program().start(arguments.iter().chain(&["--verbose"]))
}

fn a_child(running: &Running) -> Pid {
    eventually(|| children(running.pid()).pop())
}

#[test]
fn fails_a_number_that_kills_three_workers() {
    for signal in [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGABRT] {
        let mut running = start(&["--workers", "1", "30", "40", ENDLESS]);
        for line in ["30: sum 8555 ", "40: sum 20540 "] {
            assert!(running.line().starts_with(line));
        }
        while !running.has_ended() {
            for worker in children(running.pid()) {
                // Rust's handler takes the first SIGSEGV, to detect the overflow of a stack.
                eventually(|| {
                    let _ = kill(worker, signal);
                    (!children(running.pid()).contains(&worker)).then_some(())
                });
            }
        }
        let ended = running.end().with_code(1);
        let note = format!("note: worker 0 was killed by {signal} during {ENDLESS}");
        assert_eq!(ended.stderr.matches(&note).count(), 3, "{ended:?}");
        let error = format!(
            "error: {ENDLESS}: failed after 3 attempts: its worker was killed by {signal}\n"
        );
        assert!(ended.stderr.contains(&error), "{ended:?}");
        assert!(ended.stdout.contains("3, 1 failed"), "{ended:?}");
    }
}

#[test]
fn replaces_all_workers_when_all_are_killed() {
    let numbers = ["500000000"; 4];
    let running = program().start(numbers.iter().chain(&["--workers", "4", "--json"]));
    let workers = eventually(|| Some(children(running.pid())).filter(|found| found.len() == 4));
    for worker in &workers {
        kill(*worker, Signal::SIGKILL).expect("killed");
    }
    let ended = running.end().with_code(0);
    assert_eq!(ended.report().answer, sums(&[500_000_000; 4]));
    assert_eq!(ended.stderr.matches("was killed by SIGKILL").count(), 4, "{}", ended.stderr);
}

// SIGSTOP without SIGCONT stops a worker for any time, and the program waits for it.
#[test]
fn waits_for_a_stopped_worker() {
    let running = program().start(["500000000", "--workers", "1", "--json"]);
    let worker = a_child(&running);
    kill(worker, Signal::SIGSTOP).expect("stopped");
    kill(worker, Signal::SIGCONT).expect("continued");
    let ended = running.end().with_code(0);
    assert_eq!((ended.stderr.as_str(), ended.report().failed), ("", 0));
}

// A worker holds the program's standard streams, so that `end` waits for it as well.
#[test]
fn no_worker_outlives_the_program() {
    // Other systems have no signal for the parent's death, and a stopped worker cannot look for it.
    let killed = cfg!(target_os = "linux").then_some((Signal::SIGKILL, true));
    let signals = [(Signal::SIGINT, true), (Signal::SIGTERM, true), (Signal::SIGKILL, false)];
    for (signal, stopped) in signals.into_iter().chain(killed) {
        let mut running = start(&["--workers", "1", "10", ENDLESS]);
        // From its first line on, a worker is to die with its parent.
        running.line();
        if stopped {
            kill(a_child(&running), Signal::SIGSTOP).expect("stopped");
        }
        running.signal(signal);
        running.end();
    }
}

// An idle worker that is stopped does not see its pipe close.
#[test]
fn ends_a_stopped_idle_worker() {
    let mut running = start(&["--workers", "2", "10", "300000000"]);
    running.line();
    let sleeps = |worker: &Pid| {
        let mut ps = std::process::Command::new("ps");
        let state = ps.args(["-o", "state=", "-p", &worker.to_string()]).output().expect("ps");
        state.stdout.starts_with(b"S")
    };
    let idle = eventually(|| children(running.pid()).into_iter().find(sleeps));
    kill(idle, Signal::SIGSTOP).expect("stopped");
    running.end().with_code(0);
}

#[test]
fn sums_are_correct_when_random_workers_are_killed() {
    for round in 0..rounds() {
        let numbers: Vec<u64> = (0..20).map(|i| 100_000 + random(300_000) + i).collect();
        let mut arguments: Vec<String> = numbers.iter().map(u64::to_string).collect();
        arguments.extend(["--json", "--workers", "3"].map(String::from));
        let running = program().start(arguments);
        // At most two: an item fails once it has lost three workers.
        let mut sent = Vec::new();
        for _ in 0..random(3) {
            thread::sleep(Duration::from_micros(random(6_000)));
            let workers = children(running.pid());
            let Some(worker) = workers.get(random(workers.len().max(1) as u64) as usize) else {
                continue;
            };
            let signal = [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGSTOP][random(3) as usize];
            // Fails if the worker has ended meanwhile.
            let _ = kill(*worker, signal);
            if signal == Signal::SIGSTOP {
                thread::sleep(Duration::from_micros(random(1_000)));
                let _ = kill(*worker, Signal::SIGKILL);
            }
            sent.push(signal);
        }
        let report = running.end().with_code(0).report();
        assert_eq!(report.answer, sums(&numbers), "round {round}: {sent:?}");
        assert_eq!(report.spans.len(), 20);
    }
}

#[test]
fn starts_fewer_workers_under_a_file_limit() {
    let mut command = program().after("ulimit -n 20");
    command.args(["10"; 40]).args(["--workers", "40", "--json"]);
    let ended = end(command).with_code(0);
    assert!(ended.stderr.contains("workers instead of 40"), "{ended:?}");
    assert!(ended.stderr.contains("(ulimit -n) 20"), "{ended:?}");
    let report = ended.report();
    assert_eq!(report.answer, sums(&[10; 40]));
    assert!(report.workers < 40);

    for files in 4..8 {
        let mut command = program().after(&format!("ulimit -n {files}"));
        command.arg("10");
        let ended = end(command);
        if ended.code != Some(0) {
            let ended = ended.with_code(1);
            assert_eq!(ended.stdout, "", "no work was begun");
            let limit = format!("open files (ulimit -n) {files}");
            assert!(
                ended.stderr.starts_with("error: ") && ended.stderr.contains(&limit),
                "{ended:?}"
            );
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn starts_fewer_workers_under_a_process_limit() {
    for (limit, code) in [(3, 0), (1, 1)] {
        let Some((mut command, _folder)) = program().with_process_limit(limit) else { return };
        command.args(["2000000"; 40]).args(["--workers", "40", "--quiet"]);
        let ended = end(command).with_code(code);
        assert!(ended.stderr.contains(&format!("(ulimit -u) {limit} ")), "{ended:?}");
        assert!(ended.stderr.contains("pids.max"), "a control group's limit: {ended:?}");
        let fewer = ended.stderr.contains("2 workers instead of 40");
        assert_eq!(fewer, code == 0, "{ended:?}");
        assert_eq!(ended.stdout.contains("40, 0 failed"), code == 0, "{ended:?}");
    }
}

// A worker shares its memory with its parent until it writes there, so that the limit on the memory
// of one process allows all workers or none.
#[test]
#[cfg(target_os = "linux")]
fn starts_all_workers_under_a_memory_limit() {
    let mut command = program().after("ulimit -v 65536");
    command.args(["10"; 40]).args(["--workers", "40", "--json"]);
    let ended = end(command).with_code(0);
    assert_eq!(ended.stderr, "");
    let report = ended.report();
    assert_eq!((report.answer, report.workers), (sums(&[10; 40]), 40));
}

#[test]
fn a_worker_ignores_ctrl_c_and_ends_on_sigterm() {
    let mut running = start(&["--workers", "1", "10", ENDLESS]);
    running.line();
    let worker = a_child(&running);
    for _ in 0..3 {
        kill(worker, Signal::SIGINT).expect("sent");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(children(running.pid()), [worker], "it goes on");
    kill(worker, Signal::SIGTERM).expect("sent");
    eventually(|| (!children(running.pid()).contains(&worker)).then_some(()));
    running.signal(Signal::SIGTERM);
    let ended = running.end().with_code(143);
    assert_eq!(ended.stderr.matches("was killed by SIGTERM").count(), 1, "{ended:?}");
    assert!(!ended.stderr.contains("SIGINT"), "{ended:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn reports_the_items_that_no_worker_is_left_for() {
    if !works(&["prlimit", "--version"]) {
        return skip("`prlimit` is missing, which sets a limit of a running program");
    }
    let mut running = start(&["--workers", "1", "10", ENDLESS, "20"]);
    running.line();
    let worker = a_child(&running);
    let pid = running.pid().to_string();
    assert!(works(&["prlimit", "--pid", &pid, "--nofile=3"]), "the limit is set");
    kill(worker, Signal::SIGKILL).expect("killed");
    let ended = running.end().with_code(1);
    assert!(ended.stderr.contains("cannot replace worker 0: "), "{ended:?}");
    assert!(ended.stderr.contains("(ulimit -n) 3"), "{ended:?}");
    for number in [ENDLESS, "20"] {
        let error = format!("error: {number}: lost: no worker reported a result\n");
        assert_eq!(ended.stderr.matches(&error).count(), 1, "{ended:?}");
    }
    assert!(ended.stdout.contains("3, 2 failed"), "{ended:?}");
}
