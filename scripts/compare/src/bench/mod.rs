//! The comparison itself: warm-ups, then timed runs, round by round.

pub mod load;
pub mod order;
pub mod progress;
pub mod runner;

use std::time::Instant;

use common::server::Server;

use crate::bench::load::Load;
use crate::bench::order::{Effort, MIN_ROUNDS, Plan, ROUNDS};
use crate::bench::progress::Progress;
use crate::bench::runner::Runner;
use crate::model::{Comparison, Failure, Round, Row, WORKLOADS, Workload};

/// How a comparison is measured.
#[derive(Debug)]
pub struct Bench {
    /// Starts, times and checks the programs.
    pub runner: Runner,
    /// The local server; `None` if real sites are read.
    pub server: Option<Server>,
    /// Warm-up runs of each program.
    pub warm_ups: usize,
    /// How much is measured.
    pub effort: Effort,
    /// Shows how far the comparison is.
    pub progress: Progress,
}

impl Bench {
    /// The signal that interrupted the comparison, if any.
    pub fn interrupted_by(&self) -> Option<u8> {
        self.runner.processes.interrupted_by()
    }

    fn load(&self) -> Option<Load> {
        Load::now(self.server.as_ref().map(Server::process))
    }

    /// Does `work`, which is a round of a workload, and measures its length and what others took.
    pub fn timed<R>(
        &self,
        workload: Workload,
        round: usize,
        work: impl FnOnce() -> R,
    ) -> (R, Round) {
        let (start, before) = (Instant::now(), self.load());
        let done = work();
        let loads = self.load().zip(before);
        let others = loads.and_then(|(after, before)| after.others_since(&before));
        (done, Round::new(workload, round, start.elapsed().as_secs_f64(), others))
    }

    /// Runs all rows of `comparison`, one workload after the other, and adds the runs to them. Calls
    /// `after_round` after each round.
    ///
    /// A program is not run again after a run that failed; the others go on.
    pub fn fill(&self, comparison: &mut Comparison, after_round: &mut dyn FnMut(&mut Comparison)) {
        let start = Instant::now();
        // All warm-ups come first, so that the remaining time is known from then on.
        let warm_up = |row: &mut Row| (row.program.workload, self.warm_up(row));
        let lengths: Vec<_> = comparison.rows.iter_mut().map(warm_up).collect();
        let mut plans = WORKLOADS.map(|workload| {
            let lengths = lengths.iter().filter(|(of, _)| *of == workload);
            Plan::new(&lengths.map(|(_, length)| *length).collect::<Vec<_>>(), &self.effort)
        });
        let left = self.effort.max_seconds - start.elapsed().as_secs_f64();
        if self.effort.runs.is_none() {
            order::fit(&mut plans, left);
        }
        let total: f64 = plans.iter().map(Plan::total).sum();
        let mut share = 0.0;
        for (plan, workload) in plans.iter().zip(WORKLOADS) {
            share += if total > 0.0 { plan.total() / total } else { 0.5 };
            // The time until which this workload may take rounds.
            let until = self.effort.max_seconds - left * (1.0 - share);
            for round in 0.. {
                let elapsed = start.elapsed().as_secs_f64();
                if !self.wants(comparison, workload, plan, round, elapsed + plan.seconds > until) {
                    break;
                }
                let run = || self.round(comparison, workload, plan, round);
                let ((), round) = self.timed(workload, round, run);
                comparison.rounds.push(round);
                after_round(comparison);
            }
        }
    }

    // Whether there is another round, the one of this number; `late` if it does not fit in the time.
    fn wants(
        &self,
        comparison: &Comparison,
        workload: Workload,
        plan: &Plan,
        round: usize,
        late: bool,
    ) -> bool {
        let goes_on = |row: &Row| row.program.workload == workload && row.failure.is_none();
        if self.interrupted_by().is_some() || !comparison.rows.iter().any(goes_on) {
            return false;
        }
        match self.effort.runs {
            Some(runs) => round < runs,
            None if round < MIN_ROUNDS => true,
            None if self.effort.until.is_none() => round < plan.rounds && !late,
            // Of a few rounds, an interval may be narrow by chance.
            None => !late && (round < ROUNDS || comparison.too_wide().any(|(row, _)| goes_on(row))),
        }
    }

    fn round(&self, comparison: &mut Comparison, workload: Workload, plan: &Plan, round: usize) {
        for turn in order::order(&plan.runs, round) {
            let mut rows =
                comparison.rows.iter_mut().filter(|row| row.program.workload == workload);
            let row = rows.nth(turn).filter(|row| row.failure.is_none());
            let Some(row) = row.filter(|_| self.interrupted_by().is_none()) else { continue };
            let number = row.runs.len() + 1;
            let now = format!("{} (round {} of {})", row.program.command(), round + 1, plan.rounds);
            self.progress.show(&now, round as f64 / plan.rounds.max(round + 1) as f64);
            match self.runner.time(&row.program, number) {
                Ok(mut run) => {
                    run.round = round;
                    row.add(run);
                }
                Err(failure) => self.note(row, failure),
            }
        }
    }

    // Returns about how long a run takes, in seconds, if that is known.
    fn warm_up(&self, row: &mut Row) -> Option<f64> {
        let mut length = None;
        for number in 1..=self.warm_ups {
            if self.interrupted_by().is_some() || row.failure.is_some() {
                break;
            }
            self.progress.show(&format!("warming up {}", row.program.command()), 0.0);
            match self.runner.warm_up(&row.program, number) {
                Ok(seconds) => length = Some(seconds),
                Err(failure) => self.note(row, failure),
            }
        }
        length
    }

    fn note(&self, row: &mut Row, failure: Failure) {
        if self
            .report_failure(&format!("{}: {} failed", row.program.command(), failure.run), &failure)
        {
            row.failure = Some(failure);
        }
    }

    /// Prints why `what` failed. Returns false, and prints nothing, if it was only interrupted.
    pub fn report_failure(&self, what: &str, failure: &Failure) -> bool {
        let failed = self.interrupted_by().is_none();
        if failed {
            self.progress.eprint_line(&format!("{what}: {}", failure.reason));
        }
        failed
    }
}
