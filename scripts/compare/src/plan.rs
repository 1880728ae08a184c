//! How often each program runs, and in which order.
//!
//! A machine drifts: it grows warm, another program wakes up. So no program has all its runs
//! together. They are spread over rounds, and each round runs every program of the workload, a
//! short one more often than a long one.

use crate::programs::Language;

/// How much a comparison measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// The time for which each program is run, in seconds, within the two limits below.
    pub seconds: f64,
    /// The fewest timed runs of a program.
    pub least: usize,
    /// The fewest of one in Python, whose sums take seconds.
    pub least_in_python: usize,
    /// The most timed runs of a program.
    pub most: usize,
}

impl Effort {
    /// What a comparison does by itself.
    pub const DEFAULT: Self = Self { seconds: 8.0, least: 5, least_in_python: 3, most: 20 };
    /// `--quick`.
    pub const QUICK: Self = Self { seconds: 3.0, least: 2, least_in_python: 2, most: 10 };
    /// `--runs N`.
    pub fn fixed(runs: usize) -> Self {
        Self { seconds: 0.0, least: runs, least_in_python: runs, most: runs }
    }

    /// How many timed runs a program gets that takes about `length` seconds; unknown after a
    /// comparison without warm-up.
    pub fn runs(&self, length: Option<f64>, language: Language) -> usize {
        let least = match language {
            Language::Rust => self.least,
            Language::Python => self.least_in_python,
        };
        let fitting = length.map_or(0.0, |length| self.seconds / length);
        // The conversion of a float saturates: an endless number of runs is the most.
        (fitting as usize).clamp(least, self.most)
    }
}

/// Which programs run in each round, by position in `runs`, in the order in which they run.
///
/// There are as many rounds as the program with the fewest runs has runs. The runs of each
/// program are spread evenly over the rounds. Within a round the programs take turns, and each
/// round begins with the next program.
pub fn rounds(runs: &[usize]) -> Vec<Vec<usize>> {
    let rounds = runs.iter().copied().filter(|&runs| runs > 0).min().unwrap_or(0);
    (0..rounds).map(|round| order(&in_round(runs, round, rounds), round)).collect()
}

// How many runs each program has in this round.
fn in_round(runs: &[usize], round: usize, rounds: usize) -> Vec<usize> {
    runs.iter().map(|runs| (round + 1) * runs / rounds - round * runs / rounds).collect()
}

// A round is as many passes as its shortest program has runs; the others skip some.
fn order(runs: &[usize], round: usize) -> Vec<usize> {
    let passes = runs.iter().copied().max().unwrap_or(0);
    let mut order = Vec::new();
    for pass in 0..passes {
        for turn in 0..runs.len() {
            let program = (round + turn) % runs.len();
            let due = |passes_done: usize| (passes_done * runs[program]).div_ceil(passes);
            order.extend((due(pass)..due(pass + 1)).map(|_| program));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_the_default_comparison_runs_the_downloads() {
        let rounds = rounds(&[2, 2, 10]);
        assert_eq!(rounds, [[0, 1, 2, 2, 2, 2, 2], [1, 2, 0, 2, 2, 2, 2]]);
    }

    #[test]
    fn nothing_to_run() {
        assert!(rounds(&[]).is_empty());
        assert!(rounds(&[0, 0]).is_empty());
        assert_eq!(rounds(&[0, 2]), [[1], [1]], "who does not run holds up nobody");
    }

    #[test]
    fn the_length_decides_within_the_limits() {
        let effort = Effort { seconds: 10.0, least: 5, least_in_python: 3, most: 20 };
        let runs = |language| {
            [7.3, 1.45, 0.9, 0.07, 0.0].map(|length| effort.runs(Some(length), language))
        };
        assert_eq!(runs(Language::Rust), [5, 6, 11, 20, 20]);
        assert_eq!(runs(Language::Python), [3, 6, 11, 20, 20]);
        assert_eq!(effort.runs(None, Language::Rust), 5);
        for language in [Language::Rust, Language::Python] {
            assert_eq!(Effort::fixed(4).runs(Some(0.01), language), 4);
        }
    }

    fn counts() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(1usize..40, 1..7)
    }

    proptest! {
        #[test]
        fn every_program_has_all_its_runs(runs in counts()) {
            let order = rounds(&runs).concat();
            for (program, &runs) in runs.iter().enumerate() {
                prop_assert_eq!(order.iter().filter(|&&it| it == program).count(), runs);
            }
        }

        #[test]
        fn every_round_has_every_program(runs in counts()) {
            for round in rounds(&runs) {
                prop_assert!((0..runs.len()).all(|program| round.contains(&program)));
            }
        }

        #[test]
        fn at_the_end_of_a_round_all_are_equally_far(runs in counts()) {
            let rounds = rounds(&runs);
            let mut done = vec![0; runs.len()];
            for (round, order) in rounds.iter().enumerate() {
                order.iter().for_each(|&program| done[program] += 1);
                let share = (round + 1) as f64 / rounds.len() as f64;
                for (program, &runs) in runs.iter().enumerate() {
                    // Whole runs only: less than one of its runs behind, and never ahead.
                    let behind = share * runs as f64 - done[program] as f64;
                    prop_assert!((-1e-9..1.0).contains(&behind), "{} after round {}", program, round);
                }
            }
        }

        #[test]
        fn within_a_round_all_go_on_together(runs in counts()) {
            for round in rounds(&runs) {
                let count = |program| round.iter().filter(|&&it| it == program).count() as f64;
                let mut done = vec![0.0; runs.len()];
                for &program in &round {
                    done[program] += 1.0;
                    for a in 0..runs.len() {
                        for b in 0..runs.len() {
                            // Apart by at most one run of each.
                            let apart = (done[a] / count(a) - done[b] / count(b)).abs();
                            prop_assert!(apart <= 1.0 / count(a) + 1.0 / count(b) + 1e-9);
                        }
                    }
                }
            }
        }

        #[test]
        fn the_first_of_a_round_changes(runs in counts()) {
            for (round, order) in rounds(&runs).iter().enumerate() {
                prop_assert_eq!(order[0], round % runs.len());
            }
        }
    }
}
