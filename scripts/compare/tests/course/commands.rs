//! Every line of every `sh` block runs as printed, with `sh`, in a copy of the workspace.
//!
//! Its `cargo run` is one of this test's: it starts the program or example that cargo has built
//! for the tests, with the arguments as printed. So nothing is built twice. A line is left out when
//!
//! - it is a step of `.ci/run`, where flags may follow that make it shorter: that runs it;
//! - it names another host (`https://`, `http://`), which a test must not need;
//! - it needs what only some machines have, as [`ELSEWHERE`] says.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::testing::end;

use crate::{Page, built, copy_workspace, pages, workspace};

/// How a line begins that does not run here, and why.
const ELSEWHERE: [(&str, &str); 2] = [
    ("parallel --keep-order --retries 3 --sshloginfile", "multiproc-cpu's own test runs it"),
    ("parallel --keep-order --retries 3 --jobs \"$SLURM_NTASKS\"", "it needs a Slurm cluster"),
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

#[test]
fn every_command_runs_as_printed() {
    let ci = fs::read_to_string(workspace().join(".ci/run")).expect(".ci/run");
    let in_ci = |command: &str| {
        ci.lines().any(|line| line == command || line.starts_with(&format!("{command} --")))
    };
    let folder = tempfile::tempdir().expect("a folder");
    let [copy, bin] = ["copy", "bin"].map(|name| folder.path().join(name));
    copy_workspace(&copy);
    // Where pictures may be written, as the pages do.
    fs::create_dir(copy.join("target")).expect("a folder");
    fs::create_dir(&bin).expect("a folder");
    fs::write(bin.join("cargo"), CARGO).expect("a script");
    fs::set_permissions(bin.join("cargo"), Permissions::from_mode(0o755)).expect("a script");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    let mut run = 0;
    for page in pages() {
        for command in commands(&page) {
            let elsewhere = ELSEWHERE.iter().any(|(start, _)| command.starts_with(start));
            if command.contains("://") || in_ci(&command) || elsewhere {
                continue;
            }
            let mut sh = Command::new("sh");
            sh.args(["-c", &command]).current_dir(&copy).env("PATH", &path).env("BUILT", built());
            let ended = end(sh);
            // A `diff` that finds differences ends with 1.
            let well = i32::from(command.starts_with("diff "));
            let said = format!("{}: {command}", page.path.display());
            assert_eq!(ended.code, Some(well), "{said}\n{}{}", ended.stdout, ended.stderr);
            run += 1;
        }
    }
    assert!(run >= 20, "only {run} commands were found");
}

#[test]
fn what_runs_elsewhere_is_on_a_page() {
    let all: Vec<String> = pages().iter().flat_map(commands).collect();
    for (start, why) in ELSEWHERE {
        assert!(all.iter().any(|command| command.starts_with(start)), "{start} ({why})");
    }
}
