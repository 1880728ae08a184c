//! What holds for every program that computes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::io::summary;
use super::{Program, end};
use crate::sums;

/// Makes a test of each function of this module, for one program.
#[macro_export]
macro_rules! cpu_tests {
    ($program:expr) => {
        $crate::cpu_tests!($program; each_sum_has_its_line, sums_are_right,
            the_default_is_20_numbers, wrong_numbers_are_named, a_reader_may_leave,
            full_and_closed_streams, a_signal_ends_it_with_a_report, nothing_outlives_a_kill);
    };
    ($program:expr; $($name:ident),+) => {
        $(#[test]
        fn $name() {
            $crate::testing::cpu::$name(&$program);
        })+
    };
}

/// Sums that together take some seconds.
const LONG: [&str; 40] = ["20000000"; 40];

fn sum_lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("summed below ")).collect()
}

/// The sums below these numbers, as a report tells them.
pub fn answer(numbers: &[u64]) -> Vec<String> {
    let sum = |number: &u64| sums::closed_form(*number).expect("it fits").to_string();
    numbers.iter().map(sum).collect()
}

#[expect(missing_docs, reason = "the names say it")]
pub fn each_sum_has_its_line(program: &Program) {
    let ended = program.run(["10", "100", "1000"]).with_code(0);
    assert_eq!(ended.stderr, "");
    let lines = sum_lines(&ended.stdout);
    let sums = [("10", "285"), ("100", "328350"), ("1000", "332833500")];
    assert_eq!(lines.len(), sums.len());
    for (number, sum) in sums {
        let start = format!("summed below {number}: {sum} in ");
        let mut line = lines.iter().filter(|line| line.starts_with(&start));
        assert!(line.next().is_some_and(|line| line.contains(" by worker ")), "{lines:?}");
        assert_eq!(line.next(), None);
    }
    summary(program, &ended, "cpu", "3, 0 failed");
    assert!(ended.stdout.contains("285 to 332833500"), "{}", ended.stdout);
    let quiet = program.run(["10", "--quiet"]).with_code(0);
    assert!(sum_lines(&quiet.stdout).is_empty(), "{}", quiet.stdout);
    summary(program, &quiet, "cpu", "1, 0 failed");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn sums_are_right(program: &Program) {
    let numbers = [3, 0, 1, 2, 100_000, 3, 0, 4_000_000, 77_777];
    let named = numbers.map(|number: u64| number.to_string());
    let json = program.run(named.iter().map(String::as_str).chain(["--json"])).with_code(0).json();
    assert_eq!(json["answer"], Value::from(answer(&numbers)));
    assert_eq!(json["failed"], 0);
    let names: Vec<_> =
        json["spans"].as_array().expect("spans").iter().map(|s| s["name"].clone()).collect();
    assert_eq!(names, named.map(Value::from), "in the order asked");
    assert!(json["bound_seconds"].as_f64() <= json["wall_seconds"].as_f64(), "{json}");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn the_default_is_20_numbers(program: &Program) {
    let json = program.run(["--json"]).with_code(0).json();
    let numbers: Vec<u64> = (5_000_000..5_000_020).collect();
    assert_eq!(json["answer"], Value::from(answer(&numbers)));
}

#[expect(missing_docs, reason = "the names say it")]
pub fn wrong_numbers_are_named(program: &Program) {
    let largest = sums::LARGEST + 1;
    for value in ["", "rubbish", "-5", "1.5", "1e3", "0x10", "99999999999999999999999", "\u{1F600}"]
        .into_iter()
        .chain([largest.to_string().as_str()])
    {
        program.refuses(["10", value], &["NUMBER", &format!("'{value}'")]);
    }
    program.refuses(["--no-such-flag"], &["'--no-such-flag'"]);
    program.refuses([OsStr::from_bytes(b"\xFF\xFE")], &["NUMBER", "not UTF-8"]);
}

#[expect(missing_docs, reason = "the names say it")]
pub fn a_reader_may_leave(program: &Program) {
    let mut command = program.prefixed(&["sh", "-c", "{ \"$0\" \"$@\"; echo $? >&2; } | head -1"]);
    command.args(["2000000"; 20]);
    let ended = end(command).with_code(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    assert_eq!(ended.stderr, "0\n", "quietly, with exit code 0");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn full_and_closed_streams(program: &Program) {
    program.stands_streams(&["10", "20"]);
}

#[expect(missing_docs, reason = "the names say it")]
pub fn a_signal_ends_it_with_a_report(program: &Program) {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut running = program.start(LONG);
        running.line();
        if signal == Signal::SIGINT {
            running.signal_all(signal);
        } else {
            running.signal(signal);
        }
        let ended = running.end().with_code(code);
        let not_done = format!("interrupted by signal {}:", signal as i32);
        assert!(ended.stderr.contains(&not_done), "{ended:?}");
        let done = sum_lines(&ended.stdout).len();
        assert!(done < LONG.len());
        assert!(ended.stdout.contains(&format!("40, {} failed", 40 - done)), "{ended:?}");
    }
}

#[expect(missing_docs, reason = "the names say it")]
pub fn nothing_outlives_a_kill(program: &Program) {
    program.leaves_nothing_when_killed(&LONG);
}
