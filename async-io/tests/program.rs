//! The program as a whole.

use assert_cmd::cargo::cargo_bin;
use common::workload::Strategy;
use testing::TestProgram;
use testing::program::report;

fn program() -> TestProgram {
    TestProgram::new(cargo_bin!("async-io"), &[])
}

testing::io_tests!(program());

#[test]
fn items_are_tasks_on_one_thread() {
    program().refuses_values("--workers", &["0", "-1", "", "rubbish", "1000001"]);
    for (arguments, workers) in [(&["--latency", "5"][..], 160), (&["--workers", "3"], 3)] {
        let report = report(&program(), arguments);
        assert_eq!((report.strategy, report.workers), (Strategy::Tasks, workers));
        assert_eq!(report.processes, Some(1));
        assert!(report.spans.iter().all(|span| span.worker.is_none()));
        if cfg!(target_os = "linux") {
            assert_eq!(report.threads, Some(1));
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn starts_fewer_tasks_under_a_memory_limit() {
    use common::report::Answer;
    use common::workload::expected_bytes;

    for mebibytes in [64, 256] {
        let mut command = program().after(&format!("ulimit -v {}", mebibytes << 10));
        command.args(["--repeat", "500", "--latency", "0", "--json"]);
        let ended = testing::end(command).with_code(0);
        let note = "downloads at once instead of 1000: the limit on memory (ulimit -v)";
        assert!(ended.stderr.contains(note), "{ended:?}");
        assert_eq!(ended.report().answer, Answer::Bytes(expected_bytes(500)));
    }
}
