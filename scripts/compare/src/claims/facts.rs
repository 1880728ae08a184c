//! The figures of a claim, read off a comparison.

use crate::claims::demos::Demo;
use crate::model::{ClaimFigure, ClaimVerdict, Comparison, DemoResult, Row, Unit, float};

/// A claim.
#[derive(Debug)]
pub struct ClaimRow {
    /// Its id, whose words are in [`common::demo::claims`].
    pub id: &'static str,
    /// Whether it is an opinion. Then the rule is about the facts that it rests on.
    pub opinion: bool,
    /// The figures that it needs.
    pub figures: &'static [Source],
    /// The demonstrations that show it.
    pub demos: &'static [Demo],
    /// Its verdict; an error says which figure is missing.
    pub rule: Rule,
}

/// A verdict, or the reason why there is none.
pub type Rule = fn(&Facts) -> Result<ClaimVerdict, String>;

impl ClaimRow {
    /// The commands that show it, for the folder of the project.
    pub fn commands(&self) -> Vec<String> {
        let figures = self.figures.iter().filter_map(Source::command);
        each_once(figures.chain(self.demos.iter().map(Demo::command)))
    }
}

/// The items without repetitions, in the same order.
pub fn each_once<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut seen, item| {
        if !seen.contains(&item) {
            seen.push(item);
        }
        seen
    })
}

/// A speedup that two cores reach even if other programs take half of one.
pub const MIN_GAIN: f64 = 1.25;

/// Where a figure is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A program of the comparison, by its command.
    Program(&'static str, Metric),
    /// A ratio that a demonstration reports, by the name of its figure.
    Demo(Demo, &'static str),
    /// The CPUs of the machine.
    Cpus,
}

/// A figure of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Median wall time.
    Time,
    /// Speedup over the baseline in the same language.
    Speedup,
    /// CPU time over wall time.
    CpusUsed,
    /// The most threads.
    Threads,
    /// The most processes.
    Processes,
    /// Peak memory.
    Memory,
    /// Lines of code.
    LinesOfCode,
    /// Lines that its `main.rs` has and the baseline's has not.
    LinesAdded,
    /// The article's time.
    ArticleTime,
}

impl Metric {
    // Its name, its unit and its value, or the reason why it is missing.
    fn read(
        self,
        row: &Row,
        all: &Comparison,
    ) -> Result<(&'static str, Unit, Option<f64>), String> {
        let why = if row.failure.is_some() { "failed" } else { "was not run" };
        // A program that failed in a later run has no figures either.
        let summary = row.summary().filter(|_| row.failure.is_none());
        let measured = summary.ok_or(format!("{} {why}", row.program.command()));
        Ok(match self {
            Self::Time => ("median_seconds", Unit::Seconds, Some(measured?.wall.median)),
            Self::Speedup => {
                ("speedup", Unit::Ratio, measured.map(|_| all.speedup(row))?.map(|it| it.value))
            }
            Self::CpusUsed => ("cpus_used", Unit::Count, measured?.cpus_used),
            Self::Threads => ("threads", Unit::Count, float(measured?.threads)),
            Self::Processes => ("processes", Unit::Count, float(measured?.processes)),
            Self::Memory => ("peak_memory_bytes", Unit::Bytes, float(measured?.peak_memory_bytes)),
            Self::LinesOfCode => {
                ("lines_of_code", Unit::Count, row.lines_of_code.map(|it| it as f64))
            }
            Self::LinesAdded => ("lines_added", Unit::Count, row.lines_added.map(|it| it as f64)),
            Self::ArticleTime => ("article_seconds", Unit::Seconds, all.article_seconds(row)),
        })
    }
}

impl Source {
    /// The command that shows the figure; `None` if none is needed.
    pub fn command(&self) -> Option<String> {
        match self {
            Self::Program(name, Metric::LinesAdded) => {
                Some(format!("diff sequential-baseline/src/main.rs {name}/src/main.rs"))
            }
            Self::Program(name, _) if name.ends_with(".py") => {
                Some("scripts/compare.sh --python".into())
            }
            Self::Program(..) => Some("scripts/compare.sh --details".into()),
            Self::Demo(demo, _) => Some(demo.command()),
            Self::Cpus => None,
        }
    }

    /// The figure, or the reason why it is missing. A figure that the system does not report has no
    /// value.
    fn read(&self, comparison: &Comparison) -> Result<ClaimFigure, String> {
        let mut interval = None;
        let (source, (name, unit, value)) = match self {
            Self::Program(command, metric) => {
                let row = comparison.rows.iter().find(|row| row.program.command() == *command);
                let needed = if command.ends_with(".py") { " (--python runs it)" } else { "" };
                let row = row.ok_or(format!("{command} was not run{needed}"))?;
                if *metric == Metric::Speedup {
                    interval = comparison.speedup(row).and_then(|speedup| speedup.interval);
                }
                ((*command).to_owned(), metric.read(row, comparison)?)
            }
            Self::Demo(demo, name) => {
                let result = demo.result(comparison)?;
                (demo.name(), (*name, Unit::Ratio, result.figure(name)))
            }
            Self::Cpus => {
                let cpus = comparison.machine.cpus.map(|cpus| cpus as f64);
                ("this machine".to_owned(), ("cpus", Unit::Count, cpus))
            }
        };
        Ok(ClaimFigure { source, name, unit, value, interval })
    }
}

