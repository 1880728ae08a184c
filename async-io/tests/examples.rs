//! The examples: each rule with figures from both sides, and each example as a program. A figure that
//! depends on the speed of the machine is not asserted.

use common::report::Answer;
use common::workload::{Strategy, expected_bytes};
use serde_json::json;
use testing::{demo, demo_result, end, example};

#[path = "../examples/bare_epoll.rs"]
#[allow(dead_code)]
mod bare_epoll;
#[path = "../examples/blocking_call.rs"]
#[allow(dead_code)]
mod blocking_call;
#[path = "../examples/cancellation.rs"]
#[allow(dead_code)]
mod cancellation;
#[path = "../examples/cooperative_switch.rs"]
#[allow(dead_code)]
mod cooperative_switch;
#[path = "../examples/cpu_tasks.rs"]
#[allow(dead_code)]
mod cpu_tasks;
#[path = "../examples/greedy_task.rs"]
#[allow(dead_code)]
mod greedy_task;
#[path = "../examples/many_cores.rs"]
#[allow(dead_code)]
mod many_cores;
#[path = "../examples/mixed_work.rs"]
#[allow(dead_code)]
mod mixed_work;

#[test]
fn cooperative_switch_holds_if_only_an_await_inside_loses_updates_and_always_as_many() {
    use cooperative_switch::holds;
    let run = [(0, 2), (0, 20), (10, 20)];
    assert!(holds(&[run, run]));
    for (reason, other) in [
        ("lost without await", [(1, 2), (0, 20), (10, 20)]),
        ("switched without await", [(0, 3), (0, 20), (10, 20)]),
        ("lost with await after", [(0, 2), (1, 20), (10, 20)]),
        ("not switched at an await", [(0, 2), (0, 2), (10, 20)]),
        ("none lost inside", [(0, 2), (0, 20), (0, 20)]),
    ] {
        assert!(!holds(&[other, other]), "{reason}");
    }
    assert!(!holds(&[run, [(0, 2), (0, 20), (9, 20)]]), "another number in one run");
}

#[test]
fn tasks_switch_where_they_await_and_nowhere_else() {
    let result = demo_result("cooperative_switch", &["--updates", "1000"]);
    assert_eq!(result["claim"], json!(["C07", "C11"]));
    assert_eq!(result["holds"], true);
    for (figure, value) in [
        ("updates", 2000),
        ("updates_lost_without_await", 0),
        ("turns_without_await", 2),
        ("updates_lost_with_await_after", 0),
        ("updates_lost_with_await_inside", 1000),
        ("runs_with_the_same_figures", 3),
    ] {
        assert_eq!(result["figures"][figure], value, "{figure}");
    }
}

#[test]
fn blocking_call_holds_if_blocking_is_slow_and_both_cures_are_fast() {
    let holds = |blocking, own_threads, async_client| {
        blocking_call::holds(1.0, blocking, own_threads, async_client)
    };
    assert!(holds(1.0, 0.1, 0.1));
    assert!(!holds(0.5, 0.1, 0.1), "blocking calls overlapped");
    assert!(!holds(1.0, 0.9, 0.1), "spawn_blocking is no cure");
    assert!(!holds(1.0, 0.1, 0.9), "an async client is no cure");
}

#[test]
fn blocking_calls_take_at_least_the_latency_of_each() {
    let result = demo_result("blocking_call", &["--repeat", "4"]);
    assert_eq!(result["claim"], json!(["C22"]));
    let figures = &result["figures"];
    assert_eq!(figures["downloads"], 8);
    for sequential in ["wall_seconds_sequential", "wall_seconds_blocking_in_tasks"] {
        assert!(figures[sequential].as_f64() >= Some(0.32), "{sequential}: {figures}");
    }
    for cure in ["wall_seconds_spawn_blocking", "wall_seconds_async_client"] {
        assert!(figures[cure].as_f64() >= Some(0.04), "{cure}: {figures}");
    }
}

