//! The examples: each rule on both sides, and each example as a whole. What only the scheduler can
//! bring about is not asserted, only what is so in every run.

use common::testing::{end, example, example_program, shown};
use serde_json::json;

#[path = "../examples/cpu_threads.rs"]
#[allow(dead_code)]
mod cpu_threads;
#[path = "../examples/deadlock.rs"]
#[allow(dead_code)]
mod deadlock;
#[path = "../examples/gil.rs"]
#[allow(dead_code)]
mod gil;
#[path = "../examples/preemption.rs"]
#[allow(dead_code)]
mod preemption;
#[path = "../examples/race_condition.rs"]
#[allow(dead_code)]
mod race_condition;

#[test]
fn race_condition_holds_when_only_the_separate_steps_lose() {
    use race_condition::holds;
    assert!(holds(1, 0, 0));
    assert!(!holds(0, 0, 0), "nothing was lost");
    assert!(!holds(1, 1, 0), "fetch_add lost one");
    assert!(!holds(1, 0, 1), "the mutex lost one");
}

#[test]
fn one_thread_alone_loses_nothing() {
    let shown = shown("race_condition", &["--threads", "1"]);
    assert_eq!(shown["holds"], false);
    assert!(shown["figures"]["updates"].as_u64() > Some(0));
    assert_eq!(shown["figures"]["updates_lost_by_load_store"], 0);
}

#[test]
fn the_cures_of_a_race_lose_nothing() {
    let shown = shown("race_condition", &[]);
    assert_eq!(shown["claim"], json!(["C09", "C15", "C17"]));
    assert_eq!(shown["figures"]["updates_lost_by_fetch_add"], 0);
    assert_eq!(shown["figures"]["updates_lost_by_mutex"], 0);
    let lost = shown["figures"]["updates_lost_by_load_store"].as_u64();
    assert_eq!(shown["holds"], lost > Some(0));
}

#[test]
fn deadlock_holds_when_only_opposite_orders_lock_up() {
    let holds = |locked_up, done| deadlock::holds(locked_up, 10, done);
    assert!(holds(2, 10));
    assert!(!holds(0, 10), "nothing locked up");
    assert!(!holds(2, 9), "one order did not get all done");
}

#[test]
fn a_deadlock_is_found_and_shown_and_one_order_ends() {
    let mut command = example("deadlock");
    command.arg("--json");
    let ended = end(command).with_code(0);
    let shown = ended.json();
    assert_eq!(shown["claim"], json!(["C16", "C17"]));
    let figures = &shown["figures"];
    assert_eq!(figures["rounds_done_in_one_order"], figures["rounds"]);
    let locked_up = figures["rounds_done_in_opposite_orders"] != figures["rounds"];
    assert_eq!(figures["threads_locked_up"], if locked_up { 2 } else { 0 });
    assert_eq!(shown["holds"], locked_up);
    for waits_in in ["a_then_b", "b_then_a"] {
        assert_eq!(ended.stderr.contains(waits_in), locked_up, "{}", ended.stderr);
    }
}

#[test]
fn preemption_holds_when_each_of_too_many_threads_had_several_slices() {
    let holds = |threads, slices, switches| preemption::holds(2, threads, slices, switches);
    assert!(holds(3, 2, Some(1.0)));
    assert!(holds(3, 2, None), "a system that does not count them");
    assert!(!holds(2, 2, Some(1.0)), "a core for each thread");
    assert!(!holds(3, 1, Some(1.0)), "a thread that was never switched off");
    assert!(!holds(3, 2, Some(0.5)), "a thread that gave the CPU up by itself");
}

#[test]
fn every_busy_thread_advances() {
    let shown = shown("preemption", &[]);
    assert_eq!(shown["claim"], json!(["C07", "C08"]));
    let figures = &shown["figures"];
    assert_eq!(figures["threads"].as_u64(), figures["cores"].as_u64().map(|cores| 2 * cores));
    assert!(figures["slices_of_the_thread_with_fewest"].as_u64() >= Some(1));
    assert!(figures["median_slice_milliseconds"].as_f64() > Some(0.0));
    let switches = &figures["involuntary_switches_a_thread"];
    assert_eq!(switches.is_f64(), cfg!(target_os = "linux"), "unknown elsewhere: {switches}");
}

