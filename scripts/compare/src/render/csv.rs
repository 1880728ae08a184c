//! `--export-csv`: a line for each program that has a run.
//!
//! The first columns are those of hyperfine (`command` to `max`). Times are in seconds, memory in
//! bytes; an unknown figure is an empty field. The slowdowns are those of the twin in Python.

use serde::Serialize;

use crate::model::{Comparison, Origin, Row, Workload};
use crate::statistics::Verdict;

#[derive(Serialize)]
struct Line {
    command: String,
    mean: f64,
    stddev: Option<f64>,
    median: f64,
    user: Option<f64>,
    system: Option<f64>,
    min: f64,
    max: f64,
    workload: Workload,
    origin: Origin,
    runs: usize,
    speedup: Option<f64>,
    speedup_low: Option<f64>,
    speedup_high: Option<f64>,
    verdict: Option<Verdict>,
    efficiency: Option<f64>,
    cpus_used: Option<f64>,
    voluntary_context_switches: Option<f64>,
    involuntary_context_switches: Option<f64>,
    threads: Option<u64>,
    processes: Option<u64>,
    peak_memory_bytes: Option<u64>,
    lines_of_code: Option<usize>,
    article_seconds: Option<f64>,
    python_slowdown: Option<f64>,
    python_slowdown_cpu: Option<f64>,
    python_slowdown_memory: Option<f64>,
}

/// The whole file.
///
/// # Errors
/// What is wrong with the data.
pub fn render(comparison: &Comparison) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in comparison.rows.iter().filter_map(|row| line(comparison, row)) {
        writer.serialize(line).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn line(comparison: &Comparison, row: &Row) -> Option<Line> {
    let summary = row.summary()?;
    let speedup = comparison.speedup(row);
    let interval = speedup.and_then(|speedup| speedup.interval);
    let twins = comparison.twins().find(|twins| twins.rust.program == row.program);
    Some(Line {
        command: row.program.command(),
        mean: summary.wall.mean,
        stddev: summary.wall.deviation,
        median: summary.wall.median,
        user: summary.user_seconds,
        system: summary.system_seconds,
        min: summary.wall.min,
        max: summary.wall.max,
        workload: row.program.workload,
        origin: row.program.origin,
        runs: row.runs.len(),
        speedup: speedup.map(|speedup| speedup.value),
        speedup_low: interval.map(|(low, _)| low),
        speedup_high: interval.map(|(_, high)| high),
        verdict: speedup.map(|speedup| speedup.verdict()),
        efficiency: summary.efficiency,
        cpus_used: summary.cpus_used,
        voluntary_context_switches: summary.voluntary_context_switches,
        involuntary_context_switches: summary.involuntary_context_switches,
        threads: summary.threads,
        processes: summary.processes,
        peak_memory_bytes: summary.peak_memory_bytes,
        lines_of_code: row.lines_of_code,
        article_seconds: comparison.article_seconds(row),
        python_slowdown: twins.map(|twins| twins.wall.value),
        python_slowdown_cpu: twins.and_then(|twins| twins.cpu),
        python_slowdown_memory: twins.and_then(|twins| twins.memory),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_csv_file() {
        insta::assert_snapshot!(render(&sample::with_python()).expect("CSV"));
    }
}
