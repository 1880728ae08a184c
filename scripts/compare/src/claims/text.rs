//! The ledger as it is printed.

use std::collections::BTreeMap;

use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, Table, Width};
use serde_json::Value;

use crate::ledger::figures::Figures;
use crate::ledger::{Entry, Verdict, entries};
use crate::programs::{Concurrency, Language, Workload};
use crate::python::Python;
use crate::results::Comparison;
use crate::tables::{self, Look, RULES, UNKNOWN};

/// Columns of the whole, of an id, and of a verdict.
const WIDTH: u16 = 100;
const ID: u16 = 4;
const VERDICT: u16 = 22;

/// Between a number and its unit.
pub const NO_BREAK: char = '\u{a0}';

/// A program that only computes has its CPU for less of its time than this on a busy machine.
const BUSY: f64 = 0.9;

/// The claim that the table at the end is about.
const TABLE: &str = "C03";

/// The ledger, the table of options, and what broke.
pub fn report(comparison: &Comparison) -> String {
    let ledger = entries(comparison);
    let mut parts = vec![
        tables::heading("What the notes claim, and whether it holds here", 1, Look::Terminal),
        format!("Measured on {}.", comparison.machine),
    ];
    parts.extend(comparison.python.iter().map(Python::said));
    parts.extend([list(&ledger), counts(&ledger)]);
    if let Some(entry) = ledger.iter().find(|entry| entry.id == TABLE) {
        parts.push(tables::heading("Times faster than the baseline", 2, Look::Terminal));
        parts.push(options(&entry.figures));
    }
    parts.extend(busy(comparison));
    if comparison.any_failed() {
        parts.push(tables::heading("What broke", 2, Look::Terminal));
        for (command, failure) in comparison.failures() {
            parts.extend(tables::failure(&command, failure));
        }
    }
    if let Some(signal) = comparison.interrupted_by {
        parts.push(format!("Interrupted by signal {signal}: this is what was done until then."));
    }
    parts.join("\n\n")
}

/// Each claim, its figures and its commands on lines of their own, beside its verdict.
pub fn list(ledger: &[Entry]) -> String {
    let mut table = Table::new();
    table
        .load_style(RULES.row_separator(LineStyle::none().fill(' ')))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(["id", "claim, what was measured, and the command that shows it", "verdict"]);
    for entry in ledger {
        let mut lines = vec![entry.claim.to_owned(), entry.measured.clone()];
        lines.extend(entry.command.split(" && ").map(|command| format!("$ {command}")));
        table.add_row([entry.id.to_owned(), lines.join("\n"), entry.said()]);
    }
    for (column, width) in table.column_iter_mut().zip([ID, WIDTH - ID - VERDICT - 5, VERDICT]) {
        column.set_padding((0, 1));
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + 1)));
    }
    table.trim_fmt().replace(NO_BREAK, " ")
}

// Whether other programs took a share of the processor, told by the program that uses one all the
// time.
fn busy(comparison: &Comparison) -> Option<String> {
    let mut rows = comparison.of_workload(Workload::Cpu);
    let baseline = rows.find(|row| {
        row.program.option == Concurrency::Sequential && row.program.language == Language::Rust
    })?;
    let used = baseline.summary()?.cpus_used.filter(|used| *used < BUSY)?;
    Some(format!(
        "This machine was busy: {}, which computes all the time, got {} of a CPU.\n\
         Claims about computing are measured with what other programs leave. Close those, and run\n\
         this again.",
        baseline.program.command(),
        tables::processors(used)
    ))
}

// How many claims have each verdict.
fn counts(ledger: &[Entry]) -> String {
    let not_measured = Verdict::NotMeasured(String::new());
    let mut counts: BTreeMap<&Verdict, usize> = BTreeMap::new();
    for entry in ledger {
        let verdict = match &entry.verdict {
            Verdict::NotMeasured(_) => &not_measured,
            other => other,
        };
        *counts.entry(verdict).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(verdict, count)| format!("{verdict}: {count}")).collect();
    format!("{} claims. {}.", ledger.len(), counts.join("; "))
}

/// Each option on each workload, the best of each column marked.
pub fn options(figures: &Figures) -> String {
    const WORKLOADS: [&str; 2] = ["io", "cpu"];
    const OPTIONS: [&str; 3] = ["threads", "tasks", "processes"];
    let times = |option: &str, workload: &str| {
        figures.number(&format!("{option}_{workload}_times_faster")).ok()
    };
    let cell = |option: &str, workload: &str| {
        let best = OPTIONS.iter().filter_map(|option| times(option, workload)).fold(1.0, f64::max);
        match times(option, workload) {
            Some(value) if value == best => format!("* {}", quotient(value)),
            Some(value) => quotient(value),
            None => UNKNOWN.into(),
        }
    };
    let baseline = vec!["baseline".to_owned(), "1".into(), "1".into()];
    let options = OPTIONS.map(|option| {
        let cells = WORKLOADS.iter().map(|workload| cell(option, workload));
        [option.to_owned()].into_iter().chain(cells).collect()
    });
    let rows = [baseline].into_iter().chain(options);
    let table = tables::table(&["option", "downloads", "sums"], 1, rows, Look::Terminal);
    let text = tables::text(&table, Look::Terminal);
    format!("{text}\n\n* the best of its column")
}

