//! Each line of each `sh` block runs as printed, with `sh`, in a copy of the workspace.
//!
//! The `cargo` that it finds is this test's: it runs the program that cargo has built for the tests, so
//! that nothing is built twice. A line is left out if
//!
//! - it is a step of `.ci/run`, which runs it;
//! - it names another host, which a test must not need;
//! - [`ELSEWHERE`] says where it runs.

use std::fs;
use std::process::Command;
use std::thread;

use course::{Outcome, run};
use tempfile::TempDir;

use crate::{Page, built, copy_workspace, pages, workspace, write};

/// The beginning of each line that does not run here, and the reason.
const ELSEWHERE: [(&str, &str); 6] = [
    ("parallel --keep-order --retries 3 --sshloginfile", "a test of multiproc-cpu runs it"),
    ("parallel --keep-order --retries 3 --jobs \"$SLURM_NTASKS\"", "it needs a Slurm cluster"),
    ("scripts/compare.sh --python", "it needs a package registry; .ci/run has one"),
    ("scripts/compare.sh --peers", "a test of the comparison runs it with stand-ins"),
    ("python3 -m venv", "it needs a package registry"),
    ("venv/bin/", "it needs the line above"),
];

const CARGO: &str = r#"#!/bin/sh
# cargo build ..., which has been done, or
# cargo run [--release] [--quiet | -q] -p PACKAGE [--bin NAME | --example NAME] [-- ARGUMENTS]
fail() { echo "error: not known to this test's cargo: $*" >&2; exit 1; }
case $1 in
build) exit 0 ;;
run) shift ;;
*) fail "$@" ;;
esac
package= example=
while [ $# -gt 0 ]; do
    case $1 in
    --release | --quiet | -q) ;;
    -p) package=$2; shift ;;
    --bin) package=$2; shift ;;
    --example) example=$2; shift ;;
    --manifest-path) shift ;;
    --) shift; break ;;
    *) fail "$@" ;;
    esac
    shift
done
if [ -n "$example" ]; then
    [ -f "$package/examples/$example.rs" ] || fail "$package has no example $example"
    exec "$BUILT/examples/$example" "$@"
fi
[ -x "$BUILT/$package" ] || fail "there is no program $package"
exec "$BUILT/$package" "$@"
"#;

/// The commands of a page. A command that ends in `|` or `\` continues in the next line.
fn commands(page: &Page) -> Vec<String> {
    let mut commands = Vec::new();
    for block in page.blocks().iter().filter(|block| block.language == "sh") {
        let mut command = String::new();
        for line in block.text.lines() {
            command += line;
            command += "\n";
            if !line.ends_with(['|', '\\']) {
                commands.push(std::mem::take(&mut command).trim().to_owned());
            }
        }
        assert_eq!(command, "", "{}: a command does not end", page.path.display());
    }
    commands
}

/// A copy of the workspace, and a folder with this test's `cargo`.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [copy, bin] = ["copy", "bin"].map(|name| folder.path().join(name));
        copy_workspace(&copy);
        fs::create_dir_all(copy.join("target")).expect("a folder");
        fs::create_dir(&bin).expect("a folder");
        write(&bin.join("cargo"), CARGO.as_bytes());
        Self(folder)
    }

    fn run(&self, command: &str) -> Outcome {
        let [copy, bin] = ["copy", "bin"].map(|name| self.0.path().join(name));
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
        let mut sh = Command::new("sh");
        sh.args(["-c", command]).current_dir(copy).env("PATH", path).env("BUILT", built());
        run(sh).expect(command)
    }
}

/// Whether `.ci/run` has this step, perhaps with further flags.
fn in_ci(command: &str) -> bool {
    let ci = fs::read_to_string(workspace().join(".ci/run")).expect(".ci/run");
    ci.lines().any(|line| line == command || line.starts_with(&format!("{command} --")))
}

/// Exit code 1: a `diff` that finds differences, an exercise that is not solved, a site that refuses.
fn expected_code(command: &str) -> i32 {
    let fails = command.starts_with("diff ")
        || command.starts_with("scripts/exercise.sh ")
        || command.contains("://127.0.0.1:1");
    i32::from(fails)
}

