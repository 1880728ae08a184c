//! Made-up results for the tests of what shows them.
#![cfg(test)]

use common::report::Report;
use serde_json::json;

use crate::catalog::{PYTHON, RUST};
use crate::model::{
    ClaimEntry, ClaimFigure, ClaimVerdict, Comparison, DemoResult, Failure, Interpreter, Machine,
    NotRun, Point, Python, Row, Scaling, Series, TimedRun, Unit, Workload,
};
use crate::scaling::fit::fits;

/// A run whose figures all follow from two of them.
pub fn run(round: usize, wall_seconds: f64, units: u64) -> TimedRun {
    TimedRun {
        round,
        wall_seconds,
        user_seconds: Some(wall_seconds / 4.0),
        system_seconds: Some(wall_seconds / 8.0),
        voluntary_context_switches: Some(100 * units),
        involuntary_context_switches: Some(units / 2),
        lower_bound_seconds: Some(wall_seconds * 0.75),
        peak_memory_bytes: Some((4 << 20) * units),
        threads: Some(units),
        processes: Some(1),
        report: None,
    }
}

/// Runs with these times, one in each round.
fn runs(times: &[f64], units: u64) -> Vec<TimedRun> {
    (0..).zip(times).map(|(round, wall)| run(round, *wall, units)).collect()
}

/// A comparison in which each kind of row occurs: one with an outlier, one with unknown figures, one
/// that failed after a run and one that never ran.
pub fn comparison() -> Comparison {
    let row = |program: usize, runs: Vec<TimedRun>| Row {
        program: RUST[program],
        runs,
        failure: None,
        lines_of_code: Some(40 + program),
        lines_added: Some(20 + program),
    };
    let mut rows = vec![
        row(0, runs(&[7.25, 7.5, 7.25, 7.5, 7.25, 7.5], 1)),
        row(1, runs(&[1.5, 1.5625, 1.4375, 1.5, 1.5625, 3.0], 6)),
        row(2, runs(&[0.0625], 1)),
        row(3, runs(&[0.03125, 0.046875], 1)),
        row(4, vec![]),
    ];
    rows[2].lines_of_code = None;
    let single = &mut rows[2].runs[0];
    (single.user_seconds, single.lower_bound_seconds, single.peak_memory_bytes) =
        (None, None, None);
    let failure = |run, reason| Failure::new(run, reason, b"", b"error: no more files\nclose some");
    rows[3].failure = Some(failure("run 3", "its answer is wrong: 7 instead of 8"));
    rows[4].failure = Some(failure("warm-up 1", "exit code 1"));
    Comparison {
        machine: Machine {
            cpus: Some(2),
            model: Some("Example 3000".into()),
            architecture: "x86_64",
            system: Some("Linux 12 Example".into()),
            kernel: Some("6.1".into()),
            compiler: Some("rustc 1.99.0".into()),
            date: "Sun, 02 Jan 2000 03:04:05 GMT".into(),
        },
        downloads: 160,
        sums: 20,
        as_in_the_article: true,
        rows,
        ..Comparison::default()
    }
}

/// The same with some Python programs, on an interpreter without a GIL.
pub fn with_python() -> Comparison {
    let mut comparison = comparison();
    let rows = [(0, 7.5, 6), (1, 1.5, 30), (2, 0.375, 9), (3, 4.5, 7), (5, 2.25, 3)];
    comparison.rows.extend(rows.map(|(program, wall, units)| Row {
        program: PYTHON[program],
        runs: runs(&[wall, wall * 1.125], units),
        failure: None,
        lines_of_code: Some(20),
        lines_added: None,
    }));
    comparison.python = Some(Python::Interpreter(Interpreter {
        executable: "/example/bin/python".into(),
        version: "3.14.0".into(),
        packages: "requests 2.0.0, aiohttp 3.0.0".into(),
        gil: false,
        gil_with_packages: true,
        interpreters: true,
    }));
    comparison
}

