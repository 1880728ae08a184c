//! Each rule with facts for which its claim holds, and with facts for which it does not.
#![cfg(test)]

use std::fs;

use common::demo::claims as words;
use serde_json::{Value, json};

use crate::claims::demos::Demo;
use crate::claims::facts::{ClaimRow, Facts, Source};
use crate::claims::list::CLAIMS;
use crate::claims::{entry, evaluate};
use crate::model::ClaimVerdict::{self, DoesNotHold, Holds, HoldsForCPython, NotResolved};
use crate::model::{Comparison, Round, Workload};
use crate::render::sample;
use crate::sources::workspace;

/// The values of a claim for which it holds, and changes (position, value) for which it does not.
fn sides(id: &str) -> (Vec<f64>, Vec<(usize, f64)>) {
    match id {
        "C01" => (vec![4.9, 103.6], vec![(0, 1.2), (1, 0.9)]),
        "C02" => (vec![1.72, 1.84], vec![(0, 1.1)]),
        "C03" => (vec![4.95, 1.86, 103.6, 0.99, 1.98, 1.72], vec![(3, 1.9)]),
        "C04" => (vec![0.99, 1.1, 0.98], vec![(2, 1.9)]),
        "C05" => (vec![3.93, 4.87], vec![(0, 1.02), (1, 1.01)]),
        "C12" => (
            vec![6.0, 1.0, 0.014, 1.0, 1.0, 0.15, 3.0, 1.84],
            vec![(0, 1.0), (1, 2.0), (2, 1.4), (3, 3.0), (4, 2.0), (5, 1.4), (6, 1.0), (7, 0.9)],
        ),
        "C13" => (vec![4.95, 6.0], vec![(0, 2.0), (1, 1.0)]),
        "C14" => (vec![30.0, 44.0, 20.0], vec![(1, 30.0)]),
        "C20" => (vec![103.6, 1.0, 1e7], vec![(0, 1.1), (1, 2.0)]),
        "C26" => (vec![3.0, 1.84, 2.0], vec![(0, 1.0), (1, 0.95)]),
        "C27" => (vec![14.0, 43.0, 39.0, 190.0], vec![(0, 40.0)]),
        "C28" => (vec![1.72], vec![(0, 1.0)]),
        "C31" => (vec![2.0], vec![(0, 3.0)]),
        "C33" => (vec![2.9, 3.7, 2.0, 2.6, 4.0, 2.5], vec![(0, 1.5), (2, 0.07), (4, 5.1)]),
        _ => (vec![], vec![]),
    }
}

/// The figures of the demonstrations for which a claim holds, and one for which it does not.
fn demo_sides(id: &str) -> (Value, Option<Value>) {
    let complete =
        |items: u64, workers: u64| json!({ "items": items, "items_failed": 0, "workers": workers });
    match id {
        "C05" => (json!({ "threads": 4 }), None),
        "C18" => (complete(160, 5), Some(complete(160, 4))),
        "C21" => (json!({ "reached": 1, "start_microseconds_each": 1 }), None),
        "C24" => (complete(160, 160), Some(complete(159, 160))),
        "C31" => (complete(20, 2), Some(json!({ "items": 20, "items_failed": 1, "workers": 2 }))),
        _ => (json!({}), None),
    }
}

fn claim(id: &str) -> &'static ClaimRow {
    CLAIMS.iter().find(|claim| claim.id == id).expect("a claim")
}

fn judged(
    claim: &ClaimRow,
    values: &[f64],
    holds: bool,
    demo: &Value,
) -> Result<ClaimVerdict, String> {
    (claim.rule)(&Facts::made_up(claim, values, holds, demo.clone()))
}

#[test]
fn all_claims_have_a_row_in_order() {
    let ids: Vec<String> = (1..=33).map(|number| format!("C{number:02}")).collect();
    assert_eq!(CLAIMS.each_ref().map(|claim| claim.id), ids[..]);
}

#[test]
fn the_page_has_the_words_of_each_claim() {
    let page = fs::read_to_string(workspace().join("scripts/README.md")).expect("the page");
    for (claim, (id, words)) in CLAIMS.iter().zip(words::CLAIMS) {
        assert_eq!(claim.id, id);
        assert!(page.contains(&format!("| {id} {words} |")), "{id} {words}");
    }
}

#[test]
fn each_rule_can_become_false() {
    for claim in CLAIMS.iter().filter(|claim| claim.id != "C21") {
        let ((values, changes), (demo, other)) = (sides(claim.id), demo_sides(claim.id));
        assert_eq!(values.len(), claim.figures.len(), "{}", claim.id);
        assert_eq!(judged(claim, &values, true, &demo), Ok(Holds), "{}", claim.id);
        for (position, value) in &changes {
            let mut values = values.clone();
            values[*position] = *value;
            let verdict = judged(claim, &values, true, &demo);
            assert_eq!(verdict, Ok(DoesNotHold), "{} with {value}", claim.id);
        }
        if let Some(other) = &other {
            assert_eq!(judged(claim, &values, true, other), Ok(DoesNotHold), "{}", claim.id);
        }
        if changes.is_empty() && other.is_none() {
            let verdict = judged(claim, &values, false, &demo);
            assert_eq!(verdict, Ok(DoesNotHold), "{}", claim.id);
        }
    }
}

