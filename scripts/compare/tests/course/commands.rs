//! Every line of every `sh` block runs as printed, with `sh`, in a copy of the workspace.
//!
//! Its `cargo run` is one of this test's: it starts the program or example that cargo has built
//! for the tests, with the arguments as printed. So nothing is built twice. A line is left out when
//!
//! - it is a step of `.ci/run`, where flags may follow that make it shorter: that runs it;
//! - it names another host (`https://`, `http://`), which a test must not need;
//! - it needs what only some machines have, as [`ELSEWHERE`] says.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::thread;

use common::testing::{Ended, end};
use tempfile::TempDir;

use crate::{Page, built, copy_workspace, pages, workspace};

/// How a line begins that does not run here, and why.
const ELSEWHERE: [(&str, &str); 5] = [
    ("parallel --keep-order --retries 3 --sshloginfile", "multiproc-cpu's own test runs it"),
    ("parallel --keep-order --retries 3 --jobs \"$SLURM_NTASKS\"", "it needs a Slurm cluster"),
    ("scripts/compare.sh --python", "it needs a package registry; a step of .ci/run has one"),
    ("python3 -m venv target/venv", "the comparison makes one for the tests"),
    ("target/venv/bin/", "the tests of the Python programs run them in that one"),
];

const CARGO: &str = r#"#!/bin/sh
# cargo run [--release] [--quiet] -p PACKAGE [--example NAME] [-- ARGUMENTS]
refuse() { echo "error: this test's cargo does not know: $*" >&2; exit 1; }
[ "$1" = run ] || refuse "$@"
shift
package= example=
while [ $# -gt 0 ]; do
    case $1 in
    --release | --quiet) ;;
    -p) package=$2; shift ;;
    --example) example=$2; shift ;;
    --) shift; break ;;
    *) refuse "$@" ;;
    esac
    shift
done
if [ -n "$example" ]; then
    [ -f "$package/examples/$example.rs" ] || refuse "$package has no example $example"
    exec "$BUILT/examples/$example" "$@"
fi
[ -f "$package/src/main.rs" ] || refuse "there is no program $package"
exec "$BUILT/$package" "$@"
"#;

/// The commands of a page; one that ends in `|` or `\` goes on in the next line.
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

/// A copy of the workspace in which a line can be run, also one that starts what is in
/// `target/debug`.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [copy, bin] = ["copy", "bin"].map(|name| folder.path().join(name));
        copy_workspace(&copy);
        fs::create_dir(copy.join("target")).expect("a folder");
        symlink(built(), copy.join("target/debug")).expect("a link");
        fs::create_dir(&bin).expect("a folder");
        fs::write(bin.join("cargo"), CARGO).expect("a script");
        fs::set_permissions(bin.join("cargo"), Permissions::from_mode(0o755)).expect("a script");
        Self(folder)
    }

    fn run(&self, command: &str) -> Ended {
        let [copy, bin] = ["copy", "bin"].map(|name| self.0.path().join(name));
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
        let mut sh = Command::new("sh");
        sh.args(["-c", command]).current_dir(copy).env("PATH", path).env("BUILT", built());
        end(sh)
    }
}

/// Whether `.ci/run` has this step; there, flags may follow that make it shorter.
fn in_ci(command: &str) -> bool {
    let ci = fs::read_to_string(workspace().join(".ci/run")).expect(".ci/run");
    ci.lines().any(|line| line == command || line.starts_with(&format!("{command} --")))
}

#[test]
fn every_command_runs_as_printed() {
    let scratch = &Scratch::new();
    // Most of their time the programs wait: a thread for each page.
    let run: usize = thread::scope(|scope| {
        let start = |page| scope.spawn(move || commands_run(scratch, &page));
        let threads: Vec<_> = pages().into_iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("a page's commands run")).sum()
    });
    assert!(run >= 20, "only {run} commands were found");
}

/// How many lines of a page were run.
fn commands_run(scratch: &Scratch, page: &Page) -> usize {
    let elsewhere = |command: &str| ELSEWHERE.iter().any(|(start, _)| command.starts_with(start));
    let mut commands = commands(page);
    commands.retain(|it| !it.contains("://") && !in_ci(it) && !elsewhere(it));
    for command in &commands {
        let ended = scratch.run(command);
        // A `diff` that finds differences ends with 1.
        let well = i32::from(command.starts_with("diff "));
        let said = format!("{}: {command}", page.path.display());
        assert_eq!(ended.code, Some(well), "{said}\n{}{}", ended.stdout, ended.stderr);
    }
    commands.len()
}

/// The last column of "What happens when": a program is run and ends as the row says; a test is
/// there, and the steps of `.ci/run` run it.
#[test]
fn what_happens_when_can_be_seen() {
    let scratch = Scratch::new();
    let top = &pages()[0].text;
    let section = top.split("\n## What happens when\n").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("a section");
    let rows = section.lines().filter(|line| line.ends_with("` |"));
    let mut seen = 0;
    for row in rows {
        let (said, command) = row.trim_end_matches("` |").rsplit_once(" `").expect("a command");
        if let Some(test) = command.strip_prefix("cargo test ") {
            assert!(is_a_test(test), "there is no such test: {command}");
        } else if !in_ci(command) && (cfg!(target_os = "linux") || !command.contains("/dev/full")) {
            let ended = scratch.run(command);
            let code = ended.code.expect("an exit code");
            let promised = code == 0 || said.contains(&format!("exit {code}"));
            assert!(promised && !ended.stderr.contains("panicked"), "{command}: {ended:?}");
        }
        seen += 1;
    }
    assert!(seen >= 10, "only {seen} rows were found");
}

/// Whether `--workspace NAME` is a test, of a package's own or of those that packages share, where a
/// part of the name does; or `--workspace --test FILE` a file of tests.
fn is_a_test(arguments: &str) -> bool {
    let words: Vec<&str> = arguments.split(' ').collect();
    let packages =
        ["sequential-baseline", "threads-io", "async-io", "multiproc-cpu", "scripts/compare"];
    let mut folders = packages.map(|package| workspace().join(package).join("tests")).to_vec();
    match words[..] {
        ["--workspace", "--test", file] => {
            folders.iter().any(|folder| folder.join(file).with_extension("rs").exists())
        }
        ["--workspace", name] => {
            folders.push(workspace().join("common/src/testing"));
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

#[test]
fn what_runs_elsewhere_is_on_a_page() {
    let all: Vec<String> = pages().iter().flat_map(commands).collect();
    for (start, why) in ELSEWHERE {
        assert!(all.iter().any(|command| command.starts_with(start)), "{start} ({why})");
    }
}
