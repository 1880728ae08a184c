//! Whole comparisons, of small shell scripts that stand in for the programs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use assert_cmd::Command;
use common::workload::{closed_form, default_numbers, expected_bytes};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;
use testing::{Running, TestProgram, end, eventually, random, rounds};

/// The figures that the claims need of each example.
const EXAMPLES: [(&str, &str); 14] = [
    (
        "race_condition",
        r#""updates": 100, "updates_lost_by_load_store": 7, "share_lost_by_load_store": 0.07,
        "updates_lost_by_fetch_add": 0, "updates_lost_by_mutex": 0,
        "nanoseconds_an_update_load_store": 1.0, "nanoseconds_an_update_fetch_add": 5.0,
        "nanoseconds_an_update_mutex": 20.0"#,
    ),
    (
        "deadlock",
        r#""threads_locked_up": 2, "rounds": 200, "rounds_done_in_opposite_orders": 3,
        "rounds_done_in_one_order": 200"#,
    ),
    (
        "preemption",
        r#""cores": 2, "threads": 4, "slices_of_the_thread_with_fewest": 66,
        "median_slice_milliseconds": 3.0, "involuntary_switches_a_thread": null"#,
    ),
    ("gil", r#""threads": 4, "cpu_bound_speedup": 1.0, "cpus_used": 1.0, "io_bound_speedup": 3.9"#),
    ("cpu_threads", r#""speedup": 1.9"#),
    ("cpu_tasks", r#""speedup": 1.0"#),
    (
        "cooperative_switch",
        r#""updates": 100, "updates_lost_without_await": 0, "updates_lost_with_await_inside": 50,
        "turns_without_await": 2, "turns_with_await_after": 100, "runs": 3,
        "runs_with_the_same_figures": 3"#,
    ),
    (
        "blocking_call",
        r#""wall_seconds_sequential": 0.5, "wall_seconds_blocking_in_tasks": 0.5,
        "wall_seconds_spawn_blocking": 0.05, "wall_seconds_async_client": 0.05"#,
    ),
    (
        "greedy_task",
        r#""beat_milliseconds": 5, "longest_gap_greedy_milliseconds": 170.0,
        "longest_gap_yield_now_milliseconds": 9.0, "longest_gap_spawn_blocking_milliseconds": 9.0"#,
    ),
    (
        "separate_memory",
        r#""written_by_the_child": 42, "seen_in_a_variable": 1, "seen_through_a_pipe": 42,
        "seen_in_shared_memory": 42"#,
    ),
    (
        "io_bound",
        r#""speedup": 4.8, "wall_seconds_processes": 1.5, "wall_seconds_threads": 1.5,
        "wall_seconds_tasks": 0.1, "cpu_seconds_processes": 0.04, "cpu_seconds_threads": 0.02,
        "cpu_seconds_tasks": 0.01"#,
    ),
    (
        "scale_threads",
        r#""reached": 10000, "start_microseconds_each": 30.0, "resident_bytes_each": 9000.0"#,
    ),
    (
        "scale_tasks",
        r#""reached": 1000000, "start_microseconds_each": 0.8, "resident_bytes_each": 450.0"#,
    ),
    (
        "scale_processes",
        r#""reached": 1000, "start_microseconds_each": 90.0, "resident_bytes_each": 30000.0"#,
    ),
];

/// The rows of the catalogue that are from `origin`.
fn catalogue_rows(origin: &str) -> Vec<Value> {
    let list = Command::new(env!("CARGO_BIN_EXE_compare")).arg("--list").assert().success();
    let rows: Vec<Value> = serde_json::from_slice(&list.get_output().stdout).expect("JSON");
    rows.into_iter().filter(|row| row["origin"] == origin).collect()
}

/// The files of the programs of the catalogue that are from `origin`, each once.
fn catalogue(origin: &str) -> Vec<String> {
    let rows = catalogue_rows(origin);
    let files = rows.iter().map(|row| row["file"].as_str().expect("a file").to_owned());
    let mut files: Vec<String> = files.collect();
    files.sort();
    files.dedup();
    files
}

/// A folder with a script for each program. A script notes each of its runs in the file `log`,
/// with the number of downloads' rounds, and answers as the program would.
struct Programs {
    folder: TempDir,
}

impl Programs {
    fn new() -> Self {
        let programs = Self { folder: tempfile::tempdir().expect("folder") };
        for name in catalogue("rust") {
            programs.write(&name, "");
        }
        programs
    }

    /// The same in Python, and an interpreter for them: this shell, which reports that it has no GIL.
    fn with_python() -> Self {
        let programs = Self::new();
        for name in catalogue("python") {
            programs.write(&name, "");
        }
        programs.write_interpreter("");
        programs
    }

    /// Writes the interpreter. `first` comes before its answer to the probe of the harness.
    fn write_interpreter(&self, first: &str) {
        let script = format!(
            r#"#!/bin/sh
cd {folder}
if [ "$1" = -c ]; then
    {first}
    echo '{{"version": "3.14.0", "gil": false, "gil_with_packages": false, "interpreters": true,
        "packages": "requests 1, aiohttp 2", "executable":'"\"$0\"}}"
else
    exec sh "$@"
fi
"#,
            folder = self.folder.path().display()
        );
        self.write_script("interpreter", &script);
    }

    /// The flags for the programs in Python, by that interpreter.
    fn python(&self) -> [String; 2] {
        ["--python-bin".into(), self.path("interpreter").display().to_string()]
    }

    /// Writes the script of a program. `first` comes before its answer; `$run` counts its runs on
    /// this workload, from 1.
    fn write(&self, name: &str, first: &str) {
        let round = expected_bytes(1);
        let sums: Vec<String> = default_numbers()
            .map(|number| format!("\"{}\"", closed_form(number).expect("it fits")))
            .collect();
        let (count, sums) = (sums.len(), sums.join(","));
        let script = format!(
            r#"#!/bin/sh
cd "$(dirname "$0")"
workload=io
case {name} in multiproc*|cpu*|interpreters*|*rayon*) workload=cpu;; esac
while [ $# -gt 0 ]; do
    case $1 in
        [1-9]*) numbers=$((numbers + 1));;
        io|cpu) workload=$1;;
        --repeat) repeat=$2; shift;;
        --url) urls=yes;;
        --diagram) diagram=$2; shift;;
    esac
    shift
done
echo "{name} $workload $repeat" >> log
run=$(grep -c "^{name} $workload" log)
if [ $workload = io ]; then items=$((2 * repeat)) answer=$(({round} * repeat)); else
    items=${{numbers:-{count}}}
    answer="[$(echo '{sums}' | cut -d , -f "1-$items")]"
fi
spans=
{first}
if [ -n "$diagram" ]; then
    spans='{{"index": 0, "name": "a", "worker": 0, "start_seconds": 0, "end_seconds": 1, "error": null}},
        {{"index": 1, "name": "a", "worker": 1, "start_seconds": 0, "end_seconds": 1, "error": null}}'
    echo '<rect class="block waiting"/><rect class="block waiting too"/>' > "$diagram"
fi
echo "{{\"program\": \"a\", \"strategy\": \"threads\", \"workload\": \"$workload\", \"items\": $items,
    \"failed\": 0, \"workers\": 2, \"wall_seconds\": 0.001, \"lower_bound_seconds\": 0.001,
    \"user_seconds\": 0, \"system_seconds\": 0, \"peak_memory_bytes\": 4194304, \"threads\": 5,
    \"processes\": 2, \"voluntary_context_switches\": 1, \"involuntary_context_switches\": 1,
    \"answer\": $answer, \"spans\": [$spans]}}"
"#
        );
        self.write_script(name, &script);
    }

    fn write_script(&self, name: &str, script: &str) {
        let path = self.path(name);
        fs::write(&path, script).expect("script");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("script");
    }

    /// Scripts that answer with any number of workers. Their memory grows by 32 KiB for each.
    fn scaling() -> Self {
        let programs = Self { folder: tempfile::tempdir().expect("folder") };
        fs::create_dir(programs.path("examples")).expect("folder");
        for name in ["threads-io", "async-io", "examples/io_processes", "multiproc-cpu"] {
            programs.write_scaling(name, "");
        }
        programs
    }

    /// Writes the script of a program that may have any number of `$workers`. `first` comes before
    /// its answer.
    fn write_scaling(&self, name: &str, first: &str) {
        let sums: String = default_numbers()
            .map(|n| format!("{n}) sum={};; ", closed_form(n).expect("it fits")))
            .collect();
        let round = expected_bytes(1);
        let script = format!(
            r#"#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
        --workers) workers=$2; shift;;
        --repeat) repeat=$2; shift;;
        --*) case $2 in --*) ;; *) case $1 in --json | --quiet) ;; *) shift;; esac;; esac;;
        *) case $1 in {sums} esac; items=$((items + 1)) answer="$answer,\"$sum\"";;
    esac
    shift
