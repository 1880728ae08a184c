//! The comparison: runs the programs as whole processes, checks every run, and collates timings.
//!
//! `scripts/compare.sh` builds the programs in release and starts this.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`options`] | the flags |
//! | [`programs`] | what is compared: a row for each program |
//! | [`plan`] | how often each program runs, and in which order |
//! | [`run`] | one run: started, timed, checked |
//! | [`comparison`] | all runs, round by round |
//! | [`results`] | what was found; everything below is read off it |
//! | [`statistics`] | means, spreads, ratios, outliers |
//! | [`tables`] | what is printed |
//! | [`export`], [`charts`] | what is written, a module for each format |
//! | [`lines_of_code`], [`machine`] | what is known without running anything |
//! | [`children`], [`interrupt`], [`progress`] | the processes that run, Ctrl-C, the bar |

mod charts;
mod children;
mod comparison;
mod export;
mod interrupt;
mod lines_of_code;
mod machine;
mod options;
mod plan;
mod programs;
mod progress;
mod results;
mod run;
mod statistics;
mod tables;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use common::out::{complain, say};
use common::server::{self, Server};
use common::sites;

use crate::children::Children;
use crate::comparison::Bench;
use crate::export::Exports;
use crate::interrupt::Interrupt;
use crate::machine::Machine;
use crate::options::Options;
use crate::programs::Program;
use crate::progress::Progress;
use crate::results::{Comparison, Row};
use crate::run::{Runner, Sites};
use crate::tables::Look;

fn main() -> ExitCode {
    // The site server is this program once more.
    server::serve_if_asked();
    compare(&Options::parse()).unwrap_or_else(|error| {
        complain(&format!("error: {error}"));
        ExitCode::FAILURE
    })
}

fn compare(options: &Options) -> Result<ExitCode, String> {
    let mut exports = Exports::prepare(options)?;
    let chosen = options.chosen();
    let programs = folder(options, &chosen)?;
    let server = if options.urls.is_empty() { Some(Server::start()?) } else { None };
    let children = Children::from_now_on();
    let interrupt = Interrupt::watch(children.clone())
        .map_err(|error| format!("signals cannot be watched for: {error}"))?;
    let urls: Vec<String> = options.urls.iter().map(ToString::to_string).collect();
    let runner = Runner {
        programs,
        sites: server
            .as_ref()
            .map_or(Sites::Real(urls.clone()), |server| Sites::Local(server.address())),
        repeat: options.repeat,
        limit: options.run_limit(),
        children,
    };
    let mut comparison = empty(&chosen, &runner, urls);
    let progress = Progress::start();
    let bench = Bench {
        runner: &runner,
        warm_ups: options.warmup,
        effort: options.effort(),
        interrupt: &interrupt,
        progress: &progress,
    };
    bench.fill(&mut comparison, |so_far| {
        exports.write(so_far).iter().for_each(|error| progress.complain(error));
    });
    drop(progress);
    drop(server);
    exports.finish(&comparison).iter().for_each(|error| complain(error));
    say(&tables::report(&comparison, Look::Terminal));
    if let Some(report) = exports.report() {
        say(&format!("\nThe report, for a browser: {}", report.display()));
    }
    Ok(match comparison.interrupted_by {
        Some(signal) => ExitCode::from(128 + signal),
        None if comparison.failed().next().is_some() || exports.failed() => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    })
}

// The programs stand beside the harness, where cargo puts all of a build.
fn folder(options: &Options, chosen: &[Program]) -> Result<PathBuf, String> {
    let own = std::env::current_exe()
        .map_err(|error| format!("the harness does not find itself: {error}"))?;
    let beside = own.parent().unwrap_or(Path::new("/"));
    let folder = options.programs.as_deref().unwrap_or(beside);
    match chosen.iter().find(|program| !folder.join(program.name).is_file()) {
        None => Ok(folder.to_owned()),
        Some(missing) => Err(format!(
            "the program '{}' is not in '{}': run scripts/compare.sh, which builds all of them",
            missing.name,
            folder.display()
        )),
    }
}

// What is known before anything has run.
fn empty(chosen: &[Program], runner: &Runner, urls: Vec<String>) -> Comparison {
    let row = |program: &Program| Row {
        program: *program,
        planned: 0,
        runs: Vec::new(),
        failure: None,
        lines_of_code: lines_of_code::of_package(program.name),
    };
    Comparison {
        machine: Machine::this(),
        urls,
        downloads: runner.downloads(),
        sums: common::sums::default_numbers().count(),
        as_in_the_notes: runner.repeat == sites::REPEAT,
        rows: chosen.iter().map(row).collect(),
        claims: None,
        interrupted_by: None,
    }
}
