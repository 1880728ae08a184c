//! The examples: each rule with figures from both sides, and each example as a program. A figure that
//! depends on the scheduler is not asserted.

use common::report::Answer;
use common::workload::Strategy;
use serde_json::json;
use testing::{demo, demo_result, end, example, example_program};

#[path = "../examples/channels.rs"]
#[allow(dead_code)]
mod channels;
#[path = "../examples/cpu_threads.rs"]
#[allow(dead_code)]
mod cpu_threads;
#[path = "../examples/deadlock.rs"]
#[allow(dead_code)]
mod deadlock;
#[path = "../examples/gil.rs"]
#[allow(dead_code)]
mod gil;
#[path = "../examples/how_many_threads.rs"]
#[allow(dead_code)]
mod how_many_threads;
#[path = "../examples/preemption.rs"]
#[allow(dead_code)]
mod preemption;
#[path = "../examples/race_condition.rs"]
#[allow(dead_code)]
mod race_condition;

#[test]
fn race_condition_holds_if_only_the_separate_steps_lose_updates() {
    use race_condition::holds;
    assert!(holds(1, 0, 0));
    assert!(!holds(0, 0, 0), "no update was lost");
    assert!(!holds(1, 1, 0), "fetch_add lost an update");
    assert!(!holds(1, 0, 1), "the mutex lost an update");
}

#[test]
fn one_thread_loses_no_update() {
    let result = demo_result("race_condition", &["--threads", "1"]);
    assert_eq!(result["holds"], false);
    assert!(result["figures"]["updates"].as_u64() > Some(0));
    assert_eq!(result["figures"]["updates_lost_by_load_store"], 0);
}

#[test]
fn fetch_add_and_a_mutex_lose_no_update() {
    let result = demo_result("race_condition", &[]);
    assert_eq!(result["claim"], json!(["C09", "C15"]));
    assert_eq!(result["figures"]["updates_lost_by_fetch_add"], 0);
    assert_eq!(result["figures"]["updates_lost_by_mutex"], 0);
    let lost = result["figures"]["updates_lost_by_load_store"].as_u64();
    assert_eq!(result["holds"], lost > Some(0));
}

#[test]
fn deadlock_holds_if_only_opposite_orders_deadlock() {
    let holds = |deadlocked, done| deadlock::holds(deadlocked, 10, done);
    assert!(holds(2, 10));
    assert!(!holds(0, 10), "no deadlock");
    assert!(!holds(2, 9), "one order did not finish its rounds");
}

#[test]
fn a_deadlock_is_found_and_its_stacks_are_printed() {
    let mut command = example("deadlock");
    command.arg("--json");
    let ended = end(command).with_code(0);
    let result = ended.json();
    assert_eq!(result["claim"], json!(["C16"]));
    let figures = &result["figures"];
    assert_eq!(figures["rounds_done_in_one_order"], figures["rounds"]);
    let deadlocked = figures["rounds_done_in_opposite_orders"] != figures["rounds"];
    assert_eq!(figures["deadlocked_threads"], if deadlocked { 2 } else { 0 });
    assert_eq!(result["holds"], deadlocked);
    for function in ["a_then_b", "b_then_a"] {
        assert_eq!(ended.stderr.contains(function), deadlocked, "{}", ended.stderr);
    }
}

#[test]
fn preemption_holds_if_each_of_too_many_threads_had_several_slices() {
    let holds = |threads, slices, switches| preemption::holds(2, threads, slices, switches);
    assert!(holds(3, 2, Some(1.0)));
    assert!(holds(3, 2, None), "a system that does not count context switches");
    assert!(!holds(2, 2, Some(1.0)), "a core for each thread");
    assert!(!holds(3, 1, Some(1.0)), "a thread that was never paused");
    assert!(!holds(3, 2, Some(0.5)), "threads that were not interrupted");
}

#[test]
fn every_busy_thread_advances() {
    let result = demo_result("preemption", &[]);
    assert_eq!(result["claim"], json!(["C07", "C08"]));
    let figures = &result["figures"];
    assert_eq!(figures["threads"].as_u64(), figures["cores"].as_u64().map(|cores| 2 * cores));
    assert!(figures["slices_of_the_thread_with_fewest"].as_u64() >= Some(1));
    assert!(figures["median_slice_milliseconds"].as_f64() > Some(0.0));
    let switches = &figures["involuntary_context_switches_per_thread"];
    assert_eq!(switches.is_f64(), cfg!(target_os = "linux"), "unknown elsewhere: {switches}");
}