done
if [ -n "$repeat" ]; then items=$((2 * repeat)) answer=$(({round} * repeat)); else answer="[${{answer#,}}]"; fi
echo "{name} $workers" >> {log}
{first}
span='{{"index": 0, "name": "a", "worker": 0, "start_seconds": 0, "end_seconds": 1, "error": null}}'
echo "{{\"program\": \"a\", \"strategy\": \"threads\", \"workload\": \"io\", \"items\": $items, \"failed\": 0,
    \"peak_memory_bytes\": $((4194304 + 32768 * workers)), \"threads\": 1, \"processes\": 1,
    \"lower_bound_seconds\": 1, \"voluntary_context_switches\": null,
    \"involuntary_context_switches\": null, \"wall_seconds\": 1, \"user_seconds\": 0, \"system_seconds\": 0, \"workers\": $workers,
    \"answer\": $answer, \"spans\": ["
yes "$span," | head -n $((workers - 1))
echo "$span]}}"
"#,
            log = self.path("log").display()
        );
        self.write_script(name, &script);
    }

    /// Scripts for all examples that the claims need, which tell made-up figures.
    fn with_examples() -> Self {
        let programs = Self::with_python();
        fs::create_dir(programs.path("examples")).expect("folder");
        for (name, figures) in EXAMPLES {
            programs.write_example(name, "", figures);
        }
        programs
    }

    /// Writes the script of an example. `first` comes before its JSON object.
    fn write_example(&self, name: &str, first: &str, figures: &str) {
        let script = format!(
            r#"#!/bin/sh
cd "$(dirname "$0")/.."
echo "{name} $*" >> log
{first}
echo '{{"claim": [], "holds": true, "figures": {{{figures}}}, "summary": "All is well."}}'
"#
        );
        self.write_script(&format!("examples/{name}"), &script);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn compare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_compare"));
        command
            .env_remove("COMPARE_PYTHON")
            .arg("--programs")
            .arg(self.folder.path())
            .args(arguments);
        command
    }

    fn start(&self, arguments: &[&str]) -> Child {
        std::process::Command::new(env!("CARGO_BIN_EXE_compare"))
            .arg("--programs")
            .arg(self.folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started")
    }
}

/// The harness.
fn harness() -> TestProgram {
    TestProgram::new(Path::new(env!("CARGO_BIN_EXE_compare")), &[])
}

/// `command`, which is one of the harness, on these programs. One of them runs once.
fn once(mut command: std::process::Command, programs: &Programs) -> std::process::Command {
    command.arg("--programs").arg(programs.folder.path());
    command.args(["--only", "async-io", "--runs", "1", "--warmup", "0"]);
    command.arg("--report").arg(programs.path("report.html"));
    command
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("file")).expect("JSON")
}

fn commands(export: &Value) -> Vec<(&str, usize)> {
    let results = export["results"].as_array().expect("results");
    let runs = |result: &Value| result["times"].as_array().expect("times").len();
    results
        .iter()
        .map(|result| (result["command"].as_str().expect("command"), runs(result)))
        .collect()
}

#[test]
fn all_programs_round_by_round() {
    let programs = Programs::new();
    let assert = programs.compare(&["--runs", "2"]).assert().success().stderr("");
    assert
        .stdout(predicate::str::contains("I/O-bound: 160 downloads from the local server"))
        .stdout(predicate::str::contains("CPU-bound: 20 sums"))
        .stdout(predicate::str::contains(
            "More figures and an explanation of each column: --details.",
        ))
        .stdout(predicate::str::contains("Failed").not());
    let warm_ups = [
        "sequential-baseline io 10",
        "threads-io io 80",
        "async-io io 80",
        "sequential-baseline cpu ",
        "multiproc-cpu cpu ",
    ];
    let rounds = [
        "sequential-baseline io 80",
        "threads-io io 80",
        "async-io io 80",
        "threads-io io 80",
        "async-io io 80",
        "sequential-baseline io 80",
        "sequential-baseline cpu ",
        "multiproc-cpu cpu ",
        "multiproc-cpu cpu ",
        "sequential-baseline cpu ",
    ];
    assert_eq!(programs.log(), [&warm_ups[..], &rounds].concat());
}

#[test]
fn single_programs_and_no_warm_up() {
    let programs = Programs::new();
    let arguments = ["--only", "async-io", "--runs", "1", "--warmup", "0", "--repeat", "3"];
    let assert = programs.compare(&arguments).assert().success();
    // Without a baseline there is no speedup.
    assert.stdout(
        predicate::str::contains("unknown").and(predicate::str::contains("CPU-bound").not()),
    );
    assert_eq!(programs.log(), ["async-io io 3"]);
}

