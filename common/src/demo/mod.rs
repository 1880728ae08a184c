//! What the examples share: their command line, the printing of their result, timing, threads.

pub mod claims;
#[cfg(any(feature = "async", feature = "blocking"))]
pub mod downloads;
mod lost_update;
pub mod scaling;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::HumanCount;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use lost_update::lost_update;

use crate::cli::{self, whole};
use crate::os::error::explain;
use crate::os::output::{eprint_line, print_line, print_raw};
use crate::os::usage::Usage;
use crate::os::{affinity, clock, file, limits, output, signals};
use crate::report::format;
use crate::report::svg::{self, View};
use crate::report::terminal::{self, Canvas};
use crate::report::timeline::Timeline;
use crate::{Error, Result, server};

/// What an example shows.
#[derive(Clone, Copy, Debug)]
pub enum Claim {
    /// Claims of the article, by their ids, such as `C09`.
    Article(&'static [&'static str]),
    /// A statement beyond the article, such as `a bounded channel makes a fast producer wait`.
    Beyond(&'static str),
}

impl Claim {
    /// The ids and the words of each claim; no id beyond the article.
    fn parts(self) -> Vec<(Option<&'static str>, &'static str)> {
        match self {
            Self::Article(ids) => ids.iter().map(|id| (Some(*id), claims::words(id))).collect(),
            Self::Beyond(words) => vec![(None, words)],
        }
    }

    fn help(self) -> String {
        let line = |(id, words): (Option<&str>, &str)| match id {
            Some(id) => format!("Shows claim {id}: {words}"),
            None => format!("Shows that {words}"),
        };
        self.parts().into_iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A whole number that the command line of an example can change: `--NAME N`.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The name, without dashes.
    pub name: &'static str,
    /// What the number is, for `--help`.
    pub help: &'static str,
    /// The value without the flag.
    pub default: u64,
    /// The values that are accepted.
    pub range: RangeInclusive<u64>,
}

/// What an example has shown. The comparison reads it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoResult {
    /// Whether the claim holds in this run, by the example's rule.
    pub holds: bool,
    /// An object of named figures, with their units in the names and `null` if unknown.
    pub figures: Value,
    /// The result in one sentence.
    pub summary: String,
}

impl DemoResult {
    /// A result.
    pub fn new(holds: bool, figures: Value, summary: String) -> Self {
        Self { holds, figures, summary }
    }

    /// A figure by its name; `None` if it is unknown.
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.get(name)?.as_f64()
    }
}

/// Runs an example: reads its command line, calls `work` with the flag's number, and prints the
/// result.
///
/// Ends the process with exit code 2 on a wrong command line. The exit code is 0 even if the claim
/// does not hold, because that is a result too; 1 if `work` fails.
pub fn show(claim: Claim, flag: Flag, work: impl FnOnce(u64) -> Result<DemoResult>) -> ExitCode {
    let command = command(claim, &flag);
    run(claim, &flag, command, |number| Ok((work(number)?, None)))
}

/// [`show`] for an example that also draws what it has done: as characters for a person, and as SVG
/// with `--diagram FILE`.
pub fn show_drawn(
    claim: Claim,
    flag: Flag,
    work: impl FnOnce(u64) -> Result<(DemoResult, Timeline)>,
) -> ExitCode {
    let diagram = Arg::new(DIAGRAM)
        .long(DIAGRAM)
        .value_name("FILE.svg")
        .help("Draw the run into this file, as SVG")
        .value_parser(cli::writable_file());
    let command = command(claim, &flag).arg(diagram);
    run(claim, &flag, command, |number| work(number).map(|(result, drawn)| (result, Some(drawn))))
}

const DIAGRAM: &str = "diagram";

fn command(claim: Claim, flag: &Flag) -> Command {
    let number = Arg::new(flag.name)
        .long(flag.name)
        .value_name("N")
        .help(format!("{} [default: {}]", flag.help, flag.default))
        .allow_hyphen_values(true)
        .value_parser(whole(flag.range.clone()));
    let json = Arg::new("json")
        .long("json")
        .help("Print one JSON object, and nothing else, on standard output")
        .action(ArgAction::SetTrue);
    Command::new("example").about(claim.help()).args([number, json])
}

fn run(
    claim: Claim,
    flag: &Flag,
    command: Command,
    work: impl FnOnce(u64) -> Result<(DemoResult, Option<Timeline>)>,
) -> ExitCode {
    server::serve_if_requested();
    let arguments = command.get_matches();
    let number = arguments.get_one(flag.name).copied().unwrap_or(flag.default);
    let done = signals::handle_sigchld()
        .map_err(Error::from)
        .and_then(|()| work(number))
        .and_then(|(result, drawn)| print(claim, &result, drawn.as_ref(), &arguments));
    if let Err(error) = done {
        eprint_line(&format!("error: {}", explain(&*error)));
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::from(output::failed()))
}

