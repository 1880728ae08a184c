//! Threads are switched **pre-emptively: the operating system takes the CPU away** from a thread
//! that has not asked for it, and gives each its turn. The program has no say in when.
//!
//! More threads than cores read the clock without end, and none of them ever yields. A reading far
//! behind the one before it means that the thread was switched off in between; the time between two
//! such gaps is a slice. Each thread gets many slices, and `involuntary_switches_a_thread` is how
//! often the kernel says that it took the CPU away.

use std::process::ExitCode;
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use common::Error;
use common::example::{self, Output, Shown};
use common::usage::involuntary_switches_of_thread;
use serde::Serialize;

/// No interrupt keeps a thread from its clock for so long, but another thread does.
const GAP: Duration = Duration::from_micros(500);

/// Busy threads, more of them than cores
#[derive(Parser)]
struct Options {
    /// How many threads [default: two for each core]
    #[arg(long, value_parser = value_parser!(u64).range(1..=1000))]
    threads: Option<u64>,
    /// For how long each is busy, in milliseconds
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u64).range(1..=3_600_000))]
    milliseconds: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) cores: u64,
    pub(crate) threads: u64,
    pub(crate) slices_of_the_thread_with_fewest: usize,
    pub(crate) median_slice_milliseconds: f64,
    pub(crate) longest_wait_milliseconds: f64,
    pub(crate) involuntary_switches_a_thread: Option<f64>,
}

/// Holds when there were more threads than cores, and each was switched off and on again: it had
/// two slices or more, and the kernel, if it tells, took the CPU away at least once a thread.
pub(crate) fn holds(figures: &Figures) -> bool {
    let taken_away = figures.involuntary_switches_a_thread.is_none_or(|switches| switches >= 1.0);
    figures.threads > figures.cores && figures.slices_of_the_thread_with_fewest >= 2 && taken_away
}

/// What a thread saw: its slices, the waits between them, how often it was interrupted.
type Seen = (Vec<Duration>, Vec<Duration>, Option<u64>);

fn stay_busy(until: Instant) -> Seen {
    let (mut slices, mut waits) = (Vec::new(), Vec::new());
    let mut on_since = Instant::now();
    let mut last = on_since;
    while last < until {
        // Nothing here waits or yields: a gap between two readings is the scheduler's doing.
        let now = Instant::now();
        if now - last > GAP {
            slices.push(last - on_since);
            waits.push(now - last);
            on_since = now;
        }
        last = now;
    }
    slices.push(last - on_since);
    (slices, waits, involuntary_switches_of_thread())
}

fn busy_threads(threads: u64, until: Instant) -> Result<Vec<Seen>, Error> {
    thread::scope(|scope| {
        let started = (0..threads).map(|_| example::spawn(scope, || stay_busy(until)));
        let started: Vec<_> = started.collect::<Result<_, _>>()?;
        Ok(started.into_iter().map(|thread| thread.join().expect("it does not panic")).collect())
    })
}

fn main() -> ExitCode {
    let options = Options::parse();
    example::show(&options.output, || {
        let cores = available_parallelism()?.get() as u64;
        let threads = options.threads.unwrap_or(2 * cores);
        let until = Instant::now() + Duration::from_millis(options.milliseconds);
        let seen = busy_threads(threads, until)?;
        let fewest = seen.iter().map(|(slices, ..)| slices.len()).min().unwrap_or(0);
        let mut slices: Vec<_> = seen.iter().flat_map(|(slices, ..)| slices).collect();
        slices.sort();
        let waits = seen.iter().flat_map(|(_, waits, _)| waits);
        let switches: Option<u64> = seen.iter().map(|(.., switches)| *switches).sum();
        let median = slices[slices.len() / 2].as_secs_f64() * 1e3;
        let figures = Figures {
            cores,
            threads,
            slices_of_the_thread_with_fewest: fewest,
            median_slice_milliseconds: median,
            longest_wait_milliseconds: waits.max().map_or(0.0, |wait| wait.as_secs_f64() * 1e3),
            involuntary_switches_a_thread: switches.map(|sum| sum as f64 / threads as f64),
        };
        let said = format!(
            "{threads} threads that never yield shared {cores} cores: each had at least {fewest} \
             slices, half of them longer than {median:.1} ms."
        );
        Ok(Shown { claim: &["C07", "C08"], holds: holds(&figures), figures, said })
    })
}