#[test]
fn the_exports_hold_all_runs() {
    let programs = Programs::new();
    let [json_file, markdown, csv] = ["a.json", "a.md", "a.csv"].map(|name| programs.path(name));
    let files = [&json_file, &markdown, &csv].map(|path| path.to_str().expect("path"));
    let arguments = [
        "--runs",
        "3",
        "--export-json",
        files[0],
        "--export-markdown",
        files[1],
        "--export-csv",
        files[2],
    ];
    programs.compare(&arguments).assert().success();
    let export = json(&json_file);
    let expected = [
        "sequential-baseline io",
        "threads-io",
        "async-io",
        "sequential-baseline cpu",
        "multiproc-cpu",
    ];
    assert_eq!(commands(&export), expected.map(|command| (command, 3)));
    let first = &export["results"][0];
    assert_eq!(first["memory_usage_byte"], serde_json::json!([4_194_304, 4_194_304, 4_194_304]));
    assert!(first["user"].as_f64().is_some_and(|user| user >= 0.0));
    assert!(
        first["compare"]["runs"][0]["voluntary_context_switches"]
            .as_u64()
            .is_some_and(|switches| switches > 0)
    );
    assert!(fs::read_to_string(&markdown).expect("file").contains("| program "));
    assert_eq!(fs::read_to_string(&csv).expect("file").lines().count(), 1 + expected.len());
}

#[test]
fn a_failed_run_has_no_time_and_the_others_go_on() {
    let programs = Programs::new();
    // The second timed run: the warm-up is the first run of all.
    programs.write(
        "threads-io",
        "if [ $run = 3 ]; then echo partial; echo 'error: out of files' >&2; exit 1; fi",
    );
    programs.write("multiproc-cpu", "kill -9 $$");
    let file = programs.path("a.json");
    let arguments = ["--runs", "4", "--export-json", file.to_str().expect("path")];
    let assert = programs.compare(&arguments).assert().code(1);
    assert
        .stdout(predicate::str::contains("threads-io, run 2: exit status: 1"))
        .stdout(predicate::str::contains("    partial\n"))
        .stdout(predicate::str::contains("    error: out of files\n"))
        .stdout(predicate::str::contains("multiproc-cpu, warm-up 1: signal: 9 (SIGKILL)"))
        .stderr(predicate::str::contains("threads-io: run 2 failed: exit status: 1\n"));
    let export = json(&file);
    let expected = [
        ("sequential-baseline io", 4),
        ("threads-io", 1),
        ("async-io", 4),
        ("sequential-baseline cpu", 4),
    ];
    assert_eq!(commands(&export), expected);
    assert_eq!(export["compare"]["failures"][0]["command"], "threads-io");
    assert_eq!(programs.log().iter().filter(|run| run.starts_with("threads-io")).count(), 3);
}

