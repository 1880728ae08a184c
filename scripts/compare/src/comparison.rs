//! The comparison itself: warm-ups, then the timed runs, round by round.

use crate::interrupt::Interrupt;
use crate::plan::{self, Effort};
use crate::programs::{Program, Workload};
use crate::progress::Progress;
use crate::results::{Comparison, Failure, Row};
use crate::run::Runner;

/// How a comparison is done.
#[derive(Debug)]
pub struct Bench<'a> {
    /// What starts and times the programs.
    pub runner: &'a Runner,
    /// Warm-up runs of each program.
    pub warm_ups: usize,
    /// How many timed runs a program gets.
    pub effort: Effort,
    /// What may end the comparison early.
    pub interrupt: &'a Interrupt,
    /// Where it shows how far it is.
    pub progress: &'a Progress,
}

impl Bench<'_> {
    /// Runs all rows of `comparison`, one workload after the other, and fills them in. Calls
    /// `after_round` after each round with what is there by then.
    ///
    /// A program is not run again after a run that failed; the others go on.
    pub fn fill(&self, comparison: &mut Comparison, mut after_round: impl FnMut(&Comparison)) {
        // Warm-ups first, so that the time left is known from then on.
        let lengths: Vec<Option<f64>> =
            comparison.rows.iter_mut().map(|row| self.warm_up(row)).collect();
        for (row, length) in comparison.rows.iter_mut().zip(&lengths) {
            row.planned = self.effort.runs(*length, row.program.language);
        }
        let seconds = |program: usize| lengths[program].unwrap_or(0.0);
        let mut to_do: Vec<Vec<usize>> = Vec::new();
        for workload in Workload::ALL {
            let rows = || {
                (0..comparison.rows.len())
                    .filter(|&row| comparison.rows[row].program.workload == workload)
            };
            let planned: Vec<usize> = rows().map(|row| comparison.rows[row].planned).collect();
            let positions: Vec<usize> = rows().collect();
            let rounds = plan::rounds(&planned);
            to_do.extend(
                rounds
                    .into_iter()
                    .map(|round| round.into_iter().map(|turn| positions[turn]).collect()),
            );
        }
        let mut left: f64 = to_do.iter().flatten().map(|&row| seconds(row)).sum();
        let mut done = 0.0;
        for round in to_do {
            for position in round {
                let row = &mut comparison.rows[position];
                left -= seconds(position);
                if row.failure.is_none() && self.interrupt.signal().is_none() {
                    let number = row.runs.len() + 1;
                    let now =
                        format!("{} (run {number} of {})", row.program.command(), row.planned);
                    self.progress.show(&now, done, left + seconds(position));
                    match self.runner.time(&row.program, number) {
                        Ok(run) => row.add(run),
                        Err(failure) => self.note(row, *failure),
                    }
                }
                done += seconds(position);
            }
            comparison.interrupted_by = self.interrupt.signal();
            after_round(comparison);
            if comparison.interrupted_by.is_some() {
                break;
            }
        }
    }

    // Returns about how long a run takes, in seconds, if that is known.
    fn warm_up(&self, row: &mut Row) -> Option<f64> {
        let program: Program = row.program;
        let mut length = None;
        for number in 1..=self.warm_ups {
            if self.interrupt.signal().is_some() || row.failure.is_some() {
                break;
            }
            self.progress.show_warm_up(&format!("warming up {}", program.command()));
            match self.runner.warm_up(&program, number) {
                Ok(seconds) => length = Some(seconds),
                Err(failure) => self.note(row, *failure),
            }
        }
        length
    }

    fn note(&self, row: &mut Row, failure: Failure) {
        // A program that was asked to end has not failed.
        if self.interrupt.signal().is_none() {
            let (command, run, reason) = (row.program.command(), &failure.run, &failure.reason);
            self.progress.complain(&format!("{command}: {run} failed: {reason}"));
            row.failure = Some(failure);
        }
    }
}