#[test]
fn greedy_task_holds_if_the_heartbeat_stops_and_both_cures_keep_it_going() {
    use greedy_task::holds;
    assert!(holds(500.0, 10.0, 10.0));
    assert!(!holds(40.0, 10.0, 10.0), "the heartbeat hardly stopped");
    assert!(!holds(500.0, 400.0, 10.0), "yield_now is no cure");
    assert!(!holds(500.0, 10.0, 400.0), "spawn_blocking is no cure");
}

#[test]
fn a_heartbeat_is_never_faster_than_its_beat() {
    let result = demo_result("greedy_task", &["--sums", "20"]);
    assert_eq!(result["claim"], json!(["C23"]));
    for way in ["greedy", "yield_now", "spawn_blocking"] {
        let gap = result["figures"][format!("longest_gap_{way}_milliseconds")].as_f64();
        assert!(gap >= Some(5.0), "{way}: {gap:?}");
    }
}

#[test]
fn cpu_tasks_holds_if_tasks_gain_nothing() {
    use cpu_tasks::holds;
    assert!(holds(Some(1.0)));
    assert!(!holds(Some(1.9)), "the tasks ran at the same time");
    assert!(!holds(None), "unknown whether they did");
}

#[test]
fn cpu_tasks_reports_the_speedup_over_the_sequential_sums() {
    let result = demo_result("cpu_tasks", &["--sums", "5"]);
    assert_eq!(result["claim"], json!(["C03"]));
    let figures = &result["figures"];
    assert_eq!(figures["sums"], 5);
    let figure = |name: &str| figures[name].as_f64().expect("a number");
    let speedup = figure("wall_seconds_sequential") / figure("wall_seconds_tasks");
    assert!((figure("speedup") - speedup).abs() < 1e-9, "{figures}");
    assert_eq!(result["holds"], figure("cpus_used") <= 1.1);
}

#[test]
fn cancellation_holds_if_only_dropped_futures_lose_messages() {
    use cancellation::holds;
    assert!(holds(1, 500, 0));
    assert!(!holds(2, 500, 0), "the timeout cancelled nothing");
    assert!(!holds(0, 500, 0), "the first step was not done");
    assert!(!holds(1, 0, 0), "dropped futures lost nothing");
    assert!(!holds(1, 500, 1), "a kept future lost a message");
}

#[test]
fn a_kept_future_loses_no_message() {
    let result = demo_result("cancellation", &["--pairs", "50"]);
    assert_eq!((&result["claim"], &result["holds"]), (&json!([]), &json!(true)));
    let figures = &result["figures"];
    assert_eq!(figures["steps_done_before_timeout"], 1);
    assert_eq!(figures["messages_lost_by_a_kept_future"], 0);
    assert!(figures["messages_lost_by_dropped_futures"].as_u64() > Some(0), "{figures}");
}

#[test]
fn many_cores_holds_if_more_threads_are_faster() {
    assert!(many_cores::holds(1.9));
    assert!(!many_cores::holds(1.0));
    let result = demo_result("many_cores", &["--sums", "5"]);
    let figure = |name: &str| result["figures"][name].as_f64().expect("a number");
    assert_eq!(result["holds"], figure("speedup") >= 1.1);
    assert!(figure("cpus_used_one_thread") <= 1.1, "{result}");
}

#[test]
fn mixed_work_holds_if_other_places_shorten_the_gap() {
    let holds = |same, blocking, rayon| mixed_work::holds([same, blocking, rayon]);
    let (same, other) = ((500.0, 100.0), (20.0, 180.0));
    assert!(holds(same, other, other));
    assert!(!holds((40.0, 100.0), other, other), "the heartbeat hardly stopped");
    assert!(!holds(same, (500.0, 180.0), other), "spawn_blocking is no cure");
    assert!(!holds(same, other, (400.0, 180.0)), "rayon is no cure");
    assert!(!holds(same, other, (20.0, 49.0)), "rayon is slow");
}

