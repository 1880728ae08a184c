//! The ledger: each claim of the notes, what was measured of it here, and whether it holds.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`claims`] | the ledger as data, a row a claim: adding a claim is adding a row |
//! | [`figures`] | where a claim's figures are from |
//! | [`demonstrations`] | what is run for the claims besides the comparison |
//! | [`text`] | what is printed |

pub mod claims;
pub mod demonstrations;
pub mod figures;
pub mod text;

#[cfg(test)]
mod both_sides;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::ledger::claims::{CLAIMS, Claim};
use crate::ledger::figures::Figures;
use crate::results::Comparison;

/// Whether a claim holds here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does for CPython and does not for Rust: both were measured.
    HoldsForCPython,
    /// It does not, on this machine, in this run.
    DoesNotHoldHere,
    /// A figure that it needs is missing; why.
    NotMeasured(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::DoesNotHoldHere => "does not hold here",
            Self::HoldsForCPython => "holds for CPython, not for Rust",
            Self::NotMeasured(_) => "not measured",
        })
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A claim and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The claim's id, which never changes.
    pub id: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// Whether it is an opinion. Then the verdict is on the facts that it rests on.
    pub opinion: bool,
    /// Whether it holds here.
    pub verdict: Verdict,
    /// Why it was not measured, if it was not.
    pub reason: Option<String>,
    /// The figures in a phrase. The blanks before units are such that no line breaks there.
    #[serde(serialize_with = "with_plain_blanks")]
    pub measured: String,
    /// Named figures, with their units in the names; `null` for one that cannot be had.
    pub figures: Figures,
    /// What the reader types to see it, from the folder of the project.
    pub command: String,
}

fn with_plain_blanks<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text.replace(text::NO_BREAK, " "))
}

impl Entry {
    /// The verdict as it is shown.
    pub fn said(&self) -> String {
        match (&self.verdict, self.opinion) {
            (Verdict::NotMeasured(reason), _) => format!("not measured: {reason}"),
            (Verdict::Holds, true) => "an opinion: the facts hold, judge for yourself".into(),
            (_, true) => "an opinion, and the facts do not hold here".into(),
            (verdict, false) => verdict.to_string(),
        }
    }

    /// The class of a mark beside it in the report.
    pub fn mark(&self) -> &'static str {
        match self.verdict {
            Verdict::Holds => "yes",
            Verdict::DoesNotHoldHere | Verdict::HoldsForCPython => "no",
            Verdict::NotMeasured(_) => "",
        }
    }
}

/// The ledger of what `comparison` has found: an entry for each claim.
pub fn entries(comparison: &Comparison) -> Vec<Entry> {
    CLAIMS.iter().map(|claim| entry(claim, Figures::of(claim.figures, comparison))).collect()
}

/// What `figures` say of a claim.
fn entry(claim: &Claim, figures: Figures) -> Entry {
    let verdict = (claim.rule)(&figures).unwrap_or_else(Verdict::NotMeasured);
    let reason = match &verdict {
        Verdict::NotMeasured(reason) => Some(reason.clone()),
        _ => None,
    };
    let mut commands: Vec<String> = Vec::new();
    for command in claim.figures.iter().filter_map(|figure| figure.source.command()) {
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    Entry {
        id: claim.id,
        claim: claim.claim,
        opinion: claim.opinion,
        verdict,
        reason,
        measured: text::phrase(claim.measured, &figures),
        figures,
        command: commands.join(" && "),
    }
}

/// The ledger as JSON: a list of objects.
///
/// # Errors
/// What the library for JSON says.
pub fn json(comparison: &Comparison) -> Result<String, String> {
    let text = serde_json::to_string_pretty(&entries(comparison));
    text.map(|text| text + "\n").map_err(|error| error.to_string())
}
