//! What is drawn is compared with the report or the timeline that it is drawn from.

use std::collections::HashMap;

use common::report::recorder::Recorder;
use common::report::svg::{self, View};
use common::report::terminal::{self, Canvas};
use common::report::timeline::{Axis, State, Timeline};
use common::report::{Answer, Report, Span, trace};
use common::workload::{Strategy as Way, Workload};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use testing::pictures::{Drawing, trace_shows};

const PLAIN: Canvas = Canvas { width: 80, unicode: false, colour: false };
const RICH: Canvas = Canvas { width: 80, unicode: true, colour: true };
const DICE: &str = "http://127.0.0.1:4711/dice";

fn span(index: usize, name: &str, worker: Option<usize>, start: f64, end: f64) -> Span {
    Span {
        index,
        name: name.into(),
        worker,
        start_seconds: start,
        end_seconds: end,
        error: None,
        process: Some(1),
        ready_seconds: None,
        running_seconds: Vec::new(),
        woken_seconds: Vec::new(),
    }
}

fn report(strategy: Way, workers: usize, spans: Vec<Span>) -> Report {
    let end = spans.iter().map(|span| span.end_seconds).fold(0.0, f64::max);
    let cpu = strategy == Way::Processes;
    Report {
        program: if cpu { "multiproc-cpu" } else { "program" }.into(),
        strategy,
        workload: if cpu { Workload::Cpu } else { Workload::Io },
        items: spans.len(),
        failed: 0,
        workers,
        wall_seconds: end + 0.001,
        lower_bound_seconds: None,
        user_seconds: Some(if cpu { 0.57 } else { 0.02 }),
        system_seconds: Some(0.01),
        ready_seconds: None,
        peak_memory_bytes: None,
        threads: None,
        processes: None,
        voluntary_context_switches: None,
        involuntary_context_switches: None,
        answer: Answer::Bytes(0),
        spans,
    }
}

// Downloads of 60 and 30 ms, each done by the thread that is free first.
fn threads() -> Report {
    let mut free = [0.0; 3];
    let spans = (0..16).map(|item| {
        let (name, time) = [("/jython", 0.06), ("/dice", 0.03)][item % 2];
        let worker = (0..3).min_by(|a, b| f64::total_cmp(&free[*a], &free[*b])).expect("a thread");
        let start = free[worker];
        free[worker] += time;
        span(item, &format!("http://127.0.0.1:4711{name}"), Some(worker), start, start + time)
    });
    report(Way::Threads, 3, spans.collect())
}

// Each task runs for 20 microseconds when it begins, when it ends, and between. It is woken half a
// millisecond before.
fn tasks(count: usize, polls: usize) -> Report {
    let spans = (0..count).map(|task| {
        let start = task as f64 * 1e-4;
        let mut span = span(task, DICE, None, start, start + 0.03);
        let ends = (1..polls).map(|poll| 0.02 + 0.01 * poll as f64 / (polls - 1) as f64 - 2e-5);
        let starts = [0.0].into_iter().chain(ends).map(|at| start + at);
        span.running_seconds = starts.map(|at| (at, at + 2e-5)).collect();
        span.woken_seconds =
            span.running_seconds.iter().map(|run| (run.0 - 5e-4).max(start)).collect();
        span
    });
    report(Way::Tasks, count, spans.collect())
}

fn two_pages() -> Report {
    let mut report = tasks(4, 3);
    for span in report.spans.iter_mut().step_by(2) {
        span.name = "http://127.0.0.1:4711/jython".into();
    }
    report
}

fn processes() -> Report {
    let spans = (0..6).map(|item| {
        let (worker, start) = (item % 2, (item / 2) as f64 * 0.1);
        let mut span =
            span(item, &format!("{}", 5_000_000 + item), Some(worker), start, start + 0.098);
        span.process = Some(100 + worker as u32);
        span
    });
    report(Way::Processes, 2, spans.collect())
}

