//! Where a claim's figures are from.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::ledger::demonstrations::Demonstration;
use crate::python::Python;
use crate::results::Comparison;

/// What has a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A program in the comparison, by its command.
    Program(&'static str),
    /// What is run besides.
    Shown(Demonstration),
    /// The `main.rs` of this package beside that of the baseline.
    Difference(&'static str),
    /// The machine.
    Machine,
    /// A program in Python in the comparison, by its command.
    Python(&'static str),
}

impl Source {
    /// What the reader types to see the figure; `None` for what is known without a command.
    pub fn command(&self) -> Option<String> {
        match self {
            Self::Program(_) => Some("scripts/compare.sh".into()),
            Self::Shown(demonstration) => Some(demonstration.command()),
            Self::Difference(package) => {
                Some(format!("diff sequential-baseline/src/main.rs {package}/src/main.rs"))
            }
            Self::Python(_) => Some("scripts/compare.sh --python".into()),
            Self::Machine => None,
        }
    }

    /// A figure; the error says why it cannot be had.
    fn read(&self, key: &str, comparison: &Comparison) -> Result<Value, String> {
        match self {
            Self::Program(command) => of_program(command, key, comparison),
            Self::Python(command) => match &comparison.python {
                None => Err("CPython's half: no Python program was run".into()),
                Some(Python::Missing(_)) => Err("CPython's half: no Python program can run".into()),
                Some(Python::Interpreter(interpreter)) if key == GIL => Ok(interpreter.gil.into()),
                Some(Python::Interpreter(_)) => of_program(command, key, comparison),
            },
            Self::Shown(demonstration) => {
                let name = demonstration.name();
                let mut all = comparison.shown.iter().flatten();
                match all.find(|shown| shown.example == name) {
                    Some(shown) if key == HOLDS => Ok(shown.holds.into()),
                    Some(shown) => {
                        shown.figures.get(key).cloned().ok_or(format!("{name} does not tell {key}"))
                    }
                    None if comparison.broken.iter().any(|broken| broken.name == name) => {
                        Err(format!("{name} broke"))
                    }
                    None => Err(format!("{name} was not run")),
                }
            }
            Self::Difference(package) => {
                let row = comparison.rows.iter().find(|row| row.program.name == *package);
                let row = row.ok_or(format!("{package} was not run"))?;
                let lines = row.difference.ok_or("the sources cannot be read")?;
                match key {
                    "lines_removed" => Ok(lines.removed.into()),
                    "lines_added" => Ok(lines.added.into()),
                    _ => Err(format!("a difference has no {key}")),
                }
            }
            Self::Machine => Ok(comparison.machine.processors.into()),
        }
    }
}

fn of_program(command: &str, key: &str, comparison: &Comparison) -> Result<Value, String> {
    let row = comparison.rows.iter().find(|row| row.program.command() == command);
    let row = row.ok_or(format!("{command} was not run"))?;
    match key {
        "lines_of_code" => return Ok(row.lines_of_code.into()),
        "notes_seconds" => return Ok(comparison.notes_seconds(row).into()),
        _ => {}
    }
    let why = if row.failure.is_some() { "broke" } else { "was not run" };
    // A program that broke in a later run has no figures either: a wrong answer gets no time.
    let summary = row.summary().filter(|_| row.failure.is_none());
    let summary = summary.ok_or(format!("{command} {why}"))?;
    Ok(match key {
        "wall_seconds" => summary.wall.mean.into(),
        "times_faster" => comparison.times_faster(row).map(|ratio| ratio.value).into(),
        "cpus_used" => summary.cpus_used.into(),
        "threads" => summary.threads.into(),
        "processes" => summary.processes.into(),
        "voluntary_switches" => summary.voluntary_switches.into(),
        "involuntary_switches" => summary.involuntary_switches.into(),
        "peak_memory_bytes" => summary.peak_memory_bytes.into(),
        _ => return Err(format!("{command} does not tell {key}")),
    })
}

/// The key of whether a demonstration's own rule holds.
const HOLDS: &str = "holds";
/// The key of whether an interpreter has a GIL.
const GIL: &str = "gil";

/// A figure of a claim: its name in the ledger, and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name, with its unit.
    pub name: &'static str,
    /// Who has it.
    pub source: Source,
    /// Its name there.
    pub key: &'static str,
}

/// The figures of a claim by name, or why one cannot be had.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(BTreeMap<String, Result<Value, String>>);

impl Figures {
    /// Reads these figures, and of each demonstration that they are from whether its own rule
    /// holds: `race_condition_holds`.
    pub fn of(figures: &[Figure], comparison: &Comparison) -> Self {
        let mut found = BTreeMap::new();
        for Figure { name, source, key } in figures {
            found.insert((*name).to_owned(), source.read(key, comparison));
            if let Source::Shown(demonstration) = source {
                let name = format!("{}_{HOLDS}", demonstration.key());
                found.insert(name, source.read(HOLDS, comparison));
            }
        }
        Self(found)
    }

    /// A number.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn number(&self, name: &str) -> Result<f64, String> {
        self.value(name)?.as_f64().ok_or(format!("{name} is unknown on this system"))
    }

    /// Whether the rule of each of the claim's demonstrations holds.
    ///
    /// # Errors
    /// Why one cannot be had.
    pub fn all_shown(&self) -> Result<bool, String> {
        let mut all = true;
        for name in self.0.keys().filter(|name| name.ends_with(HOLDS)) {
            all &= self.value(name)?.as_bool() == Some(true);
        }
        Ok(all)
    }

    /// Any figure.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn value(&self, name: &str) -> Result<&Value, String> {
        match self.0.get(name) {
            Some(Ok(value)) => Ok(value),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!("the claim has no figure {name}")),
        }
    }
}

#[cfg(test)]
impl Figures {
    /// Made-up figures.
    pub fn made_up(figures: &[(&str, Value)]) -> Self {
        Self(figures.iter().map(|(name, value)| ((*name).to_owned(), Ok(value.clone()))).collect())
    }

    /// These figures, and no other one.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// With `other`'s instead of its own.
    pub fn with(&self, other: &[(&str, Value)]) -> Self {
        let mut figures = self.clone();
        figures.0.extend(Self::made_up(other).0);
        figures
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value.as_ref().ok())))
    }
}
