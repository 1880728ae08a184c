//! The exercises in the order of the pages, and what their runs must show.
//!
//! A check compares counts, orders, answers and exit codes. A time is only compared with a sleep or a
//! latency of the same run, or as a ratio.

use common::report::{Answer, LOST, Report, Span};
use common::workload::{closed_form, default_numbers, expected_bytes};

use crate::{Exercise, Finding};

/// Twenty downloads that overlap if they can.
const DOWNLOADS: &str = "--repeat 10 --latency 50";

/// All exercises, in the order of the pages.
pub const EXERCISES: [Exercise; 16] = [
    Exercise {
        page: "sequential-baseline",
        number: 1,
        title: "sums that wait",
        example: None,
        hints: [
            "A thread gives up its CPU when it sleeps: `std::thread::sleep`, once for each sum.",
            "The sleep belongs to the item: it must be inside the closure of `run.time`.",
        ],
        check: |program| {
            let report = program.report(&format!("cpu{}", " 10".repeat(20)))?;
            let switches = report.voluntary_context_switches;
            let items: f64 = report.spans.iter().map(duration).sum();
            let share = (100.0 * items / report.wall_seconds).round();
            Ok([
                finding(
                    "voluntary context switches of 20 sums",
                    "at least 20",
                    or_unknown(switches),
                    switches.is_none_or(|switches| switches >= 20),
                ),
                finding("share of the wall time within items", "most", format!("{share} %"), {
                    share > 50.0
                }),
            ])
        },
    },
    Exercise {
        page: "sequential-baseline",
        number: 2,
        title: "downloads that compute",
        example: None,
        hints: [
            "Compute the sum once for each download: in the closure of `run.time`.",
            "The answer of the item is still the number of bytes that were read.",
        ],
        check: |program| {
            let sums = program.report(&format!("cpu{}", " 5000000".repeat(20)))?;
            let ended = program.run("io --repeat 10 --latency 0 --json")?;
            let report: Report = ended.json()?;
            let cpu = |report: &Report| Some(report.user_seconds? + report.system_seconds?);
            let ratio = cpu(&report).zip(cpu(&sums)).map(|(io, sums)| 100.0 * io / sums);
            Ok([
                finding(
                    "CPU time of 20 downloads, compared with 20 sums",
                    "more than half",
                    ratio.map_or("unknown".into(), |ratio| format!("{ratio:.0} %")),
                    ratio.is_none_or(|ratio| ratio > 50.0),
                ),
                bytes(&report, 10),
            ])
        },
    },
    Exercise {
        page: "sequential-baseline",
        number: 3,
        title: "two halves",
        example: None,
        hints: [
            "Start the thread, then compute the other half, and only then wait for the thread.",
            "Each number belongs to exactly one half; `split_at` divides a slice.",
        ],
        check: |program| {
            let report = program.report("cpu")?;
            let peak = peak(&report);
            Ok([finding("sums in progress at once", "2", peak, peak == 2), sums(&report)])
        },
    },
    Exercise {
        page: "sequential-baseline",
        number: 4,
        title: "stop at the first failure",
        example: None,
        hints: [
            "End the loop after a failure. A variable outside the closure can keep the outcome.",
            "Only a failure ends the loop: a run without failures downloads everything.",
        ],
        check: |program| {
            let refused = program.report("io --repeat 3 --url http://127.0.0.1:1")?;
            let tried = refused.spans.iter().filter(|span| !is_lost(span)).count();
            let report = program.report("io --repeat 2 --latency 0")?;
            Ok([
                finding("downloads tried, if the first fails", "1 of 3", tried, tried == 1),
                bytes(&report, 2),
            ])
        },
    },
    Exercise {
        page: "threads-io",
        number: 1,
        title: "hold the lock during the download",
        example: None,
        hints: [
            "Write `while let`: it keeps the lock until the end of its body. `let ... else` does not.",
            "All five threads run; they wait for the lock.",
        ],
        check: |program| {
            let report = program.report(DOWNLOADS)?;
            let (peak, threads) = (peak(&report), report.workers);
            Ok([
                finding("downloads in progress at once", "1", peak, peak == 1),
                finding("threads that took sites", "5", threads, threads == 5),
            ])
        },
    },
    Exercise {
        page: "threads-io",
        number: 2,
        title: "a thread for each download",
        example: None,
        hints: [
            "A run never has more workers than items, so the number may be the largest there is.",
            "The threads must run at the same time: one scope for all of them.",
        ],
        check: |program| {
            let report = program.report(DOWNLOADS)?;
            let (peak, threads) = (peak(&report), report.workers);
            Ok([
                finding("threads for 20 downloads", "20", threads, threads == 20),
                finding("downloads in progress at once", "more than 5", peak, peak > 5),
            ])
        },
    },
    Exercise {
        page: "threads-io",
        number: 3,
        title: "a download that panics",
        example: None,
        hints: [
            "Let item 7 panic, and catch it with `std::panic::catch_unwind`.",
            "Catch the panic within the closure of `run.time`, and return an error there.",
        ],
        check: |program| {
            let report = program.report(DOWNLOADS)?;
            let failed: Vec<&Span> = failed(&report).collect();
            let names: Vec<usize> = failed.iter().map(|span| span.index).collect();
            let error = failed.first().and_then(|span| span.error.clone());
            Ok([
                finding("items that failed", "[7]", format!("{names:?}"), names == [7]),
                finding(
                    "the error of item 7",
                    "its own",
                    error.unwrap_or_else(|| "none".into()),
                    failed.iter().all(|span| !is_lost(span)),
                ),
            ])
        },
    },
    Exercise {
        page: "threads-io",
        number: 4,
        title: "a channel without room",
        example: Some("channels"),
        hints: ["The capacity of a channel may be 0.", "Only the bounded channel changes."],
        check: |program| {
            let figures = program.figures("--pages 100")?;
            let pages = |name: &str| figures[name].as_u64().ok_or(format!("no figure {name}"));
            let [bounded, unbounded] =
                [pages("most_pages_bounded")?, pages("most_pages_unbounded")?];
            Ok([
                finding("pages at once, bounded channel", "at most 2", bounded, bounded <= 2),
                finding(
                    "pages at once, unbounded channel",
                    "most of 100",
                    unbounded,
                    unbounded > 50,
                ),
            ])
        },
    },
    Exercise {
        page: "async-io",
        number: 1,
        title: "sleep in a task",
        example: None,
        hints: [
            "Each download sleeps for 250 ms: between the two `.await`s of `download_site`.",
            "`std::thread::sleep` stops the thread. Use the sleep that is awaited.",
        ],
        check: |program| {
            const SLEEP: f64 = 0.25;
            let report = program.report("--details --repeat 2 --latency 0")?;
            let slept = report.spans.iter().filter(|span| duration(span) >= SLEEP).count();
            let holds = |span: &&Span| span.running_seconds.iter().any(|(a, b)| b - a >= SLEEP);
            let held = report.spans.iter().filter(holds).count();
            Ok([
                finding("downloads of 250 ms or longer", "4 of 4", slept, slept == 4),
                finding("tasks that kept the thread for 250 ms", "0 of 4", held, held == 0),
            ])
        },
    },
    Exercise {
        page: "async-io",
        number: 2,
        title: "batches of ten",
        example: None,
        hints: [
            "Ten tasks are in progress at once: spawn ten, then wait for all of them.",
            "A semaphore lets the next task begin when any one ends. A batch waits for its slowest.",
        ],
        check: |program| {
            let report = program.report("--repeat 10")?;
            let peak = peak(&report);
            let (first, second) = report.spans.split_at(10);
            let end = first.iter().map(|span| span.end_seconds).fold(0.0, f64::max);
            let early = second.iter().filter(|span| span.start_seconds < end).count();
            Ok([
                finding("downloads in progress at once", "2 to 10", peak, (2..=10).contains(&peak)),
                finding("downloads of batch 2 that began during batch 1", "0", early, early == 0),
            ])
        },
    },
    Exercise {
        page: "async-io",
        number: 3,
        title: "five permits",
        example: None,
        hints: [
            "The semaphore has five permits, and a task keeps its permit until it ends: in a variable.",
            "A download needs one permit. Five downloads are in progress at once.",
        ],
        check: |program| {
            let peak = peak(&program.report(DOWNLOADS)?);
            Ok([
                finding("downloads in progress at once", "not more than 5", peak, peak <= 5),
                finding("downloads in progress at once", "5", peak, peak == 5),
            ])
        },
    },
    Exercise {
        page: "async-io",
        number: 4,
        title: "a time limit for each download",
        example: None,
        hints: [
            "Put `timeout` around the download itself, not around another wait.",
            "Each download has a limit and an error of its own, within `run.time_async`.",
        ],
        check: |program| {
            const PAGE: f64 = 2.0;
            let slow = program.report("--repeat 2 --latency 2000")?;
            let ended = failed(&slow).filter(|span| duration(span) < PAGE).count();
            let lost = slow.spans.iter().filter(|span| is_lost(span)).count();
            Ok([
                finding(
                    "downloads that ended before their page of 2 s came",
                    "4",
                    ended,
                    ended == 4,
                ),
                finding("downloads without a result of their own", "0", lost, lost == 0),
            ])
        },
    },
    Exercise {
        page: "multiproc-cpu",
        number: 1,
        title: "a number that kills its worker",
        example: None,
        hints: [
            "An error that is returned kills no worker. `std::process::abort()` does.",
            "Only 5,000,007 kills its worker.",
        ],
        check: |program| {
            let ended = program.run("--json")?;
            let report: Report = ended.json()?;
            let lost = workers_lost(&ended.stderr);
            let names: Vec<&str> = failed(&report).map(|span| &*span.name).collect();
            Ok([
                finding("workers that died", "at least 1", lost, lost >= 1),
                finding("sums that failed", "5000007", names.join(" "), names == ["5000007"]),
            ])
        },
    },
    Exercise {
        page: "multiproc-cpu",
        number: 2,
        title: "count in the closure",
        example: None,
        hints: [
            "Print the line `counted: ...` once, in the parent, after `pool::map`.",
            "A worker changes its own copy. `pool::fork::SharedCounter` is shared with the parent.",
        ],
        check: |program| {
            let ended = program.run("--quiet")?;
            let counts: Vec<&str> =
                ended.stderr.lines().filter_map(|line| line.strip_prefix("counted: ")).collect();
            let lines = counts.len();
            Ok([
                finding("lines `counted: ...` on standard error", "1", lines, lines == 1),
                finding("the count", "20", counts.join(" "), counts == ["20"]),
            ])
        },
    },
    Exercise {
        page: "multiproc-cpu",
        number: 3,
        title: "the third attempt succeeds",
        example: None,
        hints: [
            "The worker must die. An error that is returned is final: it is not tried again.",
            "A new worker is a copy of the parent. Count the attempts in shared memory.",
        ],
        check: |program| {
            let ended = program.run("--json")?;
            let report: Report = ended.json()?;
            let lost = workers_lost(&ended.stderr);
            let sums = sums(&report);
            let found = format!("{lost}, and {} sums are right", sums.found);
            let right = sums.right && lost == 2;
            Ok([
                finding("at least one worker died", "yes", yes_or_no(lost >= 1), lost >= 1),
                finding("workers that died", "2, and all sums are right", found, right),
            ])
        },
    },
    Exercise {
        page: "multiproc-cpu",
        number: 4,
        title: "a process for each download",
        example: Some("io_processes"),
        hints: [
            "More than five worker processes must wait at once. Their number is in `main`.",
            "A run never has more workers than items, so the number may be the largest there is.",
        ],
        check: |program| {
            let report = program.report("--repeat 10 --latency 200")?;
            let (peak, workers) = (peak(&report), report.workers);
            Ok([
                finding("downloads in progress at once", "more than 5", peak, peak > 5),
                finding("worker processes for 20 downloads", "20", workers, workers == 20),
            ])
        },
    },
];

