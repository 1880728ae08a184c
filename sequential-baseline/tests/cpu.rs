//! The sums of the baseline, and both its workloads, as a whole program.

use assert_cmd::cargo::cargo_bin;
use common::testing::{Program, shape};
use serde_json::Value;

fn program() -> Program {
    Program::new(cargo_bin!("sequential-baseline"), &["cpu"])
}

common::cpu_tests!(program());

#[test]
fn the_keys_of_its_json_are_a_promise() {
    let ended = program().run(["--json", "3", "4"]);
    insta::assert_snapshot!(shape(ended.with_code(0).json()), @r#"
    {
      "answer": [
        "5",
        "14"
      ],
      "bound_seconds": "seconds",
      "failed": 0,
      "involuntary_switches": "switches",
      "items": 2,
      "peak_memory_bytes": "bytes",
      "processes": 1,
      "program": "sequential-baseline",
      "spans": [
        {
          "end_seconds": "seconds",
          "error": null,
          "name": "3",
          "start_seconds": "seconds",
          "worker": 0
        },
        {
          "end_seconds": "seconds",
          "error": null,
          "name": "4",
          "start_seconds": "seconds",
          "worker": 0
        }
      ],
      "system_seconds": "seconds",
      "threads": "threads",
      "user_seconds": "seconds",
      "voluntary_switches": "switches",
      "wall_seconds": "seconds",
      "workers": 1,
      "workload": "cpu"
    }
    "#);
}

#[test]
fn both_workloads_without_a_subcommand() {
    let both = Program::new(program().path(), &[]);
    let ended = both.run(["--json"]).with_code(0);
    let reports: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let workloads: Vec<_> = reports.iter().map(|report| &report["workload"]).collect();
    assert_eq!(workloads, ["io", "cpu"]);
    assert_eq!(reports[0]["answer"], common::sites::expected_bytes(80));
    assert_eq!(reports[1]["items"], 20);
}

#[test]
fn what_it_does_not_know_is_named() {
    let both = Program::new(program().path(), &[]);
    both.refuses(["--workers", "2"], &["'--workers'"]);
    both.refuses(["100"], &["'100'"]);
}
