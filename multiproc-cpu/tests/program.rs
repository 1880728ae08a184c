//! The program as a whole.

use std::thread;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use common::testing::{
    Program, Running, children, cpu::answer, end, ends, eventually, random, rounds, shape,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

// Far longer than any test.
const ENDLESS: &str = "10000000000000";

fn program() -> Program {
    Program::new(cargo_bin!("multiproc-cpu"), &[])
}

common::cpu_tests!(program());

#[test]
fn the_keys_of_its_json_are_a_promise() {
    let ended = program().run(["--json", "--workers", "1", "3", "4"]);
    insta::assert_snapshot!(shape(ended.with_code(0).json()), @r#"
    {
      "answer": [
        "5",
        "14"
      ],
      "bound_seconds": "seconds",
      "failed": 0,
      "involuntary_switches": "switches",
      "items": 2,
      "peak_memory_bytes": "bytes",
      "processes": 2,
      "program": "multiproc-cpu",
      "spans": [
        {
          "end_seconds": "seconds",
          "error": null,
          "name": "3",
          "start_seconds": "seconds",
          "worker": 0
        },
        {
          "end_seconds": "seconds",
          "error": null,
          "name": "4",
          "start_seconds": "seconds",
          "worker": 0
        }
      ],
      "system_seconds": "seconds",
      "threads": "threads",
      "user_seconds": "seconds",
      "voluntary_switches": "switches",
      "wall_seconds": "seconds",
      "workers": 1,
      "workload": "cpu"
    }
    "#);
}

#[test]
fn workers_are_processes() {
    for workers in ["0", "-1", "", "rubbish", "10001"] {
        program().refuses(["--workers", workers], &["--workers", &format!("'{workers}'")]);
    }
    let numbers = ["3000000"; 12];
    let json =
        program().run(numbers.iter().chain(&["--json", "--workers", "3"])).with_code(0).json();
    assert_eq!(json["workers"], 3);
    assert_eq!(json["processes"], 4);
    if cfg!(target_os = "linux") {
        assert_eq!(json["threads"], 4);
    }
    let few = program().run(["5", "--workers", "64", "--json"]).with_code(0).json();
    assert_eq!(few["workers"], 1, "no more workers than numbers");
}

fn a_child(running: &Running) -> Pid {
    eventually(|| children(running.pid()).pop())
}

#[test]
fn a_number_that_kills_its_workers_is_given_up() {
    for signal in [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGABRT] {
        let mut running = program().start(["--workers", "1", "30", "40", ENDLESS]);
        for line in ["summed below 30: 8555 ", "summed below 40: 20540 "] {
            assert!(running.line().starts_with(line));
        }
        while !running.has_ended() {
            for worker in children(running.pid()) {
                // Stopped, it is no deader than before: only the kill ends it.
                let _ = kill(worker, Signal::SIGSTOP);
                // Rust takes the first SIGSEGV, to see whether it was the stack's end.
                eventually(|| {
                    let _ = kill(worker, signal);
                    let _ = kill(worker, Signal::SIGCONT);
                    (!children(running.pid()).contains(&worker)).then_some(())
                });
            }
        }
        let ended = running.end().with_code(1);
        let note = format!("was killed by {signal} during {ENDLESS}");
        assert_eq!(ended.stderr.matches(&note).count(), 3, "{ended:?}");
        assert!(ended.stderr.contains(&format!("error: {ENDLESS}: given up")), "{ended:?}");
        assert!(ended.stdout.contains("3, 1 failed"), "{ended:?}");
    }
}

#[test]
fn all_workers_killed_at_once() {
    let numbers = ["30000000"; 4];
    let running = program().start(numbers.iter().chain(&["--workers", "4", "--json"]));
    let workers = eventually(|| Some(children(running.pid())).filter(|found| found.len() == 4));
    for worker in &workers {
        kill(*worker, Signal::SIGKILL).expect("killed");
    }
    let ended = running.end().with_code(0);
    assert_eq!(ended.json()["answer"], Value::from(answer(&[30_000_000; 4])));
    assert_eq!(ended.stderr.matches("was killed by SIGKILL").count(), 4, "{}", ended.stderr);
}

// SIGSTOP alone stops a worker for as long as whoever sent it likes: that is waited for.
#[test]
fn a_stopped_worker_goes_on() {
    let running = program().start(["30000000", "--workers", "1", "--json"]);
    let worker = a_child(&running);
    kill(worker, Signal::SIGSTOP).expect("stopped");
    kill(worker, Signal::SIGCONT).expect("continued");
    let ended = running.end().with_code(0);
    assert_eq!((ended.stderr.as_str(), &ended.json()["failed"]), ("", &Value::from(0)));
}

// It reads its pipe again only after the sum: something else has to tell it.
#[test]
fn a_busy_worker_does_not_outlive_the_program() {
    let mut running = program().start(["--workers", "1", "10", ENDLESS]);
    running.line();
    let worker = a_child(&running);
    running.signal(Signal::SIGKILL);
    running.end();
    ends(worker);
}

// Without the kernel's help a worker sees by itself that its parent was killed, and a stopped one
// sees nothing until it is woken.
#[test]
fn a_stopped_worker_does_not_outlive_the_program() {
    let killed = cfg!(target_os = "linux").then_some(Signal::SIGKILL);
    for signal in [Signal::SIGINT, Signal::SIGTERM].into_iter().chain(killed) {
        let mut running = program().start(["10", ENDLESS, "--workers", "1"]);
        // Who is stopped before its first line of code has not yet asked the kernel for its help.
        running.line();
        let worker = a_child(&running);
        kill(worker, Signal::SIGSTOP).expect("stopped");
        running.signal(signal);
        running.end();
        ends(worker);
    }
}

// The one that has nothing left to do does not see that its pipe ends.
#[test]
fn a_stopped_idle_worker_is_not_waited_for() {
    let mut running = program().start(["--workers", "2", "10", "300000000"]);
    running.line();
    let sleeps = |worker: &Pid| {
        let mut ps = std::process::Command::new("ps");
        let state = ps.args(["-o", "state=", "-p", &worker.to_string()]).output().expect("ps");
        state.stdout.starts_with(b"S")
    };
    let idle = eventually(|| children(running.pid()).into_iter().find(sleeps));
    kill(idle, Signal::SIGSTOP).expect("stopped");
    running.end().with_code(0);
    ends(idle);
}

#[test]
fn random_kills() {
    for round in 0..rounds() {
        let numbers: Vec<u64> = (0..20).map(|i| 100_000 + random(300_000) + i).collect();
        let named: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let named = named.iter().map(String::as_str);
        let running = program().start(named.chain(["--json", "--workers", "3"]));
        // Two kills at most: a number is given up after three.
        let mut sent = Vec::new();
        for _ in 0..random(3) {
            thread::sleep(Duration::from_micros(random(6_000)));
            let workers = children(running.pid());
            let Some(worker) = workers.get(random(workers.len().max(1) as u64) as usize) else {
                continue;
            };
            let how = [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGSTOP][random(3) as usize];
            // It fails where the worker has ended meanwhile.
            let _ = kill(*worker, how);
            if how == Signal::SIGSTOP {
                thread::sleep(Duration::from_micros(random(1_000)));
                let _ = kill(*worker, Signal::SIGKILL);
            }
            sent.push(how);
        }
        let ended = running.end().with_code(0);
        assert_eq!(
            ended.json()["answer"],
            Value::from(answer(&numbers)),
            "round {round}: {sent:?}"
        );
        assert_eq!(ended.json()["spans"].as_array().map(Vec::len), Some(20));
    }
}

#[test]
fn fewer_workers_where_files_are_limited() {
    let mut command = program().after("ulimit -n 20");
    command.args(["10"; 40]).args(["--workers", "40", "--json"]);
    let ended = end(command).with_code(0);
    assert!(ended.stderr.contains("workers instead of 40"), "{ended:?}");
    assert!(ended.stderr.contains("(ulimit -n) 20"), "{ended:?}");
    let json = ended.json();
    assert_eq!(json["answer"], Value::from(answer(&[10; 40])));
    assert!(json["workers"].as_u64() < Some(40));

    let mut command = program().after("ulimit -n 4");
    command.arg("10");
    let ended = end(command).with_code(1);
    assert_eq!(ended.stdout, "", "no work was begun");
    assert!(
        ended.stderr.contains("error: ") && ended.stderr.contains("(ulimit -n) 4"),
        "{ended:?}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn fewer_workers_where_processes_are_limited() {
    for (limit, code) in [(3, 0), (1, 1)] {
        let Some((mut command, _folder)) = program().as_lonely_user(limit) else { return };
        command.args(["2000000"; 40]).args(["--workers", "40", "--quiet"]);
        let ended = end(command).with_code(code);
        assert!(ended.stderr.contains(&format!("(ulimit -u) {limit}")), "{ended:?}");
        let fewer = ended.stderr.contains("2 workers instead of 40");
        assert_eq!(fewer, code == 0, "{ended:?}");
        assert_eq!(ended.stdout.contains("40, 0 failed"), code == 0, "{ended:?}");
    }
}

// Of a worker's memory all is its parent's until it writes there, so that the limit on one process's
// memory allows any number of them, or not one.
#[test]
#[cfg(target_os = "linux")]
fn all_workers_where_memory_is_limited() {
    let mut command = program().after("ulimit -v 65536");
    command.args(["10"; 40]).args(["--workers", "40", "--json"]);
    let ended = end(command).with_code(0);
    assert_eq!(ended.stderr, "");
    let json = ended.json();
    assert_eq!((&json["answer"], &json["workers"]), (&answer(&[10; 40]).into(), &40.into()));
}

#[test]
fn a_worker_ends_by_sigterm_and_leaves_ctrl_c_to_the_program() {
    let mut running = program().start(["--workers", "1", "10", ENDLESS]);
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
fn what_no_worker_is_left_for_is_reported() {
    use common::testing::{skip, works};

    if !works(&["prlimit", "--version"]) {
        return skip("a limit is taken from a running program by `prlimit`");
    }
    let mut running = program().start(["--workers", "1", "10", ENDLESS, "20"]);
    running.line();
    let worker = a_child(&running);
    let pid = running.pid().to_string();
    assert!(works(&["prlimit", "--pid", &pid, "--nofile=3"]), "the limit is set");
    kill(worker, Signal::SIGKILL).expect("killed");
    let ended = running.end().with_code(1);
    assert!(ended.stderr.contains("worker 0 could not be replaced"), "{ended:?}");
    assert!(ended.stderr.contains("(ulimit -n) 3"), "{ended:?}");
    for number in [ENDLESS, "20"] {
        let said = format!("error: {number}: no worker is left, and none could be started\n");
        assert_eq!(ended.stderr.matches(&said).count(), 1, "{ended:?}");
    }
    assert!(ended.stdout.contains("3, 2 failed"), "{ended:?}");
}

// No machine takes less than 25 ms for a loop of a hundred million steps, and the program itself
// has next to nothing to do.
#[test]
fn cpu_time_covers_the_workers() {
    let json = program().run(["100000000", "--json"]).with_code(0).json();
    assert!(json["user_seconds"].as_f64() > Some(0.02), "{}", json["user_seconds"]);
}
