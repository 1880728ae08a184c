//! `--export-json`: hyperfine's schema, so that its plotting scripts read it.
//!
//! Each element of `results` has hyperfine's keys (`command`, `mean`, `stddev`, `median`, `user`,
//! `system`, `min`, `max`, `times`, `memory_usage_byte`, `exit_codes`, `parameters`; times in
//! seconds, memory in bytes). What hyperfine does not have stands beside them: under `compare` in
//! each result, and under `compare` at the top what concerns them all.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::growth;
use crate::programs::Program;
use crate::python::Python;
use crate::results::{Comparison, Row, Run, Twins};
use crate::statistics::Ratio;

#[derive(Serialize)]
struct Export<'a> {
    results: Vec<Entry<'a>>,
    compare: Whole<'a>,
}

#[derive(Serialize)]
struct Entry<'a> {
    command: String,
    mean: f64,
    stddev: Option<f64>,
    median: f64,
    user: Option<f64>,
    system: Option<f64>,
    min: f64,
    max: f64,
    times: Vec<f64>,
    memory_usage_byte: Vec<Option<u64>>,
    exit_codes: Vec<i32>,
    parameters: BTreeMap<&'static str, String>,
    compare: More<'a>,
}

#[derive(Serialize)]
struct More<'a> {
    program: &'a Program,
    planned_runs: usize,
    times_faster: Option<Ratio>,
    share_of_bound: Option<f64>,
    cpus_used: Option<f64>,
    voluntary_switches: Option<f64>,
    involuntary_switches: Option<f64>,
    threads: Option<u64>,
    processes: Option<u64>,
    peak_memory_bytes: Option<u64>,
    lines_of_code: Option<usize>,
    outliers: Vec<usize>,
    runs: &'a [Run],
}

#[derive(Serialize)]
struct Whole<'a> {
    machine: &'a crate::machine::Machine,
    urls: &'a [String],
    downloads: usize,
    sums: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    python: Option<&'a Python>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    twins: Vec<Twin>,
    interrupted_by: Option<u8>,
    failures: Vec<Failed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<growth::page::Exported<'a>>,
}

/// How many times as much the program takes in Python.
#[derive(Serialize)]
struct Twin {
    rust: String,
    python: String,
    wall: Ratio,
    cpu: Option<Ratio>,
    memory: Option<f64>,
}

impl Twin {
    fn of(twins: Twins) -> Self {
        let Twins { rust, python, wall, cpu, memory } = twins;
        let (rust, python) = (rust.program.command(), python.program.command());
        Self { rust, python, wall, cpu, memory }
    }
}

#[derive(Serialize)]
struct Failed<'a> {
    command: String,
    #[serde(flatten)]
    failure: &'a crate::results::Failure,
}

/// The whole file.
///
/// # Errors
/// What is wrong with the data, in words.
pub fn export(comparison: &Comparison) -> Result<String, String> {
    let export = Export {
        results: comparison.rows.iter().filter_map(|row| entry(comparison, row)).collect(),
        compare: Whole {
            machine: &comparison.machine,
            urls: &comparison.urls,
            downloads: comparison.downloads,
            sums: comparison.sums,
            python: comparison.python.as_ref(),
            twins: comparison.twins().map(Twin::of).collect(),
            interrupted_by: comparison.interrupted_by,
            failures: comparison
                .failures()
                .map(|(command, failure)| Failed { command, failure })
                .collect(),
            growth: comparison.growth.as_ref().map(growth::page::Exported::of),
        },
    };
    let text = serde_json::to_string_pretty(&export).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

// A program without a good run has no result: hyperfine's scripts need a mean.
fn entry<'a>(comparison: &Comparison, row: &'a Row) -> Option<Entry<'a>> {
    let summary = row.summary()?;
    Some(Entry {
        command: row.program.command(),
        mean: summary.wall.mean,
        stddev: summary.wall.deviation,
        median: summary.wall.median,
        user: summary.user_seconds,
        system: summary.system_seconds,
        min: summary.wall.min,
        max: summary.wall.max,
        times: row.timings(),
        memory_usage_byte: row.runs.iter().map(|run| run.peak_memory_bytes).collect(),
        // A run with another exit code has no time and is not here.
        exit_codes: vec![0; row.runs.len()],
        parameters: BTreeMap::from([
            ("program", row.program.name.to_owned()),
            ("workload", row.program.workload.to_string()),
        ]),
        compare: More {
            program: &row.program,
            planned_runs: row.planned,
            times_faster: comparison.times_faster(row),
            share_of_bound: summary.share_of_bound,
            cpus_used: summary.cpus_used,
            voluntary_switches: summary.voluntary_switches,
            involuntary_switches: summary.involuntary_switches,
            threads: summary.threads,
            processes: summary.processes,
            peak_memory_bytes: summary.peak_memory_bytes,
            lines_of_code: row.lines_of_code,
            outliers: summary.outliers,
            runs: &row.runs,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::sample;
    use serde_json::Value;

    #[test]
    fn as_it_is_written() {
        insta::assert_snapshot!(export(&sample::comparison()).expect("JSON"));
    }

    #[test]
    fn both_languages_stand_beside_each_other() {
        let text = export(&sample::with_python()).expect("JSON");
        let export: Value = serde_json::from_str(&text).expect("JSON");
        let compare = &export["compare"];
        assert_eq!(compare["python"]["interpreter"]["gil"], false);
        assert_eq!(compare["twins"][1]["python"], "threads_io.py");
        assert_eq!(compare["twins"][1]["memory"], 5.0);
        assert!(compare["twins"][1]["wall"]["deviation"].is_f64());
        let languages: Vec<&Value> = export["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|result| &result["compare"]["program"]["language"])
            .collect();
        assert_eq!(
            languages,
            ["rust", "rust", "rust", "rust", "python", "python", "python", "python", "python"]
        );
    }

    #[test]
    fn each_result_has_the_keys_of_hyperfine() {
        let text = export(&sample::comparison()).expect("JSON");
        let export: Value = serde_json::from_str(&text).expect("JSON");
        let results = export["results"].as_array().expect("results");
        assert_eq!(results.len(), 4, "one for each program with a good run");
        for result in results {
            assert!(result["command"].is_string() && result["parameters"]["workload"].is_string());
            for key in ["mean", "median", "min", "max"] {
                assert!(result[key].is_f64(), "{key}");
            }
            let runs = result["times"].as_array().expect("times").len();
            for key in ["exit_codes", "memory_usage_byte"] {
                assert_eq!(result[key].as_array().expect(key).len(), runs, "{key}");
            }
            for key in ["stddev", "user", "system"] {
                assert!(
                    result.get(key).is_some_and(|value| value.is_f64() || value.is_null()),
                    "{key}"
                );
            }
        }
    }
}