#[test]
fn a_wrong_answer_is_a_failed_run() {
    let programs = Programs::new();
    programs.write("async-io", "answer=7");
    programs.write("multiproc-cpu", r#"answer=$(echo "$answer" | sed 's/"41/"42/2')"#);
    let text = programs.compare(&["--runs", "1"]).assert().code(1);
    text.stdout(predicate::str::contains("its answer is wrong: 7 bytes instead of 1640960 bytes"))
        .stdout(predicate::str::contains("its answer is wrong: sum 2 is 42"));
}

#[test]
fn real_sites_are_read_and_not_judged() {
    let programs = Programs::new();
    programs.write("async-io", r#"if [ -z "$urls" ]; then exit 1; fi; items=$repeat answer=7"#);
    let arguments = ["--only", "async-io", "--runs", "1", "--url", "http://127.0.0.1:9/"];
    let text = programs.compare(&arguments).assert().success();
    text.stdout(predicate::str::contains("80 downloads of http://127.0.0.1:9/"))
        .stdout(predicate::str::contains("The sites are real ones."));
}

#[test]
fn bad_usage_names_flag_and_value() {
    let programs = Programs::new();
    for arguments in [
        ["--only", "nothing"],
        ["--runs", "0"],
        ["--warmup", "-1"],
        ["--repeat", "many"],
        ["--run-limit", "0"],
        ["--url", "jython"],
        ["--url", "ftp://example.org/"],
        ["--quick", "twice"],
        ["--colour", "red"],
    ] {
        let assert = programs.compare(&arguments).assert().code(2).stdout("");
        let [flag, value] = arguments;
        // A flag that does not exist hides its value, and a value without a flag stands alone.
        let named = match flag {
            "--colour" => flag,
            _ => value,
        };
        assert.stderr(
            predicate::str::contains(named)
                .and(predicate::str::contains("Usage").or(predicate::str::contains(flag))),
        );
    }
    programs.compare(&["--quick", "--runs", "3"]).assert().code(2);
    for flag in [["--only", "async-io"], ["--url", "http://127.0.0.1:9/"], ["--repeat", "3"]] {
        programs.compare(&["--claims"]).args(flag).assert().code(2);
        programs.compare(&["--export-claims", "a.json"]).args(flag).assert().code(2);
    }
    assert!(programs.log().is_empty());
}

#[test]
fn rubbish_is_refused_by_flag_and_value() {
    for flag in ["--only", "--url", "--repeat", "--runs", "--warmup", "--run-limit"] {
        harness().refuses_rubbish(flag);
    }
}

#[test]
fn help_goes_to_standard_output() {
    let help = Programs::new().compare(&["--help"]).assert().success().stderr("");
    help.stdout(
        predicate::str::contains("--export-json <FILE>")
            .and(predicate::str::contains("--programs").not()),
    );
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_any_run() {
    let programs = Programs::new();
    // Below a file, which is no folder.
    let missing = programs.path("threads-io/a.csv");
    for file in [missing.to_str().expect("path"), "."] {
        let assert = programs.compare(&["--export-csv", file]).assert().code(2).stdout("");
        assert.stderr(
            predicate::str::contains(format!("'{file}'"))
                .and(predicate::str::contains("--export-csv")),
        );
    }
    let file = programs.path("a");
    let file = file.to_str().expect("path");
    let twice = programs.compare(&["--export-csv", file, "--export-json", file]).assert().code(2);
    twice.stderr(predicate::str::contains("--export-json and --export-csv both name the file"));
    assert!(programs.log().is_empty());
}

#[test]
fn credentials_in_a_url_are_refused() {
    let programs = Programs::new();
    for url in ["http://user:p%40ss@127.0.0.1:9/", "http://user@127.0.0.1:9/"] {
        let assert = programs.compare(&["--url", url]).assert().code(2).stdout("");
        assert.stderr(predicate::str::contains("--url").and(predicate::str::contains("password")));
    }
    assert!(programs.log().is_empty());
}

#[test]
fn a_folder_that_goes_away_costs_the_file_only() {
    let programs = Programs::new();
    fs::create_dir(programs.path("results")).expect("folder");
    programs.write("async-io", "rm -rf results; touch results");
    let file = programs.path("results/a.json");
    let arguments = ["--runs", "3", "--export-json", file.to_str().expect("path")];
    let assert = programs.compare(&arguments).assert().code(1);
    assert
        .stderr(predicate::str::contains("cannot write").count(1))
        .stdout(predicate::str::contains("The three options"));
}

#[test]
fn a_full_device_is_an_error_and_the_tables_are_still_shown() {
    if !Path::new("/dev/full").exists() {
        // Linux has one, macOS has none.
        return;
    }
    let assert =
        Programs::new().compare(&["--runs", "1", "--export-csv", "/dev/full"]).assert().code(1);
    assert
        .stderr(predicate::str::contains("cannot write /dev/full"))
        .stdout(predicate::str::contains("The three options"));
}

#[test]
fn a_missing_program_is_named() {
    let programs = Programs::new();
    fs::remove_file(programs.path("async-io")).expect("removed");
    let assert = programs.compare(&[]).assert().code(1).stdout("");
    let text = predicate::str::contains("'async-io'")
        .and(predicate::str::contains("run scripts/compare.sh"));
    assert.stderr(text);
    programs.compare(&["--only", "threads-io", "--runs", "1"]).assert().success();
}

#[test]
fn a_program_that_cannot_be_started_has_failed() {
    let programs = Programs::new();
    fs::set_permissions(programs.path("async-io"), Permissions::from_mode(0o644)).expect("script");
    let assert = programs.compare(&["--runs", "1"]).assert().code(1);
    assert.stdout(predicate::str::contains(
        "async-io, warm-up 1: it cannot be started: Permission denied",
    ));
}

#[test]
fn a_program_that_hangs_is_ended_with_its_workers() {
    let programs = Programs::new();
    programs.write("async-io", "sleep 1000 & echo $! > worker; wait");
    let assert = programs.compare(&["--runs", "1", "--run-limit", "1"]).assert().code(1);
    assert.stdout(predicate::str::contains("it took longer than 1 s (--run-limit)"));
    wait_until_gone(&programs, "worker");
}

#[test]
fn a_process_that_is_left_behind_is_ended() {
    for output in ["", "> /dev/null 2>&1"] {
        let programs = Programs::new();
        programs.write("async-io", &format!("sleep 1000 {output} & echo $! > worker; exit 3"));
        let assert = programs.compare(&["--runs", "1"]).assert().code(1);
        assert.stdout(predicate::str::contains("async-io, warm-up 1: exit status: 3"));
        wait_until_gone(&programs, "worker");
    }
}

#[test]
fn a_process_that_left_its_group_cannot_outwait_the_limit() {
    let programs = Programs::new();
    programs.write(
        "async-io",
        "setsid sh -c 'touch started; sleep 20' & until [ -e started ]; do sleep 0.1; done",
    );
    let assert = programs.compare(&["--runs", "1", "--run-limit", "3"]).assert().code(1);
    let text = words(&assert.get_output().stdout);
    assert!(text.contains("kept its output open for 3 s (--run-limit)"), "{text}");
}

#[test]
fn endless_output_fails_the_run_by_name() {
    let programs = Programs::new();
    programs.write("async-io", "exec yes");
    let assert = programs.compare(&["--runs", "1"]).assert().code(1);
    assert.stdout(predicate::str::contains("async-io, warm-up 1: it wrote more than 64 MiB"));
}

#[test]
fn control_characters_of_a_program_are_escaped() {
    let programs = Programs::new();
    programs.write("async-io", r"printf '\033[31mred\n' >&2; exit 1");
    let report = programs.path("report.html");
    let arguments = ["--runs", "1", "--report", report.to_str().expect("path")];
    let assert = programs.compare(&arguments).assert().code(1);
    assert.stdout(
        predicate::str::contains(r"\u{1b}[31mred").and(predicate::str::contains("\u{1b}").not()),
    );
    let report = fs::read_to_string(report).expect("the report");
    assert!(report.contains(r"\u{1b}[31mred") && !report.contains('\u{1b}'));
}

// A parent may leave SIGCHLD ignored.
#[test]
fn the_end_of_a_program_is_seen_with_sigchld_ignored() {
    let programs = Programs::new();
    let ended = end(once(harness().after("trap '' CHLD"), &programs)).with_code(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn no_space_costs_the_file_only() {
    let programs = Programs::new();
    let file = programs.path("a.json");
    fs::write(&file, "old").expect("file");
    let before = fs::read_dir(programs.folder.path()).expect("folder").count();
    // No file may grow beyond one block: the disk is full, as far as the harness can tell.
    let mut command = once(harness().after("trap '' XFSZ; ulimit -f 1"), &programs);
    let ended = end({
        command.arg("--export-json").arg(&file);
        command
    })
    .with_code(1);
    for flag in ["--export-json", "--report"] {
        let text = ended.stderr.lines().filter(|line| line.contains(flag));
        assert_eq!(text.filter(|line| line.contains("cannot write")).count(), 1, "{ended:?}");
    }
    assert!(ended.stdout.contains("The three options"), "{ended:?}");
    assert_eq!(fs::read_to_string(&file).expect("file"), "old");
    let after = fs::read_dir(programs.folder.path()).expect("folder").count();
    assert_eq!(after, before + 1, "only the log of the programs is new");
}

#[test]
fn full_and_closed_streams() {
    let programs = Programs::new();
    let folder = programs.folder.path().to_str().expect("path");
    let page = programs.path("report.html");
    let page = page.to_str().expect("path");
    let once = ["--only", "async-io", "--runs", "1", "--warmup", "0"];
    let arguments = [&["--programs", folder, "--report", page], &once[..]].concat();
    let redirected = |redirection: &str| {
        let script = format!("exec \"$0\" \"$@\" {redirection}");
        let mut command = harness().prefixed(&["sh", "-c", &script]);
        command.args(&arguments);
        end(command)
    };
    for redirection in [">&-", "2>&-", "<&- >&- 2>&-"] {
        redirected(redirection).with_code(0);
    }
    if cfg!(target_os = "linux") {
        redirected("2>/dev/full").with_code(0);
        let ended = redirected(">/dev/full").with_code(1);
        assert!(ended.stderr.contains("cannot write to standard output"), "{ended:?}");
    }
    programs.write("async-io", "exit 1");
    let mut command = harness().prefixed(&["sh", "-c", "exec \"$0\" \"$@\" 2>&-"]);
    command.args(arguments);
    end(command).with_code(1);
}

#[test]
fn a_reader_may_leave() {
    let script = "{ \"$0\" \"$@\"; echo $? >&2; } | head -1";
    let ended = end(once(harness().prefixed(&["sh", "-c", script]), &Programs::new()));
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    assert_eq!(ended.with_code(0).stderr, "0\n", "quietly, with exit code 0");
}

#[test]
fn a_limit_on_files_is_named() {
    for files in [4, 8] {
        let limit = format!("ulimit -n {files}");
        let ended = end(once(harness().after(&limit), &Programs::new())).with_code(1);
        assert_eq!(ended.stdout, "", "nothing was measured");
        let text = format!("(ulimit -n) {files}");
        assert!(ended.stderr.contains("error: ") && ended.stderr.contains(&text), "{ended:?}");
    }
}

#[test]
fn two_at_once() {
    let programs = Programs::new();
    let file = programs.path("a.json");
    let started = [(); 2].map(|()| {
        let mut command = once(harness().command(), &programs);
        command.arg("--export-json").arg(&file);
        Running::start(command)
    });
    for running in started {
        let ended = running.end().with_code(0);
        assert!(ended.stdout.contains("The three options"), "{ended:?}");
    }
    assert_eq!(commands(&json(&file)), [("async-io", 1)], "the file of one of them, whole");
}

#[test]
fn nothing_outlives_a_kill() {
    for _ in 0..rounds() {
        let programs = Programs::new();
        let script = "trap '' TERM; sleep 1000 & echo $! > worker; echo $$ > running; wait";
        programs.write("async-io", script);
        let running = Running::start(once(harness().command(), &programs));
        thread::sleep(Duration::from_micros(random(60_000)));
        running.signal(Signal::SIGKILL);
        assert_eq!(running.end().code, None);
        for file in ["worker", "running"] {
            // The kill may come before the id is written.
            let text = fs::read_to_string(programs.path(file)).unwrap_or_default();
            if text.ends_with('\n') {
                wait_until_gone(&programs, file);
            }
        }
    }
}

/// Waits until a file has a process id in it, and returns that.
fn process_id(programs: &Programs, file: &str) -> i32 {
    eventually(|| {
        let text = fs::read_to_string(programs.path(file)).unwrap_or_default();
        text.strip_suffix('\n').map(|id| id.parse().expect("a process id"))
    })
}

/// Waits until the process whose id is in the file has ended.
fn wait_until_gone(programs: &Programs, file: &str) {
    let id = process_id(programs, file).to_string();
    eventually(|| {
        let ps = std::process::Command::new("ps").args(["-o", "state=", "-p", &id]).output();
        let state = ps.expect("ps").stdout;
        // A process that no parent waits for stays in the table, and has ended all the same.
        (state.is_empty() || state.starts_with(b"Z")).then_some(())
    });
}

#[test]
fn a_signal_ends_the_program_and_shows_what_was_done() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let programs = Programs::new();
        // In the second of three rounds.
        programs.write("async-io", "if [ $run = 3 ]; then echo $$ > running; exec sleep 1000; fi");
        let file = programs.path("a.json");
        let comparison =
            programs.start(&["--runs", "3", "--export-json", file.to_str().expect("path")]);
        process_id(&programs, "running");
        signal::kill(Pid::from_raw(comparison.id() as i32), signal).expect("sent");
        let output = comparison.wait_with_output().expect("output");
        assert_eq!(output.status.code(), Some(code));
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains(&format!("Interrupted by signal {}", code - 128)), "{text}");
        assert!(!text.contains("Failed"), "a program that was ended has not failed: {text}");
        let export = json(&file);
        assert_eq!(
            commands(&export),
            [("sequential-baseline io", 1), ("threads-io", 2), ("async-io", 1)]
        );
        wait_until_gone(&programs, "running");
    }
}

#[test]
fn a_second_signal_ends_all_at_once() {
    let programs = Programs::new();
    programs.write(
        "async-io",
        "trap '' TERM INT; sleep 1000 & echo $! > worker; echo $$ > running; wait",
    );
    let mut comparison = programs.start(&[]);
    process_id(&programs, "running");
    let id = Pid::from_raw(comparison.id() as i32);
    let status = loop {
        if let Some(status) = comparison.try_wait().expect("status") {
            break status;
        }
        signal::kill(id, Signal::SIGINT).expect("sent");
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(status.code(), Some(130));
    wait_until_gone(&programs, "running");
    wait_until_gone(&programs, "worker");
}

fn verdict<'a>(exported: &'a Value, id: &str) -> (&'a str, &'a Value) {
    let all = exported.as_array().expect("a list");
    let claim = all.iter().find(|claim| claim["id"] == id).expect("a claim");
    (claim["verdict"].as_str().expect("a verdict"), &claim["reason"])
}

#[test]
fn the_export_has_all_claims_and_runs_each_example_once() {
    let programs = Programs::with_examples();
    let file = programs.path("claims.json");
    let arguments = ["--runs", "1", "--export-claims", file.to_str().expect("path")];
    let assert = programs.compare(&arguments).assert().success().stderr("");
    let text = String::from_utf8(assert.get_output().stdout.clone()).expect("text");
    for number in 1..=33 {
        assert!(text.contains(&format!("\nC{number:02} ")), "C{number:02} in {text}");
    }
    assert!(
        text.contains("\n33 claims. ") && text.contains("\n* the best in its column"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.starts_with("Report for") || line.chars().count() <= 100));
    let exported = json(&file);
    let claims = exported.as_array().expect("a list");
    assert_eq!(claims.len(), 33);
    for claim in claims {
        let text = |key: &str| claim[key].as_str().is_some_and(|text| !text.is_empty());
        assert!(["id", "claim", "verdict", "measured", "command"].into_iter().all(text), "{claim}");
        assert!(claim["figures"].as_object().is_some_and(|figures| !figures.is_empty()), "{claim}");
    }
    // What these scripts say does not depend on the machine.
    for id in ["C05", "C06", "C09", "C10", "C16", "C19", "C22", "C29", "C32"] {
        assert_eq!(verdict(&exported, id), ("holds", &Value::Null), "{id}");
    }
    assert_eq!(verdict(&exported, "C18").0, "does not hold here", "two spans are not 160");
    let (text, why) = verdict(&exported, "C04");
    assert!(text == "not measured" && why.as_str().is_some_and(|why| why.contains("--python")));
    for (name, _) in EXAMPLES {
        let runs =
            programs.log().into_iter().filter(|run| run.starts_with(&format!("{name} --json")));
        assert_eq!(runs.count(), 1, "{name}");
    }
}

#[test]
fn a_claim_whose_example_failed_is_named_and_the_others_are_measured() {
    let programs = Programs::with_examples();
    programs.write_example("greedy_task", "echo 'error: no more threads' >&2; exit 1", "");
    programs.write_example("deadlock", "echo no JSON; exit 0", "");
    fs::remove_file(programs.path("examples/cpu_tasks")).expect("removed");
    programs.write("async-io", "if [ -n \"$diagram\" ]; then kill -9 $$; fi");
    let file = programs.path("claims.json");
    let arguments = ["--runs", "1", "--export-claims", file.to_str().expect("path")];
    let assert = programs.compare(&arguments).assert().code(1);
    assert
        .stdout(predicate::str::contains("greedy_task, its only run: exit status: 1"))
        .stdout(predicate::str::contains("    error: no more threads\n"))
        .stdout(predicate::str::contains(
            "deadlock, its only run: its output is not the expected JSON",
        ))
        .stdout(predicate::str::contains("cpu_tasks, its only run: it cannot be started"))
        .stdout(predicate::str::contains("async-io --diagram, its only run: signal: 9 (SIGKILL)"))
        .stderr(predicate::str::contains("greedy_task failed: exit status: 1\n"));
    let exported = json(&file);
    for (id, failed) in [
        ("C03", "cpu_tasks"),
        ("C16", "deadlock"),
        ("C23", "greedy_task"),
        ("C25", "async-io --diagram"),
    ] {
        let why = Value::from(format!("{failed} failed"));
        assert_eq!(verdict(&exported, id), ("not measured", &why), "{id}");
    }
    assert_eq!(verdict(&exported, "C22").0, "holds");
    assert_eq!(verdict(&exported, "C19").0, "holds");
}

#[test]
fn a_missing_figure_of_an_example_is_not_made_up() {
    let programs = Programs::with_examples();
    programs.write_example("gil", "", r#""threads": 4, "io_bound_speedup": null"#);
    let file = programs.path("claims.json");
    let arguments = ["--runs", "1", "--export-claims", file.to_str().expect("path")];
    programs.compare(&arguments).assert().success();
    let exported = json(&file);
    let why = Value::from("io_bound_speedup of gil is unknown here");
    assert_eq!(verdict(&exported, "C05"), ("not measured", &why));
    assert_eq!(exported[3]["figures"]["gil"]["cpu_bound_speedup"], Value::Null);
}

#[test]
fn an_example_that_hangs_is_ended_with_its_workers() {
    let programs = Programs::with_examples();
    programs.write_example("deadlock", "sleep 1000 & echo $! > worker; wait", "");
    let assert =
        programs.compare(&["--claims", "--runs", "1", "--run-limit", "1"]).assert().code(1);
    assert.stdout(predicate::str::contains("it took longer than"));
    wait_until_gone(&programs, "worker");
}

#[test]
fn a_signal_ends_the_claims_and_shows_what_was_done() {
    let programs = Programs::with_examples();
    programs.write_example("gil", "echo $$ > running; exec sleep 1000", "");
    let exported = programs.start(&["--claims", "--runs", "1"]);
    process_id(&programs, "running");
    signal::kill(Pid::from_raw(exported.id() as i32), Signal::SIGTERM).expect("sent");
    let output = exported.wait_with_output().expect("output");
    assert_eq!(output.status.code(), Some(143));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("Interrupted by signal 15") && text.contains("C33"), "{text}");
    assert!(!text.contains("Failed"), "an example that was ended has not failed: {text}");
    wait_until_gone(&programs, "running");
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_scaling_is_measured_classified_and_written() {
    let programs = Programs::scaling();
    let [export, page] = ["a.json", "a.html"].map(|name| programs.path(name));
    let files = [&export, &page].map(|path| path.to_str().expect("path"));
    let arguments = ["--scaling", "--export-json", files[0], "--report", files[1]];
    let assert = programs.compare(&arguments).assert().success().stderr("");
    let text = words(&assert.get_output().stdout);
    for words in ["a latency of 4.00 s", "async-io 10,000 ", "memory linear", " 32.0 KiB "] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("Not run") && !text.contains("Failed"), "{text}");
    let log = programs.log();
    let downloads = [
        ["threads-io 2", "async-io 2", "examples/io_processes 2"],
        ["threads-io 10", "async-io 10", "examples/io_processes 10"],
        ["threads-io 100", "async-io 100", "examples/io_processes 100"],
        ["threads-io 1000", "async-io 1000", "examples/io_processes 1000"],
    ];
    assert_eq!(
        log[..14],
        [&downloads.concat()[..], &["threads-io 10000", "async-io 10000"]].concat()
    );
    assert_eq!(log[14..17], ["multiproc-cpu 1"; 3]);
    let cores = thread::available_parallelism().expect("cores").get();
    assert_eq!(log.last(), Some(&format!("multiproc-cpu {}", 2 * cores)));
    let export = json(&export);
    let scaling = &export["compare"]["scaling"];
    let tasks = &scaling["series"][1];
    assert_eq!(
        (&tasks["program"], &tasks["points"][4]["workers"]),
        (&"async-io".into(), &10_000.into())
    );
    assert_eq!(tasks["points"][4]["peak_concurrency"], 10_000);
    assert!(tasks["points"][4]["server_cpus_used"].as_f64().is_some());
    assert_eq!(scaling["fit"][1]["memory"], "linear");
    assert_eq!(export["results"][0]["parameters"], serde_json::json!({ "workers": "2" }));
    let page = fs::read_to_string(page).expect("a page");
    assert!(page.contains("Memory by number of workers; both axes are logarithmic"));
}

#[test]
fn a_point_beyond_a_limit_is_named_and_the_rest_goes_on() {
    let programs = Programs::scaling();
    programs.write_scaling(
        "threads-io",
        "case $workers in
            1000) workers=701; echo 'note: 701 workers instead of 1000: the limit on all' >&2;;
            10000) echo 'error: out of luck' >&2; exit 1;;
        esac",
    );
    let [export, page] = ["a.json", "a.html"].map(|name| programs.path(name));
    let files = [&export, &page].map(|path| path.to_str().expect("path"));
    let arguments = ["--scaling", "--export-json", files[0], "--report", files[1]];
    let assert = programs.compare(&arguments).assert().code(1);
    let failures = &json(&export)["compare"]["failures"];
    assert_eq!((&failures[0]["command"], failures[1].as_object()), (&"threads-io".into(), None));
    assert!(fs::read_to_string(&page).expect("a page").contains("error: out of luck"));
    let assert = assert
        .stderr(predicate::str::contains("threads-io, 10000 workers: exit status: 1\n"))
        .stdout(predicate::str::contains(
            "Not run: threads-io, 1,000 workers: 701 workers instead of 1000: the limit on all.",
        ))
        .stdout(predicate::str::contains("threads-io, 10000 workers: exit status: 1"))
        .stdout(predicate::str::contains("    error: out of luck\n"));
    assert!(words(&assert.get_output().stdout).contains(" threads-io 700 "));
    assert!(programs.log().contains(&"threads-io 700".into()));
    assert!(programs.log().contains(&"async-io 10000".into()));
}

