//! The tables, for the terminal and in Markdown.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use crate::programs::{Concurrency, KINDS, Language, Workload};
use crate::python::Python;
use crate::results::{Comparison, Failure, Row, Summary};
use crate::statistics::{Ratio, Statistics};

/// How a report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Up to 100 columns wide.
    Terminal,
    /// Markdown.
    Markdown,
}

/// A figure that cannot be had.
pub const UNKNOWN: &str = "unknown";
/// A figure that there is none of.
const NONE: &str = "–";

/// With fewer runs than this σ is a guess.
const FEW_RUNS: usize = 5;

/// Rules above, below the head, and below.
pub const RULES: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// What each figure covers, a line each.
pub const COVERS: &str = "\
- Time: the whole process, from before it is started until it has ended, measured from outside.
  σ is the sample standard deviation of the runs.
- Times faster: the mean of the baseline in the same language over the program's. Its ± is the
  standard deviation of that quotient, from both σ (propagation of uncertainty, to first order).
- Bound share: the least time that the schedule allows (the longest item, or all items over the
  workers, whichever is more) over the time taken. For downloads an item is what the local page is
  set to take, for real sites it is unknown; for sums it is what each took in that run.
- CPU time, CPUs used (CPU time over time), switches: of the program and its workers, mean of the
  runs. Never of the site server.
- Threads, processes (the most alive at once, as seen when an item ended) and peak memory
  (resident; of several processes the sum of their peaks, in which what they share counts for
  each): as the program reports them, the most of any run.
- Code lines: those of the program's own folder, in Python of its file, without blank lines,
  comments and tests.
- Notes: the time that the notes give for Python, with real sites, on another machine.";

/// What each ratio of two languages is of.
const COVERS_PYTHON: &str = "\
- In Python: so many times what Rust takes; below 1 it takes less. Of time as it is above, start of
  the interpreter included; of CPU time, mean of the runs; of peak memory, the most of any run.";

/// What each figure of this comparison covers, a line each.
pub fn covers(comparison: &Comparison) -> String {
    match comparison.twins().next() {
        Some(_) => format!("{COVERS}\n{COVERS_PYTHON}"),
        None => COVERS.into(),
    }
}

/// Everything that a comparison has to say.
pub fn report(comparison: &Comparison, look: Look) -> String {
    let mut parts = vec![
        heading("Options of concurrency, compared", 1, look),
        format!("Measured on {}.", comparison.machine),
    ];
    for workload in Workload::ALL {
        let rows: Vec<&Row> = comparison.of_workload(workload).collect();
        if !rows.is_empty() {
            parts.push(heading(&title(comparison, workload), 2, look));
            parts.push(text(&times(comparison, &rows, look), look));
            parts.push(text(&costs(&rows, look), look));
        }
    }
    parts.push(heading(
        "The three options: what the notes say, and what was measured here",
        2,
        look,
    ));
    parts.push(text(&options(comparison, look), look));
    if let Some(python @ Python::Interpreter(_)) = &comparison.python {
        parts.push(heading(TWINS, 2, look));
        parts.push(python.said());
        if comparison.twins().next().is_some() {
            parts.push(text(&twins(comparison, look), look));
        }
    }
    parts.push(heading("What the figures cover", 2, look));
    parts.push(covers(comparison));
    parts.extend(remarks(comparison, look));
    parts.join("\n\n")
}

/// A heading of this level.
pub fn heading(text: &str, level: usize, look: Look) -> String {
    match look {
        Look::Terminal => format!("{}{text}", if level > 1 { "\n" } else { "" }),
        Look::Markdown => format!("{} {text}", "#".repeat(level)),
    }
}

/// What the programs of a workload had to do.
pub fn title(comparison: &Comparison, workload: Workload) -> String {
    match workload {
        Workload::Io if comparison.urls.is_empty() => {
            format!("I/O-bound: {} downloads from the local site server", comparison.downloads)
        }
        Workload::Io => format!(
            "I/O-bound: {} downloads of {}",
            comparison.downloads,
            comparison.urls.join(", ")
        ),
        Workload::Cpu => format!("CPU-bound: {} sums", comparison.sums),
    }
}

