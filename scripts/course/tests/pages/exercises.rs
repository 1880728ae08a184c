//! Each exercise: the original program does not solve it, its page's solution does, and a wrong
//! attempt gets the hint for its mistake.
//!
//! Solutions and attempts are diffs. All are applied to a copy of the workspace and built there at
//! once, as examples. The copy has another version, so that cargo keeps its packages apart from the
//! workspace's and takes all other packages as they are built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use course::{EXERCISES, Exercise, Runner, Verdict};

use crate::{PROGRAMS, Page, built, copy_workspace, workspace, write};

/// The diffs on a page, in the folds of the exercises with these numbers.
fn solutions(page: &Page) -> BTreeMap<usize, String> {
    let exercises = page.text.split("\n### Exercise ").skip(1);
    let diff = |exercise: &str| {
        let (number, rest) = exercise.split_once(':').expect("a number");
        let diff = rest.split_once("```diff\n").and_then(|(_, rest)| rest.split_once("```"));
        (number.parse().expect("a number"), diff.expect("a solution").0.to_owned())
    };
    exercises.map(diff).collect()
}

/// The name of a changed program, which is an example of the copy.
fn name(exercise: &Exercise, change: &str) -> String {
    format!("{}_{}_{change}", exercise.page, exercise.number)
}

/// All changes of an exercise: `solution`, `hint1`, `hint2`, each with its diff.
fn changes(exercise: &Exercise) -> Vec<(&'static str, String)> {
    let solution = solutions(&Page::of(exercise.page)).remove(&exercise.number);
    let attempts = workspace().join("scripts/course/attempts");
    let attempt = |hint: &'static str| {
        let file = format!("{}-{}-{hint}.diff", exercise.page, exercise.number);
        (hint, fs::read_to_string(attempts.join(&file)).expect(&file))
    };
    vec![("solution", solution.expect("a solution")), attempt("hint1"), attempt("hint2")]
}

/// The folder with all changed programs.
static CHANGED: LazyLock<PathBuf> = LazyLock::new(|| {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("course");
    copy_workspace(&copy);
    let manifest = copy.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    write(&manifest, text.replace("\nversion = \"0.1.0\"", "\nversion = \"0.0.0\"").as_bytes());
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--offline"]).current_dir(&copy);
    for program in PROGRAMS {
        cargo.args(["-p", program]);
    }
    for exercise in EXERCISES {
        for (change, diff) in changes(&exercise) {
            let name = name(&exercise, change);
            let examples = copy.join(exercise.page).join("examples");
            fs::create_dir_all(&examples).expect("a folder");
            write(&examples.join(format!("{name}.rs")), &patched(&diff));
            cargo.args(["--example", &name]);
        }
    }
    cargo.env("CARGO_TARGET_DIR", built().parent().expect("a target folder"));
    // Cargo sets them for this test. In the build they would make build scripts run again.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"].iter().any(|start| name.starts_with(start))
        {
            cargo.env_remove(&variable);
        }
    }
    let output = cargo.output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    built().join("examples")
});

/// The file that the diff names, with the diff applied.
fn patched(diff: &str) -> Vec<u8> {
    let file = diff.lines().find_map(|line| line.strip_prefix("--- a/")).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let [patch, result] = ["patch", "result"].map(|name| folder.path().join(name));
    fs::write(&patch, diff).expect("a file");
    let mut command = Command::new("patch");
    command.args(["--batch", "--fuzz=0", "-o"]).arg(&result).arg(workspace().join(file)).arg(patch);
    let output = command.output().expect("this test needs the program `patch`");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{diff}\n{printed}");
    fs::read(result).expect("a file")
}

fn check(exercise: &Exercise, program: &Path) -> (Option<&'static str>, String) {
    let Verdict { findings, hint } = exercise.check(&Runner(&|| Command::new(program)));
    let findings = match findings {
        Ok(findings) => findings
            .map(|it| format!("{}: {} (wanted: {})", it.what, it.found, it.wanted))
            .join("\n"),
        Err(error) => error,
    };
    (hint, format!("{} {}, {}:\n{findings}", exercise.page, exercise.number, program.display()))
}

#[test]
fn an_original_program_solves_nothing() {
    for exercise in EXERCISES {
        let program = match exercise.example {
            Some(example) => built().join("examples").join(example),
            None => built().join(exercise.page),
        };
        let (hint, findings) = check(&exercise, &program);
        assert!(hint.is_some(), "{findings}");
    }
}

#[test]
fn each_solution_solves_its_exercise() {
    for exercise in EXERCISES {
        let (hint, findings) = check(&exercise, &CHANGED.join(name(&exercise, "solution")));
        assert_eq!(hint, None, "{findings}");
    }
}

#[test]
fn a_wrong_attempt_gets_the_hint_for_its_mistake() {
    for exercise in EXERCISES {
        for (attempt, expected) in ["hint1", "hint2"].iter().zip(exercise.hints) {
            let (hint, findings) = check(&exercise, &CHANGED.join(name(&exercise, attempt)));
            assert_eq!(hint, Some(expected), "{findings}");
        }
    }
}

#[test]
fn each_page_has_the_exercises_of_the_list() {
    for program in PROGRAMS {
        let page = Page::of(program);
        let titles: Vec<String> = EXERCISES
            .iter()
            .filter(|exercise| exercise.page == program)
            .map(|exercise| format!("### Exercise {}: {}", exercise.number, exercise.title))
            .collect();
        let headings: Vec<&str> =
            page.text.lines().filter(|line| line.starts_with("### Exercise ")).collect();
        assert_eq!(headings, titles);
    }
}
