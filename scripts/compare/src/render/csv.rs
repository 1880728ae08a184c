//! `--export-csv`: a line for each program that has a run.
//!
//! The first columns are those of hyperfine (`command` to `max`). Times are in seconds, memory in
//! bytes; an unknown figure is an empty field. The slowdowns are those of the twin in Python.

use serde_json::{Value, json};

use crate::model::{Comparison, Row, workload_name};

/// The whole file.
///
/// # Errors
/// What is wrong with the data.
pub fn render(comparison: &Comparison) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let lines = comparison.rows.iter().filter_map(|row| line(comparison, row));
    for (number, line) in lines.enumerate() {
        let (names, values): (Vec<&str>, Vec<Value>) = line.into_iter().unzip();
        if number == 0 {
            writer.write_record(names).map_err(|error| error.to_string())?;
        }
        let cells = values.iter().map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            number => number.to_string(),
        });
        writer.write_record(cells).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn line(comparison: &Comparison, row: &Row) -> Option<Vec<(&'static str, Value)>> {
    let summary = row.summary()?;
    let speedup = comparison.speedup(row);
    let interval = speedup.and_then(|speedup| speedup.interval);
    let twins = comparison.twins().find(|twins| twins.rust.program == row.program);
    Some(vec![
        ("command", json!(row.program.command())),
        ("mean", json!(summary.wall.mean)),
        ("stddev", json!(summary.wall.deviation)),
        ("median", json!(summary.wall.median)),
        ("user", json!(summary.user_seconds)),
        ("system", json!(summary.system_seconds)),
        ("min", json!(summary.wall.min)),
        ("max", json!(summary.wall.max)),
        ("workload", json!(workload_name(row.program.workload))),
        ("origin", json!(row.program.origin)),
        ("runs", json!(row.runs.len())),
        ("speedup", json!(speedup.map(|speedup| speedup.value))),
        ("speedup_low", json!(interval.map(|interval| interval.0))),
        ("speedup_high", json!(interval.map(|interval| interval.1))),
        ("verdict", json!(speedup.map(|speedup| speedup.verdict()))),
        ("efficiency", json!(summary.efficiency)),
        ("cpus_used", json!(summary.cpus_used)),
        ("voluntary_context_switches", json!(summary.voluntary_context_switches)),
        ("involuntary_context_switches", json!(summary.involuntary_context_switches)),
        ("threads", json!(summary.threads)),
        ("processes", json!(summary.processes)),
        ("peak_memory_bytes", json!(summary.peak_memory_bytes)),
        ("lines_of_code", json!(row.lines_of_code)),
        ("article_seconds", json!(comparison.article_seconds(row))),
        ("python_slowdown", json!(twins.map(|twins| twins.wall.value))),
        ("python_slowdown_cpu", json!(twins.and_then(|twins| twins.cpu))),
        ("python_slowdown_memory", json!(twins.and_then(|twins| twins.memory))),
    ])
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