#[test]
fn a_wrong_answer_has_no_point() {
    let programs = Programs::scaling();
    programs.write_scaling("async-io", "answer=7");
    let assert = programs.compare(&["--scaling"]).assert().code(1);
    assert
        .stdout(predicate::str::contains("async-io, 100 workers: its answer is wrong: 7 bytes"))
        .stdout(predicate::str::contains("\nasync-io ").not());
}

#[test]
fn the_scaling_excludes_other_flags_and_needs_its_programs() {
    let programs = Programs::scaling();
    for flags in [&["--quick"][..], &["--claims"], &["--runs", "3"], &["--only", "async-io"]] {
        programs.compare(&["--scaling"]).args(flags).assert().code(2).stdout("");
    }
    fs::remove_file(programs.path("examples/io_processes")).expect("removed");
    let missing = predicate::str::contains("'examples/io_processes'");
    programs.compare(&["--scaling"]).assert().code(1).stdout("").stderr(missing);
    assert!(programs.log().is_empty());
}

#[test]
fn a_signal_ends_the_scaling_and_shows_what_was_done() {
    let programs = Programs::scaling();
    let running = programs.path("running").display().to_string();
    let wait = format!("if [ $workers = 100 ]; then echo $$ > {running}; exec sleep 1000; fi");
    programs.write_scaling("async-io", &wait);
    let scaling = programs.start(&["--scaling"]);
    process_id(&programs, "running");
    signal::kill(Pid::from_raw(scaling.id() as i32), Signal::SIGTERM).expect("sent");
    let output = scaling.wait_with_output().expect("output");
    assert_eq!(output.status.code(), Some(143));
    let text = words(&output.stdout);
    assert!(
        text.contains("Interrupted by signal 15") && text.contains("threads-io 100 "),
        "{text}"
    );
    assert!(!text.contains("Failed"), "a program that was ended has not failed: {text}");
    wait_until_gone(&programs, "running");
}

