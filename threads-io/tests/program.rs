//! The program as a whole.

use assert_cmd::cargo::cargo_bin;
use common::testing::{Program, shape};

fn program() -> Program {
    Program::new(cargo_bin!("threads-io"), &[])
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
      "program": "threads-io",
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

#[test]
fn workers_are_threads() {
    for workers in ["0", "-1", "", "rubbish", "1000001"] {
        program().refuses(["--workers", workers], &["--workers", &format!("'{workers}'")]);
    }
    let json = program().run(["--json", "--repeat", "40", "--latency", "5"]).with_code(0).json();
    assert_eq!(json["workers"], 5);
    assert_eq!(json["processes"], 1);
    if cfg!(target_os = "linux") {
        assert_eq!(json["threads"], 6, "the workers and the one that waits for them");
    }
    let mut seen: Vec<_> =
        json["spans"].as_array().expect("spans").iter().map(|s| s["worker"].as_u64()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5, "all have worked");
}

#[test]
#[cfg(target_os = "linux")]
fn fewer_threads_where_memory_is_limited() {
    for mebibytes in [64, 128, 256] {
        let mut command = program().after(&format!("ulimit -v {}", mebibytes << 10));
        command.args(["--workers", "200", "--repeat", "100", "--latency", "0", "--json"]);
        let ended = common::testing::end(command).with_code(0);
        let note = "downloads at once instead of 200: the limit on memory (ulimit -v)";
        assert!(ended.stderr.contains(note), "{ended:?}");
        let json = ended.json();
        assert_eq!(json["answer"], common::sites::expected_bytes(100));
        assert!(json["workers"].as_u64() < Some(200), "{}", json["workers"]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn fewer_threads_where_threads_are_limited() {
    // With the shell's the server takes two, and the program itself one.
    for (limit, code) in [(8, 0), (1, 1)] {
        let Some((mut command, _folder)) = program().as_lonely_user(limit) else { return };
        command.args(["--workers", "40", "--latency", "5", "--quiet"]);
        let ended = common::testing::end(command).with_code(code);
        assert!(ended.stderr.contains(&format!("(ulimit -u) {limit}")), "{ended:?}");
        assert_eq!(ended.stderr.contains("workers instead of 40"), code == 0, "{ended:?}");
        assert_eq!(ended.stdout.contains("160, 0 failed"), code == 0, "{ended:?}");
    }
}