fn print(
    claim: Claim,
    result: &DemoResult,
    drawn: Option<&Timeline>,
    arguments: &ArgMatches,
) -> Result<()> {
    let DemoResult { holds, figures, summary } = result;
    if arguments.get_flag("json") {
        let ids: Vec<_> = claim.parts().into_iter().filter_map(|(id, _)| id).collect();
        let mut object = json!(result);
        object["claim"] = json!(ids);
        print_line(&object.to_string());
    } else {
        for (name, figure) in figures.as_object().into_iter().flatten() {
            print_line(&format!("  {:<40} {}", name.replace('_', " "), readable(figure)));
        }
        if let Some(timeline) = drawn {
            print_raw(&format!("{}\n", terminal::draw(timeline, Canvas::stdout())));
        }
        print_line(summary);
        let verdict = if *holds { "holds in this run" } else { "does not hold in this run" };
        for (id, words) in claim.parts() {
            print_line(&format!("{} {verdict}: {words}.", id.unwrap_or("The claim")));
        }
    }
    if let Some(timeline) = drawn
        && let Some(path) = arguments.get_one::<PathBuf>(DIAGRAM)
    {
        file::replace(path, &svg::draw(timeline, View::WHOLE))?;
        eprint_line(&format!("diagram written to {}", path.display()));
    }
    Ok(())
}

/// The first `seconds` of a timeline, for a run that is too long for one picture.
pub fn beginning(mut timeline: Timeline, seconds: f64) -> Timeline {
    for row in &mut timeline.rows {
        row.blocks.retain(|block| block.start < seconds);
        row.blocks.iter_mut().for_each(|block| block.end = block.end.min(seconds));
    }
    timeline.seconds = timeline.seconds.min(seconds);
    timeline
}

/// A timeline of rows that stop, cut at twice the time of the last change.
pub fn until_standstill(timeline: Timeline) -> Timeline {
    let blocks = timeline.rows.iter().flat_map(|row| &row.blocks);
    let last = blocks.map(|block| block.start).fold(0.0, f64::max);
    beginning(timeline, 2.0 * last)
}

fn readable(figure: &Value) -> String {
    match figure {
        Value::Null => "unknown".into(),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(count), _) => HumanCount(count).to_string(),
            (_, Some(value)) => format::significant(value),
            _ => number.to_string(),
        },
        Value::Array(list) => list.iter().map(readable).collect::<Vec<_>>().join(" "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The result of `work`, and its wall time in seconds.
///
/// # Errors
/// Those of `work`: a failure gets no time.
pub fn try_timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let start = clock::now();
    let result = work()?;
    Ok((result, clock::now().saturating_sub(start).as_secs_f64()))
}

/// The result of `work`, and its CPU time over its wall time, all threads together; `None` if the
/// system does not report it.
///
/// # Errors
/// Those of `work`.
pub fn cpus_used<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Option<f64>)> {
    let before = Usage::now();
    let (result, seconds) = try_timed(work)?;
    let used = Usage::now().zip(before).map(|(after, before)| after.since(&before));
    Ok((result, used.map(|used| (used.user_seconds + used.system_seconds) / seconds)))
}

/// The shortest wall times of two ways to do the same work, in seconds.
///
/// The two alternate, for a second and at least three times, so that other programs disturb both
/// alike, and the shortest times least.
///
/// # Errors
/// The first failure; results that differ, because a wrong answer gets no time.
pub fn best_of_interleaved<T: PartialEq>(
    mut first: impl FnMut() -> Result<T>,
    mut second: impl FnMut() -> Result<T>,
) -> Result<(f64, f64)> {
    let end = clock::now() + Duration::from_secs(1);
    let mut shortest = (f64::INFINITY, f64::INFINITY);
    let mut rounds = 0;
    while rounds < 3 || clock::now() < end {
        let (one, wall) = try_timed(&mut first)?;
        shortest.0 = wall.min(shortest.0);
        let (other, wall) = try_timed(&mut second)?;
        shortest.1 = wall.min(shortest.1);
        if one != other {
            return Err("the two ways gave different results".into());
        }
        rounds += 1;
    }
    Ok(shortest)
}

