//! `scale_tasks`: its rule with figures from both sides, and the example as a program.

use common::demo::scaling::{Figures, UnitCost};
use serde_json::json;
use testing::demo_result;

#[path = "../examples/scale_tasks.rs"]
#[allow(dead_code)]
mod scale_tasks;

#[test]
fn holds_if_a_task_costs_less_than_one_of_hundreds_of_threads() {
    let holds = |counts: (usize, usize),
                 start: (Option<f64>, Option<f64>),
                 memory: Option<(f64, f64)>| {
        let figures = |reached, start_microseconds_each, resident_bytes_each| {
            let cost =
                UnitCost { start_microseconds_each, resident_bytes_each, ..UnitCost::default() };
            Figures { reached, cost, ..Figures::default() }
        };
        let task = figures(counts.0, start.0, memory.map(|memory| memory.0));
        let thread = figures(counts.1, start.1, memory.map(|memory| memory.1));
        scale_tasks::holds(&task, &thread)
    };
    let (quick, small) = ((Some(1.0), Some(30.0)), Some((450.0, 9_800.0)));
    assert!(holds((1_000_000, 500), quick, small));
    assert!(holds((1_000_000, 500), quick, None), "the memory may be unknown");
    assert!(!holds((500, 500), quick, small), "not more tasks than threads");
    assert!(!holds((1_000_000, 199), quick, small), "not hundreds of threads");
    assert!(!holds((1_000_000, 500), (Some(30.0), Some(30.0)), small), "as slow to start");
    assert!(!holds((1_000_000, 500), quick, Some((9_800.0, 9_800.0))), "as large");
    assert!(!holds((1_000_000, 0), (Some(1.0), None), None), "no thread to compare with");
}

#[test]
fn the_requested_number_of_tasks_waits_at_the_same_time() {
    let result = demo_result("scale_tasks", &["--up-to", "30000"]);
    let figures = &result["figures"];
    assert_eq!(result["claim"], json!(["C21"]));
    assert_eq!((&figures["reached"], &figures["stopped_by"]), (&json!(30_000), &json!("no limit")));
    assert_eq!(figures["threads"], 500);
    assert!(figures["switch_microseconds"].as_f64() > Some(0.0));
}

// `tokio::spawn(tokio::time::sleep(..))` in the smallest program for it takes 448 bytes.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn an_idle_task_takes_no_more_than_a_sleep_alone() {
    let result = demo_result("scale_tasks", &["--up-to", "1000000"]);
    let figures = &result["figures"];
    if figures["reached"] == 1_000_000 {
        let bytes = figures["resident_bytes_each"].as_f64().expect("known");
        assert!((1.0..=448.0).contains(&bytes), "{bytes}");
    } else {
        testing::skip(&figures["stopped_by"].to_string());
    }
}
