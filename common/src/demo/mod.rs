//! How an example tells what it has shown: to a person in a few lines, to a program as JSON.

use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use clap::{Arg, Args, Command, FromArgMatches};
use serde::Serialize;
use serde_json::Value;

pub mod scaling;

use crate::Error;
use crate::cli::whole;
use crate::os::usage::Usage;
use crate::os::{clock, limits, output};
use crate::report::with_causes;

/// The flag that every example has besides its own.
#[derive(Args, Clone, Debug, Default)]
pub struct Output {
    /// Print one JSON object, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// The flags of an example that has one of its own, `--NAME N`: its size and the [`Output`]. Like
/// [`clap::Parser::parse`], this ends the program for `--help` and for a wrong command line.
pub fn flags(
    name: &'static str,
    help: &str,
    default: u64,
    range: RangeInclusive<u64>,
) -> (u64, Output) {
    let size = Arg::new(name)
        .long(name)
        .value_name("N")
        .help(format!("{help} [default: {default}]"))
        .allow_hyphen_values(true)
        .value_parser(whole(range));
    let flags = Output::augment_args(Command::new("example").arg(size))
        .about("Shows a claim; the top of its source says which, and how the figures show it")
        .get_matches();
    let output = Output::from_arg_matches(&flags).unwrap_or_else(|error| error.exit());
    (flags.get_one(name).copied().unwrap_or(default), output)
}

/// What an example has shown. Its fields are the keys of the JSON object.
#[derive(Clone, Debug, Serialize)]
pub struct DemoResult<F> {
    /// The ids of the claims that it is about, such as `C09`.
    pub claim: &'static [&'static str],
    /// Whether they hold in this run: computed from the figures by the example's rule.
    pub holds: bool,
    /// Named numbers, with their units in the names. One that cannot be had is `null`.
    pub figures: F,
    /// The figures in one sentence.
    pub summary: String,
}

impl<F: Serialize> DemoResult<F> {
    /// Prints it. The exit code is 0 also where the claim does not hold: that is a result.
    pub fn print(&self, output: &Output) -> ExitCode {
        let figures = match serde_json::to_value(self) {
            Ok(shown) if output.json => {
                output::print_line(&shown.to_string());
                return ExitCode::SUCCESS;
            }
            Ok(mut shown) => shown["figures"].take(),
            Err(error) => {
                output::eprint_line(&format!(
                    "error: the figures cannot be written as JSON: {error}"
                ));
                return ExitCode::FAILURE;
            }
        };
        for (name, figure) in figures.as_object().into_iter().flatten() {
            output::print_line(&format!("  {name:<40} {}", readable(figure)));
        }
        output::print_line(&self.summary);
        let verdict = match (self.claim, self.holds) {
            ([_], true) => "holds",
            (_, true) => "hold",
            ([_], false) => "does not hold",
            (_, false) => "do not hold",
        };
        output::print_line(&format!("{} {verdict} in this run.", self.claim.join(", ")));
        ExitCode::SUCCESS
    }
}

