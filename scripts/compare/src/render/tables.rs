//! The tables of a comparison.

use crate::catalog::{OPTION_FACTS, OPTIONS};
use crate::model::{Comparison, Origin, Row, Workload, float};
use crate::render::number::{count, known, memory, percent, ratio, significant, spread, time};
use crate::render::{Element, Grid};

/// A figure that does not exist.
pub const NONE: &str = "–";

/// The title of a workload.
pub fn title(comparison: &Comparison, workload: Workload) -> String {
    let downloads = count(comparison.downloads as u64);
    match workload {
        Workload::Io if comparison.urls.is_empty() => {
            format!("I/O-bound: {downloads} downloads from the local server")
        }
        Workload::Io => {
            format!("I/O-bound: {downloads} downloads of {}", comparison.urls.join(", "))
        }
        Workload::Cpu => format!("CPU-bound: {} sums", comparison.sums),
    }
}

/// A column of a table of programs: its heading, and the cell of a row if it has such a figure.
type Column = (&'static str, fn(&Comparison, &Row) -> Option<String>);

const PROGRAM: Column = ("program", |_, row| Some(row.program.label()));

const RESULTS: [Column; 7] = [
    PROGRAM,
    ("runs", |_, row| Some(row.runs.len().to_string())),
    ("median", |_, row| {
        let missing = if row.failure.is_some() { "failed" } else { "not run" };
        Some(row.summary().map_or(missing.into(), |it| time(it.wall.median)))
    }),
    ("speedup", |comparison, row| {
        row.summary()?;
        let baseline = row.program.is_baseline().then(|| "1".into());
        baseline.or_else(|| Some(known(comparison.speedup(row), ratio)))
    }),
    ("efficiency", |_, row| Some(known(row.summary()?.efficiency, percent))),
    ("CPU time", |_, row| Some(known(row.summary()?.cpu_seconds, time))),
    ("peak memory", |_, row| Some(known(float(row.summary()?.peak_memory_bytes), memory))),
];

/// The spread of the times, and the article's times.
const TIMES: [Column; 5] = [
    PROGRAM,
    ("mean ± σ", |_, row| Some(spread(&row.summary()?.wall))),
    ("range", |_, row| {
        let wall = row.summary()?.wall;
        Some(format!("{} to {}", time(wall.min), time(wall.max)))
    }),
    ("outliers", |_, row| Some(row.summary()?.outliers.len().to_string())),
    ("article (Python)", |comparison, row| comparison.article_seconds(row).map(time)),
];

/// The costs besides time, as the table of the options shows them too.
const COSTS: [Column; 5] = [
    ("CPUs used", |_, row| Some(known(row.summary()?.cpus_used, significant))),
    ("voluntary context switches", |_, row| {
        Some(known(row.summary()?.voluntary_context_switches, significant))
    }),
    ("involuntary context switches", |_, row| {
        Some(known(row.summary()?.involuntary_context_switches, significant))
    }),
    ("threads", |_, row| Some(known(row.summary()?.threads, count))),
    ("processes", |_, row| Some(known(row.summary()?.processes, count))),
];

const CODE_LINES: Column =
    ("code lines", |_, row| Some(known(row.lines_of_code, |lines| count(lines as u64))));

/// The tables of a workload: the results; with `details` also times and other costs.
pub fn of_workload(comparison: &Comparison, workload: Workload, details: bool) -> Vec<Element> {
    let costs = [&[PROGRAM], &COSTS[..], &[CODE_LINES]].concat();
    let tables = [
        (title(comparison, workload), &RESULTS[..]),
        ("Times in detail".into(), &TIMES),
        ("Other costs".into(), &costs),
    ];
    let cell = |row, column: &Column| column.1(comparison, row).unwrap_or(NONE.into());
    let table = |(caption, columns): (String, &[Column])| Grid {
        caption,
        head: columns.iter().map(|column| column.0).collect(),
        rows: comparison
            .of_workload(workload)
            .map(|row| columns.iter().map(|column| cell(row, column)).collect())
            .collect(),
        words: 1,
    };
    tables.into_iter().take(if details { 3 } else { 1 }).map(table).map(Element::Table).collect()
}

/// Each program and its twin in Python, if there are any.
pub fn twins(comparison: &Comparison) -> Option<Grid> {
    let rows = comparison.twins().map(|twins| {
        vec![
            twins.rust.program.command(),
            twins.python.program.command(),
            ratio(twins.wall),
            known(twins.cpu, significant),
            known(twins.memory, significant),
        ]
    });
    let table = Grid {
        caption: "Slowdown in Python".into(),
        head: vec!["Rust", "Python", "time", "CPU time", "peak memory"],
        rows: rows.collect(),
        words: 2,
    };
    Some(table).filter(|table| !table.rows.is_empty())
}

/// The article's table of the options, a column for each, and what was measured.
pub fn options(comparison: &Comparison, details: bool) -> Grid {
    let rust = || comparison.rows.iter().filter(|row| row.program.origin == Origin::Rust);
    let measured = OPTIONS.map(|option| rust().find(|row| row.program.strategy == Some(option.0)));
    let line = |label: &str, cells: [&str; 3]| {
        [label].into_iter().chain(cells).map(str::to_owned).collect::<Vec<String>>()
    };
    let mut rows = OPTION_FACTS.map(|(label, cells)| line(label, cells)).to_vec();
    let names = measured.map(|row| row.map_or("not run", |row| row.program.name));
    rows.push(line("measured with", names));
    for (label, figure) in &COSTS[..if details { COSTS.len() } else { 1 }] {
        let cells =
            measured.map(|row| figure(comparison, row?)).map(|it| it.unwrap_or(NONE.into()));
        rows.push(line(label, cells.each_ref().map(String::as_str)));
    }
    Grid {
        caption: "The three options".into(),
        head: [""].into_iter().chain(OPTIONS.map(|option| option.1)).collect(),
        rows,
        words: 4,
    }
}

/// The outliers of all rows, a sentence each.
pub fn outliers(comparison: &Comparison) -> Vec<String> {
    let mut outliers = Vec::new();
    for row in &comparison.rows {
        let Some(summary) = row.summary() else { continue };
        for run in summary.outliers {
            outliers.push(format!(
                "{}: run {} of {} took {}; the median is {}.",
                row.program.command(),
                run + 1,
                row.runs.len(),
                time(row.runs[run].wall_seconds),
                time(summary.wall.median)
            ));
        }
    }
    outliers
}
