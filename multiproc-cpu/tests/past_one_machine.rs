//! The README's way past one machine: GNU parallel, here with hosts that are all this machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;
use testing::{cpu::answer, end, skip};

const README: &str = include_str!("../README.md");
const NUMBERS: &str = "$(seq 5000000 5000019)";

// Takes the place of ssh: notes the host and runs the command here. GNU parallel starts the program
// that `SHELL` names, which a login sets and CI may not.
const SSH: &str = r#"#!/bin/sh
echo "$1" >> "$FOLDER/seen"
shift 2
SHELL=/bin/sh exec sh -c "$*"
"#;

// Takes the place of the program: its first job for the number 20 is killed.
const KILLED_ONCE: &str = r#"#!/bin/sh
if [ "$2" = 20 ] && mkdir "$FOLDER/killed" 2>/dev/null; then kill -KILL $$; fi
exec "$PROGRAM" "$@"
"#;

// The README's command in a folder with two hosts, and the folder. `None`, and the test is skipped,
// if GNU parallel is missing.
#[track_caller]
fn readme_command(change: impl FnOnce(String) -> String) -> Option<(Command, TempDir)> {
    // There is another program of this name.
    let version = Command::new("parallel").arg("--version").output();
    if !version.is_ok_and(|output| output.stdout.starts_with(b"GNU parallel")) {
        skip("GNU parallel is missing");
        return None;
    }
    let mut blocks = README.split("```sh\n").filter_map(|block| block.split_once("```"));
    let block = blocks.find(|block| block.0.starts_with("parallel ")).expect("the command");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("hosts.txt"), "2/one\n2/two\n").expect("hosts");
    for (name, script) in [("ssh", SSH), ("multiproc-cpu", KILLED_ONCE)] {
        let path = folder.path().join(name);
        fs::write(&path, script).expect("a script");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a script");
    }
    let path = std::env::var("PATH").expect("a path");
    let mut command = Command::new("sh");
    command.arg("-c").arg(change(block.0.to_owned())).current_dir(folder.path());
    command.env("PATH", format!("{}:{path}", folder.path().display()));
    command.env("PARALLEL_SSH", folder.path().join("ssh")).env("PARALLEL_HOME", folder.path());
    command.env("FOLDER", folder.path()).env("PROGRAM", cargo_bin!("multiproc-cpu"));
    Some((command, folder))
}

fn hosts_seen(folder: &Path) -> Vec<String> {
    let seen = fs::read_to_string(folder.join("seen")).expect("hosts");
    let mut hosts: Vec<String> = seen.lines().map(str::to_owned).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

#[test]
fn several_hosts_compute_the_sums_in_order() {
    let Some((command, folder)) = readme_command(|command| command) else { return };
    let ended = end(command).with_code(0);
    let numbers: Vec<u64> = (5_000_000..5_000_020).collect();
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), answer(&numbers), "{ended:?}");
    assert_eq!(hosts_seen(folder.path()), ["one", "two"]);
}

#[test]
fn a_killed_job_is_done_again() {
    // Without the retries its sum is missing.
    for (retries, numbers) in [("--retries 3", &[10, 20, 30][..]), ("", &[10, 30])] {
        let change =
            |command: String| command.replace(NUMBERS, "10 20 30").replace("--retries 3", retries);
        let Some((command, _folder)) = readme_command(change) else { return };
        let ended = end(command).with_code(0);
        assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), answer(numbers), "{ended:?}");
    }
}
