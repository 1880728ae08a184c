//! Pictures are functions of a run's spans: what is drawn is held against what was given.

use std::collections::HashMap;

use common::diagram::{self, Canvas};
use common::schedule::{Axis, Schedule, Worker};
use common::summary::ReportedSpan;
use common::svg::{self, View};
use common::testing::pictures::{Picture, trace_shows};
use common::trace;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const PLAIN: Canvas = Canvas { width: 80, unicode: false, colour: false };
const RICH: Canvas = Canvas { width: 80, unicode: true, colour: true };

fn span(name: &str, worker: usize, start_seconds: f64, end_seconds: f64) -> ReportedSpan {
    ReportedSpan {
        name: name.into(),
        worker,
        process: 1,
        start_seconds,
        end_seconds,
        error: None,
        polls_seconds: Vec::new(),
    }
}

fn schedule(program: &str, workers: usize, spans: Vec<ReportedSpan>) -> Schedule {
    let end = spans.iter().map(|span| span.end_seconds).fold(0.0, f64::max);
    Schedule {
        program: program.into(),
        workload: if program == "multiproc-cpu" { "cpu" } else { "io" }.into(),
        workers,
        processes: if program == "multiproc-cpu" { 1 + workers } else { 1 },
        wall_seconds: end + 0.001,
        user_seconds: Some(if program == "multiproc-cpu" { 0.57 } else { 0.02 }),
        system_seconds: Some(0.01),
        spans,
    }
}

// Downloads of 60 and 30 ms, handed to whichever thread is free first.
fn threads() -> Schedule {
    let mut free = [0.0; 3];
    let spans = (0..16).map(|item| {
        let (name, time) = [("/jython", 0.06), ("/dice", 0.03)][item % 2];
        let worker = (0..3).min_by(|a, b| f64::total_cmp(&free[*a], &free[*b])).expect("a thread");
        let start = free[worker];
        free[worker] += time;
        span(&format!("http://127.0.0.1:4711{name}"), worker, start, start + time)
    });
    schedule("threads-io", 3, spans.collect())
}

// Each task runs for 20 microseconds when it begins, when it ends, and between.
fn tasks(count: usize, polls: usize) -> Schedule {
    let spans = (0..count).map(|task| {
        let start = task as f64 * 1e-4;
        let mut span = span("http://127.0.0.1:4711/dice", task, start, start + 0.03);
        let ends = (1..polls).map(|poll| 0.02 + 0.01 * poll as f64 / (polls - 1) as f64 - 2e-5);
        span.polls_seconds =
            [0.0].into_iter().chain(ends).map(|at| (start + at, start + at + 2e-5)).collect();
        span
    });
    schedule("async-io", count, spans.collect())
}

fn processes() -> Schedule {
    let spans = (0..6).map(|item| {
        let (worker, start) = (item % 2, (item / 2) as f64 * 0.1);
        let mut span = span(&format!("{}", 5_000_000 + item), worker, start, start + 0.098);
        span.process = 100 + worker as u32;
        span
    });
    schedule("multiproc-cpu", 2, spans.collect())
}

fn with_failures() -> Schedule {
    let mut schedule = threads();
    schedule.spans[3].error = Some("the plug was pulled".into());
    schedule.spans[15].error = Some("interrupted".into());
    schedule.spans[15].start_seconds = schedule.wall_seconds;
    schedule.spans[15].end_seconds = schedule.wall_seconds;
    schedule.user_seconds = None;
    schedule
}

#[test]
fn as_characters() {
    let pictures = [threads(), tasks(160, 3), processes(), with_failures()]
        .map(|schedule| diagram::draw(&schedule, PLAIN));
    insta::assert_snapshot!(pictures.join("\n"));
    let rich = [threads(), tasks(4, 3)].map(|schedule| diagram::draw(&schedule, RICH));
    insta::assert_snapshot!("rich", rich.join("\n").replace('\x1b', "\\e"));
}

#[test]
fn as_svg() {
    for (name, schedule) in
        [("threads", threads()), ("tasks", tasks(2, 3)), ("failures", with_failures())]
    {
        let svg = svg::draw(&schedule, View::WHOLE).expect("a picture").replace("><", ">\n<");
        insta::assert_snapshot!(format!("{name}.svg"), svg);
    }
}

#[test]
fn as_a_trace() {
    let traces = [tasks(2, 3), processes()].map(|schedule| trace::draw(&schedule).expect("JSON"));
    insta::assert_snapshot!(traces.join("\n").replace("},{", "},\n{"));
}

