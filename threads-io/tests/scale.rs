//! `scale_threads`: its rule on both sides, and the example as a whole. No time is asserted.

use common::scale::Figures;
use common::testing::shown;
use serde_json::json;

#[path = "../examples/scale_threads.rs"]
#[allow(dead_code)]
mod scale_threads;

#[test]
fn holds_when_hundreds_of_threads_are_light() {
    let holds = |reached, start_microseconds_each, resident_bytes_each| {
        scale_threads::holds(&Figures {
            reached,
            start_microseconds_each,
            resident_bytes_each,
            ..Figures::default()
        })
    };
    assert!(holds(10_000, Some(20.0), Some(9_800.0)));
    assert!(holds(200, Some(999.0), Some(12_288.0)));
    assert!(holds(10_000, Some(20.0), None), "unknown memory is not held against it");
    assert!(!holds(199, Some(20.0), Some(9_800.0)), "not hundreds");
    assert!(!holds(10_000, Some(1_000.0), Some(9_800.0)), "slow to start");
    assert!(!holds(10_000, Some(20.0), Some(12_289.0)), "large");
    assert!(!holds(0, None, None), "none was started");
}

#[test]
fn as_many_threads_as_asked_for_wait_at_once() {
    let shown = shown("scale_threads", &["--up-to", "300"]);
    let figures = &shown["figures"];
    assert_eq!(shown["claim"], json!(["C06", "C21"]));
    assert_eq!(figures["counts"], json!([100, 200, 300]));
    assert_eq!((&figures["reached"], &figures["stopped_by"]), (&json!(300), &json!("no limit")));
    for curve in ["start_microseconds_each", "resident_bytes_each", "page_table_bytes_each"] {
        let by_count = figures[format!("{curve}_by_count")].as_array().expect(curve);
        assert_eq!(by_count.len(), 3, "{curve}");
        assert_eq!(by_count[2], figures[curve], "{curve}");
    }
    assert!(figures["switch_microseconds"].as_f64() > Some(0.0));
}

// Each thread touches its stack, so that it takes one page at the least.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_takes_at_least_a_page_and_at_most_12_kib() {
    let shown = shown("scale_threads", &["--up-to", "2000"]);
    let bytes = shown["figures"]["resident_bytes_each"].as_f64().expect("known");
    assert!((4_096.0..=12_288.0).contains(&bytes), "{bytes}");
}
