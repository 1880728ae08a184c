//! What is run for the claims besides the comparison, each thing once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use common::limits;
use serde::Deserialize;
use serde_json::{Map, json};
use tempfile::TempDir;

use crate::children::Deadline;
use crate::interrupt::Interrupt;
use crate::ledger::claims::CLAIMS;
use crate::ledger::figures::Source;
use crate::lines_of_code;
use crate::progress::Progress;
use crate::results::{Broken, Comparison, Failure, Shown};
use crate::run::{Runner, Sites, shortened};

/// The longest that one may take; they take three seconds at most on a machine with nothing else
/// to do.
const LIMIT: Duration = Duration::from_secs(30);

/// Something to run that shows a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demonstration {
    /// An example, which tells its figures as a JSON object.
    Example {
        /// Its package.
        package: &'static str,
        /// Its name.
        name: &'static str,
        /// The flags that it needs for the claims, if not its own values do.
        flags: &'static [&'static str],
    },
    /// A program that draws its run. Holds when there is a block for each item.
    Diagram {
        /// The program's name, which is that of its package.
        program: &'static str,
    },
    /// The tests in the documentation of a module without dependencies. Hold when all pass.
    DocTests {
        /// The package.
        package: &'static str,
        /// The module's file in the package.
        file: &'static str,
    },
}

impl Demonstration {
    /// What it is called where it is listed, and where it broke.
    pub fn name(&self) -> String {
        match self {
            Self::Example { name, .. } => (*name).to_owned(),
            Self::Diagram { program } => format!("{program} --diagram"),
            Self::DocTests { package, .. } => format!("{package} --doc"),
        }
    }

    /// Its name as the beginning of a figure's.
    pub fn key(&self) -> String {
        self.name().replace(" --", "_").replace('-', "_")
    }

    /// What the reader types to run it.
    pub fn command(&self) -> String {
        match self {
            Self::Example { package, name, flags: [] } => {
                format!("cargo run -p {package} --example {name}")
            }
            Self::Example { package, name, flags } => {
                format!("cargo run -p {package} --example {name} -- {}", flags.join(" "))
            }
            Self::Diagram { program } => {
                format!("cargo run -p {program} -- --diagram {program}.svg")
            }
            Self::DocTests { package, .. } => format!("cargo test -p {package} --doc"),
        }
    }

    // What the harness runs instead: what is built already. It may write into `folder`.
    fn built(&self, runner: &Runner, folder: &Path) -> Command {
        match self {
            Self::Example { name, flags, .. } => {
                let mut command = Command::new(runner.programs.join("examples").join(name));
                command.arg("--json").args(*flags);
                command
            }
            Self::Diagram { program } => {
                let mut command = Command::new(runner.programs.join(program));
                command.args(["--json", "--quiet", "--diagram"]).arg(folder.join(DIAGRAM));
                if let (Sites::Local(server), true) = (&runner.sites, program.ends_with("-io")) {
                    command.arg("--site-server").arg(server.to_string());
                }
                command
            }
            Self::DocTests { package, file } => {
                let mut command = Command::new("rustdoc");
                command.args(["--test", "--edition", "2024"]);
                command.arg(lines_of_code::workspace().join(package).join(file));
                command
            }
        }
    }

    // What it has shown; the error says what is wrong with its output.
    fn read(&self, output: &Output, folder: &Path) -> Result<Shown, String> {
        if !output.status.success() {
            return Err(output.status.to_string());
        }
        let not_json = |error| format!("its output is not the JSON object it should be: {error}");
        let shown = match self {
            Self::Example { .. } => serde_json::from_slice(&output.stdout).map_err(not_json)?,
            Self::Diagram { .. } => {
                let run: Run = serde_json::from_slice(&output.stdout).map_err(not_json)?;
                let svg = fs::read_to_string(folder.join(DIAGRAM))
                    .map_err(|error| format!("its diagram cannot be read: {error}"))?;
                of_diagram(&run, &svg)
            }
            Self::DocTests { .. } => of_doc_tests(&String::from_utf8_lossy(&output.stdout)),
        };
        Ok(Shown { example: self.name(), claim: self.shows(), ..shown })
    }

    // The ids of the claims that have a figure from it.
    fn shows(&self) -> Vec<String> {
        let own = Source::Shown(*self);
        let claims = CLAIMS.iter();
        let own = claims.filter(|claim| claim.figures.iter().any(|figure| figure.source == own));
        own.map(|claim| claim.id.to_owned()).collect()
    }
}

