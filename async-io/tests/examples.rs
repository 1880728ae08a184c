//! The examples: each rule on both sides, and each example as a whole. What depends on how fast the
//! machine is is not asserted.

use common::testing::{end, example, example_program, shown};
use serde_json::json;

#[path = "../examples/blocking_call.rs"]
#[allow(dead_code)]
mod blocking_call;
#[path = "../examples/cooperative_switch.rs"]
#[allow(dead_code)]
mod cooperative_switch;
#[path = "../examples/cpu_tasks.rs"]
#[allow(dead_code)]
mod cpu_tasks;
#[path = "../examples/greedy_task.rs"]
#[allow(dead_code)]
mod greedy_task;

#[test]
fn cooperative_switch_holds_when_only_an_await_inside_loses_and_always_as_many() {
    use cooperative_switch::holds;
    let run = [(0, 2), (0, 20), (10, 20)];
    assert!(holds(&[run, run]));
    for (what, other) in [
        ("lost without await", [(1, 2), (0, 20), (10, 20)]),
        ("interrupted without await", [(0, 3), (0, 20), (10, 20)]),
        ("lost with await after", [(0, 2), (1, 20), (10, 20)]),
        ("no switch at an await", [(0, 2), (0, 2), (10, 20)]),
        ("none lost inside", [(0, 2), (0, 20), (0, 20)]),
    ] {
        assert!(!holds(&[other, other]), "{what}");
    }
    assert!(!holds(&[run, [(0, 2), (0, 20), (9, 20)]]), "another number in one run");
}

#[test]
fn tasks_switch_where_they_await_and_nowhere_else() {
    let shown = shown("cooperative_switch", &["--updates", "1000"]);
    assert_eq!(shown["claim"], json!(["C07", "C11"]));
    assert_eq!(shown["holds"], true);
    for (figure, is) in [
        ("updates", 2000),
        ("updates_lost_without_await", 0),
        ("turns_without_await", 2),
        ("updates_lost_with_await_after", 0),
        ("updates_lost_with_await_inside", 1000),
        ("runs", 3),
        ("runs_with_the_same_figures", 3),
    ] {
        assert_eq!(shown["figures"][figure], is, "{figure}");
    }
}

#[test]
fn blocking_call_holds_when_blocking_is_slow_and_both_cures_are_fast() {
    let holds = |blocking, spawn_blocking, async_client| {
        blocking_call::holds(1.0, blocking, spawn_blocking, async_client)
    };
    assert!(holds(1.0, 0.1, 0.1));
    assert!(!holds(0.5, 0.1, 0.1), "blocking calls overlapped");
    assert!(!holds(1.0, 0.9, 0.1), "threads of their own are no cure");
    assert!(!holds(1.0, 0.1, 0.9), "an async client is no cure");
}

#[test]
fn blocking_calls_take_at_least_the_latency_of_each() {
    let shown = shown("blocking_call", &["--repeat", "4"]);
    assert_eq!(shown["claim"], json!(["C22"]));
    let figures = &shown["figures"];
    assert_eq!(figures["downloads"], 8);
    for one_by_one in ["wall_seconds_sequential", "wall_seconds_blocking_in_tasks"] {
        assert!(figures[one_by_one].as_f64() >= Some(0.32), "{one_by_one}: {figures}");
    }
    for cure in ["wall_seconds_spawn_blocking", "wall_seconds_async_client"] {
        assert!(figures[cure].as_f64() >= Some(0.04), "{cure}: {figures}");
    }
}

#[test]
fn greedy_task_holds_when_the_heart_stops_and_both_cures_keep_it_beating() {
    use greedy_task::holds;
    assert!(holds(500.0, 10.0, 10.0));
    assert!(!holds(40.0, 10.0, 10.0), "the heart hardly stopped");
    assert!(!holds(500.0, 400.0, 10.0), "yielding is no cure");
    assert!(!holds(500.0, 10.0, 400.0), "a thread of its own is no cure");
}

#[test]
fn a_heart_never_beats_faster_than_it_should() {
    let shown = shown("greedy_task", &["--sums", "20"]);
    assert_eq!(shown["claim"], json!(["C23"]));
    for way in ["greedy", "yield_now", "spawn_blocking"] {
        let gap = shown["figures"][format!("longest_gap_{way}_milliseconds")].as_f64();
        assert!(gap >= Some(5.0), "{way}: {gap:?}");
    }
}

#[test]
fn cpu_tasks_holds_when_tasks_gain_nothing() {
    use cpu_tasks::holds;
    assert!(holds(Some(1.0)));
    assert!(!holds(Some(1.9)), "they ran at once");
    assert!(!holds(None), "nobody knows whether they did");
}

#[test]
fn sums_in_tasks_have_their_baseline_beside_them() {
    let shown = shown("cpu_tasks", &["--sums", "5"]);
    assert_eq!(shown["claim"], json!(["C03"]));
    let figures = &shown["figures"];
    assert_eq!(figures["sums"], 5);
    let wall = |of: &str| figures[of].as_f64().expect("seconds");
    let speedup = wall("wall_seconds_sequential") / wall("wall_seconds_tasks");
    assert!((wall("speedup") - speedup).abs() < 1e-9, "{figures}");
    assert_eq!(shown["holds"], wall("cpus_used") <= 1.1);
}

#[test]
fn a_person_reads_the_figures_and_the_verdict() {
    let mut command = example("cooperative_switch");
    command.args(["--updates", "10"]);
    let said = end(command).with_code(0).stdout;
    assert!(said.contains("Of 20 updates, 10 were lost with an .await inside"), "{said}");
    assert!(said.ends_with("C07, C11 hold in this run.\n"), "{said}");
}

#[test]
fn a_wrong_flag_is_refused() {
    for (name, flag) in [
        ("cooperative_switch", "--updates"),
        ("blocking_call", "--repeat"),
        ("greedy_task", "--sums"),
        ("cpu_tasks", "--sums"),
        ("scale_tasks", "--up-to"),
    ] {
        example_program(name).refuses([flag, "0"], &[flag, "'0'"]);
        example_program(name).refuses_rubbish(flag);
    }
}

#[test]
fn full_and_closed_streams() {
    example_program("cooperative_switch").stands_streams(&["--updates", "10"]);
    example_program("blocking_call").stands_streams(&["--repeat", "2"]);
}

// It starts the site server.
#[test]
fn nothing_outlives_a_kill() {
    example_program("blocking_call").leaves_nothing_when_killed(&[]);
}
