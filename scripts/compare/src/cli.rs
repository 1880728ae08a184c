//! The flags of `scripts/compare.sh`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser};
use common::cli::{parsed, url, whole, writable_file};
use common::os::file;
use common::os::output::print_line;
use common::workload::REPEAT;
use serde_json::json;
use url::Url;

use crate::bench::order::Effort;
use crate::catalog::{self, PEERS, PYTHON, RUST, SCALING};
use crate::export::{Format, REPORT};
use crate::model::{Origin, Program, Workload};
use crate::python;
use crate::render::{csv, html, json, markdown};
use crate::sources::workspace;

/// Compare the four programs on the same downloads and the same sums
///
/// Each run is a whole process. A run counts only if its exit code is 0, none of its items failed,
/// and its answer is the expected one. The programs run in rounds: each program runs in every round,
/// in an order that changes from round to round, so that a machine that slows down slows all of them.
/// A speedup is the geometric mean over the rounds, with its 95 % confidence interval.
///
/// By default the rounds take up to 75 seconds (with --quick 25). There are at least six, unless this time
/// is too short. --python adds up to 90 seconds (with --quick 35).
///
/// A claim that does not hold here is not a failure.
///
/// Exit code: 0 if all runs succeeded; 1 if one failed, or if a file could not be written in the end; 2
/// for wrong usage, such as a file that cannot be written; 130 or 143 after Ctrl-C or SIGTERM, with the
/// figures measured until then.
#[derive(Debug, Parser)]
#[command(
    name = "compare.sh",
    bin_name = "scripts/compare.sh",
    version,
    about,
    disable_help_flag = true
)]
pub struct Options {
    /// Run this program only: sequential-baseline, threads-io, async-io or multiproc-cpu (can be
    /// repeated); with --python also its twin. A Python program, such as cpu_threads.py, implies
    /// --python
    #[arg(long, value_name = "NAME", value_parser = parsed(name), allow_hyphen_values = true)]
    pub only: Vec<String>,
    /// Download this site instead of the local pages (http or https; can be repeated). Its content is
    /// not known, so the only check is that every item was read
    #[arg(long = "url", value_name = "URL", value_parser = parsed(url), allow_hyphen_values = true)]
    pub urls: Vec<Url>,
    /// Run the Python programs as well. The script installs their packages, requests and aiohttp, into
    /// a virtual environment in cargo's target folder, which takes some seconds the first time and
    /// needs Python 3.11 or later with its module venv, and a package registry. If
    /// anything is missing, a note says so and the comparison goes on without these programs
    #[arg(long)]
    pub python: bool,
    /// The Python interpreter, if not python3; an interpreter without a GIL works too. Implies --python
    #[arg(long, value_name = "PATH")]
    pub python_bin: Option<PathBuf>,
    /// How often a run reads the list of sites
    #[arg(long, value_name = "N", default_value_t = REPEAT, value_parser = whole(1usize..=1_000_000), allow_hyphen_values = true)]
    pub repeat: usize,
    /// Timed runs of each program, one in each round [default: as many as fit into the time]
    #[arg(long, value_name = "N", value_parser = whole(1usize..=10_000), allow_hyphen_values = true)]
    pub runs: Option<usize>,
    /// Runs of each program before the timed ones. With 0 the length of a run is not known, so each program
    /// runs once in each round
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0usize..=10_000), allow_hyphen_values = true)]
    pub warmup: usize,
    /// Go on until each interval is at most this many percent wide to either side of its speedup
    #[arg(long, value_name = "PERCENT", value_parser = parsed(percent), allow_hyphen_values = true, conflicts_with_all = ["runs", "quick"])]
    pub until: Option<f64>,
    /// The longest that all rounds may take; two rounds run in any case [default: 75, or 25 with --quick or
    /// --claims; --python adds 90 or 35; with --until 600]
    #[arg(long, value_name = "SECONDS", value_parser = whole(1u32..=86_400), allow_hyphen_values = true, conflicts_with_all = ["runs", "quick"])]
    pub max_time: Option<u32>,
    /// Compare for 25 seconds instead of 75
    #[arg(long, conflicts_with = "runs")]
    pub quick: bool,
    /// Add what one would use instead: 160 threads, tokio on all cores, processes and bare epoll for
    /// downloads, rayon for sums
    #[arg(long)]
    pub peers: bool,
    /// Add a program of your own, in any language (can be repeated). scripts/README.md describes what it
    /// gets and what it prints
    #[arg(long, value_name = "NAME=COMMAND", value_parser = parsed(foreign), allow_hyphen_values = true)]
    pub also: Vec<Program>,
    /// Show each claim of the article, the figures for it on this machine, and whether it holds
    #[arg(long, conflicts_with_all = ["only", "urls", "repeat"])]
    pub claims: bool,
    /// Measure the marginal cost of a worker instead: downloads with 2 to 10,000 in flight, sums with 1
    /// worker up to two for each CPU. Takes a minute and a half
    #[arg(long, conflicts_with_all = ["only", "urls", "repeat", "runs", "warmup", "until", "max_time", "claims", "export_claims", "quick", "export_csv", "python", "python_bin", "peers", "also"])]
    pub scaling: bool,
    /// Show also context switches, threads, processes, lines of code, mean, standard deviation, range
    /// and outliers, and explain all columns
    #[arg(long)]
    pub details: bool,
    /// Kill a run that takes longer than this, and count it as failed
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = whole(1u64..=86_400), allow_hyphen_values = true)]
    pub run_limit: u64,
    /// Write the results to this file, in the JSON format of hyperfine
    #[arg(long, value_name = "FILE", value_parser = writable_file())]
    pub export_json: Option<PathBuf>,
    /// Write the tables to this file, in Markdown
    #[arg(long, value_name = "FILE", value_parser = writable_file())]
    pub export_markdown: Option<PathBuf>,
    /// Write a line for each program to this file, in CSV
    #[arg(long, value_name = "FILE", value_parser = writable_file())]
    pub export_csv: Option<PathBuf>,
    /// Write the claims and their figures to this file, in JSON; implies --claims
    #[arg(long, value_name = "FILE", value_parser = writable_file(), conflicts_with_all = ["only", "urls", "repeat"])]
    pub export_claims: Option<PathBuf>,
    /// Write the report, a page for a browser, to this file [default: report.html in cargo's target
    /// folder for release builds; scaling.html with --scaling]
    #[arg(long, value_name = "FILE", value_parser = writable_file())]
    pub report: Option<PathBuf>,
    /// Print the rows of the catalogue, in JSON, and run nothing
    #[arg(long, hide = true)]
    pub list: bool,
    /// Take the programs, and the Python programs, from this folder
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub programs: Option<PathBuf>,
    /// Print help
    #[arg(short, long, action = ArgAction::HelpLong)]
    help: Option<bool>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The programs against each other.
    Compare,
    /// The marginal cost of a worker.
    Scaling,
    /// The programs, and the examples for the claims.
    Claims,
}

