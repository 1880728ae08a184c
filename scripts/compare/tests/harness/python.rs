//! The Python programs beside their Rust twins, against the real local server.
//!
//! These tests install nothing: `scripts/compare.sh --python` does, and without its environment they
//! are skipped.

use super::built;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::workload::{closed_form, default_numbers, expected_bytes};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use testing::{Ended, Running, children, end, eventually, skip};

/// Each program in Python and its twin, with what comes before all their other arguments.
const TWINS: [[&[&str]; 2]; 5] = [
    [&["sequential_baseline.py", "io"], &["sequential-baseline", "io"]],
    [&["threads_io.py"], &["threads-io"]],
    [&["async_io.py"], &["async-io"]],
    [&["sequential_baseline.py", "cpu"], &["sequential-baseline", "cpu"]],
    [&["multiproc_cpu.py"], &["multiproc-cpu"]],
];

/// The programs in both languages.
struct Programs {
    python: PathBuf,
    rust: PathBuf,
}

impl Programs {
    /// With an interpreter that `scripts/compare.sh --python` has prepared. `None`, and the test is
    /// skipped, if there is none.
    #[track_caller]
    fn installed() -> Option<Self> {
        let rust = built::programs();
        let environments = fs::read_dir(rust.with_file_name("python")).into_iter().flatten();
        let mut environments = environments.map(|entry| entry.expect("an entry").path());
        let Some(found) = environments.find(|folder| folder.join("complete").exists()) else {
            skip("scripts/compare.sh --python, which installs what is needed, was not run");
            return None;
        };
        Some(Self { python: found.join("bin/python"), rust })
    }

    fn in_python(&self, words: &[&str]) -> Command {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../python");
        let mut command = Command::new(&self.python);
        command.arg(scripts.join(words[0])).args(&words[1..]);
        command
    }

    fn in_rust(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.rust.join(words[0]));
        command.args(&words[1..]);
        command
    }
}

/// A running local server, and its address.
struct Sites(Child, String);

impl Sites {
    fn start(programs: &Programs) -> Self {
        let mut server = programs.in_rust(&["async-io", "serve-sites"]);
        let server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut server = server.expect("the local server starts");
        let mut line = String::new();
        let stdout = server.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("its address");
        let address = line.trim().trim_start_matches("http://").to_owned();
        Self(server, address)
    }
}

