//! The tables of a comparison.

use crate::catalog::OPTIONS;
use crate::model::{Comparison, Origin, Row, Summary, Workload, float};
use crate::render::Grid;
use crate::render::number::{count, known, memory, percent, ratio, significant, spread, time};

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

/// The results of a workload.
pub fn results(comparison: &Comparison, workload: Workload) -> Grid {
    let row = |row: &Row| {
        let mut cells = vec![row.program.label(), row.runs.len().to_string()];
        let Some(summary) = row.summary() else {
            cells.push(if row.failure.is_some() { "failed" } else { "not run" }.into());
            cells.extend([NONE; 4].map(str::to_owned));
            return cells;
        };
        let speedup = match comparison.speedup(row) {
            None if row.program.is_baseline() => "1".into(),
            speedup => known(speedup, ratio),
        };
        cells.extend([
            time(summary.wall.median),
            speedup,
            known(summary.efficiency, percent),
            known(summary.cpu_seconds, time),
            known(float(summary.peak_memory_bytes), memory),
        ]);
        cells
    };
    Grid {
        caption: title(comparison, workload),
        head: vec!["program", "runs", "median", "speedup", "efficiency", "CPU time", "peak memory"],
        rows: comparison.of_workload(workload).map(row).collect(),
        words: 1,
    }
}

/// The spread of the times of a workload, and the article's times.
pub fn times(comparison: &Comparison, workload: Workload) -> Grid {
    let row = |row: &Row| {
        let article = comparison.article_seconds(row).map_or(NONE.into(), time);
        let times = row.summary().map_or([NONE; 3].map(str::to_owned), |summary| {
            let wall = summary.wall;
            let range = format!("{} to {}", time(wall.min), time(wall.max));
            [spread(&wall), range, summary.outliers.len().to_string()]
        });
        [row.program.label()].into_iter().chain(times).chain([article]).collect()
    };
    Grid {
        caption: "Times in detail".into(),
        head: vec!["program", "mean ± σ", "range", "outliers", "article (Python)"],
        rows: comparison.of_workload(workload).map(row).collect(),
        words: 1,
    }
}

/// The costs of a workload besides time.
pub fn costs(comparison: &Comparison, workload: Workload) -> Grid {
    let row = |row: &Row| {
        let figures = row.summary().map_or([NONE; 5].map(str::to_owned), |summary| {
            [
                known(summary.cpus_used, significant),
                switches(&summary, |it| it.voluntary_context_switches),
                switches(&summary, |it| it.involuntary_context_switches),
                known(summary.threads, count),
                known(summary.processes, count),
            ]
        });
        let lines = known(row.lines_of_code, |lines| count(lines as u64));
        [row.program.label()].into_iter().chain(figures).chain([lines]).collect()
    };
    Grid {
        caption: "Other costs".into(),
        head: vec![
            "program",
            "CPUs used",
            "voluntary context switches",
            "involuntary context switches",
            "threads",
            "processes",
            "code lines",
        ],
        rows: comparison.of_workload(workload).map(row).collect(),
        words: 1,
    }
}

fn switches(summary: &Summary, of: fn(&Summary) -> Option<f64>) -> String {
    known(of(summary), significant)
}

/// Each program and its twin in Python.
pub fn twins(comparison: &Comparison) -> Grid {
    let rows = comparison.twins().map(|twins| {
        vec![
            twins.rust.program.command(),
            twins.python.program.command(),
            ratio(twins.wall),
            known(twins.cpu, significant),
            known(twins.memory, significant),
        ]
    });
    Grid {
        caption: "Slowdown in Python".into(),
        head: vec!["Rust", "Python", "time", "CPU time", "peak memory"],
        rows: rows.collect(),
        words: 2,
    }
}

/// The article's table of the options, a column for each, and what was measured.
pub fn options(comparison: &Comparison, details: bool) -> Grid {
    let rust = || comparison.rows.iter().filter(|row| row.program.origin == Origin::Rust);
    let rows =
        OPTIONS.map(|option| rust().find(|row| row.program.strategy == Some(option.strategy)));
    let summaries = rows.map(|row| row.and_then(Row::summary));
    let words = |label: &str, cells: [&str; 3]| {
        [label].into_iter().chain(cells).map(str::to_owned).collect::<Vec<String>>()
    };
    let measured = |label: &str, figure: fn(&Summary) -> String| {
        let cells = summaries.each_ref().map(|it| it.as_ref().map_or(NONE.into(), figure));
        words(label, cells.each_ref().map(String::as_str))
    };
    let mut lines = vec![
        words("scheduling", OPTIONS.map(|option| option.scheduling)),
        words("package in Python", OPTIONS.map(|option| option.python_package)),
        words("crates here", OPTIONS.map(|option| option.rust_crates)),
        words("CPUs", OPTIONS.map(|option| option.cpus)),
        words("measured with", rows.map(|row| row.map_or("not run", |row| row.program.name))),
        measured("CPUs used", |it| known(it.cpus_used, significant)),
    ];
    if details {
        lines.extend([
            measured("threads", |it| known(it.threads, count)),
            measured("processes", |it| known(it.processes, count)),
            measured("voluntary context switches", |it| {
                switches(it, |it| it.voluntary_context_switches)
            }),
            measured("involuntary context switches", |it| {
                switches(it, |it| it.involuntary_context_switches)
            }),
        ]);
    }
    Grid {
        caption: "The three options".into(),
        head: [""].into_iter().chain(OPTIONS.map(|option| option.title)).collect(),
        rows: lines,
        words: 4,
    }
}

/// The outliers of all rows, a sentence each.
pub fn outliers(comparison: &Comparison) -> Vec<String> {
    let of_row = |row: &Row| {
        let summary = row.summary();
        let sentence = |(run, median): (usize, f64)| {
            format!(
                "{}: run {} of {} took {}; the median is {}.",
                row.program.command(),
                run + 1,
                row.runs.len(),
                time(row.runs[run].wall_seconds),
                time(median)
            )
        };
        let outliers = summary.map(|summary| {
            let runs = summary.outliers.into_iter();
            runs.map(|run| sentence((run, summary.wall.median))).collect::<Vec<_>>()
        });
        outliers.unwrap_or_default()
    };
    comparison.rows.iter().flat_map(of_row).collect()
}
