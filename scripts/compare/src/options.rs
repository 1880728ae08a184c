//! The flags of `scripts/compare.sh`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use clap::builder::TypedValueParser;
use common::args::{parsed, url, whole};
use common::sites;
use url::Url;

use crate::growth::measure::SERIES;
use crate::lines_of_code::workspace;
use crate::plan::Effort;
use crate::programs::{self, Language, PROGRAMS, PYTHON, Program};
use crate::python;

/// Run the four programs on the same downloads and the same sums, check every run, and collate
/// their timings
///
/// Each run is a whole process. It counts only if it ended well, none of its items failed, and
/// its answer is the expected one. The runs of the programs are interleaved round by round, so
/// that a machine that slows down slows all of them alike.
///
/// Each program is warmed up with one run and then timed for 8 seconds, in 5 to 20 runs; with
/// --quick for 3 seconds, in 2 to 10 runs. The warm-up of `sequential-baseline io`, whose runs
/// are the longest, reads each site once only.
///
/// With --python the same programs in Python run beside them, in the same rounds, and a table
/// says how many times as much they take. Each is timed in 3 to 20 runs, with --quick in 2 to 10,
/// which takes a minute and a half more, with --quick a minute.
///
/// A claim that does not hold here is no failure; a program that breaks is.
///
/// Exit code: 0 if all runs went well, 1 if one did not or a file could not be written, 2 for
/// wrong usage, 130 or 143 after Ctrl-C or SIGTERM, with what was measured until then.
#[derive(Debug, Parser)]
#[command(name = "compare.sh", bin_name = "scripts/compare.sh", version, about)]
pub struct Options {
    /// Run this program only: sequential-baseline, threads-io, async-io or multiproc-cpu (can be
    /// repeated), with --python also its twin. One in Python, such as cpu_threads.py, implies --python
    #[arg(long, value_name = "NAME", value_parser = parsed(name), allow_hyphen_values = true)]
    pub only: Vec<String>,
    /// Download this site instead of the local ones (http or https; can be repeated). What it
    /// sends is not known beforehand, so only that everything was read is checked
    #[arg(long = "url", value_name = "URL", value_parser = parsed(url), allow_hyphen_values = true)]
    pub urls: Vec<Url>,
    /// Run the Python programs as well. Their packages, requests and aiohttp, are installed into a
    /// virtual environment in cargo's target folder, which takes some seconds the first time. Needs
    /// Python 3.11 or later with its module venv, and a package registry that pip reaches; where one
    /// of them is missing, this is said and the comparison goes on without these programs
    #[arg(long)]
    pub python: bool,
    /// The Python interpreter, if not the python3 that is found; one without a GIL works too. Implies
    /// --python
    #[arg(long, value_name = "PATH")]
    pub python_bin: Option<PathBuf>,
    /// How often a run reads the list of sites
    #[arg(long, value_name = "N", default_value_t = sites::REPEAT, value_parser = count(1, 1_000_000), allow_hyphen_values = true)]
    pub repeat: usize,
    /// Timed runs of each program [default: as many as its length allows]
    #[arg(long, value_name = "N", value_parser = count(1, 10_000), allow_hyphen_values = true)]
    pub runs: Option<usize>,
    /// Runs of each program before the timed ones. With 0 the length of a run is not known
    /// beforehand, and each program gets the fewest timed runs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count(0, 10_000), allow_hyphen_values = true)]
    pub warmup: usize,
    /// Show what the notes claim, claim by claim, with what a short comparison and the examples
    /// measure of it here, and whether it holds
    #[arg(long, conflicts_with_all = ["only", "urls", "repeat"])]
    pub claims: bool,
    /// Measure instead how the costs grow: the downloads with 2 to 10,000 in flight, the sums with 1
    /// worker to two a core. Takes a minute and a half
    #[arg(long, conflicts_with_all = ["only", "urls", "repeat", "runs", "warmup", "claims", "export_claims", "quick", "export_csv", "python", "python_bin"])]
    pub growth: bool,
    /// The shortest honest comparison: 2 to 10 runs of each program
    #[arg(long, conflicts_with = "runs")]
    pub quick: bool,
    /// End a run that takes longer than this, as failed
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = count(1, 86_400), allow_hyphen_values = true)]
    pub run_limit: usize,
    /// Write the results to this file, in the JSON format of hyperfine
    #[arg(long, value_name = "FILE")]
    pub export_json: Option<PathBuf>,
    /// Write the tables to this file, in Markdown
    #[arg(long, value_name = "FILE")]
    pub export_markdown: Option<PathBuf>,
    /// Write one line for each program to this file, in CSV
    #[arg(long, value_name = "FILE")]
    pub export_csv: Option<PathBuf>,
    /// Write the claims and what was measured of them to this file, in JSON; implies --claims
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "urls", "repeat"])]
    pub export_claims: Option<PathBuf>,
    /// Write the report, a page for a browser, to this file [default: report.html in cargo's target
    /// folder for release builds, growth.html with --growth]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Take the programs from this folder, and those in Python with their requirements.txt, too
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub programs: Option<PathBuf>,
}