/// The time of each program.
pub fn times(comparison: &Comparison, rows: &[&Row], look: Look) -> Table {
    let head = [
        "program",
        "runs",
        "mean ± σ",
        "median",
        "min … max",
        "times\nfaster",
        "bound\nshare",
        "notes",
    ];
    let rows = rows.iter().map(|row| {
        let mut cells = vec![row.program.name.to_owned(), runs(row)];
        match row.summary() {
            Some(summary) => {
                let Statistics { mean, median, min, max, .. } = summary.wall;
                let unit = Unit::of(mean);
                cells.extend([
                    spread(&summary.wall),
                    format!("{} {}", unit.show(median), unit.name),
                    format!("{} … {} {}", unit.show(min), unit.show(max), unit.name),
                    match row.program.option {
                        Concurrency::Sequential => "1".into(),
                        _ => known(comparison.times_faster(row), ratio),
                    },
                    known(summary.share_of_bound, hundredths),
                ]);
            }
            None => {
                cells.push(if row.failure.is_some() { "failed" } else { "not run" }.into());
                cells.extend([NONE; 4].map(str::to_owned));
            }
        }
        let notes = comparison.notes_seconds(row);
        cells.push(notes.map_or(NONE.into(), |seconds| format!("{seconds:.1} s")));
        cells
    });
    table(&head, 1, rows, look)
}

/// What each program takes for it.
pub fn costs(rows: &[&Row], look: Look) -> Table {
    let head = [
        "program",
        "CPU\ntime",
        "CPUs\nused",
        "voluntary\nswitches",
        "involuntary\nswitches",
        "threads",
        "processes",
        "peak\nmemory",
        "code\nlines",
    ];
    let rows = rows.iter().map(|row| {
        let figures = row.summary().map_or([NONE; 7].map(str::to_owned), |summary| {
            let cpu = summary
                .user_seconds
                .zip(summary.system_seconds)
                .map(|(user, system)| user + system);
            [
                known(cpu, time),
                known(summary.cpus_used, processors),
                known(summary.voluntary_switches, count),
                known(summary.involuntary_switches, count),
                known(summary.threads, |threads| threads.to_string()),
                known(summary.processes, |processes| processes.to_string()),
                known(summary.peak_memory_bytes, memory),
            ]
        });
        let mut cells = vec![row.program.name.to_owned()];
        cells.extend(figures);
        cells.push(known(row.lines_of_code, |lines| lines.to_string()));
        cells
    });
    table(&head, 1, rows, look)
}

/// What the table of both languages is called.
pub const TWINS: &str = "Rust to Python: how many times as much the same takes in Python";

/// Each program and its twin in Python.
pub fn twins(comparison: &Comparison, look: Look) -> Table {
    let head = ["Rust", "Python", "time", "CPU time", "peak memory"];
    let rows = comparison.twins().map(|twins| {
        vec![
            twins.rust.program.command(),
            twins.python.program.command(),
            ratio(twins.wall),
            known(twins.cpu, ratio),
            known(twins.memory, |value| quotient(value, value)),
        ]
    });
    table(&head, 2, rows, look)
}

/// The notes' table of the options, a column for each, with what was measured below.
pub fn options(comparison: &Comparison, look: Look) -> Table {
    let rust = || comparison.rows.iter().filter(|row| row.program.language == Language::Rust);
    let rows = KINDS.map(|kind| rust().find(|row| row.program.option == kind.option));
    let summaries = rows.map(|row| row.and_then(Row::summary));
    let measured = |label: &str, figure: fn(&Summary) -> String| {
        let cells = summaries.iter().map(|summary| summary.as_ref().map_or(NONE.into(), figure));
        [label.to_owned()].into_iter().chain(cells).collect::<Vec<String>>()
    };
    let said = |label: &str, cells: [&str; 3]| {
        [label].into_iter().chain(cells).map(str::to_owned).collect::<Vec<String>>()
    };
    let head = [""].into_iter().chain(KINDS.map(|kind| kind.title)).collect::<Vec<&str>>();
    let lines = [
        said("type", KINDS.map(|kind| kind.multitasking)),
        said("package in Python", KINDS.map(|kind| kind.python_package)),
        said("crate here", KINDS.map(|kind| kind.rust_crate)),
        said("who decides the switch", KINDS.map(|kind| kind.switched_by)),
        said("processors", KINDS.map(|kind| kind.processors)),
        said(
            "measured here of",
            rows.map(|row| row.map_or("nothing: not run", |row| row.program.name)),
        ),
        measured("threads", |summary| known(summary.threads, |threads| threads.to_string())),
        measured("processes", |summary| {
            known(summary.processes, |processes| processes.to_string())
        }),
        measured("CPUs used", |summary| known(summary.cpus_used, processors)),
        measured("voluntary switches", |summary| known(summary.voluntary_switches, count)),
        measured("involuntary switches", |summary| known(summary.involuntary_switches, count)),
    ];
    table(&head, 4, lines.into_iter(), look)
}

