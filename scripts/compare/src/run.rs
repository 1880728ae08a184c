//! One run of one program: a whole process, timed from outside, and checked.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use common::{limits, schedule::Schedule, sites, sums};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::Deserialize;

use crate::children::{Children, Deadline};
use crate::programs::{Language, Program, Workload};
use crate::python::Interpreter;
use crate::results::{Failure, Run};

/// How much of a failed program's output is shown, in characters of each stream.
const SHOWN: usize = 2000;

/// What the programs download.
#[derive(Clone, Debug)]
pub enum Sites {
    /// The pages of the site server that listens here.
    Local(SocketAddr),
    /// Real sites.
    Real(Vec<String>),
}

/// Starts programs and times them.
#[derive(Debug)]
pub struct Runner {
    /// The folder that the programs are in.
    pub programs: PathBuf,
    /// What they download.
    pub sites: Sites,
    /// How often they read the list of sites.
    pub repeat: usize,
    /// What runs those in Python, and the folder that they are in.
    pub python: Option<(Interpreter, PathBuf)>,
    /// The longest that a run may take.
    pub limit: Duration,
    /// The processes that may be ended.
    pub children: Children,
}

impl Runner {
    /// Downloads of a whole run.
    pub fn downloads(&self) -> usize {
        self.downloads_in(self.repeat)
    }

    fn downloads_in(&self, repeat: usize) -> usize {
        match &self.sites {
            Sites::Local(_) => repeat * sites::PAGES.len(),
            Sites::Real(urls) => repeat * urls.len(),
        }
    }

    /// Does one warm-up run and returns about how long a whole run takes, in seconds.
    ///
    /// # Errors
    /// The failure of a run that did not go well.
    pub fn warm_up(&self, program: &Program, number: usize) -> Result<f64, Box<Failure>> {
        let whole = self.whole(program.workload);
        let part = match program.workload {
            _ if !program.short_warm_up => whole,
            Workload::Io => 1,
            // Each worker gets one: the time of a run is in proportion.
            Workload::Cpu => thread::available_parallelism().map_or(1, usize::from).min(whole),
        };
        let run = self.run(program, part, format!("warm-up {number}"))?;
        Ok(run.wall_seconds * whole as f64 / part as f64)
    }

    /// Does one timed run.
    ///
    /// # Errors
    /// The failure of a run that did not go well.
    pub fn time(&self, program: &Program, number: usize) -> Result<Run, Box<Failure>> {
        self.run(program, self.whole(program.workload), format!("run {number}"))
    }

    // How much a whole run does: rounds over the sites, or sums.
    fn whole(&self, workload: Workload) -> usize {
        match workload {
            Workload::Io => self.repeat,
            Workload::Cpu => sums::default_numbers().count(),
        }
    }

    fn run(&self, program: &Program, amount: usize, run: String) -> Result<Run, Box<Failure>> {
        let expected = self.expected(program.workload, amount);
        self.checked(self.command(program, amount), &expected, run).map(|(run, _)| run)
    }

