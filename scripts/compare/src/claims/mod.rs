//! The claims of the article: what was measured of each here, and whether it holds.
//!
//! | module | content |
//! | --- | --- |
//! | [`list`] | the claims as data; to add a claim, add a row |
//! | [`facts`] | the figures of a claim, read off a comparison |
//! | [`demos`] | the examples and other demonstrations that are run for the claims |

pub mod demos;
pub mod facts;
pub mod list;

#[cfg(test)]
mod tests;

use crate::claims::facts::Facts;
use crate::claims::list::{CLAIMS, Claim};
use crate::model::{ClaimEntry, ClaimVerdict, Comparison};

/// All claims with what `comparison` measured of them.
pub fn evaluate(comparison: &Comparison) -> Vec<ClaimEntry> {
    CLAIMS.iter().map(|claim| entry(claim, &Facts::of(claim, comparison))).collect()
}

fn entry(claim: &Claim, facts: &Facts) -> ClaimEntry {
    let demos: Vec<_> = facts.demos().cloned().collect();
    ClaimEntry {
        id: claim.id,
        claim: claim.claim,
        opinion: claim.opinion,
        verdict: (claim.rule)(facts).unwrap_or_else(ClaimVerdict::NotMeasured),
        summaries: demos.iter().map(|demo| demo.summary.clone()).collect(),
        figures: facts.figures().cloned().collect(),
        demos,
        commands: claim.commands(),
    }
}