/// [`Scope::spawn`] with an error instead of a panic if the system refuses a thread.
///
/// # Errors
/// The refusal, with the limits that may be the reason.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    let thread = thread::Builder::new().spawn_scoped(scope, work);
    thread.map_err(|error| format!("cannot start a thread: {}", limits::explain(&error)).into())
}

/// Calls `work` in `threads` threads at the same time, with the number of each thread, from 0.
/// Returns the results in the order of the numbers.
///
/// # Errors
/// Those of [`spawn`]; a thread that panicked.
pub fn in_threads<T: Send>(threads: u64, work: impl Fn(u64) -> T + Sync) -> Result<Vec<T>> {
    let work = &work;
    thread::scope(|scope| {
        let started = (0..threads).map(|number| spawn(scope, move || work(number)));
        let started: Vec<_> = started.collect::<Result<_>>()?;
        let results = started.into_iter().map(ScopedJoinHandle::join);
        results.map(|result| result.map_err(|_| Error::from("a thread panicked"))).collect()
    })
}

/// How many cores this program may use; 1 if the system does not report it.
pub fn cores() -> u64 {
    affinity::cores() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::timeline::State;

    const FLAG: Flag = Flag { name: "threads", help: "How many threads", default: 4, range: 1..=9 };

    #[test]
    fn figures_have_three_significant_digits_and_counts_have_all() {
        for (figure, text) in [
            (json!(null), "unknown"),
            (json!(0.25), "0.250"),
            (json!(-2000.25), "-2000"),
            (json!(70_000), "70,000"),
            (json!([1, 2.5]), "1 2.50"),
            (json!("text"), "text"),
            (json!(true), "true"),
        ] {
            assert_eq!(readable(&figure), text);
        }
    }

    #[test]
    fn help_has_the_words_of_each_claim_and_the_default() {
        let help = |claim| command(claim, &FLAG).render_help().to_string();
        let text = help(Claim::Article(&["C09", "C16"]));
        for words in ["C09: a context switch", "C16: threads", "--threads <N>", "[default: 4]"] {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert!(help(Claim::Beyond("it works")).starts_with("Shows that it works"));
    }

    #[test]
    fn the_beginning_of_a_timeline_ends_at_its_time() {
        let mut timeline = Timeline::new("name", "title");
        let row = timeline.row("row");
        for (start, end) in [(0.0, 1.0), (1.0, 3.0), (3.0, 4.0)] {
            timeline.block(row, State::Running, start, end, "");
        }
        assert_eq!(
            until_standstill(timeline.clone()).seconds,
            4.0,
            "3 s and 3 s, but no more than all"
        );
        assert_eq!(until_standstill(beginning(timeline.clone(), 3.0)).seconds, 2.0);
        let timeline = beginning(timeline, 2.0);
        let ends: Vec<f64> = timeline.rows[0].blocks.iter().map(|block| block.end).collect();
        assert_eq!((timeline.seconds, ends), (2.0, vec![1.0, 2.0]));
    }

    #[test]
    fn work_is_timed_and_a_failure_gets_no_time() {
        const LONG: Duration = Duration::from_millis(2);
        let work = || {
            thread::sleep(LONG);
            Ok(7)
        };
        let (result, seconds) = try_timed(work).expect("a time");
        assert_eq!(result, 7);
        assert!(seconds >= LONG.as_secs_f64(), "{seconds}");
        assert!(try_timed(|| Err::<(), _>("no".into())).is_err());
        assert!(cpus_used(|| Err::<(), _>("no".into())).is_err());
    }

    #[test]
    fn two_ways_alternate_and_must_agree() {
        let (mut first, mut second) = (0, 0);
        let one = || {
            first += 1;
            thread::sleep(Duration::from_millis(50));
            Ok(0)
        };
        let other = || {
            second += 1;
            Ok(0)
        };
        let shortest = best_of_interleaved(one, other).expect("two times");
        assert!(first == second && first >= 3, "{first} {second}");
        assert!(shortest.0 >= 0.05 && shortest.1 >= 0.0, "{shortest:?}");
        assert!(best_of_interleaved(|| Ok(1), || Ok(2)).is_err(), "a wrong answer gets no time");
    }

    #[test]
    fn threads_have_numbers_and_a_panic_is_an_error() {
        let squares = in_threads(4, |number| number * number).expect("four threads");
        assert_eq!(squares, [0, 1, 4, 9]);
        // Without the hook no backtrace is printed.
        let error = in_threads(2, |number| {
            if number == 1 {
                std::panic::resume_unwind(Box::new(()));
            }
        });
        assert_eq!(error.expect_err("a panic").to_string(), "a thread panicked");
    }
}