/// A phrase with each `{name}` replaced by that figure.
pub fn phrase(template: &str, figures: &Figures) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, name, after)) = next_name(rest) {
        text.push_str(before);
        let figure = figures.value(name).map_or(UNKNOWN.into(), |value| shown(name, value));
        text.extend(figure.chars().map(|c| if c == ' ' { NO_BREAK } else { c }));
        rest = after;
    }
    text + rest
}

// What stands before, in and after the first braces.
pub(super) fn next_name(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

// A figure with the unit that its name says.
fn shown(name: &str, value: &Value) -> String {
    if let (Some(on), "python_gil") = (value.as_bool(), name) {
        return if on { "on" } else { "off" }.into();
    }
    let Some(number) = value.as_f64() else { return UNKNOWN.into() };
    let has = |unit: &str| name.split('_').any(|word| word == unit);
    let small_unit = [("milliseconds", "ms"), ("microseconds", "µs"), ("nanoseconds", "ns")];
    if let Some((_, unit)) = small_unit.into_iter().find(|(word, _)| has(word)) {
        return format!(
            "{} {unit}",
            if value.is_u64() { number.to_string() } else { quotient(number) }
        );
    }
    match name {
        _ if has("notes") => format!("{number:.1} s"),
        _ if has("seconds") => tables::time(number),
        _ if has("bytes") && number < 10_240.0 => format!("{} bytes", tables::count(number)),
        _ if has("bytes") && number < f64::from(1 << 20) => format!("{:.1} KiB", number / 1024.0),
        _ if has("bytes") => tables::memory(number as u64),
        _ if has("share") => format!("{:.1} %", 100.0 * number),
        _ if has("cpus") => tables::processors(number),
        _ if has("switches") => tables::count(number),
        _ if value.is_u64() && number < 10.0 => number.to_string(),
        _ if value.is_u64() => tables::count(number),
        _ => quotient(number),
    }
}

// Three digits that count.
fn quotient(value: f64) -> String {
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::both_sides::made_up;
    use crate::results::sample;
    use serde_json::json;

    #[test]
    fn as_it_is_printed() {
        let ledger = made_up();
        let text = format!("{}\n\n{}", list(&ledger), counts(&ledger));
        for line in text.lines() {
            assert!(line.chars().count() <= usize::from(WIDTH), "{line}");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_busy_machine_is_named() {
        let mut comparison = sample::comparison();
        let said = busy(&comparison).expect("0.375 of a CPU");
        assert!(said.contains("sequential-baseline cpu,") && said.contains("got 0.38 of a CPU"));
        for run in &mut comparison.rows[3].runs {
            run.user_seconds = Some(run.wall_seconds);
        }
        assert_eq!(busy(&comparison), None);
    }

    #[test]
    fn the_best_of_each_column_is_marked() {
        let figures = Figures::made_up(&[
            ("threads_io_times_faster", json!(4.95)),
            ("tasks_io_times_faster", json!(104.2)),
            ("processes_io_times_faster", json!(1.98)),
            ("threads_cpu_times_faster", json!(1.91)),
            ("tasks_cpu_times_faster", json!(0.99)),
        ]);
        insta::assert_snapshot!(options(&figures));
    }

    #[test]
    fn each_unit_is_shown() {
        let said = |name: &str, value: Value| {
            phrase(&format!("<{{{name}}}>"), &Figures::made_up(&[(name, value)]))
        };
        for (name, value, text) in [
            ("wall_seconds", json!(1.5), "1.500 s"),
            ("threads_notes_seconds", json!(3.7), "3.7 s"),
            ("wall_seconds", json!(0.0625), "62.5 ms"),
            ("beat_milliseconds", json!(5), "5 ms"),
            ("gap_milliseconds", json!(177.07), "177 ms"),
            ("thread_start_microseconds", json!(26.9), "26.9 µs"),
            ("nanoseconds_an_update_mutex", json!(20.4), "20.4 ns"),
            ("task_resident_bytes", json!(451.7), "452 bytes"),
            ("process_resident_bytes", json!(120_000.0), "117.2 KiB"),
            ("peak_memory_bytes", json!(5_844_992), "5.6 MiB"),
            ("share_lost", json!(0.243), "24.3 %"),
            ("processes_cpus_used", json!(1.8712), "1.87"),
            ("times_faster", json!(104.2), "104"),
            ("updates_lost", json!(1_943_952), "1,943,952"),
            ("threads", json!(2), "2"),
            ("voluntary_switches", json!(162.5), "162"),
            ("threads", Value::Null, "unknown"),
            ("python_gil", json!(false), "off"),
        ] {
            assert_eq!(said(name, value), format!("<{}>", text.replace(' ', "\u{a0}")), "{name}");
        }
        assert_eq!(phrase("{missing}, {", &Figures::default()), "unknown, {");
    }
}