fn finding(what: &'static str, wanted: &str, found: impl ToString, right: bool) -> Finding {
    Finding { what, wanted: wanted.to_owned(), found: found.to_string(), right }
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn or_unknown(count: Option<u64>) -> String {
    count.map_or("unknown".into(), |count| count.to_string())
}

fn duration(span: &Span) -> f64 {
    span.end_seconds - span.start_seconds
}

fn failed(report: &Report) -> impl Iterator<Item = &Span> {
    report.spans.iter().filter(|span| span.error.is_some())
}

fn is_lost(span: &Span) -> bool {
    span.error.as_deref() == Some(LOST)
}

fn workers_lost(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.starts_with("note: worker ")).count()
}

/// The most items in progress at once.
fn peak(report: &Report) -> usize {
    let in_progress = |moment: f64| {
        let covers = |span: &&Span| span.start_seconds <= moment && moment < span.end_seconds;
        report.spans.iter().filter(covers).count()
    };
    report.spans.iter().map(|span| in_progress(span.start_seconds)).max().unwrap_or(0)
}

/// Whether the run read both local pages `repeat` times.
fn bytes(report: &Report, repeat: usize) -> Finding {
    let wanted = expected_bytes(repeat);
    let found = match report.answer {
        Answer::Bytes(bytes) => bytes.to_string(),
        Answer::Sums(_) => "sums".into(),
    };
    let right = report.failed == 0 && report.answer == Answer::Bytes(wanted);
    finding("bytes read", &wanted.to_string(), found, right)
}

/// Whether all default numbers were summed, in their order.
fn sums(report: &Report) -> Finding {
    let sums = default_numbers().map(|number| closed_form(number).map(|sum| sum.to_string()));
    let right = report.answer == Answer::Sums(sums.collect());
    finding("sums that are right", "all", if right { "all" } else { "not all" }, right)
}
