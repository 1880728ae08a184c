//! The downloads of the baseline as a whole program.

use assert_cmd::cargo::cargo_bin;
use common::testing::{Program, shape};

fn program() -> Program {
    Program::new(cargo_bin!("sequential-baseline"), &["io"])
}

common::io_tests!(program());

#[test]
fn the_keys_of_its_json_are_a_promise() {
    let ended = program().run(["--json", "--repeat", "1", "--latency", "1"]);
    insta::assert_snapshot!(shape(ended.with_code(0).json()), @r#"
    {
      "answer": 20512,
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
          "name": "http://127.0.0.1:PORT/jython?latency=1",
          "start_seconds": "seconds",
          "worker": 0
        },
        {
          "end_seconds": "seconds",
          "error": null,
          "name": "http://127.0.0.1:PORT/dice?latency=1",
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
      "workload": "io"
    }
    "#);
}
