//! `--export-json`: hyperfine's schema, so that its scripts read it; and `--export-claims`.
//!
//! Each element of `results` has hyperfine's keys (`command`, `mean`, `stddev`, `median`, `user`,
//! `system`, `min`, `max`, `times`, `memory_usage_byte`, `exit_codes`, `parameters`; times in
//! seconds, memory in bytes) and the speedup with its interval and verdict. More is under `compare`, in
//! each result and at the top. With `--scaling` a result is a point, and its one parameter the number
//! of workers, as `plot_parametrized.py` of hyperfine needs it.

use serde_json::{Value, json};

use crate::model::{ClaimEntry, ClaimVerdict, Comparison, Row, Series, Twins};
use crate::render::claims::{measured, name};
use crate::statistics::{Ratio, Statistics};

/// The whole file.
///
/// # Errors
/// What is wrong with the data.
pub fn render(comparison: &Comparison) -> Result<String, String> {
    let results: Vec<Value> = match &comparison.scaling {
        Some(scaling) => scaling.series.iter().flat_map(points).collect(),
        None => comparison.rows.iter().filter_map(|row| entry(comparison, row)).collect(),
    };
    let failures = comparison.failures().map(|(command, failure)| {
        let mut object = json!(failure);
        object["command"] = json!(command);
        object
    });
    let file = json!({
        "results": results,
        "compare": {
            "machine": comparison.machine,
            "urls": comparison.urls,
            "downloads": comparison.downloads,
            "sums": comparison.sums,
            "rounds": comparison.rounds,
            "busy": comparison.busy(),
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

// The keys of hyperfine; `None` without a run, because its scripts need a mean.
fn result(command: &str, times: &[f64], memory: &[Option<u64>]) -> Option<Value> {
    let mut result = json!(Statistics::of(times)?);
    result["command"] = json!(command);
    result["user"] = Value::Null;
    result["system"] = Value::Null;
    result["times"] = json!(times);
    result["memory_usage_byte"] = json!(memory);
    // A run with another exit code has no time.
    result["exit_codes"] = json!(vec![0; times.len()]);
    Some(result)
}

/// The result of a program; `None` without a run.
pub fn entry(comparison: &Comparison, row: &Row) -> Option<Value> {
    let summary = row.summary()?;
    let memory: Vec<Option<u64>> = row.runs.iter().map(|run| run.peak_memory_bytes).collect();
    let mut entry = result(&row.program.command(), &row.times(), &memory)?;
    entry["parameters"] = json!({ "program": row.program.name, "workload": row.program.workload });
    entry["user"] = json!(summary.user_seconds);
    entry["system"] = json!(summary.system_seconds);
    let speedup = comparison.speedup(row);
    add_ratio(&mut entry, "speedup", speedup);
    entry["verdict"] = json!(speedup.map(|speedup| speedup.verdict()));
    entry["compare"] = json!(summary);
    entry["compare"]["program"] = json!(row.program);
    entry["compare"]["lines_of_code"] = json!(row.lines_of_code);
    entry["compare"]["runs"] = json!(row.runs);
    Some(entry)
}

// A ratio and both ends of its interval.
fn add_ratio(object: &mut Value, name: &str, ratio: Option<Ratio>) {
    let interval = ratio.and_then(|ratio| ratio.interval);
    object[name] = json!(ratio.map(|ratio| ratio.value));
    object[format!("{name}_low")] = json!(interval.map(|interval| interval.0));
    object[format!("{name}_high")] = json!(interval.map(|interval| interval.1));
}

fn points(series: &Series) -> Vec<Value> {
    let point = |point: &crate::model::Point| {
        let mut entry = result(series.program, &[point.wall_seconds], &[point.memory_bytes])?;
        entry["parameters"] = json!({ "workers": point.workers.to_string() });
        // There is a single run, but the script needs a number.
        entry["stddev"] = json!(0.0);
        Some(entry)
    };
    series.points.iter().filter_map(point).collect()
}

fn twins(twins: Twins) -> Value {
    let mut object = json!({
        "rust": twins.rust.program.command(),
        "python": twins.python.program.command(),
        "slowdown_cpu": twins.cpu,
        "slowdown_memory": twins.memory,
    });
    add_ratio(&mut object, "slowdown", Some(twins.wall));
    object
}

fn claim(claim: &ClaimEntry) -> Value {
    let mut figures = json!({});
    for (name, demo) in &claim.demos {
        figures[name] = demo.figures.clone();
    }
    for figure in &claim.figures {
        figures[&figure.source][figure.name] = json!(figure.value);
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
