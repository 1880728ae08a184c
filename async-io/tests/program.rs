//! The program as a whole.

use assert_cmd::cargo::cargo_bin;
use common::testing::{Program, shape};

fn program() -> Program {
    Program::new(cargo_bin!("async-io"), &[])
}

common::io_tests!(program());

#[test]
fn the_keys_of_its_json_are_a_promise() {
    let ended = program().run(["--json", "--repeat", "1", "--latency", "1", "--workers", "1"]);
    insta::assert_snapshot!(shape(ended.with_code(0).json()), @r#"
    {
      "answer": 20512,
      "bound_seconds": "seconds",
      "failed": 0,
      "involuntary_switches": "switches",
      "items": 2,
      "peak_memory_bytes": "bytes",
      "processes": 1,
      "program": "async-io",
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
          "worker": 1
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

#[test]
fn workers_are_tasks() {
    for workers in ["0", "-1", "", "rubbish", "1000001"] {
        program().refuses(["--workers", workers], &["--workers", &format!("'{workers}'")]);
    }
    let json = program().run(["--json", "--latency", "5"]).with_code(0).json();
    assert_eq!(json["workers"], 160);
    assert_eq!(json["processes"], 1);
    if cfg!(target_os = "linux") {
        assert_eq!(json["threads"], 1);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn fewer_tasks_where_memory_is_limited() {
    for mebibytes in [64, 256] {
        let mut command = program().after(&format!("ulimit -v {}", mebibytes << 10));
        command.args(["--repeat", "500", "--latency", "0", "--json"]);
        let ended = common::testing::end(command).with_code(0);
        let note = "downloads at once instead of 1000: the limit on memory (ulimit -v)";
        assert!(ended.stderr.contains(note), "{ended:?}");
        assert_eq!(ended.json()["answer"], common::sites::expected_bytes(500));
    }
}
