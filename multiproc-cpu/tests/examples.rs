//! The examples: each rule with figures from both sides, and each example as a program. No time is
//! asserted.

use common::demo::scaling::{Figures, UnitCost};
use common::report::Answer;
use common::workload::{Strategy, expected_bytes};
use serde_json::json;
use testing::{demo, demo_result, end, example, example_program};

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
fn separate_memory_holds_if_only_the_variable_is_unchanged() {
    use separate_memory::holds;
    assert!(holds(1, 42, [1, 42, 42]));
    assert!(!holds(1, 42, [42, 42, 42]), "the variable was shared");
    assert!(!holds(1, 42, [1, 1, 42]), "the pipe brought another number");
    assert!(!holds(1, 42, [1, 42, 1]), "the shared memory was not shared");
    assert!(!holds(42, 42, [42, 42, 42]), "the two numbers are equal");
}

#[test]
fn a_parent_sees_what_its_child_sends_and_shares() {
    for number in ["0", "42", "18446744073709551615"] {
        let result = demo_result("separate_memory", &["--number", number]);
        assert_eq!(result["claim"], json!(["C29"]));
        assert_eq!(result["holds"], true);
        let number: u64 = number.parse().expect("a number");
        let figures = json!({
            "before_the_fork": 1,
            "written_by_the_child": number,
            "seen_in_a_variable": 1,
            "seen_through_a_pipe": number,
            "seen_in_shared_memory": number,
        });
        assert_eq!(result["figures"], figures);
    }
    assert_eq!(demo_result("separate_memory", &["--number", "1"])["holds"], false);
}

#[test]
fn io_bound_holds_if_the_pool_is_faster_than_the_baseline_and_costs_more_cpu_time() {
    type Costs = [(f64, Option<f64>); 4];
    let holds = |change: fn(&mut Costs)| {
        let mut costs =
            [(1.0, Some(0.02)), (0.2, Some(0.04)), (0.2, Some(0.03)), (0.02, Some(0.01))];
        change(&mut costs);
        let [baseline, processes, threads, tasks] = costs;
        io_bound::holds(baseline, processes, threads, tasks)
    };
    assert!(holds(|_| {}));
    assert!(holds(|[_, _, threads, _]| threads.1 = None), "unknown for threads");
    assert!(holds(|[_, processes, ..]| processes.1 = None), "unknown for processes");
    assert!(!holds(|[_, processes, ..]| processes.0 = 1.0), "no faster than the baseline");
    assert!(!holds(|[.., tasks]| tasks.0 = 0.2), "as fast as tasks");
    assert!(!holds(|[_, _, threads, _]| threads.1 = Some(0.04)), "as much CPU time as threads");
}

#[test]
fn io_bound_measures_all_four_ways() {
    let result = demo_result("io_bound", &["--latency", "1"]);
    let figures = result["figures"].as_object().expect("an object");
    assert_eq!(result["claim"], json!(["C30"]));
    assert_eq!(figures["workers"], 5);
    for way in ["baseline", "processes", "threads", "tasks"] {
        for figure in ["wall_seconds", "cpu_seconds"] {
            let figure = format!("{figure}_{way}");
            assert!(figures[&figure].as_f64() > Some(0.0), "{figure}");
        }
    }
}

#[test]
fn io_processes_reports_as_a_program() {
    let mut command = example("io_processes");
    command.args(["--json", "--repeat", "4", "--latency", "1", "--workers", "3"]);
    let report = end(command).with_code(0).report();
    assert_eq!((report.items, report.failed), (8, 0));
    assert_eq!(report.answer, Answer::Bytes(expected_bytes(4)));
    assert_eq!((report.strategy, report.workers), (Strategy::Processes, 3));
    assert_eq!(report.processes, Some(4));
}

#[test]
fn scale_processes_holds_if_a_process_costs_more_than_a_thread() {
    let holds = |start: (Option<f64>, Option<f64>), memory: Option<(f64, f64)>| {
        let figures = |start_microseconds_each, resident_bytes_each| {
            let cost =
                UnitCost { start_microseconds_each, resident_bytes_each, ..UnitCost::default() };
            Figures { cost, ..Figures::default() }
        };
        let process = figures(start.0, memory.map(|memory| memory.0));
        let thread = figures(start.1, memory.map(|memory| memory.1));
        scale_processes::holds(&process, &thread)
    };
    let (slow, large) = ((Some(90.0), Some(30.0)), Some((30_000.0, 9_800.0)));
    assert!(holds(slow, large));
    assert!(holds(slow, None), "the memory may be unknown");
    assert!(!holds((Some(30.0), Some(30.0)), large), "as quick to start");
    assert!(!holds(slow, Some((9_800.0, 9_800.0))), "as small");
    assert!(!holds((Some(90.0), None), None), "no thread to compare with");
}

#[test]
fn the_requested_number_of_processes_waits_at_the_same_time() {
    let result = demo_result("scale_processes", &["--up-to", "120"]);
    let figures = &result["figures"];
    assert_eq!(result["claim"], json!(["C06"]));
    assert_eq!((&figures["reached"], &figures["stopped_by"]), (&json!(120), &json!("no limit")));
    assert_eq!(figures["threads"], 500);
    assert!(figures["switch_microseconds"].as_f64() > Some(0.0));
}

#[test]
fn a_refused_file_is_reported_with_the_limits() {
    for name in ["separate_memory", "scale_processes", "io_bound", "io_processes"] {
        let mut command = example_program(name).after("ulimit -n 4");
        command.arg("--json");
        let ended = end(command).with_code(1);
        assert!(ended.stderr.contains("(ulimit -n)"), "{name}: {}", ended.stderr);
    }
}

#[test]
fn a_parent_that_ignores_sigchld_changes_nothing() {
    for arguments in [
        &["separate_memory"][..],
        &["scale_processes", "--up-to", "10"],
        &["io_bound", "--latency", "1"],
        &["io_processes", "--repeat", "2", "--latency", "1"],
    ] {
        let mut command = example_program(arguments[0]).after("trap '' CHLD");
        command.args(&arguments[1..]).arg("--json");
        assert_eq!(end(command).with_code(0).stderr, "", "{arguments:?}");
    }
}

#[test]
fn a_person_reads_the_figures_and_the_claim_in_words() {
    let texts = [
        "The child wrote 42: its parent saw 1 in the variable",
        "C29 holds in this run: processes have strange parts, such as memory that they do not share.",
    ];
    demo::prints_for_a_person("separate_memory", &[], &texts);
}

#[test]
fn examples_state_their_claim_and_refuse_wrong_values() {
    for (name, flag) in
        [("io_bound", "--latency"), ("scale_processes", "--up-to"), ("separate_memory", "--number")]
    {
        demo::states_its_claim_and_refuses_wrong_values(name, flag);
    }
    for flag in ["--repeat", "--workers"] {
        example_program("io_processes").refuses_rubbish(flag);
    }
}

#[test]
fn separate_memory_draws_two_values_of_one_variable() {
    let words = ["parent", "child", "variable = 1", "variable = 42"];
    demo::draws_itself("separate_memory", &[], &words);
}

#[test]
fn survives_closed_and_full_streams() {
    demo::survives_closed_and_full_streams("separate_memory", &[]);
    demo::survives_closed_and_full_streams("io_bound", &["--latency", "0"]);
}

#[test]
fn leaves_no_process_when_killed() {
    demo::leaves_no_process_when_killed("scale_processes", &[]);
    demo::leaves_no_process_when_killed("io_bound", &["--latency", "60"]);
    demo::leaves_no_process_when_killed("io_processes", &["--latency", "1000"]);
}