fn with_failures() -> Report {
    let mut report = threads();
    let wall = report.wall_seconds;
    report.spans[3].error = Some("the plug was pulled".into());
    let last = &mut report.spans[15];
    last.error = Some("interrupted".into());
    (last.start_seconds, last.end_seconds) = (wall, wall);
    report.user_seconds = None;
    report
}

// Two threads that stop, each with the lock that the other one waits for.
fn deadlock() -> Timeline {
    let mut timeline = Timeline::new("deadlock", "Two locks, taken in opposite orders");
    for (label, first, second, late) in [("thread A", "a", "b", 0.0), ("thread B", "b", "a", 0.1)] {
        let row = timeline.row(label);
        timeline.block(row, State::Running, late, 0.5, "");
        timeline.block(row, State::Holding, 0.5, 1.0, &format!("has {first}"));
        timeline.block(row, State::Waiting, 1.0, 2.0, &format!("has {first}, waits for {second}"));
    }
    timeline.explain(State::Waiting, "waits for a lock");
    timeline
}

// Steps in their order, without times.
fn lost_update() -> Timeline {
    let mut timeline = Timeline::new("race_condition", "One lost update");
    timeline.order = Some("the order of the steps".into());
    let rows = ["thread A", "thread B"].map(|label| timeline.row(label));
    for (step, (row, label)) in
        [(0, "reads 41"), (1, "reads 41"), (0, "writes 42"), (1, "writes 42")]
            .into_iter()
            .enumerate()
    {
        timeline.block(rows[row], State::Running, step as f64, step as f64 + 1.0, label);
    }
    timeline
}

// A short run in every column of a long wait.
fn heartbeat() -> Timeline {
    let mut timeline = Timeline::new("heartbeat", "A heartbeat");
    let row = timeline.row("heart");
    for beat in 0..6 {
        let start = f64::from(beat);
        timeline.block(row, State::Waiting, start, start + 0.999, "");
        timeline.block(row, State::Running, start + 0.999, start + 1.0, "");
    }
    timeline
}

fn in_characters(timeline: &Timeline) -> String {
    terminal::draw(timeline, PLAIN)
}

#[test]
fn in_a_terminal() {
    let reports = [threads(), tasks(160, 3), two_pages(), processes(), with_failures()];
    let mut pictures = reports.map(|report| in_characters(&Timeline::of(&report))).to_vec();
    pictures.extend([deadlock(), lost_update(), heartbeat()].iter().map(in_characters));
    let both = vec![deadlock(), Timeline::of(&threads())];
    pictures.push(in_characters(&Timeline::join("both", "A deadlock and a run", both)));
    insta::assert_snapshot!("plain", pictures.join("\n"));
    let rich = [Timeline::of(&threads()), Timeline::of(&tasks(4, 3)), deadlock()];
    let rich = rich.map(|timeline| terminal::draw(&timeline, RICH));
    insta::assert_snapshot!("rich", rich.join("\n").replace('\x1b', "\\e"));
}

#[test]
fn as_svg() {
    for (name, timeline) in [
        ("threads", Timeline::of(&threads())),
        ("tasks", Timeline::of(&two_pages())),
        ("failures", Timeline::of(&with_failures())),
        ("deadlock", deadlock()),
        ("order", lost_update()),
    ] {
        let svg = svg::draw(&timeline, View::WHOLE).replace("><", ">\n<");
        insta::assert_snapshot!(format!("{name}.svg"), svg);
    }
}

#[test]
fn as_a_trace() {
    let traces = [tasks(2, 3), processes()].map(|report| trace::draw(&Timeline::of(&report)));
    insta::assert_snapshot!("trace", traces.join("\n").replace("},{", "},\n{"));
}

