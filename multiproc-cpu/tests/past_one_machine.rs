//! The README's way past one machine: GNU parallel, here with hosts that are all this machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use common::testing::{Running, cpu::answer, eventually, random, skip};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

const README: &str = include_str!("../README.md");
const NUMBERS: &str = "$(seq 5000000 5000019)";

// Stands in for ssh: notes the host and runs the command here. As at any login, `SHELL` is set: on the
// other side GNU parallel starts what it names, and CI may not have it.
const SSH: &str = r#"#!/bin/sh
echo "$1" >> "$HOSTS_SEEN"
shift 2
SHELL=/bin/sh exec sh -c "$*"
"#;

// The README's command in a folder with two hosts, and the folder. `None`, and the test is skipped,
// where GNU parallel is missing.
#[track_caller]
fn of_the_readme(change: impl FnOnce(String) -> String) -> Option<(Command, TempDir)> {
    // There is another program of this name.
    let version = Command::new("parallel").arg("--version").output();
    if !version.is_ok_and(|output| output.stdout.starts_with(b"GNU parallel")) {
        skip("GNU parallel is missing");
        return None;
    }
    let mut blocks = README.split("```sh\n").filter_map(|block| block.split_once("```"));
    let block = blocks.find(|block| block.0.starts_with("parallel ")).expect("the command");
    let folder = tempfile::tempdir().expect("a folder");
    let [hosts, ssh, seen] = ["hosts.txt", "ssh", "seen"].map(|name| folder.path().join(name));
    fs::write(hosts, "2/one\n2/two\n").expect("hosts");
    fs::write(&ssh, SSH).expect("a script");
    fs::set_permissions(&ssh, Permissions::from_mode(0o755)).expect("a script");
    let own = cargo_bin!("multiproc-cpu").parent().expect("a folder");
    let path = std::env::var("PATH").expect("a path");
    let mut command = Command::new("sh");
    command.arg("-c").arg(change(block.0.to_owned())).current_dir(folder.path());
    command.env("PATH", format!("{}:{path}", own.display()));
    command.env("PARALLEL_SSH", ssh).env("PARALLEL_HOME", folder.path()).env("HOSTS_SEEN", seen);
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
fn several_hosts_bring_the_same_sums_in_order() {
    let Some((command, folder)) = of_the_readme(|command| command) else { return };
    let ended = Running::start(command).end().with_code(0);
    let numbers: Vec<u64> = (5_000_000..5_000_020).collect();
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), answer(&numbers), "{ended:?}");
    assert_eq!(hosts_seen(folder.path()), ["one", "two"]);
}

// The program that sums below `number`, not its worker and not the shell that started it.
fn that_sums(number: u64) -> Option<Pid> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output().expect("ps");
    let processes = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = processes.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [pid, parent, program, argument] = words[..] else { return None };
        let own = program.ends_with("multiproc-cpu") && argument == number.to_string();
        own.then(|| (pid.parse::<i32>().ok(), parent.parse::<i32>().ok()))
    });
    let found: Vec<_> = found.collect();
    let mut programs = found.iter().filter(|one| !found.iter().any(|other| other.0 == one.1));
    programs.next().and_then(|program| program.0).map(Pid::from_raw)
}

// The sums of some numbers, one of which takes a second or two and whose program is killed.
#[track_caller]
fn with_one_killed(retries: &str) -> Option<(Vec<u64>, Vec<String>)> {
    let long = 1_000_000_000 + random(1_000_000);
    let numbers = vec![10, long, 20, 30];
    let list = format!("10 {long} 20 30");
    let change = |command: String| command.replace(NUMBERS, &list).replace("--retries 3", retries);
    let (command, _folder) = of_the_readme(change)?;
    let running = Running::start(command);
    kill(eventually(|| that_sums(long)), Signal::SIGKILL).expect("killed");
    let ended = running.end().with_code(0);
    Some((numbers, ended.stdout.lines().map(str::to_owned).collect()))
}

#[test]
fn a_killed_job_is_done_again() {
    let Some((numbers, sums)) = with_one_killed("--retries 3") else { return };
    assert_eq!(sums, answer(&numbers));
    // Which is owed to the retries: without them its sum is missing.
    let Some((numbers, sums)) = with_one_killed("") else { return };
    assert_eq!(sums, answer(&[numbers[0], numbers[2], numbers[3]]));
}