/// What is to be said beside the tables.
pub fn remarks(comparison: &Comparison, look: Look) -> Vec<String> {
    let mut parts = Vec::new();
    let fewest = comparison.rows.iter().map(|row| row.runs.len()).filter(|&runs| runs > 0).min();
    if let Some(fewest) = fewest.filter(|&fewest| fewest < FEW_RUNS) {
        let runs = if fewest == 1 {
            "1 run, which has no σ".into()
        } else {
            format!("{fewest} runs, whose σ is a rough guess")
        };
        parts.push(format!("Some programs have only {runs}. For more: --runs N, or no --quick."));
    }
    if let Some(missing @ Python::Missing(_)) = &comparison.python {
        parts.push(missing.said());
    }
    if !comparison.urls.is_empty() {
        parts.push(
            "The sites are real ones. What they send is not known beforehand: it was checked that every\n\
             item was read, not what it says. Their times are those of the network as much as the program's."
                .into(),
        );
    }
    let outliers: Vec<String> = comparison.rows.iter().flat_map(outliers).collect();
    if !outliers.is_empty() {
        parts.push(heading("Outliers", 2, look));
        parts.push(outliers.join("\n"));
        parts.push(
            "Something came between, most likely other programs on this machine. Close them and compare\n\
             again, or take more runs with --runs N. Until then trust the median more than the mean: a single\n\
             odd run hardly moves it. (Modified z-score above 3.5, Iglewicz and Hoaglin 1993, and 1 % off.)"
                .into(),
        );
    }
    if comparison.any_failed() {
        parts.push(heading("Failed runs", 2, look));
        for (command, failed) in comparison.failures() {
            parts.extend(failure(&command, failed));
        }
    }
    if let Some(signal) = comparison.interrupted_by {
        parts.push(format!("Interrupted by signal {signal}: this is what was done until then."));
    }
    parts
}

fn outliers(row: &Row) -> Vec<String> {
    let Some(summary) = row.summary() else {
        return Vec::new();
    };
    let unit = Unit::of(summary.wall.mean);
    let line = |&run: &usize| {
        let (took, median) =
            (unit.show(row.runs[run].wall_seconds), unit.show(summary.wall.median));
        let (command, unit) = (row.program.command(), unit.name);
        format!(
            "- {command}: run {} of {} took {took} {unit}, the median is {median} {unit}.",
            run + 1,
            row.runs.len()
        )
    };
    summary.outliers.iter().map(line).collect()
}

/// What broke, how, and what it wrote; a paragraph each.
pub fn failure(command: &str, failure: &Failure) -> Vec<String> {
    let mut parts = vec![format!("{command}, {}: {}", failure.run, failure.reason)];
    parts.extend(output("standard output", &failure.stdout));
    parts.extend(output("standard error", &failure.stderr));
    parts
}

// What a program wrote, set in, which is also how Markdown marks text to be left as it is.
fn output(stream: &str, text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec![format!("Its {stream} was empty.")];
    }
    let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
    vec![format!("Its {stream}:"), lines.join("\n")]
}

/// A table whose first `left` columns are flush left, the others flush right.
pub fn table(
    head: &[&str],
    left: usize,
    rows: impl Iterator<Item = Vec<String>>,
    look: Look,
) -> Table {
    let mut table = Table::new();
    match look {
        Look::Terminal => table.load_style(RULES).set_header(head.to_vec()),
        Look::Markdown => table
            .load_style(ASCII_MARKDOWN)
            .set_header(head.iter().map(|text| text.replace('\n', " "))),
    };
    table.add_rows(rows);
    for (position, column) in table.column_iter_mut().enumerate() {
        if position >= left {
            column.set_cell_alignment(CellAlignment::Right);
        }
        if look == Look::Terminal {
            // With the gap that stands for the line between two columns: two blanks.
            column.set_padding((0, if position + 1 < head.len() { 1 } else { 0 }));
        }
    }
    table
}

/// What is printed of a table.
pub fn text(table: &Table, look: Look) -> String {
    match look {
        Look::Terminal => table.trim_fmt(),
        Look::Markdown => table.to_string(),
    }
}

/// The unit in which a time is shown.
struct Unit {
    name: &'static str,
    scale: f64,
    decimals: usize,
}

impl Unit {
    fn of(seconds: f64) -> Self {
        let (name, scale, decimals) = match seconds {
            ..1.0 => ("ms", 1000.0, 1),
            ..10.0 => ("s", 1.0, 3),
            ..100.0 => ("s", 1.0, 2),
            _ => ("s", 1.0, 1),
        };
        Self { name, scale, decimals }
    }

    fn show(&self, seconds: f64) -> String {
        format!("{:.*}", self.decimals, seconds * self.scale)
    }
}

fn runs(row: &Row) -> String {
    let done = row.runs.len();
    if done == row.planned { done.to_string() } else { format!("{done} of {}", row.planned) }
}