/// Does `work` and prints what it has shown; if it fails, says why. The exit code is 1 then.
pub fn show<F: Serialize>(
    output: &Output,
    work: impl FnOnce() -> Result<DemoResult<F>, Error>,
) -> ExitCode {
    match work() {
        Ok(shown) => shown.print(output),
        Err(error) => {
            let refused = error.downcast_ref().map(limits::explain);
            let why = refused.unwrap_or_else(|| with_causes(&*error));
            output::eprint_line(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// What `work` returns, and its wall time in seconds.
pub fn seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = clock::now();
    let result = work();
    (result, clock::now().saturating_sub(began).as_secs_f64())
}

/// [`seconds`] of work that may fail.
///
/// # Errors
/// Those of `work`: what fails gets no time.
pub fn timed<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<(T, f64), Error> {
    let (result, seconds) = seconds(work);
    Ok((result?, seconds))
}

/// CPU time over wall time of `work`, all threads together; `None` if the system does not tell.
///
/// # Errors
/// Those of `work`.
pub fn cpus_used<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<Option<f64>, Error> {
    let before = Usage::now();
    let (_, seconds) = timed(work)?;
    let used = Usage::now().zip(before).map(|(after, before)| after.since(&before));
    Ok(used.map(|used| cpus(&used, seconds)))
}

fn cpus(used: &Usage, seconds: f64) -> f64 {
    (used.user_seconds + used.system_seconds) / seconds
}

/// The shortest wall times of two ways to do some work, in seconds. They take turns for a second,
/// three times at least, so that what other programs take of the machine falls on both, and is
/// least in the shortest.
///
/// # Errors
/// The first failure of either; results that differ, because a wrong answer gets no time.
pub fn in_turns<T: PartialEq>(
    mut one: impl FnMut() -> Result<T, Error>,
    mut other: impl FnMut() -> Result<T, Error>,
) -> Result<(f64, f64), Error> {
    let end = clock::now() + Duration::from_secs(1);
    let mut shortest = (f64::INFINITY, f64::INFINITY);
    let mut rounds = 0;
    while rounds < 3 || clock::now() < end {
        let (first, wall) = timed(&mut one)?;
        shortest.0 = wall.min(shortest.0);
        let (second, wall) = timed(&mut other)?;
        shortest.1 = wall.min(shortest.1);
        if first != second {
            return Err("the two ways gave different results".into());
        }
        rounds += 1;
    }
    Ok(shortest)
}

/// [`Scope::spawn`] without its panic where the system refuses a thread.
///
/// # Errors
/// The refusal, with the limits that it may be due to.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Error> {
    let thread = thread::Builder::new().spawn_scoped(scope, work);
    thread
        .map_err(|error| format!("a thread cannot be started: {}", limits::explain(&error)).into())
}

/// Does `work` in so many threads at once, each with its own number from 0 on. Returns what they
/// return, in that order.
///
/// # Errors
/// Those of [`spawn`]; a thread that panicked.
pub fn in_threads<T: Send>(threads: u64, work: impl Fn(u64) -> T + Sync) -> Result<Vec<T>, Error> {
    let work = &work;
    thread::scope(|scope| {
        let started = (0..threads).map(|number| spawn(scope, move || work(number)));
        let started: Vec<_> = started.collect::<Result<_, _>>()?;
        let ended = started.into_iter().map(ScopedJoinHandle::join);
        ended.map(|result| result.map_err(|_| "a thread panicked".into())).collect()
    })
}

/// How many cores this program may use; one, which every machine has, if the system does not tell.
pub fn cores() -> u64 {
    thread::available_parallelism().map_or(1, usize::from) as u64
}

fn readable(figure: &Value) -> String {
    match figure {
        Value::Null => "unknown".into(),
        Value::Number(number) => match number.as_f64() {
            Some(value) if number.is_f64() && value.abs() < 1000.0 => format!("{value:.4}"),
            Some(value) if number.is_f64() => format!("{value:.0}"),
            _ => number.to_string(),
        },
        Value::Array(list) => list.iter().map(readable).collect::<Vec<_>>().join(" "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_readable() {
        for (figure, said) in [
            (json!(null), "unknown"),
            (json!(0.25), "0.2500"),
            (json!(999.5), "999.5000"),
            (json!(1000.0), "1000"),
            (json!(-0.5), "-0.5000"),
            (json!(-2000.25), "-2000"),
            (json!(70_000), "70000"),
            (json!([1, 2.5]), "1 2.5000"),
            (json!("text"), "text"),
            (json!(true), "true"),
        ] {
            assert_eq!(readable(&figure), said);
        }
    }

    #[test]
    fn work_is_timed_and_a_failure_gets_no_time() {
        const LONG: Duration = Duration::from_millis(2);
        let ((result, inner), outer) = seconds(|| {
            timed(|| {
                thread::sleep(LONG);
                Ok(7)
            })
            .expect("a time")
        });
        assert_eq!(result, 7);
        assert!(LONG.as_secs_f64() <= inner && inner <= outer, "{inner} {outer}");
        assert!(timed(|| Err::<(), Error>("no".into())).is_err());
        assert!(cpus_used(|| Err::<(), Error>("no".into())).is_err());
        assert_eq!(cores(), thread::available_parallelism().map_or(1, usize::from) as u64);
        let used = Usage {
            user_seconds: 2.5,
            system_seconds: 0.5,
            voluntary_context_switches: 0,
            involuntary_context_switches: 0,
        };
        assert_eq!(cpus(&used, 1.5), 2.0);
    }

    #[test]
    fn two_ways_take_turns_for_a_second_at_least() {
        let (mut turns, mut others) = (0, 0);
        let one = || {
            turns += 1;
            thread::sleep(Duration::from_millis(50));
            Ok(0)
        };
        let other = || {
            others += 1;
            Ok(0)
        };
        let (shortest, all) = seconds(|| in_turns(one, other).expect("two times"));
        assert!(all >= 1.0 && turns == others && turns >= 3, "{all} {turns} {others}");
        assert!(shortest.0 >= 0.05 && shortest.0 * f64::from(turns) <= all, "{shortest:?} {all}");
        assert!(shortest.1 >= 0.0 && shortest.1 * f64::from(turns) <= all, "{shortest:?} {all}");
        assert!(in_turns(|| Ok(1), || Ok(2)).is_err(), "a wrong answer gets no time");
    }

    #[test]
    fn threads_have_numbers_and_return_in_their_order() {
        let squares = in_threads(4, |number| number * number).expect("four threads");
        assert_eq!(squares, [0, 1, 4, 9]);
    }

    #[test]
    fn a_panic_in_a_thread_is_an_error() {
        let refused = in_threads(2, |number| assert_eq!(number, 0)).expect_err("a panic");
        assert_eq!(refused.to_string(), "a thread panicked");
    }
}
