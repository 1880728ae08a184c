//! Each exercise: the original program does not solve it, its page's solution does, and a wrong
//! attempt gets the hint for its mistake.
//!
//! Solutions and attempts are diffs. All are applied in a copy of the workspace and built there at
//! once: for each page one example, in which each changed program is a module. The copy has another
//! version, so that cargo keeps its packages apart from the workspace's and takes all other packages
//! as they are built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use course::{EXERCISES, Exercise, ProgramRunner};

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

/// The name of the module and of the example that the changed program is in.
fn names(exercise: &Exercise, change: &str) -> (String, String) {
    (format!("exercise_{}_{change}", exercise.number), format!("changed-{}", exercise.page))
}

/// Runs a changed program.
fn changed(exercise: &Exercise, change: &str) -> Command {
    let (module, example) = names(exercise, change);
    let mut command = Command::new(CHANGED.join(example));
    command.env("CHANGED", module);
    command
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
        let example = format!("changed-{program}");
        let folder = copy.join(program).join("examples").join(&example);
        fs::create_dir_all(&folder).expect("a folder");
        let (mut modules, mut arms) = (String::new(), String::new());
        for exercise in EXERCISES.iter().filter(|exercise| exercise.page == program) {
            for (change, diff) in changes(exercise) {
                let (module, _) = names(exercise, change);
                let source = patched(&diff).replace("\nfn main(", "\npub fn main(");
                write(&folder.join(format!("{module}.rs")), source.as_bytes());
                modules += &format!("mod {module};\n");
                arms += &format!("        Ok(\"{module}\") => {module}::main(),\n");
            }
        }
        let main = format!(
            "{modules}\nfn main() -> std::process::ExitCode {{\n    \
             match std::env::var(\"CHANGED\").as_deref() {{\n{arms}        \
             _ => std::process::ExitCode::FAILURE,\n    }}\n}}\n"
        );
        write(&folder.join("main.rs"), main.as_bytes());
        cargo.args(["-p", program, "--example", &example]);
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
fn patched(diff: &str) -> String {
    let file = diff.lines().find_map(|line| line.strip_prefix("--- a/")).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let [patch, result] = ["patch", "result"].map(|name| folder.path().join(name));
    fs::write(&patch, diff).expect("a file");
    let mut command = Command::new("patch");
    command.args(["--batch", "--fuzz=0", "-o"]).arg(&result).arg(workspace().join(file)).arg(patch);
    let output = command.output().expect("this test needs the program `patch`");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{diff}\n{printed}");
    fs::read_to_string(result).expect("a file")
}

/// Asserts that the check gives a hint like this. The checks compare times of one run with each other, and
/// on a machine that is busy enough, any two times can be wrong: a check has three attempts.
#[track_caller]
fn assert_hint(
    exercise: &Exercise,
    program: &dyn Fn() -> Command,
    expected: impl Fn(Option<&'static str>) -> bool,
) {
    let mut findings = String::new();
    for _ in 0..3 {
        let verdict = exercise.check(&ProgramRunner(program));
        if expected(verdict.hint) {
            return;
        }
        findings = match verdict.findings {
            Ok(findings) => findings
                .map(|it| format!("{}: {} (wanted: {})", it.what, it.found, it.wanted))
                .join("\n"),
            Err(error) => error,
        };
        findings = format!("hint {:?}\n{findings}", verdict.hint);
    }
    panic!("{} {}:\n{findings}", exercise.page, exercise.number);
}

#[test]
fn an_original_program_solves_nothing() {
    for exercise in EXERCISES {
        let program = match exercise.example {
            Some(example) => built().join("examples").join(example),
            None => built().join(exercise.page),
        };
        assert_hint(&exercise, &|| Command::new(&program), |hint| hint.is_some());
    }
}

#[test]
fn each_solution_solves_its_exercise() {
    for exercise in EXERCISES {
        assert_hint(&exercise, &|| changed(&exercise, "solution"), |hint| hint.is_none());
    }
}

#[test]
fn a_wrong_attempt_gets_the_hint_for_its_mistake() {
    for exercise in EXERCISES {
        for (attempt, expected) in ["hint1", "hint2"].iter().zip(exercise.hints) {
            assert_hint(&exercise, &|| changed(&exercise, attempt), |hint| hint == Some(expected));
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
