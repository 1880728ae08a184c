//! `--export-json`: hyperfine's schema, so that its scripts read it; and `--export-claims`.
//!
//! Each element of `results` has hyperfine's keys (`command`, `mean`, `stddev`, `median`, `user`,
//! `system`, `min`, `max`, `times`, `memory_usage_byte`, `exit_codes`, `parameters`; times in
//! seconds, memory in bytes) and the speedup with its interval and verdict. More is under `compare`, in
//! each result and at the top. With `--scaling` a result is a point, and its one parameter the number
//! of workers, as `plot_parametrized.py` of hyperfine needs it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::model::{ClaimEntry, ClaimVerdict, Comparison, Row, Scaling, Twins, workload_name};
use crate::render::claims::{measured, name};
use crate::statistics::Verdict;

#[derive(Serialize)]
struct Entry {
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
    speedup: Option<f64>,
    speedup_low: Option<f64>,
    speedup_high: Option<f64>,
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Value::is_null")]
    compare: Value,
}

/// The whole file.
///
/// # Errors
/// What is wrong with the data.
pub fn render(comparison: &Comparison) -> Result<String, String> {
    let results: Vec<Entry> = match &comparison.scaling {
        Some(scaling) => points(scaling),
        None => comparison.rows.iter().filter_map(|row| entry(comparison, row)).collect(),
    };
    let failures = comparison.failures().map(|(command, failure)| {
        json!({ "command": command, "run": failure.run, "reason": failure.reason,
            "stdout": failure.stdout, "stderr": failure.stderr })
    });
    let file = json!({
        "results": results,
        "compare": {
            "machine": comparison.machine,
            "urls": comparison.urls,
            "downloads": comparison.downloads,
            "sums": comparison.sums,
            "python": comparison.python,
            "twins": comparison.twins().map(twins).collect::<Vec<_>>(),
            "scaling": comparison.scaling,
            "interrupted_by": comparison.interrupted_by,
            "failures": failures.collect::<Vec<_>>(),
        },
    });
    text(&file)
}

/// The claims: a list of objects.
///
/// # Errors
/// What is wrong with the data.
pub fn claims(comparison: &Comparison) -> Result<String, String> {
    let claims = comparison.claims.as_deref().unwrap_or_default();
    text(&claims.iter().map(claim).collect::<Vec<_>>().into())
}

