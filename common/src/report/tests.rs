use std::time::Duration;

use super::*;
use crate::Site;
use crate::os::usage::Process;
use crate::report::polls::Poll;

const MS: Duration = Duration::from_millis(1);

fn record(index: usize, worker: usize, ms: [u32; 2], outcome: Result<u128, &str>) -> Record {
    let process = Process { pid: 7 + worker as u32, threads: Some(1), peak_memory: Some(1 << 20) };
    let [start, end] = ms.map(|ms| (100 + ms) * MS);
    let outcome = outcome.map_err(str::to_owned);
    let (worker, ready) = (Some(worker), Some(MS));
    Record { index, worker, start, end, outcome, polls: Vec::new(), ready, process }
}

fn measured(workers: usize, interrupted: bool) -> Measured {
    Measured {
        program: "program",
        strategy: Strategy::Processes,
        workers,
        start: 100 * MS,
        wall: 1250 * MS,
        usage: Some(Usage {
            user_seconds: 0.25,
            system_seconds: 0.002,
            voluntary_context_switches: 3,
            involuntary_context_switches: 4,
        }),
        interrupted,
    }
}

fn site(url: &str, latency: Option<u32>) -> Site {
    Site { url: url.into(), latency: latency.map(|ms| ms * MS) }
}

#[test]
fn spans_follow_the_order_of_the_items() {
    let records = vec![
        record(2, 0, [40, 50], Ok(5)),
        record(1, 1, [10, 20], Ok(1)),
        record(0, 1, [20, 30], Ok(5)),
    ];
    let report = Report::new(&[2u64, 1, 2], records, &measured(2, false));
    let brief = |span: &Span| (span.index, span.name.clone(), span.worker, span.start_seconds);
    assert_eq!(
        report.spans.iter().map(brief).collect::<Vec<_>>(),
        [
            (0, "2".into(), Some(1), 0.02),
            (1, "1".into(), Some(1), 0.01),
            (2, "2".into(), Some(0), 0.04)
        ]
    );
    assert_eq!(report.spans[0].end_seconds, 0.03);
    assert_eq!((report.items, report.failed, report.workers), (3, 0, 2));
    assert_eq!(report.processes, Some(3));
    assert_eq!(report.answer, Answer::Sums(["5", "1", "5"].map(|sum| Some(sum.into())).into()));
}

#[test]
fn an_item_without_a_record_is_lost_or_interrupted() {
    for (interrupted, error) in [(false, LOST), (true, "interrupted")] {
        let records = vec![record(1, 0, [0, 10], Ok(5))];
        let report = Report::new(&[1u64, 2], records, &measured(1, interrupted));
        assert_eq!(report.failed, 1);
        let errors: Vec<_> = report.spans.iter().map(|span| span.error.as_deref()).collect();
        assert_eq!(errors, [Some(error), None]);
        assert_eq!(report.spans[0].start_seconds, 1.25, "the end of the run");
        assert_eq!(report.answer, Answer::Sums(vec![None, Some("5".into())]));
    }
}

#[test]
fn the_lower_bound_is_the_longest_item_or_an_even_share() {
    let records = || vec![record(0, 0, [0, 30], Ok(1)), record(1, 1, [0, 50], Ok(5))];
    let bound =
        |workers| Report::new(&[1u64, 2], records(), &measured(workers, false)).lower_bound_seconds;
    assert_eq!([1, 2, 3].map(bound), [Some(0.08), Some(0.05), Some(0.05)]);

    // For downloads it follows from the latencies, if all of them are known.
    let bound = |latency| {
        let sites = [site("a", Some(60)), site("b", latency)];
        Report::new(&sites, records(), &measured(5, false)).lower_bound_seconds
    };
    assert_eq!([Some(30), None].map(bound), [Some(0.06), None]);

    // Failed items do not count.
    let records = vec![record(0, 0, [0, 30], Ok(1)), record(1, 1, [0, 500], Err("lost"))];
    let report = Report::new(&[1u64, 2, 3], records, &measured(1, true));
    assert_eq!(report.lower_bound_seconds, Some(0.03));
    assert_eq!(report.efficiency(), Some(0.024));
    assert_eq!(Report::new(&[1u64], Vec::new(), &measured(1, false)).lower_bound_seconds, None);
}

