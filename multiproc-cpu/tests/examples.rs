//! The examples: each rule on both sides, and each example as a whole. No time is asserted.

use std::process::Command;

use common::testing::{end, example, example_program, shown};
use common::{scale, sites};
use serde_json::json;

#[path = "../examples/io_bound.rs"]
#[allow(dead_code)]
mod io_bound;
#[path = "../examples/scale_processes.rs"]
#[allow(dead_code)]
mod scale_processes;
#[path = "../examples/separate_memory.rs"]
#[allow(dead_code)]
mod separate_memory;

#[test]
fn separate_memory_holds_when_only_the_variable_is_as_before() {
    use separate_memory::holds;
    assert!(holds(1, 42, [1, 42, 42]));
    assert!(!holds(1, 42, [42, 42, 42]), "the variable was shared");
    assert!(!holds(1, 42, [1, 1, 42]), "the pipe brought something else");
    assert!(!holds(1, 42, [1, 42, 1]), "the shared memory was not");
    assert!(!holds(42, 42, [42, 42, 42]), "nothing can be told apart");
}

#[test]
fn what_a_child_writes_its_parent_sees_only_where_it_is_sent() {
    for number in ["0", "42", "18446744073709551615"] {
        let shown = shown("separate_memory", &["--number", number]);
        assert_eq!(shown["claim"], json!(["C29"]));
        assert_eq!(shown["holds"], true);
        let number: u64 = number.parse().expect("a number");
        let figures = json!({
            "before_the_fork": 1,
            "written_by_the_child": number,
            "seen_in_a_variable": 1,
            "seen_through_a_pipe": number,
            "seen_in_shared_memory": number,
        });
        assert_eq!(shown["figures"], figures);
    }
    assert_eq!(shown("separate_memory", &["--number", "1"])["holds"], false);
}

#[test]
fn io_bound_holds_when_the_pool_is_faster_than_the_baseline_and_pays_for_it() {
    use io_bound::apart::Cost;
    type Costs = [Cost; 4];
    let holds = |change: fn(&mut Costs)| {
        let cost = |wall_seconds, cpu| Cost { wall_seconds, cpu_seconds: Some(cpu) };
        let mut costs = [cost(1.0, 0.02), cost(0.2, 0.04), cost(0.2, 0.03), cost(0.02, 0.01)];
        change(&mut costs);
        let [baseline, processes, threads, tasks] = costs;
        io_bound::holds(&baseline, &processes, &threads, &tasks)
    };
    assert!(holds(|_| {}));
    assert!(holds(|[_, _, threads, _]| threads.cpu_seconds = None));
    assert!(holds(|[_, processes, ..]| processes.cpu_seconds = None));
    assert!(!holds(|[_, processes, ..]| processes.wall_seconds = 1.0), "no faster");
    assert!(!holds(|[.., tasks]| tasks.wall_seconds = 0.2), "as fast as tasks");
    assert!(!holds(|[_, _, threads, _]| threads.cpu_seconds = Some(0.04)));
    assert!(!holds(|[.., tasks]| tasks.cpu_seconds = Some(0.04)));
}

#[test]
fn every_option_does_the_downloads_and_is_measured() {
    let shown = shown("io_bound", &["--repeat", "8"]);
    let figures = shown["figures"].as_object().expect("an object");
    assert_eq!(shown["claim"], json!(["C30"]));
    assert_eq!(figures["workers"], 5);
    for option in ["baseline", "processes", "threads", "tasks"] {
        for figure in ["wall_seconds", "cpu_seconds"] {
            let figure = format!("{figure}_{option}");
            assert!(figures[&figure].as_f64() > Some(0.0), "{figure}");
        }
    }
}

#[test]
fn the_pool_downloads_with_the_report_of_a_program() {
    let mut command = example("io_processes");
    command.args(["--json", "--repeat", "4", "--latency", "1", "--workers", "3"]);
    let json = end(command).with_code(0).json();
    assert_eq!((&json["items"], &json["failed"]), (&json!(8), &json!(0)));
    assert_eq!(json["answer"], sites::expected_bytes(4));
    assert_eq!((&json["workers"], &json["processes"]), (&json!(3), &json!(4)));
}

#[test]
fn scale_processes_holds_when_a_process_costs_more_than_a_thread() {
    let holds = |start: (Option<f64>, Option<f64>), memory: Option<(f64, f64)>| {
        let process = scale::Figures {
            start_microseconds_each: start.0,
            resident_bytes_each: memory.map(|(process, _)| process),
            ..scale::Figures::default()
        };
        scale_processes::holds(&process.beside(&scale::Figures {
            start_microseconds_each: start.1,
            resident_bytes_each: memory.map(|(_, thread)| thread),
            ..scale::Figures::default()
        }))
    };
    let (slow, large) = ((Some(90.0), Some(30.0)), Some((30_000.0, 9_800.0)));
    assert!(holds(slow, large));
    assert!(holds(slow, None), "unknown memory is not held against it");
    assert!(!holds((Some(30.0), Some(30.0)), large), "as quick to start");
    assert!(!holds(slow, Some((9_800.0, 9_800.0))), "as small");
    assert!(!holds((Some(90.0), None), None), "no thread to compare with");
}

#[test]
fn as_many_processes_as_asked_for_wait_at_once_and_all_end() {
    let shown = shown("scale_processes", &["--up-to", "120"]);
    let figures = &shown["figures"];
    assert_eq!(shown["claim"], json!(["C06"]));
    assert_eq!(figures["counts"], json!([100, 120]));
    assert_eq!((&figures["reached"], &figures["stopped_by"]), (&json!(120), &json!("no limit")));
    assert_eq!(figures["threads"], 500);
    assert!(figures["switch_microseconds"].as_f64() > Some(0.0));
}

// A process that is refused a file has none to send a result through: said, and no success.
#[test]
fn a_refusal_is_named_with_its_limit() {
    for name in ["separate_memory", "scale_processes", "io_bound", "io_processes"] {
        let path = example(name).get_program().to_owned();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 4; exec \"$0\" --json"]).arg(path);
        let ended = end(command).with_code(1);
        assert!(ended.stderr.contains("open files (ulimit -n) 4"), "{name}: {}", ended.stderr);
    }
}

#[test]
fn a_wrong_flag_is_refused() {
    for (name, flag) in [
        ("io_bound", "--repeat"),
        ("scale_processes", "--up-to"),
        ("separate_memory", "--number"),
        ("io_processes", "--repeat"),
        ("io_processes", "--workers"),
    ] {
        example_program(name).refuses_rubbish(flag);
    }
}

#[test]
fn full_and_closed_streams() {
    example_program("separate_memory").stands_streams(&[]);
    example_program("io_bound").stands_streams(&["--repeat", "1"]);
}

#[test]
fn nothing_outlives_a_kill() {
    example_program("scale_processes").leaves_nothing_when_killed(&[]);
    example_program("io_bound").leaves_nothing_when_killed(&["--own-latency"]);
    example_program("io_processes").leaves_nothing_when_killed(&["--latency", "1000"]);
}
