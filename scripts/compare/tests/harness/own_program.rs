//! `--also` with the example of the documentation, against the real local server.

use super::built;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testing::{end, skip, works};

#[test]
fn the_minimal_program_is_a_row_with_the_right_answer() {
    if !works(&["python3", "--version"]) {
        return skip("the minimal program needs python3");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../python/minimal.py");
    let script = script.canonicalize().expect("the minimal program");
    let folder = tempfile::tempdir().expect("a folder");
    let [export, report] = ["a.json", "a.html"].map(|name| folder.path().join(name));
    let mut compare = Command::new(env!("CARGO_BIN_EXE_compare"));
    compare.arg("--programs").arg(built::programs());
    compare.args(["--only", "async-io", "--runs", "2", "--repeat", "2", "--also"]);
    compare.arg(format!("minimal=python3 '{}'", script.display()));
    compare.arg("--export-json").arg(&export).arg("--report").arg(report);
    let ended = end(compare).with_code(0);
    assert!(ended.stdout.contains("\nminimal "), "{ended:?}");
    let export = fs::read(export).expect("the export");
    let export: Value = serde_json::from_slice(&export).expect("JSON");
    let minimal = &export["results"][1];
    assert_eq!(minimal["command"], "minimal");
    assert_eq!(minimal["times"].as_array().expect("times").len(), 2);
}
