//! The programs as cargo builds them, beside the harness.

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::OutputAssertExt;

const PROGRAMS: [&str; 4] = ["sequential-baseline", "threads-io", "async-io", "multiproc-cpu"];

/// The folder that they are in. Cargo builds them for their own tests; for a test that runs alone
/// they are built here.
pub fn programs() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_compare")).parent().expect("a folder").to_owned();
    if PROGRAMS.iter().any(|name| !folder.join(name).is_file()) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--workspace", "--bins", "--target-dir"]);
        cargo.arg(folder.parent().expect("the target folder"));
        cargo.assert().success();
    }
    folder
}
