//! `scale_tasks`: its rule on both sides, and the example as a whole. No time is asserted.

use common::scale::Figures;
use common::testing::shown;
use serde_json::json;

#[path = "../examples/scale_tasks.rs"]
#[allow(dead_code)]
mod scale_tasks;

#[test]
fn holds_when_a_task_costs_less_than_one_of_hundreds_of_threads() {
    let holds = |tasks, threads, start, memory: Option<(f64, f64)>| {
        let (task_start, thread_start) = start;
        let task = Figures {
            reached: tasks,
            start_microseconds_each: task_start,
            resident_bytes_each: memory.map(|(task, _)| task),
            ..Figures::default()
        };
        scale_tasks::holds(&task.beside(&Figures {
            reached: threads,
            start_microseconds_each: thread_start,
            resident_bytes_each: memory.map(|(_, thread)| thread),
            ..Figures::default()
        }))
    };
    let (quick, small) = ((Some(1.0), Some(30.0)), Some((450.0, 9_800.0)));
    assert!(holds(1_000_000, 500, quick, small));
    assert!(holds(1_000_000, 500, quick, None), "unknown memory is not held against it");
    assert!(!holds(500, 500, quick, small), "not more tasks than threads");
    assert!(!holds(1_000_000, 199, quick, small), "not hundreds of threads");
    assert!(!holds(1_000_000, 500, (Some(30.0), Some(30.0)), small), "as slow to start");
    assert!(!holds(1_000_000, 500, quick, Some((9_800.0, 9_800.0))), "as large");
    assert!(!holds(1_000_000, 0, (Some(1.0), None), None), "nothing to compare with");
}

#[test]
fn as_many_tasks_as_asked_for_wait_at_once() {
    let shown = shown("scale_tasks", &["--up-to", "30000"]);
    let figures = &shown["figures"];
    assert_eq!(shown["claim"], json!(["C21"]));
    let counts = json!([100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000]);
    assert_eq!(figures["counts"], counts);
    assert_eq!((&figures["reached"], &figures["stopped_by"]), (&json!(30_000), &json!("no limit")));
    assert_eq!(figures["threads"], 500);
    assert!(figures["switch_microseconds"].as_f64() > Some(0.0));
}

// `tokio::spawn(tokio::time::sleep(..))` in the simplest program for it: 448 bytes, once measured.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn an_idle_task_takes_no_more_than_a_sleep_alone() {
    let shown = shown("scale_tasks", &["--up-to", "1000000"]);
    let figures = &shown["figures"];
    if figures["reached"] == 1_000_000 {
        let bytes = figures["resident_bytes_each"].as_f64().expect("known");
        assert!((1.0..=448.0).contains(&bytes), "{bytes}");
    } else {
        common::testing::skip(&format!("{}", figures["stopped_by"]));
    }
}