#[test]
fn a_run_is_seen_in_its_column_and_in_the_thread() {
    let picture = in_characters(&Timeline::of(&tasks(20, 2)));
    let row = |label: &str| {
        let line = picture.lines().find(|line| line.trim_start().starts_with(label));
        line.expect("a row").trim_start().trim_start_matches(label).to_owned()
    };
    let task = row("task 0 ");
    let runs = task.split(['.', ':', ' ']).filter(|run| run.contains('#')).count();
    assert_eq!(runs, 2, "it ran twice, some columns apart: {picture}");
    assert!(task.matches('.').count() > 40, "and waited between: {picture}");
    assert_eq!(row("the thread ").split_whitespace().count(), 2, "so did the thread: {picture}");
    assert!(picture.contains("one row in 2 is drawn"), "{picture}");
}

#[test]
fn tasks_are_grouped_by_page() {
    let timeline = Timeline::of(&two_pages());
    let labels: Vec<&str> = timeline.rows.iter().map(|row| &*row.label).collect();
    assert_eq!(labels, ["task 0", "task 2", "task 1", "task 3", "the thread"]);
    assert_eq!(timeline.kinds, ["/jython", "/dice"]);
    let svg = svg::draw(&timeline, View::WHOLE);
    assert!(svg.contains("block waiting ") && svg.contains("block other "), "{svg}");
}

// Every character in the rows is in the legend, the letters of labels aside.
#[test]
fn the_legend_explains_each_character() {
    let mut every = Timeline::new("every", "Every state");
    let row = every.row("row");
    let states = [State::Waiting, State::Ready, State::Holding, State::Running, State::Failed];
    for (index, state) in states.into_iter().cycle().take(10).enumerate() {
        every.block(row, state, index as f64, index as f64 + 1.0, "");
    }
    every.block(row, State::Failed, 10.0, 11.0, "");
    for timeline in [every, Timeline::of(&tasks(20, 3)), Timeline::of(&with_failures())] {
        for unicode in [false, true] {
            let picture = terminal::draw(&timeline, Canvas { unicode, ..PLAIN });
            let ruler = if unicode { '┬' } else { '+' };
            let lines: Vec<&str> = picture.lines().collect();
            let axis = lines.iter().position(|line| line.contains(ruler)).expect("an axis");
            let margin = lines[axis].chars().position(|c| c == ruler).expect("its start");
            let (rows, legend) = (&lines[..axis], lines[axis + 2..].join(" "));
            for row in rows.iter().filter(|row| row.starts_with("  ")) {
                for character in row.chars().skip(margin).filter(|c| *c != ' ') {
                    assert!(legend.contains(character), "{character}: {picture}");
                }
            }
        }
    }
}

