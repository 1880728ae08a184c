//! `scale_threads`: its rule with figures from both sides, and the example as a program.

use common::demo::scaling::{Figures, UnitCost};
use serde_json::json;
use testing::{demo_result, end, example_program};

#[path = "../examples/scale_threads.rs"]
#[allow(dead_code)]
mod scale_threads;

#[test]
fn holds_if_hundreds_of_threads_are_light() {
    let holds = |reached, start_microseconds_each, resident_bytes_each| {
        let cost = UnitCost { start_microseconds_each, resident_bytes_each, ..UnitCost::default() };
        scale_threads::holds(&Figures { reached, cost, ..Figures::default() })
    };
    assert!(holds(10_000, Some(20.0), Some(9_800.0)));
    assert!(holds(200, Some(999.0), Some(12_288.0)));
    assert!(holds(10_000, Some(20.0), None), "the memory may be unknown");
    assert!(!holds(199, Some(20.0), Some(9_800.0)), "not hundreds");
    assert!(!holds(10_000, Some(1_000.0), Some(9_800.0)), "slow to start");
    assert!(!holds(10_000, Some(20.0), Some(12_289.0)), "large");
    assert!(!holds(0, None, None), "no thread started");
}

#[test]
fn the_requested_number_of_threads_waits_at_the_same_time() {
    let result = demo_result("scale_threads", &["--up-to", "300"]);
    let figures = &result["figures"];
    assert_eq!(result["claim"], json!(["C06", "C21"]));
    assert_eq!((&figures["reached"], &figures["stopped_by"]), (&json!(300), &json!("no limit")));
    assert!(figures["start_microseconds_each"].as_f64() > Some(0.0));
    assert!(figures["switch_microseconds"].as_f64() > Some(0.0));
}

// Each thread touches its stack, so that it takes one page at least.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_takes_at_least_a_page_and_at_most_12_kib() {
    // The kernel may not report the memory of a process once, on a busy machine.
    let measure = |_| {
        demo_result("scale_threads", &["--up-to", "2000"])["figures"]["resident_bytes_each"]
            .as_f64()
    };
    let bytes = (0..5).find_map(measure).expect("known");
    assert!((4_096.0..=12_288.0).contains(&bytes), "{bytes}");
}

#[test]
fn a_refused_thread_ends_the_ramp_and_the_limit_is_named() {
    let program = example_program("scale_threads");
    let Some((mut command, _folder)) = program.with_process_limit(150) else { return };
    command.args(["--up-to", "1000", "--json"]);
    let figures = end(command).with_code(0).json()["figures"].take();
    let reached = figures["reached"].as_u64().expect("a count");
    assert!((100..150).contains(&reached), "{figures}");
    let reason = figures["stopped_by"].as_str().expect("a reason");
    assert!(reason.contains("(ulimit -u) 150"), "{reason}");
}