impl Options {
    /// The programs that were asked for: all, unless some are named; none where their growth is
    /// measured instead.
    pub fn chosen(&self) -> Vec<Program> {
        if self.growth {
            return Vec::new();
        }
        let named = |program: &Program| self.only.iter().any(|name| name == program.name);
        let chosen = |program: &Program| self.only.is_empty() || named(program);
        let with_twin = |program: &Program| {
            let mut twins = PROGRAMS.iter().filter(|twin| program.is_twin_of(twin));
            self.wants_python() && (chosen(program) || twins.any(named))
        };
        let rust = PROGRAMS.into_iter().filter(chosen);
        rust.chain(PYTHON.into_iter().filter(with_twin)).collect()
    }

    /// Whether programs in Python are to run.
    pub fn wants_python(&self) -> bool {
        let is_python = |name: &String| PYTHON.iter().any(|program| program.name == name);
        self.python || self.python_bin.is_some() || self.only.iter().any(is_python)
    }

    /// The interpreter that is to run them.
    pub fn interpreter(&self) -> &OsStr {
        self.python_bin.as_ref().map_or(OsStr::new(python::USUAL), |path| path.as_os_str())
    }

    /// The folder of the Python programs, and the one for their virtual environments: where builds
    /// of all kinds find it.
    ///
    /// # Errors
    /// The harness does not find itself.
    pub fn python_folders(&self) -> Result<(PathBuf, PathBuf), String> {
        if let Some(folder) = &self.programs {
            return Ok((folder.clone(), folder.join("python")));
        }
        let builds = own_folder()?;
        let target = builds.parent().unwrap_or(&builds).join("python");
        let scripts = workspace().join("scripts/python");
        Ok((scripts.canonicalize().unwrap_or(scripts), target))
    }

    /// The folder of the programs: that of the harness, where cargo puts all of a build.
    ///
    /// # Errors
    /// A program that is not there, by name.
    pub fn folder(&self) -> Result<PathBuf, String> {
        let folder = self.programs.clone().map_or_else(own_folder, Ok)?;
        let chosen = self.chosen().into_iter();
        let chosen = chosen.filter(|program| program.language == Language::Rust);
        let chosen = chosen.map(|program| program.name);
        let growing = SERIES.iter().map(|series| series.file).filter(|_| self.growth);
        match chosen.chain(growing).find(|name| !folder.join(name).is_file()) {
            None => Ok(folder),
            Some(missing) => Err(format!(
                "the program '{missing}' is not in '{}': run scripts/compare.sh, which builds all of them",
                folder.display()
            )),
        }
    }

    /// Whether the ledger of the claims is to be shown.
    pub fn claims(&self) -> bool {
        self.claims || self.export_claims.is_some()
    }

    /// How much is measured.
    pub fn effort(&self) -> Effort {
        match self.runs {
            Some(runs) => Effort::fixed(runs),
            None if self.quick || self.claims() => Effort::QUICK,
            None => Effort::DEFAULT,
        }
    }

    /// The longest that one run may take.
    pub fn run_limit(&self) -> Duration {
        Duration::from_secs(self.run_limit as u64)
    }
}

fn own_folder() -> Result<PathBuf, String> {
    let own = std::env::current_exe()
        .map_err(|error| format!("the harness does not find itself: {error}"))?;
    Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
}

fn count(least: usize, most: usize) -> impl TypedValueParser<Value = usize> {
    whole(least..=most)
}

fn name(text: &str) -> Result<String, String> {
    match programs::names() {
        names if names.contains(&text) => Ok(text.to_owned()),
        names => Err(format!("no program is called so, only {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parsed(arguments: &[&str]) -> Options {
        Options::try_parse_from([&["compare.sh"], arguments].concat()).expect("good usage")
    }

    #[test]
    fn the_flags_agree_with_each_other() {
        Options::command().debug_assert();
    }

    #[test]
    fn the_help_tells_the_efforts_as_they_are() {
        let help = Options::command().render_long_help().to_string();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let Effort { seconds, least, least_in_python, most } = Effort::DEFAULT;
        assert!(words.contains(&format!("in {least_in_python} to {most} runs, with --quick")));
        assert!(words.contains(&format!("timed for {seconds} seconds, in {least} to {most} runs")));
        let Effort { seconds, least, least_in_python, most } = Effort::QUICK;
        assert!(words.contains(&format!("--quick in {least_in_python} to {most}")));
        assert!(
            words.contains(&format!("--quick for {seconds} seconds, in {least} to {most} runs"))
        );
    }

    #[test]
    fn effort_by_flags() {
        assert_eq!(parsed(&[]).effort(), Effort::DEFAULT);
        assert_eq!(parsed(&["--quick"]).effort(), Effort::QUICK);
        assert_eq!(parsed(&["--claims"]).effort(), Effort::QUICK);
        assert_eq!(parsed(&["--claims", "--runs", "3"]).effort(), Effort::fixed(3));
        assert_eq!(parsed(&["--runs", "3"]).effort(), Effort::fixed(3));
    }

    #[test]
    fn python_comes_along_when_it_is_asked_for() {
        let commands = |arguments: &[&str]| -> Vec<String> {
            parsed(arguments).chosen().iter().map(Program::command).collect()
        };
        assert_eq!(commands(&["--python"]).len(), PROGRAMS.len() + PYTHON.len());
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
    fn a_name_chooses_all_rows_of_a_program() {
        assert_eq!(parsed(&[]).chosen().len(), PROGRAMS.len());
        let chosen = parsed(&["--only", "async-io", "--only", "sequential-baseline"]).chosen();
        let commands: Vec<String> = chosen.iter().map(Program::command).collect();
        assert_eq!(commands, ["sequential-baseline io", "async-io", "sequential-baseline cpu"]);
    }
}
