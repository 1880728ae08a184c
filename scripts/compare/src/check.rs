//! Checks a program's run: its exit status, its JSON report and its answer.

use common::report::{Answer, Report};
use common::workload::{PAGES, Workload, closed_form, expected_bytes};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::model::{Failure, TimedRun};
use crate::process::Finished;

/// The result that a run must have.
#[derive(Debug)]
pub struct Expected {
    /// How many items it does.
    pub items: usize,
    /// Its answer; `None` for real sites, whose content is not known.
    pub answer: Option<Answer>,
}

impl Expected {
    /// The result of reading the local pages `repeat` times.
    pub fn of_local_sites(repeat: usize) -> Self {
        let answer = Answer::Bytes(expected_bytes(repeat));
        Self { items: repeat * PAGES.len(), answer: Some(answer) }
    }

    /// The sums below these numbers.
    pub fn sums(numbers: impl Iterator<Item = u64>) -> Self {
        let sums: Vec<Option<String>> =
            numbers.filter_map(closed_form).map(|sum| Some(sum.to_string())).collect();
        Self { items: sums.len(), answer: Some(Answer::Sums(sums)) }
    }
}

/// Makes a timed run of a program that ended, if all is right with it.
///
/// # Errors
/// The failure: which run, what was wrong, and the program's output.
pub fn checked(finished: &Finished, expected: &Expected, name: &str) -> Result<TimedRun, Failure> {
    let report = verified(finished, expected)
        .map_err(|reason| Failure::new(name, &reason, &finished.stdout, &finished.stderr))?;
    let usage = finished.usage;
    Ok(TimedRun {
        round: 0,
        wall_seconds: finished.wall.as_secs_f64(),
        user_seconds: usage.map(|usage| usage.user_seconds),
        system_seconds: usage.map(|usage| usage.system_seconds),
        voluntary_context_switches: usage.map(|usage| usage.voluntary_context_switches),
        involuntary_context_switches: usage.map(|usage| usage.involuntary_context_switches),
        lower_bound_seconds: report.lower_bound_seconds,
        peak_memory_bytes: report.peak_memory_bytes,
        threads: report.threads,
        processes: report.processes,
        report: Some(report).filter(can_be_drawn),
    })
}

fn verified(finished: &Finished, expected: &Expected) -> Result<Report, String> {
    let report = read(&finished.stdout);
    finished.outcome.clone().map_err(|reason| {
        let items = report.as_ref().map(failed_items).unwrap_or_default();
        format!("{reason}{items}")
    })?;
    let report = report?;
    if report.failed > 0 {
        return Err(format!("{} items failed, but its exit code is 0", report.failed));
    }
    if report.items != expected.items {
        return Err(format!("it did {} items instead of {}", report.items, expected.items));
    }
    match &expected.answer {
        Some(answer) if report.answer != *answer => Err(wrong_answer(&report.answer, answer)),
        _ => Ok(report),
    }
}

/// Reads a report. Only the workload, the items, the failed items and the answer are required: what a
/// foreign program leaves out is unknown.
fn read(stdout: &[u8]) -> Result<Report, String> {
    let object = serde_json::from_slice::<Map<String, Value>>(stdout)
        .map_err(|error| format!("its output is not a single JSON object: {error}"))?;
    field::<Workload>(&object, "workload")?;
    field::<usize>(&object, "items")?;
    field::<usize>(&object, "failed")?;
    field::<Answer>(&object, "answer")?;
    let unknown = json!({ "program": "", "strategy": "sequential", "workers": 0,
        "wall_seconds": 0.0, "spans": [] });
    let mut whole = unknown.as_object().cloned().unwrap_or_default();
    whole.extend(object);
    serde_json::from_value(whole.into())
        .map_err(|error| format!("its report breaks the contract: {error}"))
}

fn field<T: DeserializeOwned>(object: &Map<String, Value>, key: &str) -> Result<T, String> {
    let value = object.get(key).ok_or_else(|| format!("its report has no `{key}`"))?;
    T::deserialize(value).map_err(|_| format!("its report has a wrong `{key}`: {value}"))
}

// Leaves out a report whose diagram would have more rows than items, or a negative length.
fn can_be_drawn(report: &Report) -> bool {
    report.workers <= report.spans.len() && report.wall_seconds >= 0.0
}

// The failed items, as the end of a sentence. The first one stands for all: mostly the others have
// the same cause.
fn failed_items(report: &Report) -> String {
    let Report { failed, items, spans, .. } = report;
    let first = spans.iter().find_map(|item| Some((&item.name, item.error.as_ref()?)));
    first.map_or(String::new(), |(name, error)| {
        format!("; {failed} of {items} items failed, the first of them {name}: {error}")
    })
}

