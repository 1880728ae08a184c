//! `--export-csv`: a line for each program that has a good run.
//!
//! The first columns are those of hyperfine (`command` to `max`). Times are in seconds, memory in
//! bytes; an unknown figure is an empty field. `python_times_...` is what the twin in Python takes, over
//! what the program takes.

use serde::Serialize;

use crate::programs::{Language, Workload};
use crate::results::{Comparison, Row};

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
    language: Language,
    runs: usize,
    times_faster: Option<f64>,
    times_faster_stddev: Option<f64>,
    share_of_bound: Option<f64>,
    cpus_used: Option<f64>,
    voluntary_switches: Option<f64>,
    involuntary_switches: Option<f64>,
    threads: Option<u64>,
    processes: Option<u64>,
    peak_memory_bytes: Option<u64>,
    lines_of_code: Option<usize>,
    notes_seconds: Option<f64>,
    python_times_wall: Option<f64>,
    python_times_cpu: Option<f64>,
    python_times_memory: Option<f64>,
}

/// The whole file.
///
/// # Errors
/// What is wrong with the data, in words.
pub fn export(comparison: &Comparison) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in comparison.rows.iter().filter_map(|row| line(comparison, row)) {
        writer.serialize(line).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn line(comparison: &Comparison, row: &Row) -> Option<Line> {
    let summary = row.summary()?;
    let ratio = comparison.times_faster(row);
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
        language: row.program.language,
        runs: row.runs.len(),
        times_faster: ratio.map(|ratio| ratio.value),
        times_faster_stddev: ratio.and_then(|ratio| ratio.deviation),
        share_of_bound: summary.share_of_bound,
        cpus_used: summary.cpus_used,
        voluntary_switches: summary.voluntary_switches,
        involuntary_switches: summary.involuntary_switches,
        threads: summary.threads,
        processes: summary.processes,
        peak_memory_bytes: summary.peak_memory_bytes,
        lines_of_code: row.lines_of_code,
        notes_seconds: comparison.notes_seconds(row),
        python_times_wall: twins.map(|twins| twins.wall.value),
        python_times_cpu: twins.and_then(|twins| twins.cpu).map(|ratio| ratio.value),
        python_times_memory: twins.and_then(|twins| twins.memory),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::sample;

    #[test]
    fn as_it_is_written() {
        insta::assert_snapshot!(export(&sample::with_python()).expect("CSV"));
    }
}