#[test]
fn a_poll_shows_in_its_column_and_in_the_thread() {
    let picture = diagram::draw(&tasks(20, 2), PLAIN);
    let row = |label: &str| {
        let line = picture.lines().find(|line| line.trim_start().starts_with(label));
        line.expect("a row").trim_start().trim_start_matches(label).to_owned()
    };
    let task = row("task 0 ");
    let polls = task.split(['.', ' ']).filter(|run| run.contains('#')).count();
    assert_eq!(polls, 2, "it ran twice, some columns apart: {picture}");
    assert!(row("task 0 ").matches('.').count() > 40, "and waited between: {picture}");
    assert_eq!(row("the thread ").split_whitespace().count(), 2, "so did the thread: {picture}");
    assert!(picture.contains("10 more tasks"), "{picture}");
}

#[test]
fn sizes_are_bounded() {
    let large = tasks(10_000, 5);
    let trace = trace::draw(&large).expect("JSON");
    assert!(trace.len() <= 5_000_000, "{} bytes", trace.len());
    trace_shows(&trace, &large);
    let svg = svg::draw(&large, View::WHOLE).expect("a picture");
    assert!(svg.len() <= 1_500_000, "{} bytes", svg.len());
    Picture::read(&svg);
    let thinned = svg::draw(&large, View { rows: 400, ..View::WHOLE }).expect("a picture");
    assert!(thinned.len() <= 100_000, "{} bytes", thinned.len());
    assert!(Picture::read(&thinned).text.contains("one row in 25 is drawn"));
    let many = (0..1_000_000).map(|item| span("x", 0, item as f64, item as f64 + 1.0)).collect();
    let many = svg::draw(&schedule("threads-io", 1, many), View::WHOLE).expect("a picture");
    assert!(many.len() <= 100_000, "{} bytes", many.len());
    let characters = diagram::draw(&large, PLAIN);
    assert!(characters.lines().count() < 25, "{characters}");
}

#[test]
fn names_are_escaped() {
    let mut schedule = threads();
    let name = "https://example.org/?a=1&b=<script>\"'é]]>";
    schedule.spans[0].name = name.into();
    let picture = Picture::read(&svg::draw(&schedule, View::WHOLE).expect("a picture"));
    assert!(picture.text.contains(name), "{}", picture.text);
    assert!(picture.text.contains("thread 1: /dice, "), "{}", picture.text);
}

#[test]
fn a_run_without_items_or_time_is_drawn() {
    for (workers, wall_seconds) in [(0, 0.0), (3, 0.0), (3, 1e-9), (1, 90_000.0)] {
        let schedule = Schedule { workers, wall_seconds, ..schedule("threads-io", 1, Vec::new()) };
        assert!(diagram::draw(&schedule, RICH).contains("none done"));
        Picture::read(&svg::draw(&schedule, View::WHOLE).expect("a picture")).shows(&schedule, 1.0);
        trace_shows(&trace::draw(&schedule).expect("JSON"), &schedule);
    }
}