    /// Does one run of `command`; returns it and what it wrote on standard error.
    ///
    /// # Errors
    /// The failure of a run that did not go well.
    pub fn checked(
        &self,
        command: Command,
        expected: &Expected,
        run: String,
    ) -> Result<(Run, String), Box<Failure>> {
        let failed = |reason: String, stdout: &[u8], stderr: &[u8]| {
            Box::new(Failure {
                run: run.clone(),
                reason,
                stdout: shortened(stdout),
                stderr: shortened(stderr),
            })
        };
        let unstarted =
            |error| failed(format!("it cannot be started: {}", limits::named(&error)), b"", b"");
        let deadline = Deadline::start(&self.children, self.limit).map_err(unstarted)?;
        let before = getrusage(UsageWho::RUSAGE_CHILDREN);
        let start = Instant::now();
        let output = self.children.run(command);
        let wall = start.elapsed();
        // Those of the program and of the workers that it waited for. The site server is no part
        // of it: the harness waits for it only at the very end.
        let after = getrusage(UsageWho::RUSAGE_CHILDREN);
        let too_long = deadline.stop();
        let output = output.map_err(unstarted)?;
        let checked = if too_long {
            let limit = self.limit.as_secs();
            Err(format!("it was ended because it took longer than --run-limit {limit} (seconds)"))
        } else {
            check(&output, expected)
        };
        let report = checked.map_err(|reason| failed(reason, &output.stdout, &output.stderr))?;
        let usage = before.ok().zip(after.ok());
        let seconds = |of: fn(&Usage) -> nix::sys::time::TimeVal| {
            usage.map(|(before, after)| (of(&after) - of(&before)).num_microseconds() as f64 / 1e6)
        };
        let switches = |of: fn(&Usage) -> i64| {
            usage.and_then(|(before, after)| u64::try_from(of(&after) - of(&before)).ok())
        };
        let run = Run {
            wall_seconds: wall.as_secs_f64(),
            user_seconds: seconds(Usage::user_time),
            system_seconds: seconds(Usage::system_time),
            voluntary_switches: switches(Usage::voluntary_context_switches),
            involuntary_switches: switches(Usage::involuntary_context_switches),
            bound_seconds: report.bound_seconds,
            peak_memory_bytes: report.peak_memory_bytes,
            threads: report.threads,
            processes: report.processes,
            schedule: schedule(&output.stdout),
        };
        Ok((run, String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    fn command(&self, program: &Program, amount: usize) -> Command {
        let mut command = match (program.language, &self.python) {
            (Language::Python, Some((interpreter, scripts))) => {
                let mut command = interpreter.command();
                command.arg(scripts.join(program.name));
                command
            }
            _ => Command::new(self.programs.join(program.name)),
        };
        command.args(program.arguments).args(["--json", "--quiet"]);
        if program.language == Language::Rust {
            command.arg("--details");
        }
        if program.workload == Workload::Cpu && amount < self.whole(Workload::Cpu) {
            command.args(sums::default_numbers().take(amount).map(|number| number.to_string()));
        }
        if program.workload == Workload::Io {
            command.arg("--repeat").arg(amount.to_string());
            match &self.sites {
                Sites::Local(server) => {
                    command.arg("--site-server").arg(server.to_string());
                }
                Sites::Real(urls) => {
                    command.args(urls.iter().flat_map(|url| ["--url", url]));
                }
            }
        }
        command
    }

    fn expected(&self, workload: Workload, amount: usize) -> Expected {
        match workload {
            Workload::Io => match self.sites {
                Sites::Local(_) => Expected::of_local_sites(amount),
                Sites::Real(_) => Expected { items: self.downloads_in(amount), answer: None },
            },
            Workload::Cpu => Expected::sums(sums::default_numbers().take(amount)),
        }
    }
}

impl Expected {
    /// What `repeat` rounds over the local pages read.
    pub fn of_local_sites(repeat: usize) -> Self {
        let answer = Answer::Bytes(sites::expected_bytes(repeat));
        Self { items: repeat * sites::PAGES.len(), answer: Some(answer) }
    }

    /// The sums below these numbers.
    pub fn sums(numbers: impl Iterator<Item = u64>) -> Self {
        let sums: Vec<Option<String>> =
            numbers.filter_map(sums::closed_form).map(|sum| Some(sum.to_string())).collect();
        Self { items: sums.len(), answer: Some(Answer::Sums(sums)) }
    }
}

/// What a run has to find.
#[derive(Debug)]
pub struct Expected {
    items: usize,
    /// `None` for real sites.
    answer: Option<Answer>,
}

/// What the harness reads of a program's JSON object.
#[derive(Debug, Deserialize)]
struct Report {
    items: usize,
    failed: usize,
    bound_seconds: Option<f64>,
    peak_memory_bytes: Option<u64>,
    threads: Option<u64>,
    processes: Option<u64>,
    answer: Answer,
    spans: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    name: String,
    error: Option<String>,
}

/// Bytes read in all, or the sums, of which one that failed is none.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Answer {
    Bytes(u64),
    Sums(Vec<Option<String>>),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::Sums(sums) => f.write_str(&sums.iter().map(sum).collect::<Vec<_>>().join(" ")),
        }
    }
}

fn sum(sum: &Option<String>) -> &str {
    sum.as_deref().unwrap_or("none")
}