#[test]
fn a_lower_bound_of_nothing_is_unknown() {
    let records = vec![record(0, 0, [0, 1], Ok(1))];
    let report = Report::new(&[site("a", Some(0))], records, &measured(1, false));
    assert_eq!((report.lower_bound_seconds, report.efficiency()), (None, None));
}

#[test]
fn totals_add_the_peak_of_each_worker_to_the_parent() {
    let mut records = vec![
        record(0, 0, [0, 10], Ok(1)),
        record(1, 1, [0, 10], Ok(5)),
        record(2, 1, [10, 20], Ok(14)),
    ];
    records[1].process.peak_memory = Some(3 << 20);
    let memory = |records: &[Record]| total(records.iter(), Some(5), |it| it.peak_memory);
    assert_eq!(memory(&records), Some(5 + (4 << 20)));
    // This process counts once, with its largest figure.
    records[0].process.pid = std::process::id();
    assert_eq!(memory(&records), Some((1 << 20) + (3 << 20)));
    // One unknown figure makes the total unknown.
    records[2].process = Process { pid: 7, threads: None, peak_memory: None };
    records[2].worker = Some(2);
    assert_eq!(memory(&records), None);
    assert_eq!(total(records.iter(), None, |it| it.peak_memory), None);
}

#[test]
fn time_spent_ready_is_added_up_as_far_as_it_is_known() {
    let mut records = vec![record(0, 0, [0, 10], Ok(1)), record(1, 1, [0, 10], Ok(5))];
    let ready = |records: &[Record]| {
        Report::new(&[1u64, 2], records.to_vec(), &measured(2, false)).ready_seconds
    };
    assert_eq!(ready(&records), Some(0.002));
    records[0].ready = None;
    assert_eq!(ready(&records), Some(0.001));
    records[1].ready = None;
    assert_eq!(ready(&records), None);
}

#[test]
fn a_report_survives_json_and_loses_its_details() {
    let mut with_polls = record(0, 0, [0, 10], Ok(1));
    with_polls.polls = vec![Poll { woken: 100 * MS, start: 102 * MS, end: 103 * MS }];
    let mut report = Report::new(&[1u64], vec![with_polls], &measured(1, false));
    assert_eq!(report.spans[0].running_seconds, [(0.002, 0.003)]);
    assert_eq!(report.spans[0].woken_seconds, [0.0]);
    let json = serde_json::to_string(&report).expect("JSON");
    assert_eq!(serde_json::from_str::<Report>(&json).expect("a report"), report);
    report.remove_details();
    let span = serde_json::to_value(&report.spans[0]).expect("JSON");
    let keys: Vec<_> = span.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["end_seconds", "error", "index", "name", "start_seconds", "worker"]);
}

#[test]
fn summaries() {
    let records = vec![record(0, 0, [0, 300], Ok(1)), record(1, 1, [0, 700], Ok(5))];
    let mut report = Report::new(&[2u64, 3], records, &measured(1, false));
    report.peak_memory_bytes = Some(3 << 19);
    report.threads = None;
    insta::assert_snapshot!("of_sums", report);
    report.strategy = Strategy::Tasks;
    report.workload = Workload::Io;
    report.answer = Answer::Bytes(20);
    report.lower_bound_seconds = None;
    report.user_seconds = None;
    report.voluntary_context_switches = None;
    report.peak_memory_bytes = None;
    insta::assert_snapshot!("with_unknown_figures", report);
    report.answer = Answer::Sums(Vec::new());
    assert!(report.to_string().ends_with("answer           none"), "{report}");
}
