//! The tests that the examples share.

use nix::sys::signal::Signal;
use std::thread;
use std::time::Duration;

use super::{end, example, example_program, random, rounds};

/// `--help` states the claim, and wrong values of the example's flag are refused by name.
#[track_caller]
pub fn states_its_claim_and_refuses_wrong_values(name: &str, flag: &str) {
    let program = example_program(name);
    let help = program.run(["--help"]).with_code(0).stdout;
    assert!(help.starts_with("Shows claim C") || help.starts_with("Shows that "), "{name}: {help}");
    assert!(help.contains(flag), "{name}: {help}");
    program.refuses_rubbish(flag);
}

/// A person reads the summary, and then for each claim whether it holds, in words.
#[track_caller]
pub fn prints_for_a_person(name: &str, arguments: &[&str], texts: &[&str]) {
    let mut command = example(name);
    command.args(arguments);
    let stdout = end(command).with_code(0).stdout;
    for text in texts {
        assert!(stdout.contains(text), "{text} in {stdout}");
    }
}

/// Closed streams are no error; a full device is one.
#[track_caller]
pub fn survives_closed_and_full_streams(name: &str, arguments: &[&str]) {
    let ended = |redirection: &str| {
        let mut command = example_program(name).after(&format!("exec {redirection}"));
        command.args(arguments);
        end(command)
    };
    for redirection in [">&-", "2>&-", "<&- >&- 2>&-"] {
        ended(redirection).with_code(0);
    }
    if cfg!(target_os = "linux") {
        ended("2>/dev/full").with_code(0);
        let full = ended(">/dev/full").with_code(1);
        assert!(full.stderr.contains("cannot write to standard output"), "{full:?}");
    }
}

/// Kills the example at random moments of its first 30 ms.
#[track_caller]
pub fn leaves_no_process_when_killed(name: &str, arguments: &[&str]) {
    for _ in 0..rounds() {
        let running = example_program(name).start(arguments);
        thread::sleep(Duration::from_micros(random(30_000)));
        running.signal(Signal::SIGKILL);
        assert_eq!(running.end().code, None);
    }
}

/// Draws itself as characters and, with `--diagram`, as SVG into a new folder. The SVG has these words,
/// and the characters have the first of them.
#[track_caller]
pub fn draws_itself(name: &str, arguments: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("diagram.svg");
    let mut command = example(name);
    command.args(arguments).arg("--diagram").arg(&path);
    let ended = end(command).with_code(0);
    assert!(ended.stderr.contains("diagram written to "), "{ended:?}");
    let svg = std::fs::read_to_string(&path).expect("an SVG");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(ended.stdout.contains(words[0]), "{name}: {}", ended.stdout);
    for word in words {
        assert!(svg.contains(word), "{name}: {word} in {svg}");
    }
}
