//! The flags of `scripts/compare.sh`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use clap::builder::TypedValueParser;
use common::args::{parsed, url, whole};
use common::sites;
use url::Url;

use crate::growth::measure::SERIES;
use crate::plan::Effort;
use crate::programs::{self, PROGRAMS, Program};

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
/// A claim that does not hold here is no failure; a program that breaks is.
///
/// Exit code: 0 if all runs went well, 1 if one did not or a file could not be written, 2 for
/// wrong usage, 130 or 143 after Ctrl-C or SIGTERM, with what was measured until then.
#[derive(Debug, Parser)]
#[command(name = "compare.sh", bin_name = "scripts/compare.sh", version, about)]
pub struct Options {
    /// Run this program only: sequential-baseline, threads-io, async-io or multiproc-cpu (can be
    /// repeated)
    #[arg(long, value_name = "NAME", value_parser = parsed(name), allow_hyphen_values = true)]
    pub only: Vec<String>,
    /// Download this site instead of the local ones (http or https; can be repeated). What it
    /// sends is not known beforehand, so only that everything was read is checked
    #[arg(long = "url", value_name = "URL", value_parser = parsed(url), allow_hyphen_values = true)]
    pub urls: Vec<Url>,
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
    #[arg(long, conflicts_with_all = ["only", "urls", "repeat", "runs", "warmup", "claims", "export_claims", "quick", "export_csv"])]
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
    /// Take the programs from this folder
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub programs: Option<PathBuf>,
}

impl Options {
    /// The programs that were asked for: all, unless some are named; none where their growth is
    /// measured instead.
    pub fn chosen(&self) -> Vec<Program> {
        let chosen = |program: &Program| {
            !self.growth
                && (self.only.is_empty() || self.only.iter().any(|name| name == program.name))
        };
        PROGRAMS.into_iter().filter(chosen).collect()
    }

    /// The folder of the programs: that of the harness, where cargo puts all of a build.
    ///
    /// # Errors
    /// A program that is not there, by name.
    pub fn folder(&self) -> Result<PathBuf, String> {
        let own = std::env::current_exe()
            .map_err(|error| format!("the harness does not find itself: {error}"))?;
        let beside = own.parent().unwrap_or(Path::new("/"));
        let folder = self.programs.as_deref().unwrap_or(beside);
        let chosen = self.chosen().into_iter().map(|program| program.name);
        let growing = SERIES.iter().map(|series| series.file).filter(|_| self.growth);
        match chosen.chain(growing).find(|name| !folder.join(name).is_file()) {
            None => Ok(folder.to_owned()),
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
        let Effort { seconds, least, most } = Effort::DEFAULT;
        assert!(words.contains(&format!("timed for {seconds} seconds, in {least} to {most} runs")));
        let Effort { seconds, least, most } = Effort::QUICK;
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
    fn a_name_chooses_all_rows_of_a_program() {
        assert_eq!(parsed(&[]).chosen().len(), PROGRAMS.len());
        let chosen = parsed(&["--only", "async-io", "--only", "sequential-baseline"]).chosen();
        let commands: Vec<String> = chosen.iter().map(Program::command).collect();
        assert_eq!(commands, ["sequential-baseline io", "async-io", "sequential-baseline cpu"]);
    }
}
