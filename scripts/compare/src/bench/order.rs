//! How often and in which order the programs run.
//!
//! A machine drifts: it gets warm, or another program starts. So no program has all of its runs
//! together. They are spread over rounds, and each round runs every program, a short one several
//! times.

/// How much a comparison measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// `--runs`: the number of rounds, each with one run of every program.
    pub runs: Option<usize>,
    /// `--until`: rounds go on until the half-width of each interval is at most this share.
    pub until: Option<f64>,
    /// The time for all rounds, in seconds.
    pub max_seconds: f64,
}

/// The time that the rounds of a workload should take, in seconds. The next two limits come first.
const ROUNDS_SECONDS: f64 = 8.0;
/// The fewest rounds, if they fit into the time.
pub const ROUNDS: usize = 6;
/// The most rounds, unless `--until` needs more.
const MAX_ROUNDS: usize = 20;
/// The rounds that are run whatever time they take. One round has no interval.
pub const MIN_ROUNDS: usize = 2;
/// The most runs of a short program in a round.
const MAX_RUNS: usize = 5;
/// In a round, all runs of a short program take at most the time of the longest program divided by this.
const SHORT_SHARE: f64 = 5.0;

/// The plan for one workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How often each program runs in a round.
    pub runs: Vec<usize>,
    /// The length of a round in seconds; 0 if it is not known.
    pub seconds: f64,
    /// How many rounds there are, unless `--until` decides.
    pub rounds: usize,
}

impl Plan {
    /// A plan for programs of these lengths, in seconds; `None` if a length is not known.
    pub fn new(lengths: &[Option<f64>], effort: &Effort) -> Self {
        let longest = lengths.iter().flatten().copied().fold(0.0, f64::max);
        let runs_of = |length: &Option<f64>| match (effort.runs, length) {
            // The conversion saturates, so an infinite number is no problem.
            (None, Some(length)) => ((longest / SHORT_SHARE / length) as usize).clamp(1, MAX_RUNS),
            _ => 1,
        };
        let runs: Vec<usize> = lengths.iter().map(runs_of).collect();
        let seconds = lengths.iter().zip(&runs);
        let seconds: f64 = seconds.map(|(length, runs)| length.unwrap_or(0.0) * *runs as f64).sum();
        let fitting = if seconds > 0.0 { ROUNDS_SECONDS / seconds } else { 0.0 };
        let rounds = effort.runs.unwrap_or((fitting as usize).clamp(ROUNDS, MAX_ROUNDS));
        Self { runs, seconds, rounds }
    }

    /// The time of all rounds, in seconds.
    pub fn total(&self) -> f64 {
        self.seconds * self.rounds as f64
    }
}

/// Shortens the plans so that together they fit into `seconds`.
pub fn fit(plans: &mut [Plan], seconds: f64) {
    let total: f64 = plans.iter().map(Plan::total).sum();
    if total > seconds {
        for plan in plans {
            let rounds = plan.rounds as f64 * seconds.max(0.0) / total;
            plan.rounds = (rounds as usize).max(MIN_ROUNDS.min(plan.rounds));
        }
    }
}

/// The programs of a round by position, in the order in which they run. Each round begins with the
/// next program, and the runs of a program are spread evenly over the round.
pub fn order(runs: &[usize], round: usize) -> Vec<usize> {
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

    const EFFORT: Effort = Effort { runs: None, until: None, max_seconds: 75.0 };

    fn plan(lengths: &[f64], effort: &Effort) -> Plan {
        Plan::new(&lengths.iter().copied().map(Some).collect::<Vec<_>>(), effort)
    }

    #[test]
    fn short_programs_run_several_times_in_a_round() {
        let downloads = plan(&[7.3, 1.5, 0.085], &EFFORT);
        assert_eq!((downloads.runs.as_slice(), downloads.rounds), (&[1, 1, 5][..], 6));
        assert!((downloads.seconds - 9.225).abs() < 1e-9);
        let sums = plan(&[0.08, 0.04], &EFFORT);
        assert_eq!((sums.runs.as_slice(), sums.rounds), (&[1, 1][..], 20));
        assert_eq!(order(&downloads.runs, 1), [1, 2, 0, 2, 2, 2, 2]);
    }

    #[test]
    fn fixed_and_unknown_lengths_have_one_run_in_a_round() {
        let fixed = Effort { runs: Some(3), ..EFFORT };
        assert_eq!(
            plan(&[7.3, 0.085], &fixed),
            Plan { runs: vec![1, 1], seconds: 7.385, rounds: 3 }
        );
        let unknown = Plan::new(&[None, None], &EFFORT);
        assert_eq!(unknown, Plan { runs: vec![1, 1], seconds: 0.0, rounds: ROUNDS });
    }

    #[test]
    fn plans_are_shortened_to_fit() {
        let plans = |seconds| {
            let mut plans = [plan(&[7.3, 1.5, 0.085], &EFFORT), plan(&[0.08, 0.04], &EFFORT)];
            fit(&mut plans, seconds);
            plans.map(|plan| plan.rounds)
        };
        assert_eq!(plans(75.0), [6, 20]);
        assert_eq!(plans(40.0), [4, 13]);
        assert_eq!(plans(1.0), [MIN_ROUNDS; 2]);
        assert_eq!(plans(-1.0), [MIN_ROUNDS; 2]);
    }

    fn counts() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(1usize..40, 1..7)
    }

    proptest! {
        #[test]
        fn a_round_has_all_runs_and_the_first_program_changes(runs in counts(), round in 0usize..50) {
            let order = order(&runs, round);
            for (program, &runs) in runs.iter().enumerate() {
                prop_assert_eq!(order.iter().filter(|&&it| it == program).count(), runs);
            }
            prop_assert_eq!(order[0], round % runs.len());
        }

        #[test]
        fn within_a_round_all_programs_advance_together(runs in counts(), round in 0usize..50) {
            let order = order(&runs, round);
            let mut done = vec![0.0; runs.len()];
            for &program in &order {
                done[program] += 1.0;
                for a in 0..runs.len() {
                    for b in 0..runs.len() {
                        // Apart by at most one run of each.
                        let count = |program: usize| runs[program] as f64;
                        let apart = (done[a] / count(a) - done[b] / count(b)).abs();
                        prop_assert!(apart <= 1.0 / count(a) + 1.0 / count(b) + 1e-9);
                    }
                }
            }
        }
    }
}