#[test]
fn gil_holds_when_only_waiting_overlaps() {
    let holds = |cpus_used, io_bound_speedup| gil::holds(4, cpus_used, io_bound_speedup);
    assert!(holds(Some(1.0), 3.9));
    assert!(!holds(Some(1.9), 3.9), "they computed at once");
    assert!(!holds(None, 3.9), "nobody knows whether they did");
    assert!(!holds(Some(1.0), 1.1), "they waited one after another");
}

#[test]
fn a_gil_lets_threads_wait_together() {
    let shown = shown("gil", &["--threads", "2"]);
    assert_eq!(shown["claim"], json!(["C04", "C05"]));
    for figure in ["cpu_bound_speedup", "cpus_used", "io_bound_speedup"] {
        assert!(shown["figures"][figure].as_f64() > Some(0.0), "{figure}: {shown}");
    }
}

#[test]
fn cpu_threads_holds_when_threads_are_faster() {
    assert!(cpu_threads::holds(1.9));
    assert!(!cpu_threads::holds(1.0));
}

#[test]
fn sums_by_threads_have_their_baseline_beside_them() {
    let shown = shown("cpu_threads", &["--threads", "3"]);
    assert_eq!(shown["claim"], json!(["C04"]));
    let figures = &shown["figures"];
    assert_eq!(figures["threads"], 3);
    let wall = |of: &str| figures[of].as_f64().expect("seconds");
    let speedup = wall("wall_seconds_sequential") / wall("wall_seconds_threads");
    assert!((wall("speedup") - speedup).abs() < 1e-9, "{figures}");
    assert_eq!(shown["holds"], speedup >= 1.1);
}

#[test]
fn a_person_reads_the_figures_and_the_verdict() {
    let mut command = example("race_condition");
    command.args(["--threads", "1"]);
    let said = end(command).with_code(0).stdout;
    assert!(said.contains("Read and written apart, 0 of "), "{said}");
    assert!(said.ends_with("C09, C15, C17 do not hold in this run.\n"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn too_many_threads_are_refused_with_the_limit_that_refused_them() {
    for name in ["race_condition", "preemption"] {
        // Stacks so large that one more does not fit while there is memory for all else.
        let program = example(name);
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", "ulimit -v 1000000; exec \"$0\" \"$@\""]);
        limited.arg(program.get_program()).args(["--threads", "1000"]);
        limited.env("RUST_MIN_STACK", (64 << 20).to_string());
        let ended = end(limited).with_code(1);
        assert!(ended.stderr.contains("error: a thread cannot be started"), "{name}: {ended:?}");
        assert!(ended.stderr.contains("ulimit -v"), "{name}: {ended:?}");
    }
}

#[test]
fn a_wrong_flag_is_refused() {
    for (name, flag) in [
        ("race_condition", "--threads"),
        ("preemption", "--threads"),
        ("gil", "--threads"),
        ("cpu_threads", "--threads"),
        ("deadlock", "--rounds"),
        ("scale_threads", "--up-to"),
    ] {
        example_program(name).refuses([flag, "0"], &[flag, "'0'"]);
        example_program(name).refuses_rubbish(flag);
    }
}

#[test]
fn full_and_closed_streams() {
    example_program("deadlock").stands_streams(&["--rounds", "1"]);
    example_program("cpu_threads").stands_streams(&["--threads", "1"]);
}

/// On stable, `cargo test` sees that the documentation of `refused` does not compile, but not why.
/// This makes the compiler hold its errors against the codes named there, as on nightly.
#[test]
fn the_plain_update_is_refused_for_the_reasons_named() {
    let mut rustdoc = std::process::Command::new("rustdoc");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/refused.rs");
    rustdoc.args(["--test", "--edition", "2024", source]).env("RUSTC_BOOTSTRAP", "1");
    let said = end(rustdoc).with_code(0).stdout;
    assert_eq!(said.matches("compile fail ... ok").count(), 3, "{said}");
}
