//! The downloads of the baseline as a whole program.

use assert_cmd::cargo::cargo_bin;
use common::workload::Strategy;
use testing::TestProgram;
use testing::program::report;

fn program() -> TestProgram {
    TestProgram::new(cargo_bin!("sequential-baseline"), &["io"])
}

testing::io_tests!(program());

#[test]
fn downloads_one_after_another() {
    let report = report(&program(), &["--repeat", "2", "--latency", "1"]);
    assert_eq!((report.strategy, report.workers), (Strategy::Sequential, 1));
    assert_eq!(report.processes, Some(1));
    for pair in report.spans.windows(2) {
        assert!(pair[0].end_seconds <= pair[1].start_seconds, "{pair:?}");
        assert_eq!(pair[0].worker, Some(0));
    }
}