#[test]
fn gil_holds_if_only_waiting_overlaps() {
    let holds = |cpus_used, io_bound_speedup| gil::holds(4, cpus_used, io_bound_speedup);
    assert!(holds(Some(1.0), 3.9));
    assert!(!holds(Some(1.9), 3.9), "the threads computed at the same time");
    assert!(!holds(None, 3.9), "unknown whether they did");
    assert!(!holds(Some(1.0), 1.1), "the threads waited one after another");
}

#[test]
fn gil_reports_a_speedup_for_both_kinds_of_work() {
    let result = demo_result("gil", &["--threads", "2"]);
    assert_eq!(result["claim"], json!(["C04", "C05"]));
    for figure in ["cpu_bound_speedup", "cpus_used", "io_bound_speedup"] {
        assert!(result["figures"][figure].as_f64() > Some(0.0), "{figure}: {result}");
    }
}

#[test]
fn cpu_threads_holds_if_threads_are_faster() {
    assert!(cpu_threads::holds(1.9));
    assert!(!cpu_threads::holds(1.0));
}

#[test]
fn cpu_threads_reports_the_speedup_over_the_sequential_sums() {
    let result = demo_result("cpu_threads", &["--threads", "3"]);
    assert_eq!(result["claim"], json!(["C04"]));
    let figures = &result["figures"];
    assert_eq!(figures["threads"], 3);
    let seconds = |name: &str| figures[name].as_f64().expect("seconds");
    let speedup = seconds("wall_seconds_sequential") / seconds("wall_seconds_threads");
    assert!((seconds("speedup") - speedup).abs() < 1e-9, "{figures}");
    assert_eq!(result["holds"], speedup >= 1.1);
}

#[test]
fn channels_holds_if_only_the_bounded_channel_makes_the_producer_wait() {
    use channels::Cost;
    let unbounded = Cost { most_pages: 480, producer: 0.01, total: 0.6 };
    let bounded = Cost { most_pages: 12, producer: 0.59, total: 0.6 };
    let holds = |unbounded, bounded| channels::holds(500, unbounded, bounded);
    assert!(holds(unbounded, bounded));
    assert!(!holds(Cost { most_pages: 200, ..unbounded }, bounded), "few pages were stored");
    assert!(!holds(Cost { producer: 0.5, ..unbounded }, bounded), "the unbounded channel waited");
    assert!(!holds(unbounded, Cost { most_pages: 13, ..bounded }), "more pages than fit");
    assert!(!holds(unbounded, Cost { producer: 0.1, ..bounded }), "the producer did not wait");
    assert!(!holds(unbounded, Cost { total: 1.0, ..bounded }), "waiting took time");
}

#[test]
fn a_bounded_channel_never_stores_more_than_fits() {
    let result = demo_result("channels", &["--pages", "60"]);
    assert_eq!(result["claim"], json!([]));
    let figures = &result["figures"];
    assert_eq!(figures["pages"], 60);
    for name in ["bounded", "unbounded"] {
        let pages = figures[format!("most_pages_{name}")].as_u64().expect("pages");
        assert_eq!(figures[format!("most_bytes_{name}")], pages * 20_480);
        assert!((1..=60).contains(&pages), "{figures}");
    }
    assert!(figures["most_pages_bounded"].as_u64() <= Some(12), "{figures}");
}

#[test]
fn how_many_threads_holds_if_downloads_gain_from_more_threads_than_sums() {
    use how_many_threads::{enough, holds};
    assert_eq!(enough(&[1, 2, 5], &[1.0, 0.54, 0.5]), 2, "within a tenth of the best");
    assert_eq!(enough(&[1, 2, 5], &[1.0, 0.6, 0.5]), 5);
    assert!(holds(2, 40, 2));
    assert!(!holds(2, 2, 2), "no more than for the sums");
    assert!(!holds(8, 5, 1), "no more than cores");
}

