//! The demonstrations that are run for the claims, each once.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::report::Report;
use serde_json::json;
use tempfile::TempDir;

use crate::bench::runner::{Runner, Sites};
use crate::model::{Comparison, DemoResult, Failure};
use crate::process::{Finished, TimeLimit};
use crate::sources;

/// The longest that a demonstration may take. On an idle machine it takes three seconds at most.
const LIMIT: Duration = Duration::from_secs(30);

/// Something to run that shows a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// An example: its package and its name. It prints its result as a JSON object.
    Example(&'static str, &'static str),
    /// A program, named as its package, that draws its run. Holds if there is a block for each item.
    Diagram(&'static str),
    /// The documentation tests of a package's `src/refused.rs`, which has no dependencies. Hold if the
    /// compiler refuses what it should, and accepts the rest.
    DocTests(&'static str),
}

const DIAGRAM: &str = "diagram.svg";

impl Demo {
    /// Its name in lists and messages.
    pub fn name(&self) -> String {
        match self {
            Self::Example(_, name) => (*name).to_owned(),
            Self::Diagram(program) => format!("{program} --diagram"),
            Self::DocTests(package) => format!("{package} --doc"),
        }
    }

    /// The command for a reader.
    pub fn command(&self) -> String {
        match self {
            Self::Example(package, name) => format!("cargo run -p {package} --example {name}"),
            Self::Diagram(program) => {
                format!("cargo run -p {program} -- --diagram {program}.svg")
            }
            Self::DocTests(package) => format!("cargo test -p {package} --doc"),
        }
    }

    /// Its result, or the reason why it has none.
    pub fn result<'a>(&self, comparison: &'a Comparison) -> Result<&'a DemoResult, String> {
        let name = self.name();
        let result = comparison.demos.iter().find(|(of, _)| *of == name).map(|(_, result)| result);
        let failed = comparison.failed.iter().any(|(failed, _)| *failed == name);
        result.ok_or(format!("{name} {}", if failed { "failed" } else { "was not run" }))
    }

    // The command for what is built already. It may write into `folder`.
    fn built(&self, runner: &Runner, folder: &Path) -> Command {
        match self {
            Self::Example(_, name) => {
                let mut command = Command::new(runner.programs.join("examples").join(name));
                command.arg("--json");
                command
            }
            Self::Diagram(program) => {
                let mut command = Command::new(runner.programs.join(program));
                command.args(["--json", "--quiet", "--diagram"]).arg(folder.join(DIAGRAM));
                if let (Sites::Local(server), true) = (&runner.sites, program.ends_with("-io")) {
                    command.arg("--site-server").arg(server.to_string());
                }
                command
            }
            Self::DocTests(package) => {
                let mut command = Command::new("rustdoc");
                command.args(["--test", "--edition", "2024"]);
                command.arg(sources::workspace().join(package).join("src/refused.rs"));
                command
            }
        }
    }

    // The result in its output, or what is wrong with it.
    fn read(&self, output: &Finished, folder: &Path) -> Result<DemoResult, String> {
        output.outcome.clone()?;
        let not_json = |error| format!("its output is not the expected JSON object: {error}");
        Ok(match self {
            Self::Example(..) => serde_json::from_slice(&output.stdout).map_err(not_json)?,
            Self::Diagram(_) => {
                let report: Report = serde_json::from_slice(&output.stdout).map_err(not_json)?;
                let svg = fs::read_to_string(folder.join(DIAGRAM))
                    .map_err(|error| format!("its diagram cannot be read: {error}"))?;
                of_diagram(&report, &svg)
            }
            Self::DocTests(_) => of_doc_tests(&String::from_utf8_lossy(&output.stdout)),
        })
    }
}

fn of_diagram(report: &Report, svg: &str) -> DemoResult {
    let (items, blocks) = (report.spans.len(), svg.matches("class=\"block ").count());
    DemoResult::new(
        items > 0 && blocks == items && report.failed == 0,
        json!({ "items": items, "items_failed": report.failed, "workers": report.workers,
            "blocks": blocks }),
        format!("{blocks} blocks drawn for {items} items by {} workers.", report.workers),
    )
}

fn of_doc_tests(output: &str) -> DemoResult {
    let tests = output.lines().filter(|line| line.starts_with("test ") && line.contains(" ... "));
    let tests: Vec<&str> = tests.collect();
    let passed = tests.iter().filter(|line| line.ends_with(" ok"));
    let (refused, accepted): (Vec<&str>, Vec<&str>) =
        passed.partition(|line| line.contains("- compile fail"));
    let (all, refused, accepted) = (tests.len(), refused.len(), accepted.len());
    DemoResult::new(
        refused > 0 && refused + accepted == all,
        json!({ "doc_tests": all, "forms_refused": refused, "forms_accepted": accepted }),
        format!(
            "The compiler refused {refused} of {all} forms and accepted {accepted}, as it should."
        ),
    )
}

/// Runs a demonstration.
///
/// # Errors
/// Its failure.
pub fn run_one(demo: &Demo, runner: &Runner) -> Result<DemoResult, Failure> {
    let failed = |reason: &str| Failure::new("its only run", reason, b"", b"");
    let folder = TempDir::new()
        .map_err(|error| failed(&format!("there is no temporary folder: {error}")))?;
    let command = demo.built(runner, folder.path());
    let output =
        runner.processes.run(command, TimeLimit { time: LIMIT.min(runner.limit), hint: "" });
    let output = output.map_err(|reason| failed(&reason))?;
    demo.read(&output, folder.path())
        .map_err(|reason| Failure::new("its only run", &reason, &output.stdout, &output.stderr))
}