/// Holds a program's output against what it should be; the error says what is wrong with it.
fn check(output: &Output, expected: &Expected) -> Result<Report, String> {
    let report = serde_json::from_slice::<Report>(&output.stdout);
    if output.clone().assert().try_success().is_err() {
        let items = report.map(|report| failed_items(&report)).unwrap_or_default();
        return Err(format!("{}{items}", output.status));
    }
    let report = report
        .map_err(|error| format!("its output is not the JSON object it should be: {error}"))?;
    if report.failed > 0 {
        return Err(format!("{} items failed, and yet it ended as if all was well", report.failed));
    }
    if report.items != expected.items {
        return Err(format!("it did {} items instead of {}", report.items, expected.items));
    }
    match &expected.answer {
        Some(answer) if report.answer != *answer => Err(wrong_answer(&report.answer, answer)),
        _ => Ok(report),
    }
}

// What the pictures show. Of a program that reports otherwise there is none, nor of one that tells of
// more workers than items, or of a time before its start.
fn schedule(stdout: &[u8]) -> Option<Schedule> {
    let told = serde_json::from_slice::<Schedule>(stdout).ok();
    told.filter(|told| told.workers <= told.spans.len() && told.wall_seconds >= 0.0)
}

// Which items failed, as the end of a sentence; only the first, because the others' causes are
// mostly the same.
fn failed_items(report: &Report) -> String {
    let mut failed =
        report.spans.iter().filter_map(|item| Some((&item.name, item.error.as_ref()?)));
    match failed.next() {
        None => String::new(),
        Some((name, error)) => {
            let Report { failed, items, .. } = report;
            format!("; {failed} of {items} items failed, the first of them {name}: {error}")
        }
    }
}

fn wrong_answer(found: &Answer, expected: &Answer) -> String {
    match (found, expected) {
        (Answer::Sums(found), Answer::Sums(expected)) if found.len() == expected.len() => {
            let (place, (found, expected)) = found
                .iter()
                .zip(expected)
                .enumerate()
                .find(|(_, (found, expected))| found != expected)
                .unwrap_or((0, (&found[0], &expected[0])));
            let (found, expected) = (sum(found), sum(expected));
            format!("its answer is wrong: sum {} is {found} instead of {expected}", place + 1)
        }
        _ => format!("its answer is wrong: {found} instead of {expected}"),
    }
}