const DIAGRAM: &str = "diagram.svg";

// Of a program's JSON object.
#[derive(Deserialize)]
struct Run {
    workers: usize,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    worker: usize,
    error: Option<String>,
}

fn of_diagram(run: &Run, svg: &str) -> Shown {
    let workers: BTreeSet<usize> = run.spans.iter().map(|span| span.worker).collect();
    let failed = run.spans.iter().filter(|span| span.error.is_some()).count();
    let (items, blocks) = (run.spans.len(), svg.matches("class=\"block ").count());
    let figures = [
        ("items", items),
        ("items_failed", failed),
        ("workers", run.workers),
        ("workers_seen", workers.len()),
        ("blocks", blocks),
    ];
    counted(
        items > 0 && blocks == items && failed == 0,
        figures,
        format!("{blocks} blocks drawn for {items} items of {} workers.", workers.len()),
    )
}

fn of_doc_tests(said: &str) -> Shown {
    let tests = || said.lines().filter(|line| line.starts_with("test ") && line.contains(" ... "));
    let (passed, refused): (Vec<_>, Vec<_>) = tests()
        .filter(|line| line.ends_with(" ok"))
        .partition(|line| !line.contains("- compile fail"));
    let (all, refused, passed) = (tests().count(), refused.len(), passed.len());
    counted(
        all > 0 && refused + passed == all,
        [("doc_tests", all), ("forms_refused", refused), ("forms_accepted", passed)],
        format!(
            "Of {all} forms the compiler refused {refused} and accepted {passed}, as it should."
        ),
    )
}

fn counted<const N: usize>(holds: bool, figures: [(&str, usize); N], said: String) -> Shown {
    let figures: Map<_, _> =
        figures.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
    Shown { example: String::new(), claim: Vec::new(), holds, figures, said }
}

/// All that the claims name, each once.
pub fn all() -> Vec<Demonstration> {
    let mut all = Vec::new();
    for figure in CLAIMS.iter().flat_map(|claim| claim.figures) {
        if let Source::Shown(demonstration) = figure.source
            && !all.contains(&demonstration)
        {
            all.push(demonstration);
        }
    }
    all
}

/// Runs all of them and adds to `comparison` what they have shown, or how they broke. Calls
/// `after_each` after each.
pub fn run(
    comparison: &mut Comparison,
    runner: &Runner,
    interrupt: &Interrupt,
    progress: &Progress,
    mut after_each: impl FnMut(&Comparison),
) {
    comparison.shown.get_or_insert_default();
    for demonstration in all() {
        if interrupt.signal().is_some() {
            break;
        }
        let name = demonstration.name();
        progress.show_warm_up(&format!("running {name}"));
        match run_one(&demonstration, runner) {
            Ok(shown) => comparison.shown.get_or_insert_default().push(shown),
            // What was asked to end has not failed.
            Err(_) if interrupt.signal().is_some() => {}
            Err(failure) => {
                progress.complain(&format!("{name} broke: {}", failure.reason));
                comparison.broken.push(Broken { name, failure });
            }
        }
        after_each(comparison);
    }
    comparison.interrupted_by = interrupt.signal();
}

fn run_one(demonstration: &Demonstration, runner: &Runner) -> Result<Shown, Failure> {
    let failed = |reason: String, stdout: &[u8], stderr: &[u8]| Failure {
        run: "its only run".into(),
        reason,
        stdout: shortened(stdout),
        stderr: shortened(stderr),
    };
    let folder = TempDir::new()
        .map_err(|error| failed(format!("there is no temporary folder: {error}"), b"", b""))?;
    let command = demonstration.built(runner, folder.path());
    let limit = LIMIT.min(runner.limit);
    let unstarted =
        |error| failed(format!("it cannot be started: {}", limits::named(&error)), b"", b"");
    let deadline = Deadline::start(&runner.children, limit).map_err(unstarted)?;
    let output = runner.children.run(command);
    let too_long = deadline.stop();
    let output = output.map_err(unstarted)?;
    let shown = if too_long {
        let limit = limit.as_secs();
        let plural = if limit == 1 { "" } else { "s" };
        Err(format!("it was ended because it took longer than {limit} second{plural}"))
    } else {
        demonstration.read(&output, folder.path())
    };
    shown.map_err(|reason| failed(reason, &output.stdout, &output.stderr))
}