#[test]
fn mixed_work_measures_each_place() {
    let figures = demo_result("mixed_work", &["--repeat", "4"])["figures"].take();
    assert_eq!(figures["downloads"], 8);
    for place in ["same_thread", "spawn_blocking", "rayon"] {
        assert!(figures[format!("longest_gap_milliseconds_{place}")].as_f64() >= Some(5.0));
        assert!(figures[format!("downloads_per_second_{place}")].as_f64() > Some(0.0));
    }
}

#[test]
fn a_response_is_checked_and_its_body_is_counted() {
    use bare_epoll::body_bytes;
    let bytes = |response: &str| body_bytes(response.as_bytes()).map_err(|error| error.to_string());
    assert_eq!(bytes("HTTP/1.1 200 OK\r\nserver: x\r\n\r\nabc"), Ok(3));
    assert!(bytes("HTTP/1.1 404 Not Found\r\n\r\nabc").is_err());
    assert!(bytes("HTTP/1.1 200 OK\r\nserver: x").is_err());
    assert!(bytes("").is_err());
}

#[test]
fn peers_report_as_programs() {
    for name in ["bare_epoll", "io_many_cores"] {
        for workers in [3, 8] {
            let mut command = example(name);
            command.args(["--json", "--repeat", "4", "--latency", "5"]);
            command.args(["--workers", &workers.to_string()]);
            let report = end(command).with_code(0).report();
            assert_eq!((report.strategy, report.workers), (Strategy::Tasks, workers), "{name}");
            assert_eq!((report.items, report.failed), (8, 0), "{name}");
            assert_eq!(report.answer, Answer::Bytes(expected_bytes(4)), "{name}");
        }
    }
}

#[test]
fn bare_epoll_names_what_it_cannot_read() {
    let mut command = example("bare_epoll");
    command.args(["--url", "https://example.org/"]);
    let ended = end(command).with_code(1);
    assert!(ended.stderr.contains("reads http pages only"), "{ended:?}");
}

#[test]
fn a_person_reads_the_figures_and_the_claims_in_words() {
    let texts = [
        "Of 20 updates, 10 were lost with an .await inside.",
        "C11 holds in this run: a task is switched only at an `.await`.",
    ];
    demo::prints_for_a_person("cooperative_switch", &["--updates", "10"], &texts);
}

#[test]
fn examples_state_their_claim_and_refuse_wrong_values() {
    for (name, flag) in [
        ("cooperative_switch", "--updates"),
        ("blocking_call", "--repeat"),
        ("greedy_task", "--sums"),
        ("cpu_tasks", "--sums"),
        ("scale_tasks", "--up-to"),
        ("cancellation", "--pairs"),
        ("many_cores", "--sums"),
        ("mixed_work", "--repeat"),
    ] {
        demo::states_its_claim_and_refuses_wrong_values(name, flag);
    }
}

#[test]
fn examples_draw_what_they_show() {
    let words = ["task 1", "running"];
    demo::draws_itself("cooperative_switch", &["--updates", "10"], &words);
    let words = ["heartbeat", "Greedy", "With yield_now", "With spawn_blocking"];
    demo::draws_itself("greedy_task", &["--sums", "5"], &words);
    let words = ["A client that blocks", "A client made for async"];
    demo::draws_itself("blocking_call", &["--repeat", "2"], &words);
}

#[test]
fn survives_closed_and_full_streams() {
    demo::survives_closed_and_full_streams("cooperative_switch", &["--updates", "10"]);
    demo::survives_closed_and_full_streams("blocking_call", &["--repeat", "2"]);
}

// It starts the local server.
#[test]
fn leaves_no_process_when_killed() {
    demo::leaves_no_process_when_killed("blocking_call", &[]);
}
