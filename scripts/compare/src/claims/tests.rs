//! For each claim, figures for which it holds and figures for which it does not.

use std::fs;

use serde_json::{Value, json};

use crate::ledger::claims::{CLAIMS, Claim};
use crate::ledger::demonstrations::Demonstration;
use crate::ledger::figures::{Figure, Figures, Source};
use crate::ledger::text::next_name;
use crate::ledger::{Entry, Verdict, entries, entry};
use crate::lines_of_code;
use crate::results::sample;

/// Figures by name.
type Named = Vec<(&'static str, Value)>;

/// Figures for which a claim holds, and what to change for it not to hold; each change alone must
/// do.
fn sides(id: &str) -> Option<(Named, Vec<Named>)> {
    // The pairs of names and values of an object.
    macro_rules! of {
        ($($name:ident: $value:expr),* $(,)?) => { vec![$((stringify!($name), json!($value))),*] };
    }
    let sides = match id {
        "C01" => (
            of! {
                baseline_wall_seconds: 7.3, threads_times_faster: 4.9, tasks_times_faster: 103.6,
            },
            vec![of! { threads_times_faster: 1.2 }, of! { tasks_times_faster: 0.9 }],
        ),
        "C02" => (
            of! {
                baseline_wall_seconds: 0.062, processes_times_faster: 1.72,
                processes_cpus_used: 1.84,
            },
            vec![of! { processes_times_faster: 1.1 }],
        ),
        "C03" => (
            of! {
                threads_io_times_faster: 4.95, tasks_io_times_faster: 103.6,
                processes_io_times_faster: 1.98, threads_cpu_times_faster: 1.86,
                tasks_cpu_times_faster: 0.99, processes_cpu_times_faster: 1.72,
            },
            vec![of! { tasks_io_times_faster: 2.0, threads_cpu_times_faster: 2.0,
            processes_io_times_faster: 4.9 }],
        ),
        "C04" => (
            of! {
                gil_cpu_bound_speedup: 0.99, gil_cpus_used: 1.0, cpu_threads_speedup: 1.1,
                python_cpu_threads_speedup: 0.98, python_gil: true,
            },
            vec![of! { python_cpu_threads_speedup: 1.9 }],
        ),
        "C05" => (
            of! {
                threads: 4, gil_io_bound_speedup: 3.93, threads_times_faster: 4.95,
                python_threads_times_faster: 4.87,
            },
            vec![of! { gil_io_bound_speedup: 1.02 }, of! { python_threads_times_faster: 1.01 }],
        ),
        "C06" => (
            of! {
                thread_start_microseconds: 26.9, thread_resident_bytes: 9776.0,
                task_start_microseconds: 0.8, task_resident_bytes: 451.7,
                process_start_microseconds: 302.4, process_resident_bytes: 120_000.0,
                scale_threads_holds: true, scale_tasks_holds: true, scale_processes_holds: true,
            },
            vec![of! { scale_threads_holds: false }, of! { scale_processes_holds: false }],
        ),
        "C07" => (
            of! {
                slices_without_yielding: 66, turns_without_await: 2, turns_with_await: 50_001,
                preemption_holds: true, cooperative_switch_holds: true,
            },
            vec![of! { preemption_holds: false }, of! { cooperative_switch_holds: false }],
        ),
        "C08" => (
            of! {
                cores: 2, threads: 4, fewest_slices: 66, median_slice_milliseconds: 1.04,
                involuntary_switches_a_thread: 201.5, preemption_holds: true,
            },
            vec![of! { preemption_holds: false }],
        ),
        "C09" => (
            of! {
                updates: 8_000_000, updates_lost: 1_943_952, share_lost: 0.242994,
                race_condition_holds: true,
            },
            vec![of! { race_condition_holds: false }],
        ),
        "C10" => (
            of! { forms_tried: 4, forms_refused: 3, forms_accepted: 1, threads_io_doc_holds: true },
            vec![of! { threads_io_doc_holds: false }, of! { forms_refused: 0 }],
        ),
        "C11" => (
            of! {
                updates: 100_000, updates_lost_without_await: 0,
                updates_lost_with_await_inside: 50_000, runs: 3, runs_alike: 3,
                cooperative_switch_holds: true,
            },
            vec![of! { cooperative_switch_holds: false }],
        ),
        "C12" => (
            of! {
                threads_threads: 6, threads_processes: 1, threads_cpus_used: 0.014,
                threads_voluntary_switches: 162.5, tasks_threads: 1, tasks_processes: 1,
                tasks_cpus_used: 0.15, tasks_voluntary_switches: 4.0, processes_processes: 3,
                processes_cpus_used: 1.84, processes_involuntary_switches: 39.0,
            },
            vec![
                of! { threads_threads: 1 },
                of! { threads_processes: 2 },
                of! { threads_cpus_used: 1.4 },
                of! { tasks_threads: 3 },
                of! { tasks_processes: 2 },
                of! { tasks_cpus_used: 1.4 },
                of! { processes_processes: 1 },
                of! { processes_cpus_used: 0.9 },
            ],
        ),
        "C13" => (
            of! { wall_seconds: 1.49, times_faster: 4.95, threads: 6 },
            vec![of! { times_faster: 2.0 }, of! { threads: 1 }],
        ),
        "C14" => (
            of! {
                baseline_lines_of_code: 30, threads_lines_of_code: 44, lines_removed: 28,
                lines_added: 43,
            },
            vec![of! { threads_lines_of_code: 30 }],
        ),
        "C15" => (
            of! {
                share_lost: 0.242994, updates_lost_by_fetch_add: 0, updates_lost_by_mutex: 0,
                nanoseconds_an_update_load_store: 0.6, nanoseconds_an_update_fetch_add: 7.76,
                nanoseconds_an_update_mutex: 20.4, race_condition_holds: true,
            },
            vec![of! { race_condition_holds: false }],
        ),
        "C16" => (
            of! {
                threads_locked_up: 2, rounds: 200, rounds_done_in_opposite_orders: 0,
                rounds_done_in_one_order: 200, deadlock_holds: true,
            },
            vec![of! { deadlock_holds: false }],
        ),
        "C17" => (
            of! {
                updates_lost: 1_943_952, threads_locked_up: 2, rounds_before_the_deadlock: 0,
                race_condition_holds: true, deadlock_holds: true,
            },
            vec![of! { race_condition_holds: false }, of! { deadlock_holds: false }],
        ),
        "C18" => (
            of! { downloads: 160, downloads_failed: 0, threads: 5, threads_io_diagram_holds: true },
            vec![of! { downloads: 2 }, of! { downloads_failed: 1 }, of! { threads: 4 }],
        ),
        "C19" => (
            of! { downloads: 160, blocks: 160, threads_io_diagram_holds: true },
            vec![of! { threads_io_diagram_holds: false }],
        ),
        "C20" => (
            of! {
                wall_seconds: 0.0699, times_faster: 103.6, threads: 1,
                peak_memory_bytes: 10_711_040,
            },
            vec![of! { times_faster: 1.1 }, of! { threads: 2 }],
        ),
        "C21" => (
            of! {
                tasks: 1_000_000, task_resident_bytes: 451.7, task_start_microseconds: 0.82,
                threads: 10_000, thread_resident_bytes: 9776.0, thread_start_microseconds: 38.1,
                scale_tasks_holds: true, scale_threads_holds: true,
            },
            vec![
                of! { tasks: 5_000 },
                of! { task_resident_bytes: 20_000.0 },
                of! { task_start_microseconds: 50.0 },
            ],
        ),
        "C22" => (
            of! {
                wall_seconds_sequential: 0.485, wall_seconds_blocking_in_tasks: 0.486,
                wall_seconds_spawn_blocking: 0.0428, wall_seconds_async_client: 0.0418,
                blocking_call_holds: true,
            },
            vec![of! { blocking_call_holds: false }],
        ),
        "C23" => (
            of! {
                beat_milliseconds: 5, longest_gap_greedy_milliseconds: 177.1,
                longest_gap_yield_now_milliseconds: 9.8,
                longest_gap_spawn_blocking_milliseconds: 13.8, greedy_task_holds: true,
            },
            vec![of! { greedy_task_holds: false }],
        ),
        "C24" => (
            of! { downloads: 160, downloads_failed: 0, tasks: 160, async_io_diagram_holds: true },
            vec![of! { downloads: 2 }, of! { downloads_failed: 1 }, of! { tasks: 100 }],
        ),
        "C25" => (
            of! { downloads: 160, blocks: 160, async_io_diagram_holds: true },
            vec![of! { async_io_diagram_holds: false }],
        ),
        "C26" => (
            of! { processes: 3, cpus_used: 1.84, processors: 2 },
            vec![of! { processes: 1 }, of! { cpus_used: 0.95 }],
        ),
        "C27" => (
            of! {
                lines_added: 14, lines_removed: 34, threads_lines_added: 43, tasks_lines_added: 39,
                lines_of_code: 190,
            },
            vec![of! { lines_added: 40 }],
        ),
        "C28" => (of! { wall_seconds: 0.036, times_faster: 1.72 }, vec![of! { times_faster: 1.0 }]),
        "C29" => (
            of! {
                written_by_the_child: 42, seen_in_a_variable: 1, seen_through_a_pipe: 42,
                seen_in_shared_memory: 42, separate_memory_holds: true,
            },
            vec![of! { separate_memory_holds: false }],
        ),
        "C30" => (
            of! {
                processes_times_faster: 4.8, processes_wall_seconds: 1.52,
                threads_wall_seconds: 1.49, tasks_wall_seconds: 0.07, processes_cpu_seconds: 0.041,
                threads_cpu_seconds: 0.02, tasks_cpu_seconds: 0.011, io_bound_holds: true,
            },
            vec![of! { io_bound_holds: false }],
        ),
        "C31" => (
            of! {
                sums: 20, sums_failed: 0, workers: 2, processors: 2,
                multiproc_cpu_diagram_holds: true,
            },
            vec![of! { sums: 3 }, of! { sums_failed: 1 }, of! { workers: 1 }],
        ),
        "C32" => (
            of! { sums: 20, blocks: 20, multiproc_cpu_diagram_holds: true },
            vec![of! { multiproc_cpu_diagram_holds: false }],
        ),
        "C33" => (
            of! {
                threads_wall_seconds: 2.9, threads_notes_seconds: 3.7, tasks_wall_seconds: 2.0,
                tasks_notes_seconds: 2.6, processes_wall_seconds: 4.0,
                processes_notes_seconds: 2.5,
            },
            vec![
                of! { threads_wall_seconds: 1.5 },
                of! { tasks_wall_seconds: 0.07 },
                of! { processes_wall_seconds: 5.1 },
            ],
        ),
        _ => return None,
    };
    Some(sides)
}

/// A ledger of made-up figures, in which every verdict occurs.
pub fn made_up() -> Vec<Entry> {
    let of = |claim: &Claim| {
        let (holds, _) = sides(claim.id).expect("figures");
        let figures = Figures::made_up(&holds);
        entry(
            claim,
            match claim.id {
                "C04" => figures.with(&[("cpu_threads_speedup", json!(1.86))]),
                "C08" => figures.with(&[("involuntary_switches_a_thread", Value::Null)]),
                "C28" => Figures::of(claim.figures, &sample::comparison()),
                "C33" => figures.with(&[("tasks_wall_seconds", json!(0.07))]),
                _ => figures,
            },
        )
    };
    CLAIMS.iter().map(of).collect()
}

#[test]
fn all_claims_have_a_row_in_order() {
    let ids: Vec<String> = (1..=33).map(|number| format!("C{number:02}")).collect();
    assert_eq!(CLAIMS.map(|claim| claim.id), ids[..]);
}

#[test]
fn each_rule_can_become_false() {
    for claim in &CLAIMS {
        let Some((holds, changes)) = sides(claim.id) else {
            panic!("{} has no figures for both sides", claim.id);
        };
        let figures = Figures::made_up(&holds);
        assert_eq!((claim.rule)(&figures), Ok(Verdict::Holds), "{}", claim.id);
        assert!(!changes.is_empty(), "{} has no figures for which it does not hold", claim.id);
        for change in changes {
            let found = (claim.rule)(&figures.with(&change));
            assert_eq!(found, Ok(Verdict::DoesNotHoldHere), "{} {change:?}", claim.id);
        }
    }
}

#[test]
fn the_languages_can_differ() {
    let claim = CLAIMS.iter().find(|claim| claim.id == "C04").expect("a row");
    let figures = |python: f64, rust: f64| {
        Figures::made_up(&[
            ("python_cpu_threads_speedup", json!(python)),
            ("cpu_threads_speedup", json!(rust)),
        ])
    };
    assert_eq!((claim.rule)(&figures(0.98, 1.9)), Ok(Verdict::HoldsForCPython));
    assert_eq!((claim.rule)(&figures(1.9, 1.9)), Ok(Verdict::DoesNotHoldHere));
    assert_eq!((claim.rule)(&figures(0.98, 1.0)), Ok(Verdict::Holds));
}

#[test]
fn the_figures_are_those_of_the_table() {
    for claim in &CLAIMS {
        let (holds, _) = sides(claim.id).expect("figures");
        let mut names: Vec<&str> = claim.figures.iter().map(|figure| figure.name).collect();
        names.sort_unstable();
        let holds = Figures::made_up(&holds);
        let made_up: Vec<&str> =
            holds.names().into_iter().filter(|name| !name.ends_with("_holds")).collect();
        assert_eq!(made_up, names, "{}", claim.id);
    }
}

#[test]
fn each_phrase_shows_figures_of_its_claim() {
    for claim in &CLAIMS {
        let (mut rest, mut named) = (claim.measured, Vec::new());
        while let Some((_, name, after)) = next_name(rest) {
            assert!(claim.figures.iter().any(|figure| figure.name == name), "{} {name}", claim.id);
            named.push(name);
            rest = after;
        }
        assert!(!named.is_empty(), "{} shows nothing", claim.id);
    }
}

#[test]
fn without_figures_nothing_is_measured() {
    let mut nothing = sample::comparison();
    nothing.rows.clear();
    nothing.machine.processors = None;
    for entry in entries(&nothing) {
        assert!(matches!(entry.verdict, Verdict::NotMeasured(_)), "{}", entry.id);
        assert!(entry.reason.is_some_and(|reason| reason.contains(" was ")), "{}", entry.id);
    }
}

#[test]
fn a_row_that_broke_says_so() {
    // `multiproc-cpu` of the sample has failed.
    let ledger = entries(&sample::comparison());
    let entry = ledger.iter().find(|entry| entry.id == "C28").expect("an entry");
    assert_eq!(entry.verdict, Verdict::NotMeasured("multiproc-cpu broke".into()));
    assert_eq!(entry.said(), "not measured: multiproc-cpu broke");
    assert_eq!(entry.measured, "unknown, unknown times faster than the baseline");
}

#[test]
fn each_figure_of_an_example_has_its_name_there() {
    let source = |file: &str| {
        fs::read_to_string(lines_of_code::workspace().join(file)).expect("an example's source")
    };
    let shared = source("common/src/scale.rs");
    for Figure { source: from, key, .. } in CLAIMS.iter().flat_map(|claim| claim.figures) {
        if let Source::Shown(Demonstration::Example { package, name, flags }) = from {
            let example = source(&format!("{package}/examples/{name}.rs"));
            // An option's name may be filled in: `wall_seconds_{option}`.
            let filled = key.rsplit_once('_').map(|(beginning, _)| format!("\"{beginning}_{{"));
            let here = example.contains(key) || filled.is_some_and(|name| example.contains(&name));
            assert!(here || shared.contains(key), "{name} has no {key}");
            for flag in *flags {
                let field = flag.trim_start_matches("--").replace('-', "_");
                assert!(example.contains(&format!("{field}: bool")), "{name} has no {flag}");
            }
        }
    }
}
