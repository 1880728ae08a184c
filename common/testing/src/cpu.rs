//! The tests of every program that computes sums.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use common::report::Answer;
use common::workload::{MAX_NUMBER, closed_form, default_numbers};

use super::program::{figure, report};
use super::{TestProgram, end};

/// Makes the tests of a program that computes sums.
#[macro_export]
macro_rules! cpu_tests {
    ($program:expr) => {
        $crate::program_tests!($program, common::workload::Workload::Cpu);
        $crate::tests!(cpu(&$program):
            prints_each_sum, sums_are_correct, names_wrong_numbers);
    };
}

/// The expected sums, as in a report.
pub fn answer(numbers: &[u64]) -> Vec<String> {
    let sum = |number: &u64| closed_form(*number).expect("a sum that fits").to_string();
    numbers.iter().map(sum).collect()
}

/// The expected answer of a report.
pub fn sums(numbers: &[u64]) -> Answer {
    Answer::Sums(answer(numbers).into_iter().map(Some).collect())
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn prints_each_sum(program: &TestProgram) {
    let mut command = program.command();
    command.args(["10", "100", "1000", "--verbose"]);
    let ended = end(command).with_code(0);
    for line in ["10: sum 285 in ", "100: sum 328350 in ", "1000: sum 332833500 in "] {
        assert_eq!(ended.stdout.lines().filter(|printed| printed.starts_with(line)).count(), 1);
    }
    assert_eq!(figure(&ended, "answer"), "285 to 332833500");
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn sums_are_correct(program: &TestProgram) {
    let numbers = [3, 0, 1, 2, 100_000, 3, 0, 4_000_000, 77_777];
    let arguments = numbers.map(|number| number.to_string());
    let report_of_some = report(program, &arguments.each_ref().map(String::as_str));
    assert_eq!(report_of_some.answer, sums(&numbers));
    let names: Vec<_> = report_of_some.spans.iter().map(|span| span.name.clone()).collect();
    assert_eq!(names, arguments, "in the order of the arguments");

    let numbers: Vec<u64> = default_numbers().collect();
    assert_eq!(report(program, &[]).answer, sums(&numbers), "without arguments");
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn names_wrong_numbers(program: &TestProgram) {
    let too_large = (MAX_NUMBER + 1).to_string();
    for value in ["", "rubbish", "-5", "1.5", "1e3", "0x10", "\u{1F600}", &too_large] {
        program.refuses(["10", value], &["NUMBER", &format!("'{value}'")]);
    }
    program.refuses([OsStr::from_bytes(b"\xFF\xFE")], &["NUMBER", "not UTF-8"]);
}