#[test]
fn the_python_programs_run_in_the_same_rounds() {
    let programs = Programs::with_python();
    let [export, markdown, page] = ["a.json", "a.md", "a.html"].map(|name| programs.path(name));
    let files = [&export, &markdown, &page].map(|path| path.to_str().expect("path"));
    let exports = ["--export-json", files[0], "--export-markdown", files[1], "--report", files[2]];
    let mut compare = programs.compare(&["--runs", "2"]);
    let assert = compare.args(programs.python()).args(exports).assert().success().stderr("");
    let text = String::from_utf8(assert.get_output().stdout.clone()).expect("text");
    let files = [&markdown, &page].map(|file| fs::read_to_string(file).expect("a file"));
    for text in [&text, &files[0], &files[1]] {
        assert!(text.contains("Slowdown in Python"), "{text}");
        assert!(
            text.contains("Python 3.14.0 with requests 1, aiohttp 2. Its GIL is off."),
            "{text}"
        );
    }
    let (log, count) =
        (programs.log(), catalogue_rows("rust").len() + catalogue_rows("python").len());
    assert_eq!(log.len(), 3 * count, "a warm-up and two runs of each");
    assert!(log.contains(&"sequential_baseline.py io 10".into()), "its warm-up is short");
    let timed = &log[count..];
    let turns = |round: usize, workload: &str| -> Vec<&String> {
        let of_workload: Vec<&String> =
            timed.iter().filter(|line| line.contains(&format!(" {workload} "))).collect();
        let half = of_workload.len() / 2;
        of_workload[round * half..(round + 1) * half].to_vec()
    };
    for workload in ["io", "cpu"] {
        let (mut first, second) = (turns(0, workload), turns(1, workload));
        first.rotate_left(1);
        assert_eq!(first, second, "each round begins with the next program");
    }
    let export = json(&export);
    assert_eq!(commands(&export).len(), count);
    assert_eq!(export["compare"]["python"]["interpreter"]["gil"], false);
    let twins = export["compare"]["twins"].as_array().expect("a list");
    assert_eq!(twins.len(), 5);
    for twins in twins {
        assert!(twins["slowdown"].is_f64() && twins["slowdown_cpu"].is_f64(), "{twins}");
        assert_eq!(twins["slowdown_memory"], 1.0);
    }
}

