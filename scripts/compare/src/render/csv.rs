//! `--export-csv`: a line for each program that has a run.
//!
//! The first columns are those of hyperfine (`command` to `max`). Times are in seconds, memory in
//! bytes; an unknown figure is an empty field. The slowdowns are those of the twin in Python.

use serde_json::{Value, json};

use crate::model::{Comparison, Row};
use crate::render::json::entry;

const COLUMNS: &str = "command,mean,stddev,median,user,system,min,max,workload,origin,runs,\
    speedup,speedup_low,speedup_high,verdict,efficiency,cpus_used,voluntary_context_switches,\
    involuntary_context_switches,threads,processes,peak_memory_bytes,lines_of_code,article_seconds,\
    python_slowdown,python_slowdown_cpu,python_slowdown_memory";

/// The whole file.
///
/// # Errors
/// What is wrong with the data.
pub fn render(comparison: &Comparison) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS.split(',')).map_err(|error| error.to_string())?;
    for line in comparison.rows.iter().filter_map(|row| line(comparison, row)) {
        writer.write_record(line).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

// The figures of the JSON file, and some that only a line has.
fn line(comparison: &Comparison, row: &Row) -> Option<Vec<String>> {
    let mut entry = entry(comparison, row)?;
    let twins = comparison.twins().find(|twins| twins.rust.program == row.program);
    entry["runs"] = json!(row.runs.len());
    entry["article_seconds"] = json!(comparison.article_seconds(row));
    entry["python_slowdown"] = json!(twins.map(|twins| twins.wall.value));
    entry["python_slowdown_cpu"] = json!(twins.and_then(|twins| twins.cpu));
    entry["python_slowdown_memory"] = json!(twins.and_then(|twins| twins.memory));
    let parts = [&entry, &entry["compare"], &entry["compare"]["program"]];
    let cell = |column| match parts.iter().find_map(|part| part.get(column)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(number) => number.to_string(),
    };
    Some(COLUMNS.split(',').map(cell).collect())
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
