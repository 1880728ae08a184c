//! The claims and their verdicts.

use std::collections::BTreeMap;

use crate::catalog::OPTIONS;
use crate::model::{ClaimEntry, ClaimFigure, ClaimVerdict, Comparison, Unit};
use crate::render::number::{known, memory, significant, time, with_interval};
use crate::render::words::{heading, python};
use crate::render::{Element, Grid};

/// Everything that `--claims` shows.
pub fn document(comparison: &Comparison) -> Vec<Element> {
    let claims = comparison.claims.as_deref().unwrap_or_default();
    let mut elements = heading("The claims of the article, and whether they hold here", comparison);
    elements.extend(comparison.interpreter().map(python).map(Element::Text));
    elements.push(Element::Table(list(claims)));
    elements.push(Element::Text(counts(claims)));
    if let Some(claim) = claims.iter().find(|claim| claim.id == "C03") {
        elements.push(Element::Heading(2, "Speedup of each option on each workload".into()));
        elements.push(Element::Table(speedups(&claim.figures)));
        elements.push(Element::Text("* the best in its column".into()));
    }
    elements
}

/// All claims: what was measured, the commands that show it, and the verdict.
pub fn list(claims: &[ClaimEntry]) -> Grid {
    let row = |claim: &ClaimEntry| {
        let mut lines = vec![claim.claim.to_owned(), measured(claim)];
        lines.extend(claim.commands.iter().map(|command| format!("$ {command}")));
        vec![claim.id.to_owned(), lines.join("\n"), verdict(claim)]
    };
    Grid {
        caption: "The claims, and whether they hold here".into(),
        head: vec!["id", "claim, measured here, command", "verdict"],
        rows: claims.iter().map(row).collect(),
        words: 3,
    }
}

/// What was measured of a claim.
pub fn measured(claim: &ClaimEntry) -> String {
    let mut parts: Vec<String> = claim.demos.iter().map(|(_, demo)| demo.summary.clone()).collect();
    let figures: Vec<String> = claim.figures.iter().map(figure).collect();
    if !figures.is_empty() {
        parts.push(format!("{}.", figures.join("; ")));
    }
    if parts.is_empty() { "nothing".into() } else { parts.join(" ") }
}

fn figure(figure: &ClaimFigure) -> String {
    let ClaimFigure { source, name, unit, value, interval } = figure;
    let name = name.replace('_', " ");
    let name = name.trim_end_matches(" seconds").trim_end_matches(" bytes");
    let value = known(*value, |value| match unit {
        Unit::Ratio => with_interval(value, *interval),
        Unit::Seconds => time(value),
        Unit::Bytes => memory(value),
        Unit::Count if value.fract() == 0.0 && value < 1e15 => super::number::count(value as u64),
        Unit::Count => significant(value),
    });
    format!("{source}: {name} {value}")
}

/// A verdict in words.
pub fn verdict(claim: &ClaimEntry) -> String {
    match (&claim.verdict, claim.opinion) {
        (ClaimVerdict::NotMeasured(reason), _) => format!("not measured: {reason}"),
        (ClaimVerdict::Holds, true) => "an opinion: the facts hold".into(),
        (ClaimVerdict::DoesNotHold, true) => "an opinion: the facts do not hold here".into(),
        (verdict, _) => name(verdict).into(),
    }
}

/// The name of a verdict.
pub fn name(verdict: &ClaimVerdict) -> &'static str {
    match verdict {
        ClaimVerdict::Holds => "holds",
        ClaimVerdict::HoldsForCPython => "holds for CPython, not for Rust",
        ClaimVerdict::DoesNotHold => "does not hold here",
        ClaimVerdict::NotResolved => "not resolved here",
        ClaimVerdict::NotMeasured(_) => "not measured",
    }
}

// How many claims have each verdict.
fn counts(claims: &[ClaimEntry]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for claim in claims {
        *counts.entry(name(&claim.verdict)).or_default() += 1;
    }
    let counts = counts.iter().map(|(verdict, count)| format!("{verdict}: {count}"));
    format!("{} claims. {}.", claims.len(), counts.collect::<Vec<_>>().join("; "))
}

// The figures of C03: for each option its speedup of the downloads and of the sums.
fn speedups(figures: &[ClaimFigure]) -> Grid {
    let best = |column: usize| {
        let values = figures.iter().skip(column).step_by(2).filter_map(|figure| figure.value);
        values.fold(1.0, f64::max)
    };
    let cell = |column: usize, figure: &ClaimFigure| match figure.value {
        Some(value) if value == best(column) => format!("* {}", significant(value)),
        value => known(value, significant),
    };
    let mut rows = vec![vec!["baseline".to_owned(), "1".into(), "1".into()]];
    for ((_, title), pair) in OPTIONS.iter().zip(figures.chunks_exact(2)) {
        rows.push(vec![(*title).to_owned(), cell(0, &pair[0]), cell(1, &pair[1])]);
    }
    Grid {
        caption: "Speedup of each option".into(),
        head: vec!["option", "downloads", "sums"],
        rows,
        words: 1,
    }
}
