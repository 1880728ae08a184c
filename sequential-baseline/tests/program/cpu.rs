//! The sums of the baseline, and both its workloads, as a whole program.

use assert_cmd::cargo::cargo_bin;
use common::report::{Answer, Report};
use common::workload::{Strategy, Workload, expected_bytes};
use testing::TestProgram;
use testing::program::report;

fn program() -> TestProgram {
    TestProgram::new(cargo_bin!("sequential-baseline"), &["cpu"])
}

testing::cpu_tests!(program());

#[test]
fn sums_one_after_another() {
    let report = report(&program(), &["3", "4"]);
    assert_eq!((report.strategy, report.workers), (Strategy::Sequential, 1));
    assert_eq!((report.workload, report.processes), (Workload::Cpu, Some(1)));
}

#[test]
fn does_both_workloads_without_a_subcommand() {
    let both = TestProgram::new(program().path(), &[]);
    let ended = both.run(["--json"]).with_code(0);
    let reports: Vec<Report> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("a report")).collect();
    let workloads: Vec<_> = reports.iter().map(|report| report.workload).collect();
    assert_eq!(workloads, [Workload::Io, Workload::Cpu]);
    assert_eq!(reports[0].answer, Answer::Bytes(expected_bytes(80)));
    assert_eq!(reports[1].items, 20);
}

#[test]
fn names_arguments_of_other_programs() {
    let both = TestProgram::new(program().path(), &[]);
    both.refuses(["--workers", "2"], &["'--workers'"]);
    both.refuses(["100"], &["'100'"]);
}
