//! The figures of a claim, read off a comparison.

use crate::claims::demos::Demo;
use crate::model::{ClaimVerdict, Comparison, DemoResult, Figure, Python, Row, Unit};

/// A claim.
#[derive(Debug)]
pub struct Claim {
    /// Its id, which never changes.
    pub id: &'static str,
    /// The claim.
    pub claim: &'static str,
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

impl Claim {
    /// The commands that show it, for the folder of the project.
    pub fn commands(&self) -> Vec<String> {
        let figures = self.figures.iter().filter_map(Source::command);
        let mut commands: Vec<String> = Vec::new();
        for command in figures.chain(self.demos.iter().map(Demo::command)) {
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
        commands
    }
}

/// A speedup that two cores reach even if other programs take half of one.
pub const FASTER: f64 = 1.25;

/// Where a figure is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A program of the comparison, by its command.
    Program(&'static str, Metric),
    /// A ratio that a demonstration reports, by the name of its figure.
    Demo(Demo, &'static str),
    /// Lines that the `main.rs` of a package has and the baseline's has not.
    LinesAdded(&'static str),
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
    /// The article's time.
    ArticleTime,
}

impl Metric {
    fn name(self) -> (&'static str, Unit) {
        match self {
            Self::Time => ("median_seconds", Unit::Seconds),
            Self::Speedup => ("speedup", Unit::Ratio),
            Self::CpusUsed => ("cpus_used", Unit::Count),
            Self::Threads => ("threads", Unit::Count),
            Self::Processes => ("processes", Unit::Count),
            Self::Memory => ("peak_memory_bytes", Unit::Bytes),
            Self::LinesOfCode => ("lines_of_code", Unit::Count),
            Self::ArticleTime => ("article_seconds", Unit::Seconds),
        }
    }
}

impl Source {
    /// The command that shows the figure; `None` if none is needed.
    pub fn command(&self) -> Option<String> {
        match self {
            Self::Program(name, _) if name.ends_with(".py") => {
                Some("scripts/compare.sh --python".into())
            }
            Self::Program(..) => Some("scripts/compare.sh --details".into()),
            Self::Demo(demo, _) => Some(demo.command()),
            Self::LinesAdded(package) => {
                Some(format!("diff sequential-baseline/src/main.rs {package}/src/main.rs"))
            }
            Self::Cpus => None,
        }
    }

    /// The figure, or the reason why it is missing. A figure that the system does not report has no
    /// value.
    fn read(&self, comparison: &Comparison) -> Result<Figure, String> {
        let figure = |source: &str, name, unit, value| Figure {
            source: source.to_owned(),
            name,
            unit,
            value,
            interval: None,
        };
        match self {
            Self::Program(command, metric) => of_program(command, *metric, comparison),
            Self::Demo(demo, name) => {
                let result = demo.result(comparison)?;
                let value = result.figures.get(*name).and_then(serde_json::Value::as_f64);
                Ok(figure(&result.name, name, Unit::Ratio, value))
            }
            Self::LinesAdded(package) => {
                let row = comparison.rows.iter().find(|row| row.program.name == *package);
                let row = row.ok_or(format!("{package} was not run"))?;
                let added = row.difference.map(|difference| difference.added as f64);
                Ok(figure(package, "lines_added", Unit::Count, added))
            }
            Self::Cpus => {
                let cpus = comparison.machine.cpus.map(|cpus| cpus as f64);
                Ok(figure("this machine", "cpus", Unit::Count, cpus))
            }
        }
    }
}

fn of_program(command: &str, metric: Metric, comparison: &Comparison) -> Result<Figure, String> {
    let row = comparison.rows.iter().find(|row| row.program.command() == command);
    let needed = if command.ends_with(".py") { " (--python runs it)" } else { "" };
    let row = row.ok_or(format!("{command} was not run{needed}"))?;
    let (name, unit) = metric.name();
    let (value, interval) = match metric {
        Metric::LinesOfCode => (row.lines_of_code.map(|lines| lines as f64), None),
        Metric::ArticleTime => (comparison.article_seconds(row), None),
        _ => measured(row, metric, comparison)?,
    };
    Ok(Figure { source: command.to_owned(), name, unit, value, interval })
}

type Measured = (Option<f64>, Option<(f64, f64)>);

fn measured(row: &Row, metric: Metric, comparison: &Comparison) -> Result<Measured, String> {
    let why = if row.failure.is_some() { "failed" } else { "was not run" };
    // A program that failed in a later run has no figures either.
    let summary = row.summary().filter(|_| row.failure.is_none());
    let summary = summary.ok_or(format!("{} {why}", row.program.command()))?;
    let whole = |count: Option<u64>| count.map(|count| count as f64);
    let value = match metric {
        Metric::Speedup => {
            let speedup = comparison.speedup(row);
            return Ok((speedup.map(|it| it.value), speedup.and_then(|it| it.interval)));
        }
        Metric::CpusUsed => summary.cpus_used,
        Metric::Threads => whole(summary.threads),
        Metric::Processes => whole(summary.processes),
        Metric::Memory => whole(summary.peak_memory_bytes),
        Metric::Time | Metric::LinesOfCode | Metric::ArticleTime => Some(summary.wall.median),
    };
    Ok((value, None))
}

/// The facts that a rule judges.
#[derive(Debug)]
pub struct Facts {
    figures: Vec<Result<Figure, String>>,
    demos: Vec<Result<DemoResult, String>>,
    /// Whether the GIL of the Python interpreter is on; `None` without an interpreter.
    pub gil: Option<bool>,
}

impl Facts {
    /// Reads the facts of a claim.
    pub fn of(claim: &Claim, comparison: &Comparison) -> Self {
        let gil = match &comparison.python {
            Some(Python::Interpreter(interpreter)) => Some(interpreter.gil),
            _ => None,
        };
        Self {
            figures: claim.figures.iter().map(|source| source.read(comparison)).collect(),
            demos: claim.demos.iter().map(|demo| demo.result(comparison).cloned()).collect(),
            gil,
        }
    }

    /// The figures that are not missing.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().flatten()
    }

    /// The results of the demonstrations that have one.
    pub fn demos(&self) -> impl Iterator<Item = &DemoResult> {
        self.demos.iter().flatten()
    }

    /// The value of a figure by its position.
    ///
    /// # Errors
    /// Why it is missing.
    pub fn value(&self, position: usize) -> Result<f64, String> {
        let figure = self.figures[position].as_ref().map_err(String::clone)?;
        figure.value.ok_or(format!("{} of {} is unknown here", figure.name, figure.source))
    }

    /// Whether a speedup is at least `threshold`, by its interval.
    ///
    /// # Errors
    /// Why it is missing.
    pub fn at_least(&self, position: usize, threshold: f64) -> Result<ClaimVerdict, String> {
        let value = self.value(position)?;
        let interval = self.figures[position].as_ref().ok().and_then(|figure| figure.interval);
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
        self.at_least(position, FASTER)
    }

    /// Whether all demonstrations hold by their own rules.
    ///
    /// # Errors
    /// Why one has no result.
    pub fn all_hold(&self) -> Result<ClaimVerdict, String> {
        let mut all = true;
        for demo in &self.demos {
            all &= demo.as_ref().map_err(String::clone)?.holds;
        }
        Ok(holds_if(all))
    }

    /// A number that a demonstration reports.
    ///
    /// # Errors
    /// Why it is missing.
    pub fn demo(&self, position: usize, name: &str) -> Result<f64, String> {
        let demo = self.demos[position].as_ref().map_err(String::clone)?;
        let value = demo.figures.get(name).and_then(serde_json::Value::as_f64);
        value.ok_or(format!("{name} of {} is unknown here", demo.name))
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
    pub fn made_up(claim: &Claim, values: &[f64], holds: bool, demo: serde_json::Value) -> Self {
        let figure = |value: &f64| Figure {
            source: "made up".into(),
            name: "figure",
            unit: Unit::Ratio,
            value: Some(*value),
            interval: Some((value * 0.99, value * 1.01)),
        };
        let serde_json::Value::Object(figures) = demo else { unreachable!("an object") };
        let result =
            DemoResult { name: "made up".into(), holds, figures, summary: "All is well.".into() };
        Self {
            figures: values.iter().map(figure).map(Ok).collect(),
            demos: claim.demos.iter().map(|_| Ok(result.clone())).collect(),
            gil: Some(true),
        }
    }

    /// The same with these figures of the demonstrations, in their order.
    pub fn with_demos<const N: usize>(mut self, figures: [serde_json::Value; N]) -> Self {
        for (demo, figures) in self.demos.iter_mut().zip(figures) {
            let serde_json::Value::Object(figures) = figures else { unreachable!("an object") };
            if let Ok(demo) = demo {
                demo.figures = figures;
            }
        }
        self
    }
}