impl Drop for Sites {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn report(mut command: Command, arguments: &[&str], code: i32) -> Value {
    command.arg("--json").args(arguments);
    end(command).with_code(code).json()
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

// What does not differ from run to run, nor from language to language.
fn same(report: &Value) -> Vec<Value> {
    let mut same: Vec<Value> = ["workload", "items", "failed", "workers", "processes", "answer"]
        .map(|key| report[key].clone())
        .to_vec();
    for span in report["spans"].as_array().expect("spans") {
        same.extend([span["name"].clone(), span["error"].is_null().into()]);
    }
    same
}

#[test]
fn a_comparison_has_the_twins() {
    let Some(programs) = Programs::installed() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let [export, report] = ["a.json", "a.html"].map(|name| folder.path().join(name));
    let mut compare = Command::new(env!("CARGO_BIN_EXE_compare"));
    compare.args(["--python", "--only", "async-io", "--repeat", "1", "--runs", "1"]);
    compare.args(["--warmup", "0", "--export-json"]).arg(&export).arg("--report").arg(report);
    end({
        compare.env("COMPARE_PYTHON", &programs.python);
        compare
    })
    .with_code(0);
    let export: Value =
        serde_json::from_slice(&fs::read(export).expect("the export")).expect("JSON");
    assert_eq!(export["compare"]["twins"][0]["python"], "async_io.py");
}

#[test]
fn twins_print_the_same_keys_and_the_same_answers() {
    let Some(programs) = Programs::installed() else { return };
    let server = Sites::start(&programs);
    let downloads = ["--site-server", &server.1, "--repeat", "3", "--latency", "20"];
    let numbers = ["0", "1", "2", "1000000", "200000"];
    for [python, rust] in TWINS {
        let io = python.contains(&"io") || python[0].ends_with("_io.py");
        let arguments = if io { &downloads[..] } else { &numbers };
        let theirs = report(programs.in_python(python), arguments, 0);
        let ours = report(programs.in_rust(rust), arguments, 0);
        let mut same_keys = keys(&theirs);
        assert!(same_keys.remove("gil"), "{python:?}");
        assert_eq!(same_keys, keys(&ours), "{python:?}");
        assert_eq!(keys(&theirs["spans"][0]), keys(&ours["spans"][0]), "{python:?}");
        assert_eq!(same(&theirs), same(&ours), "{python:?}");
        assert_eq!(theirs["program"], python[0]);
        if io {
            assert_eq!(theirs["answer"], expected_bytes(3));
            assert_eq!(theirs["lower_bound_seconds"], ours["lower_bound_seconds"], "{python:?}");
        }
        for figure in ["peak_memory_bytes", "threads", "wall_seconds", "voluntary_context_switches"]
        {
            assert!(theirs[figure].is_number(), "{figure} of {python:?}");
        }
    }
}

#[test]
fn threads_for_sums_give_the_same_answer_and_report_the_gil() {
    let Some(programs) = Programs::installed() else { return };
    let report_of_threads = report(programs.in_python(&["cpu_threads.py"]), &["1000", "2000"], 0);
    assert!(report_of_threads["gil"].is_boolean() || report_of_threads["gil"].is_null());
    let twin = report(programs.in_rust(&["multiproc-cpu"]), &["1000", "2000"], 0);
    assert_eq!(report_of_threads["answer"], twin["answer"]);
    assert_eq!(report_of_threads["processes"], 1);
}

#[test]
fn the_baseline_does_both_and_starts_the_local_server_itself() {
    let Some(programs) = Programs::installed() else { return };
    let mut both = programs.in_python(&["sequential_baseline.py", "--json", "--repeat", "2"]);
    let target = programs.rust.parent().expect("the target folder");
    both.env("CARGO_TARGET_DIR", target);
    let ended = end(both).with_code(0);
    let reports: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(reports.len(), 2, "{ended:?}");
    assert_eq!(reports[0]["answer"], expected_bytes(2));
    let sums: Vec<Value> = default_numbers()
        .map(|number| closed_form(number).expect("it fits").to_string().into())
        .collect();
    assert_eq!(reports[1]["answer"], Value::from(sums));
}

#[test]
fn what_fails_is_counted_and_named() {
    let Some(programs) = Programs::installed() else { return };
    for [python, rust] in &TWINS[..3] {
        // A port without a listener.
        let arguments = ["--url", "http://127.0.0.1:1/", "--repeat", "2", "--timeout", "5"];
        let theirs = report(programs.in_python(python), &arguments, 1);
        assert_eq!(same(&theirs), same(&report(programs.in_rust(rust), &arguments, 1)));
        assert_eq!((&theirs["failed"], &theirs["lower_bound_seconds"]), (&2.into(), &Value::Null));
        let error = theirs["spans"][1]["error"].as_str();
        assert!(error.is_some_and(|why| why.contains("127.0.0.1")), "{theirs}");
        let mut command = programs.in_python(python);
        command.args(["--repeat", "0"]);
        assert!(end(command).with_code(2).stderr.contains("--repeat"));
    }
}

// By `ps`, whose `time` ends in seconds, on Linux whole ones.
fn cpu_seconds(process: Pid) -> f64 {
    let ps = Command::new("ps").args(["-o", "time=", "-p", &process.to_string()]).output();
    let time = String::from_utf8_lossy(&ps.expect("ps").stdout).trim().to_owned();
    time.rsplit(':').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0)
}

#[test]
fn a_worker_that_dies_takes_its_sum_with_it_and_the_pool_ends() {
    let Some(programs) = Programs::installed() else { return };
    // CPython's pool now and then waits for ever when a worker has died: then another one is tried.
    let ended = (0..3).find_map(|_| with_a_killed_worker(&programs)).expect("a pool that ends");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.json()["failed"], 2);
    assert!(ended.stderr.contains("error: 10000000000: lost"), "{ended:?}");
}

// The end of a pool one of whose workers was killed; `None` if the pool does not end.
fn with_a_killed_worker(programs: &Programs) -> Option<Ended> {
    let mut pool = programs.in_python(&["multiproc_cpu.py", "--json", "--workers", "2"]);
    // Longer than this test.
    pool.args(["10000000000", "10000000000"]);
    let mut pool = Running::start(pool);
    let worker = eventually(|| Some(children(pool.pid())).filter(|all| all.len() == 2))[0];
    // Not before it computes: CPython's pool cannot be ended where a worker died with its lock held.
    eventually(|| (cpu_seconds(worker) >= 1.0).then_some(()));
    kill(worker, Signal::SIGKILL).expect("sent");
    let ends = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        pool.has_ended()
    });
    ends.then(|| pool.end())
}

#[test]
fn a_signal_ends_each_with_a_report() {
    let Some(programs) = Programs::installed() else { return };
    let server = Sites::start(&programs);
    let site = ["--verbose", "--site-server", &server.1, "--repeat", "500", "--latency", "300"];
    for ([python, _], signal, code) in [
        (TWINS[0], Signal::SIGINT, 130),
        (TWINS[1], Signal::SIGTERM, 143),
        (TWINS[2], Signal::SIGINT, 130),
    ] {
        let mut command = programs.in_python(python);
        command.args(site);
        if python == TWINS[2][0] {
            command.args(["--workers", "2"]);
        }
        let mut running = Running::start(command);
        running.line();
        running.signal_group(signal);
        let ended = running.end();
        assert_eq!(ended.code, Some(code), "{python:?}: {ended:?}");
        assert!(ended.stdout.contains("wall time"), "a summary: {ended:?}");
        assert!(ended.stderr.contains("interrupted") && !ended.stderr.contains("Traceback"));
    }
}