fn luminance(colour: &str) -> f64 {
    let full = if colour.len() == 3 {
        colour.chars().flat_map(|digit| [digit, digit]).collect()
    } else {
        colour.to_owned()
    };
    let part = |at: usize| {
        let part = f64::from(u8::from_str_radix(&full[at..at + 2], 16).expect("a colour")) / 255.0;
        if part <= 0.039_28 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

// WCAG 2.1: text 4.5 to 1, graphics 3 to 1.
#[test]
fn colours_have_contrast_in_light_and_dark() {
    let svg = svg::draw(&deadlock(), View::WHOLE);
    for theme in [svg.find(".timeline{").expect("light"), svg.find("@media").expect("dark")] {
        let colour = |name: &str| {
            let name = format!("--{name}:#");
            let start = theme + svg[theme..].find(&name).expect("a colour") + name.len();
            luminance(svg[start..].split([';', '}']).next().expect("its end"))
        };
        let contrast = |a: &str, b: &str| {
            let (a, b) = (colour(a), colour(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        assert!(contrast("ink", "surface") >= 4.5);
        for state in ["waiting", "other", "running", "ready", "holding", "failed"] {
            assert!(contrast(state, "surface") >= 3.0, "{state}: {}", contrast(state, "surface"));
        }
        for page in ["waiting", "other"] {
            assert!(contrast("running", page) >= 3.0, "{page}: {}", contrast("running", page));
        }
    }
}

#[test]
fn sizes_are_bounded() {
    let large = tasks(10_000, 5);
    let timeline = Timeline::of(&large);
    let trace = trace::draw(&timeline);
    assert!(trace.len() <= 10_000_000, "{} bytes", trace.len());
    trace_shows(&trace, &large);
    let svg = svg::draw(&timeline, View::WHOLE);
    assert!(svg.len() <= 3_000_000, "{} bytes", svg.len());
    Drawing::read(&svg);
    let thinned = svg::draw(&timeline, View { rows: 400, ..View::WHOLE });
    assert!(thinned.len() <= 150_000, "{} bytes", thinned.len());
    assert!(Drawing::read(&thinned).text.contains("one row in 25 is drawn"));
    let many = (0..1_000_000).map(|item| span(item, "x", Some(0), item as f64, item as f64 + 1.0));
    let many = Timeline::of(&report(Way::Threads, 1, many.collect()));
    let many = svg::draw(&many, View::WHOLE);
    assert!(many.len() <= 100_000, "{} bytes", many.len());
    let characters = in_characters(&timeline);
    assert!(characters.lines().count() < 30, "{characters}");
}

#[test]
fn names_are_escaped() {
    let mut report = threads();
    let name = "https://example.org/?a=1&b=<script>\"'é]]>";
    report.spans[0].name = name.into();
    let drawing = Drawing::read(&svg::draw(&Timeline::of(&report), View::WHOLE));
    assert!(drawing.text.contains(name), "{}", drawing.text);
    assert!(drawing.text.contains("thread 1: /dice, "), "{}", drawing.text);
}

#[test]
fn a_run_without_items_or_time_is_drawn() {
    for (workers, wall_seconds) in [(0, 0.0), (3, 0.0), (3, 1e-9), (1, 90_000.0)] {
        let report = Report { wall_seconds, ..report(Way::Threads, workers, Vec::new()) };
        let timeline = Timeline::of(&report);
        assert!(terminal::draw(&timeline, RICH).contains("none done"));
        Drawing::read(&svg::draw(&timeline, View::WHOLE)).shows(&report, 1.0);
        trace_shows(&trace::draw(&timeline), &report);
    }
}

#[test]
fn a_shorter_axis_shows_the_beginning() {
    let timeline = Timeline::of(&threads());
    let drawing =
        Drawing::read(&svg::draw(&timeline, View { axis_seconds: Some(0.1), ..View::WHOLE }));
    assert!(drawing.text.contains("the first 100 ms are drawn"), "{}", drawing.text);
    assert!(drawing.blocks.len() < timeline.count());
    let right = drawing.blocks.iter().map(|block| block.x + block.width).fold(0.0, f64::max);
    assert!((right - drawing.axis.1).abs() < 0.1, "{right}");
}

#[test]
fn a_recorder_draws_what_threads_do() {
    let recorder = Recorder::new("example", "Two threads", ["first", "second"])
        .explain(State::Holding, "has the lock");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            recorder.set(0, State::Holding, "works");
            recorder.end(0);
        });
        scope.spawn(|| {
            recorder.set(1, State::Running, "");
            recorder.set(1, State::Waiting, "for ever");
        });
    });
    let timeline = recorder.finish();
    let states = |row: usize| -> Vec<State> {
        timeline.rows[row].blocks.iter().map(|block| block.state).collect()
    };
    assert_eq!(states(0), [State::Holding]);
    assert_eq!(*states(1).last().expect("a block"), State::Waiting);
    let last = timeline.rows[1].blocks.last().expect("a block");
    assert_eq!(last.end, timeline.seconds, "a state without an end lasts to the end");
    assert_eq!(timeline.words(State::Holding), "has the lock");
    for row in &timeline.rows {
        assert!(row.blocks.windows(2).all(|pair| pair[0].end <= pair[1].start), "{row:?}");
    }
}

#[test]
fn a_recorder_draws_what_a_task_does() {
    let recorder = Recorder::new("example", "A task", ["task"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(recorder.task(0, async {
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }));
    let timeline = recorder.finish();
    let states: Vec<State> = timeline.rows[0].blocks.iter().map(|block| block.state).collect();
    assert!(states.starts_with(&[State::Running]), "{states:?}");
    assert!(states.contains(&State::Ready) && states.contains(&State::Waiting), "{states:?}");
}

// Pairs of start and end, and a moment of waking before each.
fn runs(start: f64, end: f64, cuts: &[f64]) -> Vec<[f64; 3]> {
    let mut moments: Vec<f64> = cuts.iter().map(|cut| start + cut * (end - start)).collect();
    moments.sort_by(f64::total_cmp);
    moments.chunks_exact(3).map(|run| [run[0], run[1], run[2]]).collect()
}

// Runs of every kind: workers with pauses, failures, items that never started.
fn any_report() -> impl Strategy<Value = Report> {
    let item = (0.0..0.2f64, 1e-6..1.0f64, any::<bool>(), vec(0.0..1.0f64, 0..12));
    let workers = vec(vec(item, 0..12), 1..30);
    let strategy = select(vec![Way::Threads, Way::Tasks, Way::Processes]);
    (strategy, workers, 0..3usize, 1e-4..100.0f64).prop_map(|(strategy, workers, lost, scale)| {
        let count = workers.len();
        let mut spans: Vec<Span> = Vec::new();
        for (worker, items) in workers.into_iter().enumerate() {
            let mut now = 0.0;
            for (pause, time, fails, cuts) in items {
                let (start, end) = (now + pause * scale, now + (pause + time) * scale);
                now = end;
                let tasks = strategy == Way::Tasks;
                let name = if fails { DICE } else { "x" };
                let mut span = span(spans.len(), name, (!tasks).then_some(worker), start, end);
                span.process = Some(worker as u32 + 1);
                span.error = fails.then(|| "failed".into());
                if tasks {
                    let runs = runs(start, end, &cuts);
                    span.running_seconds = runs.iter().map(|run| (run[1], run[2])).collect();
                    span.woken_seconds = runs.iter().map(|run| run[0]).collect();
                }
                spans.push(span);
            }
        }
        let mut report = report(strategy, count, spans);
        for _ in 0..lost {
            let late = report.wall_seconds + 0.1;
            let lost = Span {
                error: Some("lost".into()),
                ..span(report.spans.len(), "x", None, late, late)
            };
            report.spans.push(lost);
        }
        report
    })
}

fn started(report: &Report) -> impl Iterator<Item = &Span> {
    report.spans.iter().filter(|span| span.start_seconds < report.wall_seconds)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks_lie_where_the_spans_say(report in any_report(), longer in 1.0..5.0f64) {
        let timeline = Timeline::of(&report);
        Drawing::read(&svg::draw(&timeline, View::WHOLE)).shows(&report, report.wall_seconds);
        let axis = longer * report.wall_seconds;
        let view = View { axis_seconds: Some(axis), ..View::WHOLE };
        Drawing::read(&svg::draw(&timeline, view)).shows(&report, axis);
        trace_shows(&trace::draw(&timeline), &report);
    }

    // A column has a mark exactly if a block touches it.
    #[test]
    fn characters_stand_where_the_spans_say(report in any_report(), width in 40..300u16) {
        let timeline = Timeline::of(&report);
        let picture = terminal::draw(&timeline, Canvas { width, ..PLAIN });
        let axis = picture.lines().find(|line| line.trim_start().starts_with('+'));
        let columns = axis.expect("an axis").trim().len();
        let margin = usize::from(width) - columns;
        let scale = columns as f64 / report.wall_seconds;
        let mut rows: HashMap<usize, Vec<bool>> = HashMap::new();
        for span in started(&report) {
            let number = span.worker.unwrap_or(span.index);
            let row = rows.entry(number).or_insert_with(|| vec![false; columns]);
            let last = ((span.end_seconds * scale).ceil() as usize).min(columns);
            row[(span.start_seconds * scale) as usize..last].fill(true);
        }
        let drawn = picture.lines().filter_map(|line| {
            let (name, number) = line.get(..margin)?.trim().split_once(' ')?;
            let known = ["thread", "task", "process"].contains(&name);
            known.then_some((number.parse::<usize>().ok()?, line))
        });
        let mut count = 0;
        for (number, line) in drawn {
            count += 1;
            prop_assert!(line.len() <= usize::from(width));
            let marks: Vec<bool> = line[margin..].chars().map(|mark| mark != ' ').collect();
            let mut expected = rows.remove(&number).unwrap_or_default();
            while expected.last() == Some(&false) {
                expected.pop();
            }
            prop_assert_eq!(marks, expected, "row {} in\n{}", number, picture);
        }
        let items = timeline.rows.iter().filter(|row| !row.repeats).count();
        let each = items.div_ceil(16).max(1);
        prop_assert_eq!(count, items.div_ceil(each));
        prop_assert!(picture.is_ascii());
    }

    #[test]
    fn colours_change_no_character(report in any_report()) {
        let timeline = Timeline::of(&report);
        let plain = terminal::draw(&timeline, Canvas { unicode: true, ..PLAIN });
        let mut rich = terminal::draw(&timeline, RICH);
        while let Some((start, rest)) = rich.split_once('\x1b') {
            rich = format!("{start}{}", rest.split_once('m').expect("the end of a colour").1);
        }
        prop_assert_eq!(rich, plain);
    }

    #[test]
    fn the_peak_is_that_of_the_busiest_moment(report in any_report()) {
        let at = |moment: f64| {
            let running = |span: &&Span| span.start_seconds <= moment && moment < span.end_seconds;
            started(&report).filter(running).count()
        };
        let most = started(&report).map(|span| at(span.start_seconds)).max().unwrap_or(0);
        let timeline = Timeline::of(&report);
        prop_assert_eq!(timeline.peak_concurrency(), most);
        prop_assert!(timeline.total() <= report.wall_seconds * most as f64 * (1.0 + 1e-9));
    }

    #[test]
    fn marks_are_round_and_in_order(seconds in 1e-8..1e6f64, most in 2..20usize) {
        let axis = Axis::new(seconds, most);
        let marks = axis.marks();
        prop_assert!((2..=most + 1).contains(&marks.len()), "{:?}", marks);
        let ordered = |pair: &[(f64, String)]| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1;
        prop_assert!(marks.windows(2).all(ordered), "{:?}", marks);
        prop_assert!(marks.iter().all(|mark| (0.0..=1.0 + 1e-9).contains(&mark.0)), "{:?}", marks);
        let (at, label) = &marks[1];
        let (number, unit) = label.split_once(' ').expect("a unit");
        let size = match unit { "s" => 1.0, "ms" => 1e-3, "µs" => 1e-6, _ => unreachable!() };
        let read = number.parse::<f64>().expect("a number") * size;
        prop_assert!((read - at * seconds).abs() <= 1e-6 * seconds, "{} at {}", label, at * seconds);
    }
}

#[test]
fn marks_have_the_unit_of_the_whole_axis() {
    let last = |seconds| Axis::new(seconds, 5).marks().last().expect("a mark").1.clone();
    assert_eq!([1.0, 0.999, 1e-3, 0.000_999].map(last), ["1.0 s", "800 ms", "1.0 ms", "800 µs"]);
    // A step that fits exactly is not lost to rounding, and no step is added by it.
    let marks = |seconds, marks| Axis::new(seconds, marks).marks().len();
    assert_eq!((marks(0.3, 3), marks(0.7, 7), marks(0.299, 3)), (4, 8, 3));
}

#[test]
fn a_run_without_time_has_no_shares() {
    let mut nothing = report(Way::Tasks, 1, vec![]);
    nothing.wall_seconds = 0.0;
    let timeline = Timeline::of(&nothing);
    assert_eq!(timeline.cpu_share(&nothing), None);
    assert_eq!(timeline.peak_concurrency(), 0);
    let mut busy = tasks(2, 2);
    busy.user_seconds = None;
    assert_eq!(Timeline::of(&busy).cpu_share(&busy), None);
}