fn text(file: &Value) -> Result<String, String> {
    let text = serde_json::to_string_pretty(file).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

// A program without a run has no result: the scripts of hyperfine need a mean.
fn entry(comparison: &Comparison, row: &Row) -> Option<Entry> {
    let summary = row.summary()?;
    let speedup = comparison.speedup(row);
    let interval = speedup.and_then(|speedup| speedup.interval);
    Some(Entry {
        command: row.program.command(),
        mean: summary.wall.mean,
        stddev: summary.wall.deviation,
        median: summary.wall.median,
        user: summary.user_seconds,
        system: summary.system_seconds,
        min: summary.wall.min,
        max: summary.wall.max,
        times: row.times(),
        memory_usage_byte: row.runs.iter().map(|run| run.peak_memory_bytes).collect(),
        // A run with another exit code has no time.
        exit_codes: vec![0; row.runs.len()],
        parameters: BTreeMap::from([
            ("program", row.program.name.to_owned()),
            ("workload", workload_name(row.program.workload).to_owned()),
        ]),
        speedup: speedup.map(|speedup| speedup.value),
        speedup_low: interval.map(|(low, _)| low),
        speedup_high: interval.map(|(_, high)| high),
        verdict: speedup.map(|speedup| speedup.verdict()),
        compare: json!({
            "program": row.program,
            "efficiency": summary.efficiency,
            "cpus_used": summary.cpus_used,
            "voluntary_context_switches": summary.voluntary_context_switches,
            "involuntary_context_switches": summary.involuntary_context_switches,
            "threads": summary.threads,
            "processes": summary.processes,
            "peak_memory_bytes": summary.peak_memory_bytes,
            "lines_of_code": row.lines_of_code,
            "outliers": summary.outliers,
            "runs": row.runs,
        }),
    })
}

fn points(scaling: &Scaling) -> Vec<Entry> {
    let mut entries = Vec::new();
    for series in &scaling.series {
        entries.extend(series.points.iter().map(|point| Entry {
            command: series.program.to_owned(),
            mean: point.wall_seconds,
            // A single run; the script needs a number.
            stddev: Some(0.0),
            median: point.wall_seconds,
            user: None,
            system: None,
            min: point.wall_seconds,
            max: point.wall_seconds,
            times: vec![point.wall_seconds],
            memory_usage_byte: vec![point.memory_bytes],
            exit_codes: vec![0],
            parameters: BTreeMap::from([("workers", point.workers.to_string())]),
            speedup: None,
            speedup_low: None,
            speedup_high: None,
            verdict: None,
            compare: Value::Null,
        }));
    }
    entries
}

fn twins(twins: Twins) -> Value {
    json!({
        "rust": twins.rust.program.command(),
        "python": twins.python.program.command(),
        "slowdown": twins.wall.value,
        "slowdown_low": twins.wall.interval.map(|(low, _)| low),
        "slowdown_high": twins.wall.interval.map(|(_, high)| high),
        "slowdown_cpu": twins.cpu,
        "slowdown_memory": twins.memory,
    })
}

fn claim(claim: &ClaimEntry) -> Value {
    let mut figures: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for demo in &claim.demos {
        figures.entry(&demo.name).or_default().extend(demo.figures.clone());
    }
    for figure in &claim.figures {
        let of_source = figures.entry(&figure.source).or_default();
        of_source.insert(figure.name.to_owned(), json!(figure.value));
    }
    let reason = match &claim.verdict {
        ClaimVerdict::NotMeasured(reason) => Some(reason),
        _ => None,
    };
    json!({
        "id": claim.id,
        "claim": claim.claim,
        "opinion": claim.opinion,
        "verdict": name(&claim.verdict),
        "reason": reason,
        "measured": measured(claim),
        "figures": figures,
        "command": claim.commands.join(" && "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn rendered(comparison: &Comparison) -> Value {
        serde_json::from_str(&render(comparison).expect("JSON")).expect("JSON")
    }

    #[test]
    fn the_json_file() {
        insta::assert_snapshot!(render(&sample::comparison()).expect("JSON"));
    }

    #[test]
    fn both_languages_have_results() {
        let export = rendered(&sample::with_python());
        let compare = &export["compare"];
        assert_eq!(compare["python"]["interpreter"]["gil"], false);
        assert_eq!(compare["twins"][1]["python"], "threads_io.py");
        assert_eq!(compare["twins"][1]["slowdown_memory"], 5.0);
        let results = export["results"].as_array().expect("results");
        let origin = |result: &Value| result["compare"]["program"]["origin"].clone();
        let origins: Vec<Value> = results.iter().map(origin).collect();
        assert_eq!(origins[3..5], ["rust", "python"]);
    }

    #[test]
    fn each_result_has_the_keys_of_hyperfine() {
        let mut with_scaling = sample::comparison();
        with_scaling.scaling = Some(sample::scaling());
        for (comparison, count) in [(sample::comparison(), 4), (with_scaling, 12)] {
            let export = rendered(&comparison);
            let results = export["results"].as_array().expect("results");
            assert_eq!(results.len(), count);
            for result in results {
                assert!(result["command"].is_string());
                for key in ["mean", "median", "min", "max"] {
                    assert!(result[key].is_f64(), "{key}");
                }
                let runs = result["times"].as_array().expect("times").len();
                for key in ["exit_codes", "memory_usage_byte"] {
                    assert_eq!(result[key].as_array().expect(key).len(), runs, "{key}");
                }
                for key in ["stddev", "user", "system"] {
                    assert!(result[key].is_f64() || result[key].is_null(), "{key}");
                }
            }
        }
    }

    // What plot_parametrized.py of hyperfine reads: one parameter, a number, and a deviation.
    #[test]
    fn a_point_has_one_numeric_parameter() {
        let mut comparison = sample::comparison();
        comparison.scaling = Some(sample::scaling());
        for result in rendered(&comparison)["results"].as_array().expect("results") {
            let parameters = result["parameters"].as_object().expect("parameters");
            assert_eq!(parameters.len(), 1);
            let number = parameters["workers"].as_str().expect("text").parse::<f64>();
            assert!(number.is_ok() && result["stddev"].is_f64(), "{result}");
        }
    }
}