/// The facts that a rule judges.
#[derive(Debug)]
pub struct Facts {
    /// The figures of the claim; an error says why one is missing.
    pub figures: Vec<Result<ClaimFigure, String>>,
    /// The results of its demonstrations; an error says why one is missing.
    pub demos: Vec<Result<(String, DemoResult), String>>,
    /// Whether the GIL of the Python interpreter is on; `None` without an interpreter.
    pub gil: Option<bool>,
}

impl Facts {
    /// Reads the facts of a claim.
    pub fn of(claim: &ClaimRow, comparison: &Comparison) -> Self {
        Self {
            figures: claim.figures.iter().map(|source| source.read(comparison)).collect(),
            demos: claim
                .demos
                .iter()
                .map(|demo| Ok((demo.name(), demo.result(comparison)?.clone())))
                .collect(),
            gil: comparison.interpreter().map(|interpreter| interpreter.gil),
        }
    }

    /// The value of a figure by its position.
    ///
    /// # Errors
    /// Why it is missing.
    pub fn value(&self, position: usize) -> Result<f64, String> {
        let figure = self.figures[position].clone()?;
        figure.value.ok_or(format!("{} of {} is unknown here", figure.name, figure.source))
    }

    /// Whether a speedup is at least `threshold`, by its interval.
    ///
    /// # Errors
    /// Why it is missing.
    pub fn at_least(&self, position: usize, threshold: f64) -> Result<ClaimVerdict, String> {
        let value = self.value(position)?;
        let interval = self.figures[position].clone()?.interval;
        Ok(match interval.unwrap_or((value, value)) {
            (low, _) if low >= threshold => ClaimVerdict::Holds,
            (_, high) if high < threshold => ClaimVerdict::DoesNotHold,
            _ => ClaimVerdict::NotResolved,
        })
    }

    /// Whether a speedup is a real gain.
    ///
    /// # Errors
    /// Why it is missing.
    pub fn gains(&self, position: usize) -> Result<ClaimVerdict, String> {
        self.at_least(position, MIN_GAIN)
    }

    /// Whether all demonstrations hold by their own rules.
    ///
    /// # Errors
    /// Why one has no result.
    pub fn all_hold(&self) -> Result<ClaimVerdict, String> {
        let demos: Vec<_> = self.demos.iter().cloned().collect::<Result<_, _>>()?;
        Ok(holds_if(demos.iter().all(|(_, demo)| demo.holds)))
    }

    /// A number that a demonstration reports.
    ///
    /// # Errors
    /// Why it is missing.
    pub fn demo(&self, position: usize, name: &str) -> Result<f64, String> {
        let (demo, result) = self.demos[position].clone()?;
        result.figure(name).ok_or(format!("{name} of {demo} is unknown here"))
    }
}

/// The verdict of a condition.
pub fn holds_if(condition: bool) -> ClaimVerdict {
    if condition { ClaimVerdict::Holds } else { ClaimVerdict::DoesNotHold }
}

/// The verdict of several conditions that must all hold.
pub fn all<const N: usize>(verdicts: [ClaimVerdict; N]) -> ClaimVerdict {
    let has = |verdict: &ClaimVerdict| verdicts.contains(verdict);
    let undecided = [ClaimVerdict::DoesNotHold, ClaimVerdict::NotResolved];
    undecided.into_iter().find(has).unwrap_or(ClaimVerdict::Holds)
}

#[cfg(test)]
impl Facts {
    /// Made-up facts: values with an interval of one percent, and whether each demonstration holds.
    pub fn made_up(claim: &ClaimRow, values: &[f64], holds: bool, demo: serde_json::Value) -> Self {
        let figure = |value: &f64| ClaimFigure {
            source: "made up".into(),
            name: "figure",
            unit: Unit::Ratio,
            value: Some(*value),
            interval: Some((value * 0.99, value * 1.01)),
        };
        let result = DemoResult::new(holds, demo, "All is well.".into());
        Self {
            figures: values.iter().map(figure).map(Ok).collect(),
            demos: claim.demos.iter().map(|_| Ok(("made up".into(), result.clone()))).collect(),
            gil: Some(true),
        }
    }

    /// The same with these figures of the demonstrations, in their order.
    pub fn with_demos<const N: usize>(mut self, figures: [serde_json::Value; N]) -> Self {
        for (demo, figures) in self.demos.iter_mut().zip(figures) {
            if let Ok((_, demo)) = demo {
                demo.figures = figures;
            }
        }
        self
    }
}