#[test]
fn a_missing_python_is_named_and_the_comparison_goes_on() {
    let programs = Programs::with_python();
    for (first, why) in [
        ("exit 3", "exit status: 3"),
        ("echo hello; exit", "it is not a Python interpreter"),
        ("echo 'it is Python 3.9' >&2; exit 1", "it is Python 3.9"),
        ("echo 'No module named aiohttp' >&2; exit 1", "No module named aiohttp"),
    ] {
        programs.write_interpreter(first);
        let _ = fs::remove_file(programs.path("log"));
        let mut compare = programs.compare(&["--runs", "1", "--repeat", "1"]);
        let missing = "The Python programs were not run: ";
        let assert = compare.args(programs.python()).assert().success();
        assert
            .stderr(predicate::str::starts_with(format!("note: {missing}")))
            .stderr(predicate::str::contains(why).and(predicate::str::contains("\n").count(1)))
            .stdout(
                predicate::str::contains(missing).and(predicate::str::contains("multiproc-cpu")),
            );
        assert_eq!(programs.log().iter().filter(|run| run.contains(".py ")).count(), 0, "{why}");
    }
    let missing = ["--runs", "1", "--python-bin", "/no/such/python"];
    let assert = programs.compare(&missing).assert().success();
    assert
        .stderr(predicate::str::contains("'/no/such/python': it cannot be started: No such file"));
    // If all requested programs are missing, there is no comparison.
    let assert = programs.compare(&missing).args(["--only", "async_io.py"]).assert().code(1);
    assert
        .stdout("")
        .stderr(predicate::str::starts_with("error: The Python programs were not run"));
}

#[test]
fn a_python_program_is_held_to_the_same_answer() {
    let programs = Programs::with_python();
    programs.write("async_io.py", "answer=7");
    programs.write("cpu_threads.py", "exit 4");
    let assert = programs.compare(&["--runs", "1"]).args(programs.python()).assert().code(1);
    assert
        .stdout(predicate::str::contains("async_io.py, warm-up 1: its answer is wrong: 7 bytes"))
        .stdout(predicate::str::contains("cpu_threads.py, warm-up 1: exit status: 4"));
    let log = programs.log();
    assert_eq!(log.iter().filter(|run| run.starts_with("threads_io.py")).count(), 2);
}

