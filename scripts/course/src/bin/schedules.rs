//! Draws the picture of the front page: one run of each program, on one time axis.
//!
//!     cargo run -p course --bin schedules -- scripts/schedules.svg

#![allow(clippy::print_stderr, reason = "a program for the terminal")]

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use common::os::file;
use common::report::svg::{self, View};
use common::report::timeline::Timeline;
use common::report::{Report, format};

/// The programs, and the workload of the baseline.
const RUNS: [(&str, &str); 5] = [
    ("sequential-baseline", "io"),
    ("threads-io", ""),
    ("async-io", ""),
    ("sequential-baseline", "cpu"),
    ("multiproc-cpu", ""),
];

/// The most rows of one program.
const MAX_ROWS: usize = 40;

fn run(package: &str, workload: &str) -> Result<Timeline, String> {
    // Built before, because a build may take longer than a run may.
    let build = ["build", "--release", "--quiet", "-p", package];
    let built = Command::new("cargo").args(build).status().map_err(|error| error.to_string())?;
    if !built.success() {
        return Err(format!("cannot build {package}"));
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--release", "--quiet", "-p", package, "--"]);
    cargo.args(workload.split_whitespace()).args(["--json", "--details"]);
    let report: Report = course::run(cargo)?.json()?;
    let mut timeline = Timeline::of(&report);
    timeline.subtitle = format::seconds(report.wall_seconds);
    Ok(timeline.thinned(MAX_ROWS))
}

fn draw(path: PathBuf) -> Result<(), String> {
    let timelines: Result<_, String> =
        RUNS.iter().map(|(package, workload)| run(package, workload)).collect();
    let timeline = Timeline::join("schedules", "The four programs on one time axis", timelines?);
    let svg = svg::draw(&timeline, View { height: 480.0, ..View::WHOLE });
    file::replace(&path, &svg).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: cargo run -p course --bin schedules -- FILE.svg");
        return ExitCode::from(2);
    };
    match draw(path.into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