#[test]
fn how_many_threads_measures_each_count() {
    let result = demo_result("how_many_threads", &["--latency", "1"]);
    assert_eq!(result["claim"], json!([]));
    let figures = &result["figures"];
    for (work, last) in [("downloads", 160), ("sums", 0)] {
        let list = |name: &str| figures[name].as_array().expect("a list").clone();
        let threads = list(&format!("threads_for_{work}"));
        let seconds = list(&format!("wall_seconds_{work}"));
        assert_eq!(threads.len(), seconds.len(), "{figures}");
        assert!(threads.contains(&figures[format!("enough_threads_for_{work}")]), "{figures}");
        assert!(last == 0 || threads[threads.len() - 1] == last, "{figures}");
    }
}

#[test]
fn rayon_sums_reports_as_a_program() {
    let mut command = example("rayon_sums");
    command.args(["--json", "--workers", "3", "10", "100", "1000", "10000"]);
    let report = end(command).with_code(0).report();
    assert_eq!((report.strategy, report.workers), (Strategy::Threads, 3));
    assert_eq!((report.items, report.failed), (4, 0));
    let sums = ["285", "328350", "332833500", "333283335000"].map(|sum| Some(sum.into()));
    assert_eq!(report.answer, Answer::Sums(sums.to_vec()));
}

#[test]
fn a_person_reads_the_figures_and_the_claims_in_words() {
    let texts = [
        "1 threads that read and then write lost 0 of ",
        "C09 does not hold in this run: a context switch can fall inside `x = x + 1`",
        "C15 does not hold in this run: ",
    ];
    demo::prints_for_a_person("race_condition", &["--threads", "1"], &texts);
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_thread_is_reported_with_the_limits() {
    for name in ["race_condition", "preemption"] {
        // Stacks so large that not all fit, while there is memory for everything else.
        let mut limited = example_program(name).after("ulimit -v 1000000");
        limited.args(["--threads", "1000"]).env("RUST_MIN_STACK", (64 << 20).to_string());
        let ended = end(limited).with_code(1);
        assert!(ended.stderr.contains("error: cannot start a thread"), "{name}: {ended:?}");
        assert!(ended.stderr.contains("ulimit -v"), "{name}: {ended:?}");
    }
}

#[test]
fn examples_state_their_claim_and_refuse_wrong_values() {
    for (name, flag) in [
        ("race_condition", "--threads"),
        ("preemption", "--threads"),
        ("gil", "--threads"),
        ("cpu_threads", "--threads"),
        ("deadlock", "--rounds"),
        ("scale_threads", "--up-to"),
        ("channels", "--pages"),
        ("how_many_threads", "--latency"),
    ] {
        demo::states_its_claim_and_refuses_wrong_values(name, flag);
    }
}

#[test]
fn examples_with_locks_draw_what_they_show() {
    let words = ["thread 1", "holds the lock and computes"];
    demo::draws_itself("gil", &["--threads", "2"], &words);
    demo::draws_itself("deadlock", &["--rounds", "1000"], &["thread 1", "waiting"]);
}

#[test]
fn examples_without_locks_draw_what_they_show() {
    demo::draws_itself("cpu_threads", &["--threads", "2"], &["thread 1", "running"]);
    demo::draws_itself("preemption", &["--threads", "8"], &["thread 7", "running"]);
    let words = ["One lost update of this run", "thread B"];
    demo::draws_itself("race_condition", &["--threads", "4"], &words);
    // It has no picture.
    example_program("scale_threads").refuses(["--diagram", "file.svg"], &["--diagram"]);
}

#[test]
fn survives_closed_and_full_streams() {
    demo::survives_closed_and_full_streams("deadlock", &["--rounds", "1"]);
}

// It starts the local server.
#[test]
fn leaves_no_process_when_killed() {
    demo::leaves_no_process_when_killed("how_many_threads", &[]);
}

/// On stable, `cargo test` checks that the examples in the documentation of `refused` do not compile,
/// but not why. Here the compiler compares its errors with the codes given there, as on nightly.
#[test]
fn the_plain_update_is_refused_for_the_documented_reasons() {
    let mut rustdoc = std::process::Command::new("rustdoc");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/refused.rs");
    rustdoc.args(["--test", "--edition", "2024", source]).env("RUSTC_BOOTSTRAP", "1");
    let stdout = end(rustdoc).with_code(0).stdout;
    assert_eq!(stdout.matches("compile fail ... ok").count(), 3, "{stdout}");
}