// Of many sums, only the first wrong one is named.
fn wrong_answer(found: &Answer, expected: &Answer) -> String {
    let parts = |answer: &Answer| match answer {
        Answer::Bytes(bytes) => vec![format!("{bytes} bytes")],
        Answer::Sums(sums) => sums.iter().map(|sum| sum.clone().unwrap_or("none".into())).collect(),
    };
    let (found, expected) = (parts(found), parts(expected));
    let wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
    match wrong.filter(|_| found.len() == expected.len() && found.len() > 1) {
        Some(place) => format!(
            "its answer is wrong: sum {} is {} instead of {}",
            place + 1,
            found[place],
            expected[place]
        ),
        None => {
            let (found, expected) = (found.join(" "), expected.join(" "));
            format!("its answer is wrong: {found} instead of {expected}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use common::report::svg::{self, View};
    use common::report::timeline::Timeline;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    fn output(exit_code: i32, stdout: impl Into<Vec<u8>>) -> Finished {
        Finished {
            outcome: (exit_code == 0).then_some(()).ok_or(format!("exit status: {exit_code}")),
            stdout: stdout.into(),
            stderr: Vec::new(),
            wall: Duration::from_secs(1),
            usage: None,
        }
    }

    fn report(items: usize, failed: usize, answer: &str, error: &str) -> String {
        format!(
            r#"{{"program": "a", "strategy": "threads", "workload": "io", "workers": 1, "wall_seconds": 1.0,
                "items": {items}, "failed": {failed}, "lower_bound_seconds": null, "peak_memory_bytes": 1,
                "user_seconds": null, "system_seconds": null, "voluntary_context_switches": null,
                "involuntary_context_switches": null, "threads": null, "processes": 1, "answer": {answer},
                "spans": [{{"index": 0, "name": "http://a/", "worker": 0, "start_seconds": 0.0,
                    "end_seconds": 1.0, "error": {error}}}]}}"#
        )
    }

    fn wrong(output: &Finished, expected: &Expected) -> String {
        verified(output, expected).expect_err("wrong")
    }

    fn downloads() -> Expected {
        Expected { items: 2, answer: Some(Answer::Bytes(100)) }
    }

    #[test]
    fn a_right_answer_is_taken() {
        let finished = output(0, report(2, 0, "100", "null"));
        let run = checked(&finished, &downloads(), "run 1").expect("right");
        assert_eq!((run.peak_memory_bytes, run.threads), (Some(1), None));
        assert_eq!((run.lower_bound_seconds, run.wall_seconds), (None, 1.0));
    }

    #[test]
    fn real_sites_may_send_anything() {
        let expected = Expected { items: 2, answer: None };
        assert!(verified(&output(0, report(2, 0, "7", "null")), &expected).is_ok());
    }

    #[test]
    fn each_fault_is_named() {
        let reason = |exit_code, stdout: &str| wrong(&output(exit_code, stdout), &downloads());
        assert_eq!(reason(3, ""), "exit status: 3");
        assert_eq!(
            reason(1, &report(2, 1, "50", r#""refused""#)),
            "exit status: 1; 1 of 2 items failed, the first of them http://a/: refused"
        );
        assert!(reason(0, "").starts_with("its output is not a single JSON object: EOF"));
        let twice = report(2, 0, "100", "null").repeat(2);
        assert!(reason(0, &twice).contains("trailing characters"), "only one object is allowed");
        assert!(reason(0, &report(2, 1, "100", "null")).starts_with("1 items failed, but"));
        assert_eq!(reason(0, &report(3, 0, "100", "null")), "it did 3 items instead of 2");
        assert_eq!(
            reason(0, &report(2, 0, "99", "null")),
            "its answer is wrong: 99 bytes instead of 100 bytes"
        );
        let mut finished = output(0, report(2, 0, "100", "null"));
        finished.outcome = Err("it wrote more than 64 MiB".into());
        let failure = checked(&finished, &downloads(), "run 1").expect_err("too much");
        assert_eq!(failure.reason, "it wrote more than 64 MiB");
    }

    #[test]
    fn a_foreign_report_needs_four_keys() {
        let report = |keys: &str| output(0, format!("{{{keys}}}"));
        let least = r#""workload": "io", "items": 2, "failed": 0, "answer": 100"#;
        let run = checked(&report(least), &downloads(), "run 1").expect("right");
        assert_eq!((run.threads, run.lower_bound_seconds), (None, None));
        for (without, reason) in [
            (r#""workload": "io", "#, "its report has no `workload`"),
            (r#""items": 2, "#, "its report has no `items`"),
            (r#""failed": 0, "#, "its report has no `failed`"),
            (r#", "answer": 100"#, "its report has no `answer`"),
        ] {
            assert_eq!(wrong(&report(&least.replace(without, "")), &downloads()), reason);
        }
        let text = report(&least.replace("2", r#""two""#));
        assert_eq!(wrong(&text, &downloads()), r#"its report has a wrong `items`: "two""#);
    }

    #[test]
    fn control_characters_of_a_program_are_escaped() {
        let mut finished = output(1, report(2, 1, "50", r#""a\u001b[2Jb\u009b""#));
        finished.stderr = b"\x1b]0;title\x07\ttext\n\nnext".to_vec();
        let failure = checked(&finished, &downloads(), "run 1").expect_err("failed");
        assert!(failure.reason.ends_with("http://a/: a\\u{1b}[2Jb\\u{9b}"), "{failure:?}");
        assert_eq!(failure.stderr, "\\u{1b}]0;title\\u{7}\ttext\n\nnext");
    }

    #[test]
    fn a_long_output_keeps_both_ends() {
        let failure = |text: String| Failure::new("run 1", "", text.as_bytes(), b"short\n");
        assert_eq!(failure(String::new()).stderr, "short");
        let long = failure(format!("<{}>", "ä".repeat(5000))).stdout;
        assert!(long.starts_with('<') && long.ends_with('>'), "{long}");
        assert!(long.contains("[3002 characters left out]"), "{long}");
    }

    #[test]
    fn a_wrong_sum_is_named() {
        let sums = |sums: [&str; 2]| Answer::Sums(sums.map(|sum| Some(sum.into())).to_vec());
        let expected = Expected { items: 2, answer: Some(sums(["1", "5"])) };
        assert!(verified(&output(0, report(2, 0, r#"["1", "5"]"#, "null")), &expected).is_ok());
        assert_eq!(
            wrong(&output(0, report(2, 0, r#"["1", "6"]"#, "null")), &expected),
            "its answer is wrong: sum 2 is 6 instead of 5"
        );
        assert_eq!(
            wrong(&output(0, report(2, 0, r#"["1"]"#, "null")), &expected),
            "its answer is wrong: 1 instead of 1 5"
        );
    }

    proptest! {
        #[test]
        fn only_the_right_answer_is_taken(
            exit_code in 0..3i32,
            items in select(&[0usize, 2, 2, 2, 3][..]),
            failed in select(&[0usize, 0, 0, 1][..]),
            answer in select(&["100", "100", "100.0", "1e2", "-100", "99", "null", "[]", "\"100\"",
                "[\"100\"]", "18446744073709551716"][..]),
        ) {
            let taken =
                verified(&output(exit_code, report(items, failed, answer, "null")), &downloads());
            let right = (exit_code, items, failed, answer) == (0, 2, 0, "100");
            prop_assert_eq!(taken.is_ok(), right, "{:?}", taken);
        }

        #[test]
        fn a_damaged_output_is_refused_or_harmless(
            at in any::<Index>(),
            with in vec(any::<u8>(), 0..9),
            repeated in any::<bool>(),
        ) {
            let good = report(2, 0, "100", "null");
            let cut = at.index(good.len());
            prop_assert!(verified(&output(0, &good[..cut]), &downloads()).is_err());
            let mut hostile = good.clone().into_bytes();
            hostile.splice(cut..(cut + with.len()).min(good.len()), with);
            if repeated {
                hostile.extend(good.bytes());
            }
            if let Ok(taken) = verified(&output(0, hostile), &downloads()) {
                let right = (taken.items, taken.failed, taken.answer) == (2, 0, Answer::Bytes(100));
                prop_assert!(right && !repeated);
            }
        }

        // Every report is drawn or left out, and no diagram is of any size.
        #[test]
        fn any_report_is_drawn_or_left_out(
            workers in select(&[0u64, 1, 3, 1 << 40, u64::MAX][..]),
            wall in select(&[-1.0, -0.0, 0.0, 1e-320, 1.0, 1e308][..]),
            spans in vec((select(&[0u64, 2, u64::MAX][..]), -2.0..2.0f64, -2.0..2.0f64), 0..5),
        ) {
            let spans: Vec<Value> = (0..).zip(&spans).map(|(index, (worker, start, end))| json!({
                "index": index, "name": "a", "worker": worker, "start_seconds": start,
                "end_seconds": end, "error": null, "running_seconds": [[end, start]],
            })).collect();
            let mut value: Value = serde_json::from_str(&report(2, 0, "100", "null")).expect("JSON");
            value["workers"] = json!(workers);
            value["wall_seconds"] = json!(wall);
            value["spans"] = json!(spans);
            let finished = output(0, value.to_string());
            let run = checked(&finished, &downloads(), "run 1").expect("the right answer");
            if let Some(report) = run.report {
                prop_assert!(report.workers <= 5);
                let timeline = Timeline::of(&report);
                prop_assert!(svg::draw(&timeline, View::WHOLE).len() < 100_000);
                prop_assert!(timeline.peak_concurrency() <= 5);
            }
        }
    }
}
