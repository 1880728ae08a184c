//! The exercises of the pages, and the check whether one is solved: by how the program ran, never by
//! its text. `scripts/exercise.sh` and the tests of the pages use the same check.

mod exercises;
mod run;

pub use exercises::EXERCISES;
pub use run::{Outcome, ProgramRunner, run};

/// An exercise of a page.
pub struct Exercise {
    /// The folder of the page, which is the name of its package.
    pub page: &'static str,
    /// Its number on the page, from 1.
    pub number: usize,
    /// Its title on the page.
    pub title: &'static str,
    /// The example that it changes, or `None` for the program.
    pub example: Option<&'static str>,
    /// One hint for each finding that can be wrong.
    pub hints: [&'static str; 2],
    /// Runs the program and returns what was found.
    check: fn(&ProgramRunner) -> Result<[Finding; 2], String>,
}

/// One property of a run that shows whether an exercise is solved.
pub struct Finding {
    /// The property.
    pub what: &'static str,
    /// What it must be.
    pub wanted: String,
    /// What it was.
    pub found: String,
    /// Whether it was as it must be.
    pub right: bool,
}

/// What a check found.
pub struct Findings {
    /// The findings, or why there are none.
    pub findings: Result<[Finding; 2], String>,
    /// The hint for the first finding that is wrong; `None` if the exercise is solved.
    pub hint: Option<&'static str>,
}

impl Exercise {
    /// Runs the program and judges it. The first hint is also for a program without a report.
    pub fn check(&self, runner: &ProgramRunner) -> Findings {
        let findings = (self.check)(runner);
        let wrong = match &findings {
            Ok(findings) => findings.iter().position(|finding| !finding.right),
            Err(_) => Some(0),
        };
        Findings { findings, hint: wrong.map(|index| self.hints[index]) }
    }
}