#[test]
fn tasks_scale_better_by_number_start_and_memory() {
    let figures = |reached: u64, start: f64, memory: Option<f64>| json!({ "reached": reached, "start_microseconds_each": start, "resident_bytes_each": memory });
    let verdict = |tasks: Value| {
        let threads = figures(10_000, 38.1, Some(9776.0));
        let facts = Facts::made_up(claim("C21"), &[], true, json!({}));
        (claim("C21").rule)(&facts.with_demos([tasks, threads]))
    };
    assert_eq!(verdict(figures(1_000_000, 0.8, Some(451.7))), Ok(Holds));
    assert_eq!(verdict(figures(1_000_000, 0.8, None)), Ok(Holds), "unknown on this system");
    assert_eq!(verdict(figures(5_000, 0.8, Some(451.7))), Ok(DoesNotHold));
    assert_eq!(verdict(figures(1_000_000, 50.0, Some(451.7))), Ok(DoesNotHold));
    assert_eq!(verdict(figures(1_000_000, 0.8, Some(20_000.0))), Ok(DoesNotHold));
}

#[test]
fn an_interval_around_the_threshold_does_not_decide() {
    assert_eq!(judged(claim("C28"), &[1.25], true, &json!({})), Ok(NotResolved));
    assert_eq!(judged(claim("C01"), &[4.9, 1.25], true, &json!({})), Ok(NotResolved));
    assert_eq!(judged(claim("C01"), &[1.0, 1.25], true, &json!({})), Ok(DoesNotHold));
}

#[test]
fn the_gil_claim_depends_on_language_and_interpreter() {
    let verdict = |python: f64, rust: f64, gil: Option<bool>| {
        let mut facts = Facts::made_up(claim("C04"), &[0.99, rust, python], true, json!({}));
        facts.gil = gil;
        (claim("C04").rule)(&facts)
    };
    assert_eq!(verdict(0.98, 1.9, Some(true)), Ok(HoldsForCPython));
    assert_eq!(verdict(1.9, 1.9, Some(true)), Ok(DoesNotHold));
    assert_eq!(verdict(0.98, 1.0, Some(true)), Ok(Holds));
    assert_eq!(verdict(1.25, 1.9, Some(true)), Ok(NotResolved));
    assert_eq!(verdict(1.9, 1.9, Some(false)), Err("this interpreter has no GIL".into()));
}

#[test]
fn without_figures_nothing_is_measured() {
    let mut nothing = sample::comparison();
    nothing.rows.clear();
    nothing.machine.cpus = None;
    for entry in evaluate(&nothing) {
        let ClaimVerdict::NotMeasured(reason) = &entry.verdict else { panic!("{}", entry.id) };
        let missing = reason.contains(" was not run") || reason.ends_with(" is unknown here");
        assert!(missing, "{}: {reason}", entry.id);
    }
}

#[test]
fn a_busy_machine_refutes_nothing() {
    let mut comparison = sample::comparison();
    comparison.rows[1].lines_of_code = Some(1);
    let verdict = |comparison: &Comparison| {
        let entries = evaluate(comparison);
        entries.into_iter().find(|entry| entry.id == "C14").expect("an entry").verdict
    };
    assert_eq!(verdict(&comparison), DoesNotHold);
    comparison.rounds = vec![Round::new(Workload::Io, 0, 1.0, Some(0.5))];
    assert_eq!(verdict(&comparison), NotResolved);
}

#[test]
fn a_failed_row_is_the_reason() {
    // `multiproc-cpu` of the sample has failed.
    let claims = evaluate(&sample::comparison());
    let entry = claims.iter().find(|entry| entry.id == "C28").expect("an entry");
    assert_eq!(entry.verdict, ClaimVerdict::NotMeasured("multiproc-cpu failed".into()));
}

#[test]
fn a_claim_has_each_command_once() {
    let facts = Facts::made_up(claim("C03"), &[1.0; 6], true, json!({}));
    let commands = entry(claim("C03"), &facts).commands;
    assert_eq!(commands.len(), 4);
    assert_eq!(commands[1], "cargo run -p threads-io --example cpu_threads");
    assert_eq!(commands[3], "cargo run -p multiproc-cpu --example io_bound");
}

// The figures that the rules read by name.
#[test]
fn each_figure_of_an_example_is_in_its_source() {
    let shared = fs::read_to_string(workspace().join("common/src/demo/scaling.rs"));
    let shared = shared.expect("the shared source");
    let by_name: Vec<(Demo, &str)> = CLAIMS
        .iter()
        .flat_map(|claim| claim.figures)
        .filter_map(|source| match source {
            Source::Demo(demo, name) => Some((*demo, *name)),
            _ => None,
        })
        .chain(claim("C21").demos.iter().flat_map(|demo| {
            ["reached", "start_microseconds_each", "resident_bytes_each"].map(|name| (*demo, name))
        }))
        .chain([(claim("C05").demos[0], "threads")])
        .collect();
    assert!(by_name.len() > 10);
    for (demo, name) in by_name {
        let Demo::Example(package, example) = demo else { panic!("an example") };
        let file = workspace().join(format!("{package}/examples/{example}.rs"));
        let source = fs::read_to_string(file).expect("the source of an example");
        assert!(source.contains(name) || shared.contains(name), "{example} has no {name}");
    }
}
