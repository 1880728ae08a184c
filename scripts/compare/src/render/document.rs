//! A comparison in headings, sentences and tables.

use common::report::timeline::Timeline;

use crate::model::{Comparison, Origin, Python, Row, Strategy, WORKLOADS, Workload};
use crate::render::number::{known, percent, range, significant};
use crate::render::words::{heading, interrupted, python};
use crate::render::{Element, claims, scaling, tables};
use crate::statistics::{Ratio, Verdict};

/// With fewer rounds than this an interval is wide.
const FEW_ROUNDS: usize = 6;

/// What each figure covers.
const EXPLANATION: [&str; 9] = [
    "Time (median, mean, range): the whole process, from before its start to its end, measured from outside. σ is the sample standard deviation.",
    "Speedup: the baseline's time over the program's, in the same language. One ratio for each round, of the medians in it; the geometric mean over the rounds, with its 95 % confidence interval (Student's t on the logarithms).",
    "Efficiency: the lower bound over the time taken. The lower bound is the longest item, or all items over the workers, whichever is more. A download counts with the latency of its local page, a sum with its time in that run; for real sites it is unknown.",
    "CPU time, CPUs used (CPU time over time), context switches: of the program and its workers, mean of the runs. The local server is not included.",
    "Threads, processes: the most alive at the same time; peak memory: resident, of several processes the sum of their peaks, in which shared memory counts for each. As the program reports them, the highest of all runs.",
    "Code lines: in the program's own folder (Python: its file), without blank lines, comments and tests.",
    "Article: the time that the article gives for its Python program, with real sites, on another machine.",
    "Outlier: a modified z-score above 3.5 (Iglewicz and Hoaglin 1993), and 1 % from the median.",
    "Slowdown in Python: Python's figure over Rust's. Time includes the start of the interpreter.",
];

/// Everything that a comparison shows; with `details` all columns and their explanation.
pub fn document(comparison: &Comparison, details: bool) -> Vec<Element> {
    let mut elements = if comparison.scaling.is_some() {
        scaling::document(comparison)
    } else if comparison.claims.is_some() {
        claims::document(comparison)
    } else {
        compared(comparison, details)
    };
    if comparison.any_failed() {
        elements.push(Element::Heading(2, "Failed runs".into()));
        elements.extend(failures(comparison));
    }
    elements.extend(interrupted(comparison).map(Element::Text));
    elements
}

fn compared(comparison: &Comparison, details: bool) -> Vec<Element> {
    let mut elements = heading("Concurrency options compared", comparison);
    for workload in WORKLOADS {
        if comparison.of_workload(workload).next().is_none() {
            continue;
        }
        elements.push(Element::Heading(2, tables::title(comparison, workload)));
        elements.extend(tables::of_workload(comparison, workload, details));
        elements.extend(Element::list(verdicts(comparison, workload)));
    }
    elements.push(Element::Heading(2, "The three options".into()));
    elements.push(Element::Table(tables::options(comparison, details)));
    if let Some(interpreter) = comparison.interpreter() {
        elements.push(Element::Heading(2, "Slowdown in Python".into()));
        elements.push(Element::Text(python(interpreter)));
        elements.extend(tables::twins(comparison).map(Element::Table));
    }
    elements.extend(remarks(comparison).into_iter().map(Element::Text));
    if details {
        elements.push(Element::Heading(2, "What the figures cover".into()));
        elements.push(Element::List(explanation(comparison)));
        if let Some(outliers) = Element::list(tables::outliers(comparison)) {
            elements.extend([Element::Heading(2, "Outliers".into()), outliers]);
        }
    } else {
        let text = "More figures and an explanation of each column: --details.";
        elements.push(Element::Text(text.into()));
    }
    elements
}

/// What each figure covers, a paragraph each.
pub fn explanation(comparison: &Comparison) -> Vec<String> {
    match comparison.scaling {
        Some(_) => scaling::EXPLANATION.map(str::to_owned).to_vec(),
        None => EXPLANATION.map(str::to_owned).to_vec(),
    }
}

/// The verdict on each program of a workload, the fastest program first.
pub fn verdicts(comparison: &Comparison, workload: Workload) -> Vec<String> {
    let mut lines = Vec::from_iter(fastest(comparison, workload));
    for row in comparison.of_workload(workload) {
        if let (Some(speedup), Some(baseline)) = (comparison.speedup(row), comparison.baseline(row))
        {
            let (name, baseline) = (row.program.label(), baseline.program.label());
            lines.push(format!("{name} against {baseline}: {}.", verdict(speedup)));
        }
    }
    lines
}