#[test]
fn python_reads_real_sites_too_and_has_no_scaling() {
    let programs = Programs::with_python();
    for name in ["async-io", "async_io.py"] {
        programs.write(name, r#"if [ -z "$urls" ]; then exit 1; fi; items=$repeat"#);
    }
    let arguments = ["--only", "async-io", "--runs", "1", "--url", "http://127.0.0.1:9/"];
    programs.compare(&arguments).args(programs.python()).assert().success();
    assert!(programs.log().contains(&"async_io.py io 80".into()));
    for flags in [&["--python"][..], &["--python-bin", "python3"], &["--only", "threads_io.py"]] {
        programs.compare(&["--scaling"]).args(flags).assert().code(2).stdout("");
    }
}

#[test]
fn the_claims_on_the_gil_are_measured_on_both_sides() {
    let programs = Programs::with_examples();
    let file = programs.path("claims.json");
    let arguments = ["--runs", "1", "--export-claims", file.to_str().expect("path")];
    let assert = programs.compare(&arguments).args(programs.python()).assert().success();
    assert.stdout(predicate::str::contains("Its GIL is off."));
    let exported = json(&file);
    let (verdict_on_gil, why) = verdict(&exported, "C04");
    assert_eq!(
        (verdict_on_gil, why.as_str()),
        ("not measured", Some("this interpreter has no GIL"))
    );
    assert!(exported[3]["figures"]["cpu_threads.py"]["speedup"].is_f64());
    // How fast these scripts are does not matter here.
    assert_ne!(verdict(&exported, "C05").0, "not measured");
    assert!(exported[4]["figures"]["threads_io.py"]["speedup"].is_f64());
}

/// A foreign program: its script, which knows nothing of the harness but the contract.
const FOREIGN: &str = r#"
case "$*" in
    *--site-server*) echo "{\"workload\": \"io\", \"items\": $((2 * $4)), \"failed\": 0, \"answer\": $((20512 * $4))}" ;;
    *) exit 2 ;;
esac
"#;

#[test]
fn a_foreign_program_runs_in_the_same_rounds() {
    let programs = Programs::new();
    programs.write_script("own", &format!("#!/bin/sh\n{FOREIGN}"));
    let export = programs.path("a.json");
    let also = format!("my own='{}'", programs.path("own").display());
    let arguments =
        ["--runs", "2", "--also", &also, "--export-json", export.to_str().expect("path")];
    let assert = programs.compare(&arguments).assert().success().stderr("");
    assert.stdout(predicate::str::contains("my own against sequential-baseline: "));
    let export = json(&export);
    let own =
        export["results"].as_array().expect("results").iter().find(|it| it["command"] == "my own");
    let own = own.expect("a result");
    assert_eq!(own["times"].as_array().expect("times").len(), 2);
    assert!(own["speedup"].is_f64() && own["compare"]["threads"].is_null(), "{own}");
}

#[test]
fn a_foreign_program_that_computes_gets_numbers() {
    let programs = Programs::new();
    let sums: Vec<String> = default_numbers()
        .map(|number| format!("\"{}\"", closed_form(number).expect("it fits")))
        .collect();
    let script = format!(
        r#"#!/bin/sh
case "$*" in *--repeat*) exit 2;; esac
items=$(($# - 2))
answer=$(echo '{}' | cut -d , -f 1-$items)
echo "{{\"workload\": \"cpu\", \"items\": $items, \"failed\": 0, \"answer\": [$answer]}}"
"#,
        sums.join(",")
    );
    programs.write_script("own", &script);
    let also = format!("own={}", programs.path("own").display());
    let assert = programs.compare(&["--runs", "1", "--also", &also]).assert().success();
    assert.stdout(predicate::str::contains("own against sequential-baseline: "));
}

#[test]
fn a_broken_contract_is_named_with_the_output() {
    let programs = Programs::new();
    for (output, reason) in [
        (r#"echo '{"workload": "io", "items": 2, "answer": 7}'"#, "its report has no `failed`"),
        ("echo hello", "its output is not a single JSON object"),
    ] {
        programs.write_script("own", &format!("#!/bin/sh\n{output}\n"));
        let also = format!("own={}", programs.path("own").display());
        let assert = programs.compare(&["--runs", "1", "--also", &also]).assert().code(1);
        let text = words(&assert.get_output().stdout);
        assert!(text.contains(&format!("own, warm-up 1: {reason}")), "{text}");
    }
    for also in ["own", "=sh", "own=", "async-io=sh", "own='open"] {
        programs.compare(&["--also", also]).assert().code(2).stdout("");
    }
}

#[test]
fn peers_are_rows_of_their_workload() {
    let programs = Programs::new();
    fs::create_dir(programs.path("examples")).expect("folder");
    for file in catalogue("peer").iter().filter(|file| file.starts_with("examples/")) {
        programs.write(file, "");
    }
    let assert = programs.compare(&["--runs", "1", "--peers"]).assert().success().stderr("");
    let text = String::from_utf8(assert.get_output().stdout.clone()).expect("text");
    for row in catalogue_rows("peer") {
        let name = row["name"].as_str().expect("a name");
        assert!(text.contains(&format!("\n{name} ")), "{name} in {text}");
    }
    assert!(text.contains("\nthreads-io --workers 160 "), "{text}");
}

#[test]
fn rounds_go_on_until_the_intervals_are_narrow_or_the_time_is_over() {
    let programs = Programs::new();
    let export = programs.path("a.json");
    let arguments = ["--only", "sequential-baseline", "--only", "multiproc-cpu"];
    // Shell scripts differ by far more than this.
    let until =
        ["--until", "0.1", "--max-time", "2", "--export-json", export.to_str().expect("path")];
    let assert = programs.compare(&arguments).args(until).assert().success();
    let text = words(&assert.get_output().stdout);
    assert!(
        text.contains("Not within 0.100 % when the time was over: multiproc-cpu (± "),
        "{text}"
    );
    assert!(commands(&json(&export)).iter().all(|(_, runs)| *runs >= 2));
    let until = ["--until", "100", "--max-time", "60"];
    let assert = programs.compare(&arguments).args(until).assert().success();
    assert.stdout(predicate::str::contains("Not within").not());
    for flags in [["--until", "0"], ["--until", "many"], ["--max-time", "0"]] {
        programs.compare(&flags).assert().code(2);
    }
    programs.compare(&["--until", "2", "--runs", "3"]).assert().code(2);
}

#[test]
#[cfg(target_os = "linux")]
fn a_busy_machine_is_named_first() {
    let programs = Programs::new();
    // A process that is not the harness's own keeps a CPU busy while the rounds are long enough.
    programs.write("async-io", "sleep 0.3");
    let cores = thread::available_parallelism().expect("cores").get();
    let busy: Vec<Running> = (0..cores)
        .map(|_| {
            let mut command = std::process::Command::new("sh");
            command.args(["-c", "while :; do :; done"]);
            Running::start(command)
        })
        .collect();
    let export = programs.path("a.json");
    let arguments = ["--runs", "2", "--export-json", export.to_str().expect("path")];
    let assert = programs.compare(&arguments).assert().success();
    for running in busy {
        running.signal(Signal::SIGKILL);
        running.end();
    }
    assert.stdout(predicate::str::starts_with("Busy machine: other programs took "));
    let export = json(&export);
    assert_eq!(export["compare"]["rounds"][0]["disturbed"], true, "{export}");
}
