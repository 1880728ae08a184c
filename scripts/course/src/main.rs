//! `scripts/exercise.sh`: checks the exercises in the working tree, which it does not change.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::process::{Command, ExitCode};

use course::{EXERCISES, Exercise, Findings, ProgramRunner};

const HELP: &str = "\
Checks whether an exercise of a page is solved: builds the working tree, runs the program, and
prints what it found and, if that is not right, a hint. It changes no file.

Usage: scripts/exercise.sh [PAGE [NUMBER]]

  PAGE    sequential-baseline, threads-io, async-io, or multiproc-cpu [default: all of them]
  NUMBER  an exercise of the page [default: all of them, in a list]

Exit code: 0 solved, 1 not solved, 2 wrong usage";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if matches!(arguments[..], ["-h" | "--help"]) {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<&Exercise> = EXERCISES.iter().filter(|it| matches(it, &arguments)).collect();
    let solved = match chosen[..] {
        [] => {
            eprintln!("error: unknown exercise: {}\n\n{HELP}", arguments.join(" "));
            return ExitCode::from(2);
        }
        [exercise] if arguments.len() == 2 => check_one(exercise),
        _ => check_all(&chosen),
    };
    ExitCode::from(u8::from(!solved))
}

fn matches(exercise: &Exercise, arguments: &[&str]) -> bool {
    match *arguments {
        [] => true,
        [page] => exercise.page == page,
        [page, number] => exercise.page == page && number.parse() == Ok(exercise.number),
        _ => false,
    }
}

/// Prints what the check found and, if the exercise is not solved, a hint.
fn check_one(exercise: &Exercise) -> bool {
    println!("{} {}: {}", exercise.page, exercise.number, exercise.title);
    if let Err(output) = build(exercise) {
        eprint!("{output}");
        println!("not solved: it does not compile");
        return false;
    }
    let Findings { findings, hint } = exercise.check(&ProgramRunner(&|| cargo("run", exercise)));
    match findings {
        Ok(findings) => {
            for finding in findings {
                let mark = if finding.right { "ok   " } else { "wrong" };
                let course::Finding { what, found, wanted, .. } = finding;
                println!("  {mark} {what}: {found} (wanted: {wanted})");
            }
        }
        Err(error) => println!("  wrong {}", error.trim_end()),
    }
    match hint {
        None => println!("solved"),
        Some(hint) => println!("not solved\nhint: {hint}"),
    }
    hint.is_none()
}

/// Prints a line for each exercise.
fn check_all(exercises: &[&Exercise]) -> bool {
    let mut solved = true;
    for exercise in exercises {
        let state = match build(exercise) {
            Err(_) => "does not compile",
            Ok(()) => match exercise.check(&ProgramRunner(&|| cargo("run", exercise))).hint {
                None => "solved",
                Some(_) => "not solved",
            },
        };
        println!("{:<20} {}  {:<34} {state}", exercise.page, exercise.number, exercise.title);
        solved &= state == "solved";
    }
    solved
}

/// Returns what cargo printed if the build failed.
fn build(exercise: &Exercise) -> Result<(), String> {
    let output = cargo("build", exercise).output().map_err(|error| format!("cargo: {error}\n"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

// Cargo knows where it has built the program. `cargo run` becomes the program.
fn cargo(verb: &str, exercise: &Exercise) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args([verb, "--quiet", "-p", exercise.page]);
    match exercise.example {
        Some(example) => cargo.args(["--example", example]),
        None => cargo.args(["--bin", exercise.page]),
    };
    if verb == "run" {
        cargo.arg("--");
    }
    cargo
}