/// The beginning and the end of an output, where what matters mostly stands.
pub fn shortened(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let text: Vec<char> = text.trim_end().chars().collect();
    if text.len() <= SHOWN {
        return text.into_iter().collect();
    }
    let (head, tail) = (&text[..SHOWN / 2], &text[text.len() - SHOWN / 2..]);
    let left_out = text.len() - SHOWN;
    format!(
        "{}\n[{left_out} characters left out]\n{}",
        String::from_iter(head),
        String::from_iter(tail)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use common::svg::{self, View};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};
    use serde_json::{Value, json};

    fn output(exit_code: i32, stdout: &str) -> Output {
        Output {
            status: ExitStatus::from_raw(exit_code << 8),
            stdout: stdout.into(),
            stderr: Vec::new(),
        }
    }

    fn report(items: usize, failed: usize, answer: &str, error: &str) -> String {
        format!(
            r#"{{"items": {items}, "failed": {failed}, "bound_seconds": null, "peak_memory_bytes": 1,
                "threads": null, "processes": 1, "answer": {answer},
                "spans": [{{"name": "http://a/", "error": {error}}}]}}"#
        )
    }

    fn wrong(output: &Output, expected: &Expected) -> String {
        check(output, expected).expect_err("wrong")
    }

    fn downloads() -> Expected {
        Expected { items: 2, answer: Some(Answer::Bytes(100)) }
    }

    #[test]
    fn a_good_run() {
        let good = check(&output(0, &report(2, 0, "100", "null")), &downloads()).expect("good");
        assert_eq!(
            (good.peak_memory_bytes, good.threads, good.bound_seconds),
            (Some(1), None, None)
        );
    }

    #[test]
    fn real_sites_may_send_what_they_like() {
        let expected = Expected { items: 2, answer: None };
        assert!(check(&output(0, &report(2, 0, "7", "null")), &expected).is_ok());
    }

    #[test]
    fn each_thing_that_can_be_wrong_is_named() {
        let said = |exit_code, stdout: &str| wrong(&output(exit_code, stdout), &downloads());
        assert_eq!(said(3, ""), "exit status: 3");
        assert_eq!(
            said(1, &report(2, 1, "50", r#""refused""#)),
            "exit status: 1; 1 of 2 items failed, the first of them http://a/: refused"
        );
        assert!(said(0, "").starts_with("its output is not the JSON object it should be: EOF"));
        let twice = report(2, 0, "100", "null").repeat(2);
        assert!(said(0, &twice).contains("trailing characters"), "two objects are one too many");
        assert!(said(0, &report(2, 1, "100", "null")).starts_with("1 items failed, and yet"));
        assert_eq!(said(0, &report(3, 0, "100", "null")), "it did 3 items instead of 2");
        assert_eq!(
            said(0, &report(2, 0, "99", "null")),
            "its answer is wrong: 99 bytes instead of 100 bytes"
        );
    }

    proptest! {
        // Whatever a program says and however it ends, what is taken is the right answer.
        #[test]
        fn only_the_right_answer_is_taken(
            exit_code in 0..3i32,
            items in select(&[0usize, 2, 2, 2, 3][..]),
            failed in select(&[0usize, 0, 0, 1][..]),
            answer in select(&["100", "100", "100.0", "1e2", "-100", "99", "null", "[]", "\"100\"",
                "[\"100\"]", "18446744073709551716"][..]),
        ) {
            let taken = check(&output(exit_code, &report(items, failed, answer, "null")), &downloads());
            let right = (exit_code, items, failed, answer) == (0, 2, 0, "100");
            prop_assert_eq!(taken.is_ok(), right, "{:?}", taken);
        }

        #[test]
        fn what_is_cut_off_overwritten_or_repeated_is_told(
            at in any::<Index>(),
            with in vec(any::<u8>(), 0..9),
            repeated in any::<bool>(),
        ) {
            let good = report(2, 0, "100", "null");
            let cut = at.index(good.len());
            prop_assert!(check(&output(0, &good[..cut]), &downloads()).is_err());
            let mut hostile = good.clone().into_bytes();
            hostile.splice(cut..(cut + with.len()).min(good.len()), with);
            if repeated {
                hostile.extend(good.bytes());
            }
            let mut said = output(0, "");
            said.stdout = hostile;
            if let Ok(taken) = check(&said, &downloads()) {
                let right = (taken.items, taken.failed, taken.answer) == (2, 0, Answer::Bytes(100));
                prop_assert!(right && !repeated);
            }
        }

        // A picture is drawn or there is none, and none is of any size.
        #[test]
        fn any_schedule_is_drawn_or_left_out(
            workers in select(&[0u64, 1, 3, 1 << 40, u64::MAX][..]),
            wall in select(&[-1.0, -0.0, 0.0, 1e-320, 1.0, 1e308][..]),
            spans in vec((select(&[0u64, 2, u64::MAX][..]), -2.0..2.0f64, -2.0..2.0f64), 0..5),
        ) {
            let spans: Vec<Value> = spans.iter().map(|(worker, start, end)| json!({
                "name": "a", "worker": worker, "start_seconds": start, "end_seconds": end,
                "error": null, "polls_seconds": [[end, start]],
            })).collect();
            let told = json!({
                "program": "a", "workload": "io", "workers": workers, "processes": 1,
                "wall_seconds": wall, "user_seconds": null, "system_seconds": 1.0, "spans": spans,
            });
            if let Some(schedule) = schedule(told.to_string().as_bytes()) {
                prop_assert!(schedule.workers <= 5);
                prop_assert!(svg::draw(&schedule, View::WHOLE).is_ok());
                prop_assert!(schedule.at_once() <= 5);
            }
        }
    }

    #[test]
    fn a_wrong_sum_is_named() {
        let sums = |sums: [&str; 2]| Answer::Sums(sums.map(|sum| Some(sum.into())).to_vec());
        let expected = Expected { items: 2, answer: Some(sums(["1", "5"])) };
        assert!(check(&output(0, &report(2, 0, r#"["1", "5"]"#, "null")), &expected).is_ok());
        assert_eq!(
            wrong(&output(0, &report(2, 0, r#"["1", "6"]"#, "null")), &expected),
            "its answer is wrong: sum 2 is 6 instead of 5"
        );
        assert_eq!(
            wrong(&output(0, &report(2, 0, r#"["1"]"#, "null")), &expected),
            "its answer is wrong: 1 instead of 1 5"
        );
    }

    #[test]
    fn a_long_output_keeps_both_ends() {
        assert_eq!(shortened(b"short\n"), "short");
        let long = shortened(format!("<{}>", "ä".repeat(5000)).as_bytes());
        assert!(
            long.starts_with('<')
                && long.ends_with('>')
                && long.contains("[3002 characters left out]")
        );
    }
}
