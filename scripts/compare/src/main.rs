//! The comparison: runs the programs as whole processes, checks every run, and collates timings.
//!
//! `scripts/compare.sh` builds the programs in release and starts this.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`options`] | the flags |
//! | [`programs`] | what is compared: a row for each program |
//! | [`python`] | what runs those in Python |
//! | [`plan`] | how often each program runs, and in which order |
//! | [`run`] | one run: started, timed, checked |
//! | [`comparison`] | all runs, round by round |
//! | [`results`] | what was found; everything below is read off it |
//! | [`statistics`] | means, spreads, ratios, outliers |
//! | [`tables`] | what is printed |
//! | [`export`], [`charts`] | what is written, a module for each format |
//! | [`growth`] | what one more at once costs |
//! | [`ledger`] | what the notes claim, claim by claim, and whether it holds here |
//! | [`lines_of_code`], [`machine`] | what is known without running anything |
//! | [`children`], [`interrupt`], [`progress`] | the processes that run, Ctrl-C, the bar |

mod charts;
mod children;
mod comparison;
mod export;
mod growth;
mod interrupt;
mod ledger;
mod lines_of_code;
mod machine;
mod options;
mod plan;
mod programs;
mod progress;
mod python;
mod results;
mod run;
mod statistics;
mod tables;

use std::process::ExitCode;

use clap::Parser;
use common::limits;
use common::out::{complain, say};
use common::server::{self, Server};

use crate::children::{Children, Guard};
use crate::comparison::Bench;
use crate::export::Exports;
use crate::interrupt::Interrupt;
use crate::ledger::demonstrations;
use crate::options::Options;
use crate::programs::Language;
use crate::progress::Progress;
use crate::python::Python;
use crate::results::Comparison;
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
    let mut chosen = options.chosen();
    let programs = options.folder()?;
    if options.growth {
        growth::measure::raise_limits();
    }
    let server = if options.urls.is_empty() { Some(Server::start()?) } else { None };
    let guard = Guard::start()
        .map_err(|error| format!("a shell cannot be started: {}", limits::named(&error)))?;
    let children = Children::from_now_on(&guard);
    let interrupt = Interrupt::watch(children.clone())
        .map_err(|error| format!("signals cannot be watched for: {}", limits::named(&error)))?;
    let urls: Vec<String> = options.urls.iter().map(ToString::to_string).collect();
    let progress = Progress::start();
    let python = options.wants_python().then(|| {
        let (scripts, place) = options.python_folders()?;
        let python = options.interpreter();
        Ok::<_, String>((python::prepare(python, &scripts, &place, &children, &progress), scripts))
    });
    let (mut python, scripts) = python.transpose()?.unzip();
    if interrupt.signal().is_some() {
        // What was asked to end is not missing.
        python = None;
    }
    if let Some(missing @ Python::Missing(_)) = &python {
        chosen.retain(|program| program.language == Language::Rust);
        if chosen.is_empty() {
            return Err(missing.said());
        }
        progress.complain(&format!("note: {}", missing.said()));
    }
    let interpreter = python.as_ref().and_then(Python::interpreter).cloned();
    let runner = Runner {
        programs,
        sites: server
            .as_ref()
            .map_or(Sites::Real(urls.clone()), |server| Sites::Local(server.address())),
        repeat: options.repeat,
        python: interpreter.zip(scripts),
        limit: options.run_limit(),
        children,
    };
    let mut comparison = Comparison::new(&chosen, runner.repeat, runner.downloads(), urls);
    comparison.python = python;
    let bench = Bench {
        runner: &runner,
        warm_ups: options.warmup,
        effort: options.effort(),
        interrupt: &interrupt,
        progress: &progress,
    };
    let mut write = |so_far: &Comparison| {
        exports.write(so_far).iter().for_each(|error| progress.complain(error));
    };
    match &server {
        Some(server) if options.growth => {
            growth::measure::fill(&mut comparison, &bench, server, &mut write);
        }
        _ => bench.fill(&mut comparison, &mut write),
    }
    if options.claims() {
        demonstrations::run(&mut comparison, &runner, &interrupt, &progress, &mut write);
    }
    drop(progress);
    drop(server);
    exports.finish(&comparison).iter().for_each(|error| complain(error));
    say(&match options.claims() {
        true => ledger::text::report(&comparison),
        false if options.growth => growth::text::report(&comparison, Look::Terminal),
        false => tables::report(&comparison, Look::Terminal),
    });
    if let Some(report) = exports.report() {
        say(&format!("\nThe report, for a browser: {}", report.display()));
    }
    Ok(match comparison.interrupted_by {
        Some(signal) => ExitCode::from(128 + signal),
        None if comparison.any_failed() || exports.failed() => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    })
}
