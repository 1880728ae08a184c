//! The program as a whole.

use assert_cmd::cargo::cargo_bin;
use common::report::Answer;
use common::workload::{Strategy, expected_bytes};
use testing::program::report;
use testing::{TestProgram, end};

fn program() -> TestProgram {
    TestProgram::new(cargo_bin!("threads-io"), &[])
}

testing::io_tests!(program());

#[test]
fn workers_are_threads() {
    program().refuses_values("--workers", &["0", "-1", "", "rubbish", "1000001"]);
    let report = report(&program(), &["--repeat", "40", "--latency", "5"]);
    assert_eq!((report.strategy, report.workers), (Strategy::Threads, 5));
    assert_eq!(report.processes, Some(1));
    if cfg!(target_os = "linux") {
        assert_eq!(report.threads, Some(6), "the workers and the main thread");
    }
    for worker in 0..5 {
        assert!(report.spans.iter().any(|span| span.worker == Some(worker)), "{worker}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn starts_fewer_threads_under_a_memory_limit() {
    for mebibytes in [64, 128, 256] {
        let mut command = program().after(&format!("ulimit -v {}", mebibytes << 10));
        command.args(["--workers", "200", "--repeat", "100", "--latency", "0", "--json"]);
        let ended = end(command).with_code(0);
        let note = "downloads at once instead of 200: the limit on memory (ulimit -v)";
        assert!(ended.stderr.contains(note), "{ended:?}");
        let report = ended.report();
        assert_eq!(report.answer, Answer::Bytes(expected_bytes(100)));
        assert!(report.workers < 200);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn starts_fewer_threads_under_a_process_limit() {
    // The server needs two threads, and the program one besides its workers.
    for (limit, code) in [(8, 0), (1, 1)] {
        let Some((mut command, _folder)) = program().with_process_limit(limit) else { return };
        command.args(["--workers", "40", "--latency", "5", "--quiet"]);
        let ended = end(command).with_code(code);
        assert!(ended.stderr.contains(&format!("(ulimit -u) {limit} ")), "{ended:?}");
        assert!(ended.stderr.contains("pids.max"), "a control group's limit: {ended:?}");
        assert_eq!(ended.stderr.contains("workers instead of 40"), code == 0, "{ended:?}");
        assert_eq!(ended.stdout.contains("160, 0 failed"), code == 0, "{ended:?}");
    }
}
