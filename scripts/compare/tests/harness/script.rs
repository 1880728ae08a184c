//! `scripts/compare.sh` with stand-ins for cargo and Python.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testing::{Ended, end};

/// A cargo that builds nothing and prints what it would start.
const CARGO: &str = r#"#!/bin/sh
echo "$*" >> "$LOG"
[ "$1" = run ] || exit 0
while [ "$1" != -- ]; do shift; done
shift
echo "python=$COMPARE_PYTHON arguments=$*"
"#;

/// A Python that makes an empty environment.
const PYTHON: &str = r#"#!/bin/sh
case "$*" in
    -VV) echo "$VERSION" ;;
    "-m venv --clear "*) echo venv >> "$LOG"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
    "-m pip "*) echo pip >> "$LOG"; [ -z "$NO_REGISTRY" ] || { echo "ERROR: no registry"; exit 1; } ;;
esac
"#;

struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, script) in [("cargo", CARGO), ("python3", PYTHON)] {
            let path = folder.path().join(name);
            fs::write(&path, script).expect("a script");
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("a script");
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn script() -> PathBuf {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compare.sh");
        script.canonicalize().expect("the script")
    }

    /// Runs `script` after `shell`'s redirections.
    fn run(&self, script: &Path, redirections: &str, target: &OsStr, arguments: &[&str]) -> Ended {
        let mut command = Command::new("bash");
        command.args(["-c", &format!("exec \"$0\" \"$@\" {redirections}")]).arg(script);
        let path =
            format!("{}:{}", self.0.path().display(), std::env::var("PATH").expect("a path"));
        command.args(arguments).env("PATH", path).env("LOG", self.path("log"));
        command.env("CARGO_TARGET_DIR", target).env_remove("COMPARE_PYTHON");
        for variable in ["VERSION", "NO_REGISTRY"] {
            if let Ok(value) = fs::read_to_string(self.path(variable)) {
                command.env(variable, value);
            }
        }
        end(command)
    }

    fn compare(&self, arguments: &[&str]) -> Ended {
        self.run(&Self::script(), "", self.path("target").as_os_str(), arguments)
    }

    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

#[test]
fn help_builds_nothing() {
    let scratch = Scratch::new();
    for flag in ["--help", "-h"] {
        let ended = scratch.compare(&["--quick", flag]).with_code(0);
        assert!(ended.stdout.contains("Usage: scripts/compare.sh"), "{ended:?}");
    }
    assert!(scratch.log().is_empty());
}

#[test]
fn cargo_starts_the_harness_with_all_arguments() {
    let scratch = Scratch::new();
    let link = scratch.path("link");
    symlink(Scratch::script(), &link).expect("a link");
    for target in ["a \"quoted\" \\ folder", "plain"] {
        let target = scratch.path(target);
        let ended = scratch.run(&link, "", target.as_os_str(), &["--only", "a b", "--runs", "3"]);
        assert_eq!(ended.with_code(0).stdout, "python= arguments=--only a b --runs 3\n");
    }
    assert!(scratch.log()[0].starts_with("build --release --workspace --bins --manifest-path "));
}

#[test]
fn standard_error_may_be_closed_or_full() {
    let scratch = Scratch::new();
    for redirection in ["2>&-", "2>/dev/full"] {
        let target = scratch.path("target");
        let ended = scratch.run(&Scratch::script(), redirection, target.as_os_str(), &["--quick"]);
        assert_eq!(ended.with_code(0).stdout, "python= arguments=--quick\n", "{redirection}");
    }
}

#[test]
fn the_examples_are_built_if_they_are_needed() {
    for (flags, needed) in [
        (&["--claims"][..], true),
        (&["--scaling"], true),
        (&["--peers"], true),
        (&["--only", "rayon_sums"], true),
        (&["--only=rayon_sums"], true),
        (&["--only", "async-io"], false),
        (&["--quick"], false),
    ] {
        let scratch = Scratch::new();
        scratch.compare(flags).with_code(0);
        assert_eq!(scratch.log()[0].contains("--examples"), needed, "{flags:?}");
    }
}

#[test]
fn an_environment_is_made_once_for_each_interpreter_and_version() {
    let scratch = Scratch::new();
    let made = || scratch.log().iter().filter(|line| *line == "venv").count();
    for (version, flags, expected) in [
        ("3.13", &["--python"][..], 1),
        ("3.13", &["--only", "async_io.py"], 1),
        ("3.14", &["--python"], 2),
        ("3.13", &["--python"], 2),
        ("3.13", &["--quick"], 2),
    ] {
        fs::write(scratch.path("VERSION"), version).expect("a file");
        let ended = scratch.compare(flags).with_code(0);
        assert_eq!(made(), expected, "{version} {flags:?}");
        let has_python = ended.stdout.contains("/bin/python arguments");
        assert_eq!(has_python, flags != ["--quick"], "{ended:?}");
    }
    let other = scratch.path("other");
    fs::copy(scratch.path("python3"), &other).expect("a copy");
    for flags in [
        &["--python-bin", other.to_str().expect("a path")][..],
        &[&format!("--python-bin={}", other.display())],
    ] {
        scratch.compare(flags).with_code(0);
        assert_eq!(made(), 3, "{flags:?}");
    }
}

#[test]
fn a_failed_installation_is_named_and_the_comparison_runs() {
    let scratch = Scratch::new();
    fs::write(scratch.path("NO_REGISTRY"), "yes").expect("a file");
    for _ in 0..2 {
        let ended = scratch.compare(&["--python"]).with_code(0);
        assert!(ended.stderr.contains("cannot install the Python packages: ERROR: no registry"));
        assert_eq!(ended.stdout, "python= arguments=--python\n");
    }
    assert_eq!(scratch.log().iter().filter(|line| *line == "venv").count(), 2, "tried again");
}
