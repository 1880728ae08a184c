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

use common::demo::claims::words;

use crate::bench::Bench;
use crate::claims::demos::Demo;
use crate::claims::facts::{ClaimRow, Facts, each_once};
use crate::claims::list::CLAIMS;
use crate::model::{ClaimEntry, ClaimVerdict, Comparison};

/// All claims with what `comparison` measured of them. On a busy machine a measurement cannot refute a
/// claim. A diagram or the compiler still can, because they do not depend on time.
pub fn evaluate(comparison: &Comparison) -> Vec<ClaimEntry> {
    let busy = comparison.busy().is_some();
    let evaluated = |claim: &ClaimRow| {
        let mut entry = entry(claim, &Facts::of(claim, comparison));
        let measures = claim.demos.iter().all(|demo| matches!(demo, Demo::Example(..)));
        if busy && measures && entry.verdict == ClaimVerdict::DoesNotHold {
            entry.verdict = ClaimVerdict::NotResolved;
        }
        entry
    };
    CLAIMS.iter().map(evaluated).collect()
}

fn entry(claim: &ClaimRow, facts: &Facts) -> ClaimEntry {
    ClaimEntry {
        id: claim.id,
        claim: words(claim.id),
        opinion: claim.opinion,
        verdict: (claim.rule)(facts).unwrap_or_else(ClaimVerdict::NotMeasured),
        figures: facts.figures.iter().flatten().cloned().collect(),
        demos: facts.demos.iter().flatten().cloned().collect(),
        commands: claim.commands(),
    }
}

/// Runs all demonstrations and adds their results, or their failures, to `comparison`. Calls
/// `after_each` after each one.
pub fn run(
    comparison: &mut Comparison,
    bench: &Bench,
    after_each: &mut dyn FnMut(&mut Comparison),
) {
    for demo in each_once(CLAIMS.iter().flat_map(|claim| claim.demos)) {
        if bench.interrupted_by().is_some() {
            break;
        }
        let name = demo.name();
        bench.progress.show(&format!("running {name}"), 0.0);
        match demos::run_one(demo, &bench.runner) {
            Ok(result) => comparison.demos.push((name, result)),
            Err(failure) if bench.report_failure(&format!("{name} failed"), &failure) => {
                comparison.failed.push((name, failure));
            }
            Err(_) => {}
        }
        comparison.claims = Some(evaluate(comparison));
        after_each(comparison);
    }
    comparison.claims = Some(evaluate(comparison));
}