/// A report of so many tasks.
pub fn report(tasks: usize) -> Report {
    let span = |index: usize| {
        json!({
            "index": index, "name": "http://127.0.0.1:1/dice", "worker": null, "error": null,
            "process": 1, "start_seconds": 0.001, "end_seconds": 0.05,
            "running_seconds": [[0.001, 0.002]],
        })
    };
    let spans: Vec<_> = (0..tasks).map(span).collect();
    let report = json!({
        "program": "async-io", "strategy": "tasks", "workload": "io", "items": tasks, "failed": 0,
        "workers": tasks, "wall_seconds": 0.06, "lower_bound_seconds": null, "user_seconds": null,
        "system_seconds": null, "peak_memory_bytes": null, "threads": 1, "processes": 1,
        "voluntary_context_switches": null, "involuntary_context_switches": null, "answer": 1,
        "spans": spans,
    });
    serde_json::from_value(report).expect("a report")
}

/// Claims with each kind of verdict.
pub fn claims() -> Vec<ClaimEntry> {
    let summary = "7 of 100 updates were lost.".into();
    let demo = DemoResult::new(true, json!({ "updates_lost": 7 }), summary);
    let figure = |source: &str, name, unit, value| ClaimFigure {
        source: source.into(),
        name,
        unit,
        value,
        interval: None,
    };
    let entry = |id, verdict| ClaimEntry {
        id,
        claim: "a claim of the article",
        opinion: id == "C10",
        verdict,
        figures: Vec::new(),
        demos: Vec::new(),
        commands: vec!["cargo run -p threads-io --example race_condition".into()],
    };
    let speedup = ClaimFigure {
        interval: Some((4.86, 4.90)),
        ..figure("threads-io", "speedup", Unit::Ratio, Some(4.88))
    };
    vec![
        ClaimEntry {
            figures: vec![
                speedup,
                figure("async-io", "peak_memory_bytes", Unit::Bytes, Some(11_744_051.0)),
                figure("async-io", "median_seconds", Unit::Seconds, Some(0.0841)),
                figure("async-io", "threads", Unit::Count, Some(1.0)),
                figure("async-io", "cpus_used", Unit::Count, None),
            ],
            ..entry("C01", ClaimVerdict::Holds)
        },
        entry("C02", ClaimVerdict::NotResolved),
        entry("C04", ClaimVerdict::HoldsForCPython),
        ClaimEntry {
            demos: vec![("race_condition".into(), demo)],
            ..entry("C09", ClaimVerdict::Holds)
        },
        entry("C10", ClaimVerdict::Holds),
        entry("C28", ClaimVerdict::NotMeasured("multiproc-cpu failed".into())),
        entry("C33", ClaimVerdict::DoesNotHold),
    ]
}

fn point(workers: usize, wall: f64, cpu: f64, mebibytes: f64, server: Option<f64>) -> Point {
    Point {
        workers,
        peak_concurrency: workers,
        wall_seconds: wall,
        cpu_seconds: Some(cpu),
        memory_bytes: Some((mebibytes * f64::from(1 << 20)) as u64),
        server_cpus_used: server,
    }
}

/// Downloads whose costs follow a law, a series with a limit, a point with a busy server and an unknown
/// figure; sums on two CPUs.
pub fn scaling() -> Scaling {
    let law = |workers: usize| {
        let more = workers as f64 - 2.0;
        point(workers, 4.0, 0.005 + 1e-4 * more, 5.0 + more / 32.0, Some(0.1))
    };
    let mut tasks: Vec<Point> = [2, 10, 100, 1_000, 10_000].map(law).to_vec();
    tasks[4].server_cpus_used = Some(0.81);
    tasks[4].peak_concurrency = 9_000;
    let mut threads: Vec<Point> = [2, 10, 100].map(law).to_vec();
    threads[1].cpu_seconds = None;
    let not_run = vec![NotRun { workers: 1_000, reason: "the limit on everything".into() }];
    let sums = [(1, 1.0), (2, 0.5), (3, 0.5), (4, 0.5)];
    let sums = sums.map(|(workers, wall)| point(workers, wall, 1.0, 3.0 + workers as f64, None));
    let series = |program, workload, points, not_run| Series { program, workload, points, not_run };
    let mut scaling = Scaling {
        latency_milliseconds: 4_000,
        cpus: 2,
        sums: 240,
        series: vec![
            series("threads-io", Workload::Io, threads, not_run),
            series("async-io", Workload::Io, tasks, vec![]),
            series("multiproc-cpu", Workload::Cpu, sums.to_vec(), vec![]),
        ],
        fit: Vec::new(),
    };
    scaling.fit = fits(&scaling);
    scaling
}