impl Options {
    /// Reads the command line; ends the program for wrong usage and for `--help`.
    pub fn from_command_line() -> Self {
        let options = Self::parse();
        if options.list {
            print_line(&json!(catalog::all().collect::<Vec<_>>()).to_string());
            std::process::exit(0);
        }
        if let Err(message) = options.check_files() {
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        options
    }

    /// What is measured.
    pub fn mode(&self) -> Mode {
        match () {
            () if self.scaling => Mode::Scaling,
            () if self.claims || self.export_claims.is_some() => Mode::Claims,
            () => Mode::Compare,
        }
    }

    /// The requested programs: all, unless some are named; none with `--scaling`.
    pub fn chosen(&self) -> Vec<Program> {
        if self.scaling {
            return Vec::new();
        }
        // A peer has the name of its command: `threads-io` is not `threads-io --workers 160`.
        let named = |program: &Program| self.only.contains(&program.label());
        let chosen = |program: &Program| self.only.is_empty() || named(program);
        let with_twin = |program: &Program| {
            let mut twins = RUST.iter().filter(|twin| program.is_twin_of(twin));
            self.wants_python() && (chosen(program) || twins.any(named))
        };
        let here = |peer: &Program| cfg!(target_os = "linux") || peer.name != "bare_epoll";
        let peers = PEERS.into_iter().filter(|peer| self.peers && here(peer) || named(peer));
        let rust = RUST.into_iter().filter(chosen).chain(peers);
        rust.chain(PYTHON.into_iter().filter(with_twin)).collect()
    }

    /// Whether Python programs are requested.
    pub fn wants_python(&self) -> bool {
        let is_python = |name: &String| PYTHON.iter().any(|program| program.label() == *name);
        self.python || self.python_bin.is_some() || self.only.iter().any(is_python)
    }

    /// The interpreter of the Python programs.
    pub fn interpreter(&self) -> OsString {
        let named = self.python_bin.clone().map(PathBuf::into_os_string);
        std::env::var_os(python::VARIABLE).or(named).unwrap_or(python::DEFAULT.into())
    }

    /// The folder of the Python programs.
    pub fn python_folder(&self) -> PathBuf {
        let scripts = workspace().join("scripts/python");
        self.programs.clone().unwrap_or_else(|| scripts.canonicalize().unwrap_or(scripts))
    }

    /// The folder of the programs: where cargo puts all programs of a build.
    ///
    /// # Errors
    /// The name of a program that is missing.
    pub fn folder(&self) -> Result<PathBuf, String> {
        let folder = self.programs.clone().map_or_else(own_folder, Ok)?;
        let chosen = self.chosen().into_iter().filter(|program| program.origin != Origin::Python);
        let scaling = SCALING.iter().map(|(program, _)| program.file).filter(|_| self.scaling);
        let mut files = chosen.map(|program| program.file).chain(scaling);
        match files.find(|name| !folder.join(name).is_file()) {
            None => Ok(folder),
            Some(missing) => Err(format!(
                "the program '{missing}' is not in '{}': run scripts/compare.sh, which builds all programs",
                folder.display()
            )),
        }
    }

    /// How much is measured.
    pub fn effort(&self) -> Effort {
        let quick = self.quick || self.mode() == Mode::Claims;
        let max_seconds = match (self.max_time, self.until) {
            (Some(seconds), _) => f64::from(seconds),
            (None, Some(_)) => 600.0,
            (None, None) => match (quick, self.wants_python()) {
                (true, false) => 25.0,
                (true, true) => 60.0,
                (false, false) => 75.0,
                (false, true) => 165.0,
            },
        };
        let until = self.until.map(|percent| percent / 100.0);
        Effort { runs: self.runs, until, max_seconds }
    }

    /// The files to write: flag, file and format.
    pub fn files(&self) -> Vec<(&'static str, PathBuf, Format)> {
        let report = self.report.clone().unwrap_or_else(|| {
            let name = if self.scaling { "scaling.html" } else { "report.html" };
            own_folder().unwrap_or_default().join(name)
        });
        let files: [(_, _, Format); 5] = [
            ("--export-json", self.export_json.clone(), json::render),
            ("--export-markdown", self.export_markdown.clone(), |it| Ok(markdown::render(it))),
            ("--export-csv", self.export_csv.clone(), csv::render),
            ("--export-claims", self.export_claims.clone(), json::claims),
            (REPORT, Some(report), html::render),
        ];
        let named =
            files.into_iter().filter_map(|(flag, file, format)| Some((flag, file?, format)));
        named.collect()
    }

    // No two flags may name one regular file: the second text would replace the first.
    fn check_files(&self) -> Result<(), String> {
        let files = self.files();
        for (position, (flag, path, _)) in files.iter().enumerate() {
            let mut others = files[..position].iter();
            if let Some((other, ..)) = others.find(|(_, other, _)| file::same(other, path)) {
                return Err(format!("{other} and {flag} both name the file '{}'", path.display()));
            }
        }
        Ok(())
    }
}

fn own_folder() -> Result<PathBuf, String> {
    let own = std::env::current_exe()
        .map_err(|error| format!("cannot locate the executable: {error}"))?;
    Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    let percent = text.parse::<f64>().ok().filter(|percent| (0.1..=100.0).contains(percent));
    percent.ok_or("not a number from 0.1 to 100".into())
}

// Its texts are leaked, to live as long as those of the catalogue. `Runner::foreign` finds its workload.
fn foreign(text: &str) -> Result<Program, String> {
    let (name, command) = text.split_once('=').ok_or("not NAME=COMMAND")?;
    let words = shlex::split(command).unwrap_or_default().into_iter();
    let words: &[&str] = words.map(|word| &*word.leak()).collect::<Vec<&str>>().leak();
    let (file, arguments) =
        words.split_first().ok_or("the command is empty or has an open quote")?;
    let known = catalog::names().iter().any(|known| known == name);
    if name.is_empty() || known {
        return Err("the name is empty or that of another program".into());
    }
    Ok(Program {
        name: name.to_owned().leak(),
        file,
        origin: Origin::Foreign,
        strategy: None,
        workload: Workload::Io,
        arguments,
        article_seconds: None,
    })
}

fn name(text: &str) -> Result<String, String> {
    match catalog::names() {
        names if names.iter().any(|name| name == text) => Ok(text.to_owned()),
        names => Err(format!("unknown program; the programs are {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Options {
        Options::try_parse_from([&["compare.sh"], arguments].concat()).expect("good usage")
    }

    fn commands(arguments: &[&str]) -> Vec<String> {
        parsed(arguments).chosen().iter().map(Program::command).collect()
    }

    #[test]
    fn the_flags_are_consistent() {
        Options::command().debug_assert();
    }

    // The script prints this file: it builds nothing for --help.
    #[test]
    fn the_usage_of_the_script_is_the_help() {
        let help = Options::command().render_long_help().to_string();
        let file = workspace().join("scripts/compare/usage.txt");
        if std::env::var_os("UPDATE_USAGE").is_some() {
            std::fs::write(&file, &help).expect("written");
        }
        let usage = std::fs::read_to_string(file).expect("usage.txt");
        assert_eq!(usage, help, "run this test with UPDATE_USAGE=1 to update the file");
    }

    #[test]
    fn the_mode_follows_from_the_flags() {
        let mode = |arguments: &[&str]| parsed(arguments).mode();
        assert_eq!(mode(&[]), Mode::Compare);
        assert_eq!(mode(&["--scaling"]), Mode::Scaling);
        assert_eq!(mode(&["--claims"]), Mode::Claims);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.json");
        assert_eq!(mode(&["--export-claims", file.to_str().expect("a path")]), Mode::Claims);
    }

    #[test]
    fn the_effort_follows_from_the_flags() {
        let seconds = |arguments: &[&str]| parsed(arguments).effort().max_seconds;
        assert_eq!(
            [seconds(&[]), seconds(&["--quick"]), seconds(&["--claims"])],
            [75.0, 25.0, 25.0]
        );
        assert_eq!([seconds(&["--python"]), seconds(&["--quick", "--python"])], [165.0, 60.0]);
        assert_eq!([seconds(&["--until", "2"]), seconds(&["--max-time", "9"])], [600.0, 9.0]);
        assert_eq!(parsed(&["--until", "2"]).effort().until, Some(0.02));
        assert_eq!(parsed(&["--runs", "3"]).effort().runs, Some(3));
        let help = Options::command().render_long_help().to_string();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("take up to 75 seconds (with --quick 25)"));
        assert!(words.contains("--python adds up to 90 seconds (with --quick 35)."));
    }

    #[test]
    fn python_programs_are_requested_by_flag_or_name() {
        assert_eq!(commands(&["--python"]).len(), RUST.len() + PYTHON.len());
        assert_eq!(commands(&["--python-bin", "/opt/python"]), commands(&["--python"]));
        assert_eq!(commands(&["--only", "async-io"]), ["async-io"]);
        assert_eq!(commands(&["--only", "async-io", "--python"]), ["async-io", "async_io.py"]);
        assert_eq!(commands(&["--only", "cpu_threads.py"]), ["cpu_threads.py"]);
        assert_eq!(
            commands(&["--only", "cpu_threads.py", "--only", "multiproc-cpu"]),
            ["multiproc-cpu", "multiproc_cpu.py", "cpu_threads.py"]
        );
    }

    #[test]
    fn peers_and_foreign_programs_are_added() {
        assert_eq!(commands(&["--peers"]).len(), RUST.len() + PEERS.len());
        let peer = "threads-io --workers 160";
        assert_eq!(commands(&["--only", peer]), [peer]);
        assert_eq!(commands(&["--only", "threads-io"]), ["threads-io"]);
        let also = parsed(&["--also", "my own=node 'my file.js' 7"]).also[0];
        assert_eq!((also.name, also.file), ("my own", "node"));
        assert_eq!(also.arguments, ["my file.js", "7"]);
    }

    #[test]
    fn a_name_chooses_all_rows_of_a_program() {
        assert_eq!(commands(&[]).len(), RUST.len());
        let chosen = commands(&["--only", "async-io", "--only", "sequential-baseline"]);
        assert_eq!(chosen, ["sequential-baseline io", "async-io", "sequential-baseline cpu"]);
    }

    #[test]
    fn two_exports_to_one_file_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let [file, other] =
            ["file", "./file"].map(|name| folder.path().join(name).display().to_string());
        let twice = parsed(&["--export-json", &file, "--export-csv", &other]).check_files();
        let message = twice.expect_err("one file");
        assert!(
            message.starts_with("--export-json and --export-csv both name the file"),
            "{message}"
        );
        let devices = parsed(&["--export-json", "/dev/null", "--export-csv", "/dev/null"]);
        assert_eq!(devices.check_files(), Ok(()));
    }
}
