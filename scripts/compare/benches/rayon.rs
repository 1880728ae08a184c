//! The pool of processes against rayon in one process, on sums of about a second each.
//!
//! `cargo bench -p compare` runs it. Both compute the same sums by the same compiled loop, with a
//! worker for each core; both are timed from outside as whole processes, in turns, so that what
//! other programs take of the machine falls on both. The answers are checked each time.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Instant;

use assert_cmd::assert::OutputAssertExt;
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use common::out::{complain, say};
use common::{cpu_bound, sums};
use rayon::prelude::*;
use serde_json::{Value, json};
use statrs::statistics::{Data, Max, Min, OrderStatistics};

/// The first argument that makes this program the side of rayon.
const SUBCOMMAND: &str = "sum-with-rayon";
/// How long one sum should take, in seconds.
const SECONDS: f64 = 1.0;
/// Timed runs of each side.
const RUNS: usize = 7;
/// The share of rayon's time that the pool may take.
const REACH: f64 = 1.05;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, numbers)) if first == SUBCOMMAND => sum_with_rayon(numbers),
        _ => compare(),
    };
    outcome.unwrap_or_else(|error| {
        complain(&format!("error: {error}"));
        ExitCode::FAILURE
    })
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

// Prints what the pool's program prints, as far as it is looked at.
fn sum_with_rayon(numbers: &[String]) -> Outcome {
    let numbers: Vec<u64> = numbers.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let sums = numbers.par_iter().map(|&number| cpu_bound(number).to_string());
    say(&json!({ "answer": sums.collect::<Vec<_>>() }).to_string());
    Ok(ExitCode::SUCCESS)
}

fn compare() -> Outcome {
    let cores = thread::available_parallelism()?.get();
    let first = number();
    let numbers: Vec<u64> = (first..).take(2 * cores).collect();
    let sums: Option<Vec<String>> =
        numbers.iter().map(|&number| Some(sums::closed_form(number)?.to_string())).collect();
    let answer = json!(sums.ok_or("a sum that does not fit")?);
    let texts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let mut pool = Command::new(program()?);
    pool.args(["--json", "--quiet", "--workers", &cores.to_string()]).args(&texts);
    let mut rayon = Command::new(std::env::current_exe()?);
    rayon.arg(SUBCOMMAND).args(&texts).env("RAYON_NUM_THREADS", cores.to_string());
    let mut sides = [("multiproc-cpu", pool, Vec::new()), ("rayon", rayon, Vec::new())];
    for round in 0..=RUNS {
        // Each side goes first in every other round; the first round is a warm-up.
        for turn in 0..sides.len() {
            let (_, command, timings) = &mut sides[(round + turn) % 2];
            let seconds = timed(command, &answer)?;
            timings.extend((round > 0).then_some(seconds));
        }
    }
    say(&format!(
        "{} sums of about {SECONDS} s each by {cores} workers: whole processes, {RUNS} runs each, in turns\n",
        numbers.len()
    ));
    let medians = sides.each_ref().map(|side| Data::new(side.2.clone()).median());
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["", "median", "shortest", "longest", "over rayon"]);
    for ((name, _, timings), median) in sides.iter().zip(medians) {
        let data = Data::new(timings.clone());
        let seconds = [median, data.min(), data.max()].map(|seconds| format!("{seconds:.3} s"));
        let over = format!("{:.3}", median / medians[1]);
        table.add_row([name.to_string()].into_iter().chain(seconds).chain([over]));
    }
    table.column_iter_mut().skip(1).for_each(|it| {
        it.set_cell_alignment(CellAlignment::Right);
    });
    say(&table.trim_fmt());
    let over = medians[0] / medians[1];
    let reached = if over <= REACH { "within" } else { "not within" };
    say(&format!("\nThe pool is {reached} {REACH} of rayon, and all answers are right."));
    Ok(ExitCode::SUCCESS)
}

// Whole seconds of the process from outside. A wrong answer has no time.
fn timed(command: &mut Command, answer: &Value) -> Result<f64, Box<dyn std::error::Error>> {
    let began = Instant::now();
    let output = command.output()?;
    let seconds = began.elapsed().as_secs_f64();
    output.clone().assert().try_success()?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    if report["answer"] != *answer {
        return Err(format!("{command:?}: its answer is wrong: {}", report["answer"]).into());
    }
    Ok(seconds)
}

// A number whose sum takes about `SECONDS` here.
fn number() -> u64 {
    const TRIED: u64 = 100_000_000;
    let began = Instant::now();
    cpu_bound(TRIED);
    (TRIED as f64 * SECONDS / began.elapsed().as_secs_f64()) as u64
}

// The pool's program in the folder of the harness. Cargo builds it not for this package: done here.
fn program() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_BIN_EXE_compare")).parent().ok_or("no folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--package", "multiproc-cpu", "--bins", "--target-dir"]);
    cargo.arg(folder.parent().ok_or("no target folder")?);
    cargo.assert().try_success()?;
    Ok(folder.join("multiproc-cpu"))
}
