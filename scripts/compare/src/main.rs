//! The comparison: runs the programs as whole processes, checks every run, and compares their times.
//!
//! `scripts/compare.sh` builds the programs in release mode and starts this.
//!
//! | module | content |
//! | --- | --- |
//! | [`cli`] | the flags |
//! | [`setup`] | the local server, the Python interpreter, the first state of a comparison |
//! | [`catalog`] | the rows of the comparison |
//! | [`process`] | a program in a process group of its own, timed, with a deadline |
//! | [`check`] | a run against the expected answer |
//! | [`mod@bench`] | warm-ups, rounds and their order |
//! | [`scaling`] | the marginal cost of a worker |
//! | [`claims`] | the claims of the article, and whether they hold here |
//! | [`model`], [`statistics`] | the results as plain data |
//! | [`render`] | the results for terminal and files, one module for each format |
//! | [`export`] | the files |
//! | [`sources`], [`machine`], [`python`] | lines of code, the machine, the interpreter |

mod bench;
mod catalog;
mod check;
mod claims;
mod cli;
mod export;
mod machine;
mod model;
mod process;
mod python;
mod render;
mod scaling;
mod setup;
mod sources;
mod statistics;

use std::process::ExitCode;

use common::os::output::{self, eprint_line, print_line};
use common::server;

use crate::cli::{Mode, Options};
use crate::export::Exports;
use crate::model::Comparison;

fn main() -> ExitCode {
    // The local server is this program again.
    server::serve_if_requested();
    compare(&Options::from_command_line()).unwrap_or_else(|error| {
        eprint_line(&format!("error: {error}"));
        ExitCode::FAILURE
    })
}

fn compare(options: &Options) -> Result<ExitCode, String> {
    let mut exports = Exports::new(options.files());
    let (bench, mut comparison) = setup::prepare(options)?;
    let mut write = |so_far: &mut Comparison| {
        so_far.interrupted_by = bench.interrupted_by();
        exports.write(so_far, false).iter().for_each(|error| bench.progress.eprint_line(error));
    };
    match options.mode() {
        Mode::Compare => bench.fill(&mut comparison, &mut write),
        Mode::Scaling => scaling::measure::fill(&mut comparison, &bench, &mut write),
        Mode::Claims => {
            bench.fill(&mut comparison, &mut write);
            claims::run(&mut comparison, &bench, &mut write);
        }
    }
    comparison.interrupted_by = bench.interrupted_by();
    drop(bench);
    exports.write(&comparison, true).iter().for_each(|error| eprint_line(error));
    print_line(&render::terminal::render(&comparison, options.details));
    if let Some(report) = exports.report() {
        print_line(&format!("\nReport for a browser: {}", report.display()));
    }
    Ok(match comparison.interrupted_by {
        Some(signal) => ExitCode::from(128 + signal),
        None if comparison.any_failed() || exports.failed() || output::failed() => {
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    })
}