fn polls(start: f64, end: f64, cuts: &[f64]) -> Vec<(f64, f64)> {
    let mut moments: Vec<f64> = cuts.iter().map(|cut| start + cut * (end - start)).collect();
    moments.sort_by(f64::total_cmp);
    moments.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

// Runs of every kind: workers with pauses, failures, items never begun.
fn any_schedule() -> impl Strategy<Value = Schedule> {
    let item = (0.0..0.2f64, 1e-6..1.0f64, any::<bool>(), vec(0.0..1.0f64, 0..9));
    let workers = vec(vec(item, 0..12), 1..30);
    let program = select(vec!["threads-io", "async-io", "multiproc-cpu"]);
    (program, workers, 0..3usize, 1e-4..100.0f64).prop_map(|(program, workers, lost, scale)| {
        let count = workers.len();
        let mut spans = Vec::new();
        for (worker, items) in workers.into_iter().enumerate() {
            let mut now = 0.0;
            for (pause, time, fails, cuts) in items {
                let (start, end) = (now + pause * scale, now + (pause + time) * scale);
                now = end;
                let mut span = span("http://127.0.0.1:4711/dice", worker, start, end);
                span.process = worker as u32 + 1;
                span.error = fails.then(|| "failed".into());
                if program == "async-io" {
                    span.polls_seconds = polls(start, end, &cuts);
                }
                spans.push(span);
            }
        }
        let mut schedule = schedule(program, count, spans);
        for _ in 0..lost {
            let late = schedule.wall_seconds + 0.1;
            schedule
                .spans
                .push(ReportedSpan { error: Some("lost".into()), ..span("x", 0, late, late) });
        }
        schedule
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks_lie_where_the_spans_say(schedule in any_schedule(), longer in 1.0..5.0f64) {
        let own = Picture::read(&svg::draw(&schedule, View::WHOLE).expect("a picture"));
        own.shows(&schedule, schedule.wall_seconds);
        let axis = longer * schedule.wall_seconds;
        Picture::read(&svg::draw(&schedule, View { axis_seconds: Some(axis), ..View::WHOLE }).expect("a picture")).shows(&schedule, axis);
        trace_shows(&trace::draw(&schedule).expect("JSON"), &schedule);
    }

    // A column has a mark exactly if a block touches it.
    #[test]
    fn characters_stand_where_the_spans_say(schedule in any_schedule(), width in 40..300u16) {
        let picture = diagram::draw(&schedule, Canvas { width, ..PLAIN });
        let columns: usize = picture.lines().find(|line| line.trim_start().starts_with('+')).expect("an axis").trim().len();
        let margin = usize::from(width) - columns;
        let scale = columns as f64 / schedule.wall_seconds;
        let mut rows: HashMap<usize, Vec<bool>> = HashMap::new();
        for span in schedule.spans.iter().filter(|span| span.start_seconds < schedule.wall_seconds) {
            let row = rows.entry(span.worker).or_insert_with(|| vec![false; columns]);
            let last = ((span.end_seconds * scale).ceil() as usize).min(columns);
            row[(span.start_seconds * scale) as usize..last].fill(true);
        }
        let shown = picture.lines().filter_map(|line| {
            let label = line.get(..margin)?.trim();
            let (worker, number) = label.split_once(' ')?;
            (worker == schedule.worker().to_string()).then_some((number.parse::<usize>().ok()?, line))
        });
        let mut count = 0;
        for (worker, line) in shown {
            count += 1;
            prop_assert!(line.len() <= usize::from(width));
            let marks: Vec<bool> = line[margin..].chars().map(|mark| mark != ' ').collect();
            let mut expected = rows.remove(&worker).unwrap_or_default();
            while expected.last() == Some(&false) {
                expected.pop();
            }
            prop_assert_eq!(marks, expected, "worker {} in\n{}", worker, picture);
        }
        prop_assert_eq!(count, if schedule.workers > 16 { 10 } else { schedule.workers });
        prop_assert!(picture.is_ascii());
    }

    #[test]
    fn rich_and_plain_differ_in_looks_only(schedule in any_schedule()) {
        let plain = diagram::draw(&schedule, Canvas { unicode: true, ..PLAIN });
        let mut rich = diagram::draw(&schedule, RICH);
        while let Some((start, rest)) = rich.split_once('\x1b') {
            rich = format!("{start}{}", rest.split_once('m').expect("the end of a colour").1);
        }
        prop_assert_eq!(rich, plain);
    }

    #[test]
    fn as_many_at_once_as_some_moment_has(schedule in any_schedule()) {
        let begun = || schedule.spans.iter().filter(|span| span.start_seconds < schedule.wall_seconds);
        let at = |moment: f64| begun().filter(|span| span.start_seconds <= moment && moment < span.end_seconds).count();
        let most = begun().map(|span| at(span.start_seconds)).max().unwrap_or(0);
        prop_assert_eq!(schedule.at_once(), most);
        prop_assert!(schedule.total() <= schedule.wall_seconds * most as f64 * (1.0 + 1e-9));
    }

    #[test]
    fn marks_are_round_and_in_order(seconds in 1e-8..1e6f64, most in 2..20usize) {
        let axis = Axis::new(seconds, most);
        let marks = axis.marks();
        prop_assert!((2..=most + 1).contains(&marks.len()), "{:?}", marks);
        prop_assert!(marks.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1), "{:?}", marks);
        prop_assert!(marks.iter().all(|mark| (0.0..=1.0 + 1e-9).contains(&mark.0)), "{:?}", marks);
        let (at, label) = &marks[1];
        let (number, unit) = label.split_once(' ').expect("a unit");
        let size = match unit { "s" => 1.0, "ms" => 1e-3, "us" => 1e-6, _ => unreachable!() };
        let told = number.parse::<f64>().expect("a number") * size;
        prop_assert!((told - at * seconds).abs() <= 1e-6 * seconds, "{} at {}", label, at * seconds);
    }
}

#[test]
fn workers_are_told_by_what_they_left() {
    assert_eq!(threads().worker(), Worker::Thread);
    assert_eq!(tasks(2, 2).worker(), Worker::Task);
    assert_eq!(processes().worker(), Worker::Process);
}

#[test]
fn marks_have_the_unit_of_the_whole() {
    let last = |seconds| Axis::new(seconds, 5).marks().last().expect("a mark").1.clone();
    assert_eq!([1.0, 0.999, 1e-3, 0.000_999].map(last), ["1.0 s", "800 ms", "1.0 ms", "800 us"]);
    // A step that fits exactly is not lost to rounding, nor is one more made of it.
    let marks = |seconds, marks| Axis::new(seconds, marks).marks().len();
    assert_eq!((marks(0.3, 3), marks(0.7, 7), marks(0.299, 3)), (4, 8, 3));
}

#[test]
fn a_run_of_no_time_has_no_shares() {
    let mut nothing = schedule("async-io", 1, vec![]);
    nothing.wall_seconds = 0.0;
    assert_eq!((nothing.computing(), nothing.thread_share(), nothing.at_once()), (None, 0.0, 0));
    let mut busy = tasks(2, 2);
    busy.user_seconds = None;
    assert_eq!(busy.computing(), None);
}