fn known<T>(figure: Option<T>, show: impl Fn(T) -> String) -> String {
    figure.map_or(UNKNOWN.into(), show)
}

/// A mean and its spread: `1.523 ± 0.012 s`.
pub fn spread(times: &Statistics) -> String {
    let unit = Unit::of(times.mean);
    let deviation = known(times.deviation, |it| unit.show(it));
    format!("{} ± {deviation} {}", unit.show(times.mean), unit.name)
}

/// A ratio and its spread.
pub fn ratio(ratio: Ratio) -> String {
    let Ratio { value, deviation } = ratio;
    format!("{} ± {}", quotient(value, value), known(deviation, |it| quotient(value, it)))
}

// A part of a quotient with as many decimals as count in the whole.
fn quotient(whole: f64, part: f64) -> String {
    let decimals = match whole {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{part:.decimals$}")
}

fn hundredths(figure: f64) -> String {
    format!("{figure:.2}")
}

/// A program that mostly waits uses thousandths of a processor.
pub fn processors(used: f64) -> String {
    let decimals = if used < 0.0995 { 3 } else { 2 };
    format!("{used:.decimals$}")
}

/// A duration.
pub fn time(seconds: f64) -> String {
    let unit = Unit::of(seconds);
    format!("{} {}", unit.show(seconds), unit.name)
}

/// An amount of memory.
pub fn memory(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    let decimals = if mebibytes < 99.95 { 1 } else { 0 };
    format!("{mebibytes:.decimals$} MiB")
}

/// A mean of counts: one decimal where it matters, a comma before each three digits.
pub fn count(mean: f64) -> String {
    if mean < 9.95 {
        return format!("{mean:.1}");
    }
    let digits = format!("{mean:.0}");
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::sample;

    #[test]
    fn as_the_terminal_shows_it() {
        insta::assert_snapshot!(report(&sample::comparison(), Look::Terminal));
    }

    #[test]
    fn real_sites_interrupted() {
        let mut comparison = sample::comparison();
        comparison.rows.truncate(2);
        comparison.rows[1].runs.clear();
        comparison.urls =
            vec!["https://www.jython.org/".into(), "http://olympus.realpython.org/dice".into()];
        comparison.downloads = 4;
        comparison.as_in_the_notes = false;
        comparison.interrupted_by = Some(2);
        insta::assert_snapshot!(report(&comparison, Look::Terminal));
    }

    #[test]
    fn python_has_its_rows_and_its_table() {
        let mut comparison = sample::with_python();
        comparison.rows.retain(|row| row.program.name != "multiproc-cpu");
        insta::assert_snapshot!(report(&comparison, Look::Terminal));
    }

    #[test]
    fn what_ran_in_python_is_said_without_a_twin_too() {
        let mut comparison = sample::with_python();
        comparison.rows.retain(|row| row.program.name == "cpu_threads.py");
        let said = report(&comparison, Look::Terminal);
        assert!(said.contains("Its GIL is off") && !said.contains("In Python: so many"), "{said}");
    }

    #[test]
    fn a_missing_python_is_said() {
        let mut comparison = sample::comparison();
        comparison.python = Some(Python::Missing("'python3' cannot be started.".into()));
        for look in [Look::Terminal, Look::Markdown] {
            let said = report(&comparison, look);
            assert!(
                said.contains("The Python programs were not run: 'python3' cannot be"),
                "{said}"
            );
            assert!(!said.contains("Rust to Python"), "{said}");
        }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut comparison = sample::with_python();
        for row in &mut comparison.rows {
            (row.planned, row.lines_of_code) = (20, Some(1234));
            row.runs = [100.0, 123.456].map(|wall| sample::run(wall, 120)).to_vec();
            for run in &mut row.runs {
                (run.voluntary_switches, run.involuntary_switches) =
                    (Some(1_234_567), Some(123_456));
            }
        }
        for line in report(&comparison, Look::Terminal).lines() {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(
            [0.0, 0.25, 9.94, 9.96, 999.6, 1234.5, 7_654_321.0].map(count),
            ["0.0", "0.2", "9.9", "10", "1,000", "1,234", "7,654,321"]
        );
        assert_eq!(
            [0.0042, 0.099, 0.0996, 1.874].map(processors),
            ["0.004", "0.099", "0.10", "1.87"]
        );
        assert_eq!([5 << 20, 1_000 << 20].map(memory), ["5.0 MiB", "1000 MiB"]);
        let said = |value, deviation| ratio(Ratio { value, deviation });
        assert_eq!(said(5.034, Some(0.012)), "5.03 ± 0.01");
        assert_eq!(said(53.04, Some(0.26)), "53.0 ± 0.3");
        assert_eq!(said(103.6, None), "104 ± unknown");
    }
}