fn runs_here(command: &str) -> bool {
    let other_host = command.replace("://127.0.0.1", "").contains("://");
    let elsewhere = ELSEWHERE.iter().any(|(start, _)| command.starts_with(start));
    !other_host && !elsewhere && !in_ci(command)
}

#[test]
fn every_command_runs_as_printed() {
    let scratch = &Scratch::new();
    // Most of their time the programs wait: a thread for each page.
    let run: usize = thread::scope(|scope| {
        let start = |page| scope.spawn(move || run_commands(scratch, &page));
        let threads: Vec<_> = pages().into_iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("a page's commands run")).sum()
    });
    assert!(run >= 20, "only {run} commands were found");
}

/// Runs the lines of a page, and returns how many there were.
fn run_commands(scratch: &Scratch, page: &Page) -> usize {
    let mut commands = commands(page);
    commands.retain(|command| runs_here(command));
    for command in &commands {
        let ended = scratch.run(command);
        let line = format!("{}: {command}", page.path.display());
        let expected = Some(expected_code(command));
        assert_eq!(ended.code, expected, "{line}\n{}{}", ended.stdout, ended.stderr);
    }
    commands.len()
}

/// Programs are started by cargo, which knows where it has built them: `CARGO_TARGET_DIR` may be set.
#[test]
fn no_command_names_the_target_folder_of_cargo() {
    for page in pages() {
        for folder in ["target/debug", "target/release"] {
            assert!(!page.text.contains(folder), "{}: {folder}", page.path.display());
        }
    }
}

#[test]
fn each_line_that_runs_elsewhere_is_on_a_page() {
    let all: Vec<String> = pages().iter().flat_map(commands).collect();
    for (start, reason) in ELSEWHERE {
        assert!(all.iter().any(|command| command.starts_with(start)), "{start} ({reason})");
    }
}

/// The last column of "Behaviour under faults": a program ends as the row says, or a test exists.
#[test]
fn the_behaviour_under_faults_can_be_seen() {
    let scratch = Scratch::new();
    let page = Page::of("common");
    let section = page.text.split("\n## Behaviour under faults\n").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("a section");
    let rows = section.lines().filter(|line| line.ends_with("` |"));
    let mut seen = 0;
    for row in rows {
        let (text, command) = row.trim_end_matches("` |").rsplit_once(" `").expect("a command");
        if let Some(test) = command.strip_prefix("cargo test ") {
            assert!(is_a_test(test), "there is no such test: {command}");
        } else if !in_ci(command) && (cfg!(target_os = "linux") || !command.contains("/dev/full")) {
            let ended = scratch.run(command);
            let code = ended.code.expect("an exit code");
            let promised = code == 0 || text.contains(&format!("exit code {code}"));
            assert!(promised && !ended.stderr.contains("panicked"), "{command}: {}", ended.stderr);
        }
        seen += 1;
    }
    assert!(seen >= 10, "only {seen} rows were found");
}

/// Whether `--workspace NAME` is part of a test's name, or `--workspace --test FILE` a file of tests.
fn is_a_test(arguments: &str) -> bool {
    let folders = [
        "sequential-baseline/tests/program",
        "threads-io/tests",
        "async-io/tests",
        "multiproc-cpu/tests",
        "scripts/compare/tests/harness",
        "common/testing/src",
    ];
    let folders = folders.map(|folder| workspace().join(folder));
    match arguments.split(' ').collect::<Vec<&str>>()[..] {
        ["--workspace", "--test", file] => {
            folders.iter().any(|folder| folder.join(file).with_extension("rs").exists())
        }
        ["--workspace", name] => {
            let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("tests"));
            let mut sources = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
            sources.any(|text| {
                let mut functions = text.split("fn ").skip(1);
                functions.any(|rest| rest.split('(').next().is_some_and(|it| it.contains(name)))
            })
        }
        _ => false,
    }
}