/// A verdict in words.
fn verdict(speedup: Ratio) -> String {
    match (speedup.verdict(), speedup.interval) {
        (Verdict::Faster, _) => format!("faster, {}", times(speedup)),
        (Verdict::Slower, _) => format!("slower, {} as fast", times(speedup)),
        (Verdict::Same, _) => "the same within 2 %".into(),
        (Verdict::NotResolved, Some(interval)) => {
            format!("not resolved: {} times; run longer", range(interval))
        }
        (Verdict::NotResolved, None) => "not resolved by a single round; run longer".into(),
    }
}

/// `4.88 times (4.86 to 4.90)`.
fn times(ratio: Ratio) -> String {
    let interval = ratio.interval.map(|interval| format!(" ({})", range(interval)));
    format!("{} times{}", significant(ratio.value), interval.unwrap_or_default())
}

/// Which option won a workload and why; `None` if there are not two options to compare.
fn fastest(comparison: &Comparison, workload: Workload) -> Option<String> {
    let mut rows: Vec<(&Row, f64)> = comparison
        .of_workload(workload)
        .filter(|row| row.program.origin != Origin::Python)
        .filter_map(|row| Some((row, row.summary()?.wall.median)))
        .collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (&(first, _), &(second, _)) = (rows.first()?, rows.get(1)?);
    let lead = first.speedup_over(second)?;
    let (first_name, second_name) = (first.program.label(), second.program.label());
    Some(match lead.verdict() {
        Verdict::Faster => format!(
            "The fastest is {first_name}: {} faster than {second_name}{}.",
            times(lead),
            reason(first).unwrap_or_default()
        ),
        // A verdict against the baseline has a line anyway.
        _ if first.program.is_baseline() || second.program.is_baseline() => return None,
        _ => format!("{first_name} against {second_name}: {}.", verdict(lead)),
    })
}

/// Why a program is fast, as the end of a sentence.
fn reason(row: &Row) -> Option<String> {
    row.program.strategy.filter(|strategy| *strategy != Strategy::Sequential)?;
    Some(match row.program.workload {
        Workload::Io => {
            let report = row.report()?;
            let thread = if report.threads == Some(1) { ", on one thread" } else { "" };
            let most = Timeline::of(report).peak_concurrency();
            format!(", because up to {most} downloads wait at the same time{thread}")
        }
        Workload::Cpu => {
            format!(", because it used {} CPUs", significant(row.summary()?.cpus_used?))
        }
    })
}

/// What limits the results.
pub fn remarks(comparison: &Comparison) -> Vec<String> {
    let mut remarks = Vec::new();
    let width =
        |(row, half): (&Row, _)| format!("{} (± {})", row.program.command(), known(half, percent));
    let wide = comparison.too_wide().map(width).collect::<Vec<_>>().join(", ");
    if let (Some(until), false) = (comparison.until.map(percent), wide.is_empty()) {
        remarks.push(format!(
            "Not within {until} when the time was over: {wide}. For more rounds: --max-time SECONDS."
        ));
    }
    let rounds = comparison.rows.iter().filter_map(|row| row.runs.last());
    if let Some(rounds) = rounds.map(|run| run.round + 1).min().filter(|it| *it < FEW_ROUNDS) {
        let plural = if rounds == 1 { "" } else { "s" };
        remarks.push(format!(
            "Some programs have only {rounds} round{plural}, so their intervals are wide. For more \
             rounds: --runs N, or no --quick."
        ));
    }
    if let Some(Python::Missing(why)) = &comparison.python {
        remarks.push(format!("The Python programs were not run: {why}"));
    }
    if !comparison.urls.is_empty() {
        remarks.push(
            "The sites are real ones. Their content is not known, so only that every item was read was \
             checked. Their times are those of the network as much as of the program."
                .into(),
        );
    }
    let outliers = tables::outliers(comparison).len();
    if outliers > 0 {
        let runs = if outliers == 1 {
            "1 run is an outlier".into()
        } else {
            format!("{outliers} runs are outliers")
        };
        remarks.push(format!(
            "{runs}: probably other programs ran on this machine. Close them and compare again, or take \
             more runs with --runs N."
        ));
    }
    remarks
}

/// The failures of a comparison.
pub fn failures(comparison: &Comparison) -> Vec<Element> {
    let mut elements = Vec::new();
    for (name, failure) in comparison.failures() {
        elements.push(Element::Text(format!("{name}, {}: {}", failure.run, failure.reason)));
        for (name, text) in [("output", &failure.stdout), ("error", &failure.stderr)] {
            if text.is_empty() {
                elements.push(Element::Text(format!("Its standard {name} was empty.")));
            } else {
                elements.push(Element::Text(format!("Its standard {name}:")));
                elements.push(Element::Output(text.clone()));
            }
        }
    }
    elements
}
