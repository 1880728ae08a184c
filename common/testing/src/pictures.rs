//! Reads pictures back, and compares them with the spans of the report that they were drawn from.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use common::report::{Report, Span};
use common::workload::Strategy;
use nix::pty::{Winsize, openpty};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use crate::{Ended, TestProgram, end};

/// Makes a test of each function of this module, for one program. The arguments make it do 8 items
/// with two workers, if it has workers.
#[macro_export]
macro_rules! picture_tests {
    ($program:expr, $arguments:expr) => {
        $crate::picture_tests!($program, $arguments; files_show_the_spans,
            paths_are_checked_before_the_run, a_file_is_replaced_whole_or_not_at_all,
            standard_output_is_not_replaced, the_terminal_gets_what_it_can_show);
    };
    ($program:expr, $arguments:expr; $($name:ident),+) => {
        $(#[test]
        fn $name() {
            $crate::pictures::$name(&$program, &$arguments);
        })+
    };
}

/// A block of an SVG picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnBlock {
    /// Its left side.
    pub x: f64,
    /// Its upper side.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// The content of an SVG picture.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// Where its time axis begins and ends, in pixels.
    pub axis: (f64, f64),
    /// Its blocks, in the order of the file.
    pub blocks: Vec<DrawnBlock>,
    /// All text in it, a line each.
    pub text: String,
}

impl Drawing {
    /// Reads an SVG file's text, and asserts that it is well-formed.
    #[track_caller]
    pub fn read(svg: &str) -> Self {
        let mut drawing = Self::default();
        let mut reader = Reader::from_str(svg);
        reader.config_mut().check_end_names = true;
        let mut depth = 0;
        loop {
            match reader.read_event().expect("well-formed XML") {
                Event::Start(element) => {
                    depth += 1;
                    drawing.element(&element);
                }
                Event::Empty(element) => drawing.element(&element),
                Event::End(_) => depth -= 1,
                Event::Text(text) => drawing.text.push_str(&text),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(character)) => drawing.text.push(character),
                    _ => {
                        let name: &str = &reference;
                        let text = quick_xml::escape::resolve_predefined_entity(name);
                        drawing.text.push_str(text.expect("an entity of XML"));
                    }
                },
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "elements are closed");
        drawing
    }

    fn element(&mut self, element: &BytesStart) {
        let attribute = |name: &str| {
            let attribute = element.try_get_attribute(name).expect("attributes");
            attribute.map(|found| found.value.into_owned())
        };
        let number = |name| attribute(name).and_then(|text| text.parse().ok()).expect("a number");
        let class = attribute("class").unwrap_or_default();
        match element.name().as_ref() {
            "rect" if class.split(' ').next() == Some("block") => self.blocks.push(DrawnBlock {
                x: number("x"),
                y: number("y"),
                width: number("width"),
                height: number("height"),
            }),
            "path" if class == "line axis" => {
                let path = attribute("d").expect("a path");
                let ends = path.split(['M', 'L', ' ']).filter_map(|number| number.parse().ok());
                let ends: Vec<f64> = ends.collect();
                self.axis = (ends[0], ends[2]);
            }
            "text" | "title" | "desc" => self.text.push('\n'),
            _ => {}
        }
    }

    /// Asserts that its blocks lie where the report's spans say, within a pixel, on an axis of so many
    /// seconds.
    #[track_caller]
    pub fn shows(&self, report: &Report, axis_seconds: f64) {
        let mut spans: Vec<&Span> = started(report).collect();
        spans.sort_by(|a, b| {
            row(report, a).cmp(&row(report, b)).then(a.start_seconds.total_cmp(&b.start_seconds))
        });
        assert_eq!(self.blocks.len(), spans.len(), "a block for each item");
        let (left, right) = self.axis;
        let x = |seconds: f64| left + (right - left) * seconds / axis_seconds;
        let mut before: Option<(&Span, DrawnBlock)> = None;
        for (span, &block) in spans.into_iter().zip(&self.blocks) {
            let end = span.end_seconds.min(report.wall_seconds);
            assert!((block.x - x(span.start_seconds)).abs() < 1.0, "{span:?} at {block:?}");
            assert!((block.x + block.width - x(end)).abs() < 1.0, "{span:?} at {block:?}");
            assert!(block.x > left - 0.1 && block.x + block.width < right + 0.1, "{block:?}");
            if let Some((last_span, last)) = before {
                if row(report, last_span) == row(report, span) {
                    assert_eq!(last.y, block.y, "a worker has one row");
                    assert!(last.x + last.width <= block.x + 0.1, "{last:?} and {block:?} overlap");
                } else {
                    assert!(last.y + last.height <= block.y + 0.1, "the next row lies lower");
                }
            }
            before = Some((span, block));
        }
    }
}

fn started(report: &Report) -> impl Iterator<Item = &Span> {
    report.spans.iter().filter(|span| span.start_seconds < report.wall_seconds)
}

// Rows are workers; or tasks, those of the first page above those of the second.
fn row(report: &Report, span: &Span) -> (usize, usize) {
    if report.strategy != Strategy::Tasks {
        return (0, span.worker.expect("a worker"));
    }
    let mut names: Vec<&str> = report.spans.iter().map(|span| &*span.name).collect();
    names.sort_unstable();
    names.dedup();
    let second = names.len() == 2 && span.name != report.spans[0].name;
    (usize::from(second), span.index)
}

/// Asserts that a trace has what viewers need: a slice for each item and each part of a task, an arrow
/// from each waking to its run, and a count of the items in flight.
#[track_caller]
pub fn trace_shows(trace: &str, report: &Report) {
    let trace: Value = serde_json::from_str(trace).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let lane = |event: &Value| (event["pid"].as_u64(), event["tid"].as_u64());
    let of = |phase: &'static str| events.iter().filter(move |event| event["ph"] == phase);
    let named = |what: &str| {
        let names = of("M").filter(|event| event["name"] == what);
        let names = names.inspect(|event| assert!(event["args"]["name"].is_string(), "{event}"));
        names.map(lane).collect::<HashSet<_>>()
    };
    let threads = named("thread_name");
    let processes: HashSet<_> = named("process_name").into_iter().map(|lane| lane.0).collect();
    let slices: Vec<&Value> = of("X").collect();
    let is_part = |slice: &Value| slice["name"] == "running" || slice["name"] == "ready";
    let items = slices.iter().filter(|slice| !is_part(slice)).count();
    assert_eq!(items, started(report).count());
    let mut item = None;
    for slice in &slices {
        assert!(processes.contains(&lane(slice).0), "{slice}");
        assert!(threads.contains(&lane(slice)), "{slice}");
        let (start, length) =
            (slice["ts"].as_f64().expect("ts"), slice["dur"].as_f64().expect("dur"));
        assert!(start >= 0.0 && length >= 0.0, "{slice}");
        assert!((start + length) / 1e6 <= report.wall_seconds + 1e-6, "{slice}");
        if is_part(slice) {
            let (of, from, to) = item.expect("a part follows its item");
            assert_eq!(of, lane(slice));
            // Sums of rounded numbers: a thousandth of a microsecond is nothing.
            assert!(start >= from && start + length <= to + 1e-3, "{slice} in {from} to {to}");
        } else {
            item = Some((lane(slice), start, start + length));
        }
    }
    let ready = slices.iter().filter(|slice| slice["name"] == "ready").count();
    let arrows = [of("s").count(), of("f").count()];
    assert!(items >= 1_000 || arrows == [ready, ready], "{arrows:?} for {ready}");
    let start = |slice: &&Value| {
        let name = slice["name"].as_str().expect("a name").to_owned();
        (name, lane(slice), slice["ts"].to_string())
    };
    let starts: HashSet<_> = slices.iter().map(start).collect();
    for (begin, end) in of("s").zip(of("f")) {
        assert!(begin["id"] == end["id"] && end["bp"] == "e" && begin["cat"] == end["cat"]);
        assert!(begin["ts"].as_f64() <= end["ts"].as_f64(), "{begin} {end}");
        assert!(
            starts.contains(&("ready".to_owned(), lane(begin), begin["ts"].to_string())),
            "{begin}"
        );
        assert!(
            starts.contains(&("running".to_owned(), lane(end), end["ts"].to_string())),
            "{end}"
        );
    }
    let counts: Vec<u64> = of("C").filter_map(|event| event["args"]["items"].as_u64()).collect();
    assert_eq!(counts.len(), 2 * items);
    assert!(counts.last().is_none_or(|last| *last == 0), "{counts:?}");
}

fn report(ended: &Ended) -> Report {
    serde_json::from_str(&ended.stdout).expect("a report")
}

#[expect(missing_docs, reason = "the names say it")]
pub fn files_show_the_spans(program: &TestProgram, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().join("new");
    let (svg, json) = (folder.join("run & <1>.svg"), folder.join("run.json"));
    let mut command = program.command();
    command.args(arguments).args(["--json", "--details"]);
    command.arg("--diagram").arg(&svg).arg("--trace").arg(&json);
    let ended = end(command).with_code(0);
    let report = report(&ended);
    for (what, path) in [("diagram", &svg), ("trace", &json)] {
        let line = format!("{what} written to {}", path.display());
        assert!(ended.stderr.lines().any(|it| it == line), "{ended:?}");
    }
    let drawing = Drawing::read(&fs::read_to_string(&svg).expect("the picture"));
    drawing.shows(&report, report.wall_seconds);
    assert!(drawing.text.contains(&report.title()), "{}", drawing.text);
    trace_shows(&fs::read_to_string(&json).expect("the trace"), &report);
    assert_eq!(entries(&folder).len(), 2, "no other file is left");
    states_follow_each_other(&report);
}

// A task is woken after it ran, and then runs again. For a thread the kernel reports a sum.
#[track_caller]
fn states_follow_each_other(report: &Report) {
    for span in &report.spans {
        assert_eq!(span.running_seconds.len(), span.woken_seconds.len(), "{span:?}");
        assert_eq!(span.running_seconds.is_empty(), report.strategy != Strategy::Tasks, "{span:?}");
        let mut last = span.start_seconds;
        for (&(start, end), &woken) in span.running_seconds.iter().zip(&span.woken_seconds) {
            assert!(last <= woken && woken <= start && start <= end, "{span:?}");
            last = end;
        }
        assert!(last <= span.end_seconds, "{span:?}");
    }
    let known = report.strategy == Strategy::Tasks || cfg!(target_os = "linux");
    assert_eq!(report.ready_seconds.is_some(), known);
    assert!(report.ready_seconds.is_none_or(|seconds| seconds >= 0.0));
}

#[expect(missing_docs, reason = "the names say it")]
pub fn paths_are_checked_before_the_run(program: &TestProgram, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    for option in ["--diagram", "--trace"] {
        for wrong in [path, "/dev/null/run.svg"] {
            program.refuses(arguments.iter().copied().chain([option, wrong]), &[option, wrong]);
        }
    }
    let file = format!("{path}/run");
    for other in [&file, &format!("{path}/./run")] {
        let both = ["--diagram", other, "--trace", &file];
        program.refuses(arguments.iter().copied().chain(both), &["--diagram", "--trace", other]);
    }
    assert!(entries(directory.path()).is_empty(), "{:?}", entries(directory.path()));
}

/// Asserts that a picture for standard output goes there, also where that is a file: nothing that was
/// or is written to it is lost.
pub fn standard_output_is_not_replaced(program: &TestProgram, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("log");
    fs::write(&log, "precious\n").expect("a file");
    let run = |stdout: fs::File| {
        let mut command = program.command();
        command.args(arguments).args(["--quiet", "--diagram", "/dev/stdout"]).stdout(stdout);
        let status = command.stderr(Stdio::null()).status().expect("a run");
        assert!(status.success());
        fs::read_to_string(&log).expect("the file")
    };
    let appended = run(fs::OpenOptions::new().append(true).open(&log).expect("a file"));
    assert!(appended.starts_with("precious\n<svg"), "{appended}");
    let redirected = run(fs::File::create(&log).expect("a file"));
    for log in [appended, redirected] {
        assert!(log.contains("<svg") && log.contains("peak memory"), "{log}");
    }
}

#[expect(missing_docs, reason = "the names say it")]
pub fn a_file_is_replaced_whole_or_not_at_all(program: &TestProgram, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    fs::write(&file, "old").expect("a file");
    let run = |mut command: Command, path: &Path| {
        command.args(arguments).arg("--quiet").arg("--diagram").arg(path);
        end(command)
    };
    // No file may grow beyond one block, as if the disk were full.
    let ended = run(program.after("trap '' XFSZ; ulimit -f 1"), &file).with_code(1);
    assert!(ended.stderr.contains(file.to_str().expect("UTF-8")), "{ended:?}");
    assert!(!ended.stderr.contains("written to"), "{ended:?}");
    assert_eq!(fs::read_to_string(&file).expect("the file"), "old");
    assert_eq!(entries(directory.path()).len(), 1, "no part is left");

    run(program.command(), &file).with_code(0);
    let new = fs::read_to_string(&file).expect("the file");
    assert!(new.starts_with("<svg") && new.ends_with("</svg>\n"), "{new}");

    let ended = run(program.command(), Path::new("/dev/full"));
    if cfg!(target_os = "linux") {
        assert!(ended.with_code(1).stderr.contains("/dev/full"));
    }
}

fn entries(directory: &Path) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(directory).expect("the directory");
    entries.map(|entry| entry.expect("an entry").file_name()).collect()
}

#[expect(missing_docs, reason = "the names say it")]
pub fn the_terminal_gets_what_it_can_show(program: &TestProgram, arguments: &[&str]) {
    let piped = program.run(arguments).with_code(0).stdout;
    assert!(piped.is_ascii() && piped.contains("+---"), "{piped}");
    let quiet = program.run(arguments.iter().copied().chain(["--quiet"])).with_code(0).stdout;
    assert!(!quiet.contains("+---"), "{quiet}");
    let json = program.run(arguments.iter().copied().chain(["--json", "--details"])).with_code(0);
    assert!(json.json().is_object());

    for (environment, unicode, colour) in [
        (&[("LC_ALL", "C.UTF-8"), ("TERM", "xterm")][..], true, true),
        (&[("LC_ALL", "C.UTF-8"), ("TERM", "xterm"), ("NO_COLOR", "1")], true, false),
        (&[("LC_ALL", "C"), ("LANG", "C.UTF-8"), ("TERM", "xterm")], false, true),
        (&[("LANG", "de_DE.utf8"), ("TERM", "dumb")], true, false),
    ] {
        let mut command = program.command();
        for variable in
            ["LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"]
        {
            command.env_remove(variable);
        }
        command.args(arguments).envs(environment.iter().copied());
        let screen = on_a_terminal(command, 72);
        assert_eq!(!screen.is_ascii(), unicode, "{environment:?}: {screen}");
        assert_eq!(screen.contains('\x1b'), colour, "{environment:?}: {screen}");
        let ruler = if unicode { '┬' } else { '+' };
        let axis =
            screen.lines().find(|line| line.trim_start().starts_with(ruler)).expect("an axis");
        assert_eq!(axis.trim_end().chars().count(), 72, "{axis}");
    }
}

// What a command writes to a terminal of so many columns.
fn on_a_terminal(mut command: Command, columns: u16) -> String {
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).expect("a terminal");
    let copy = |end: &OwnedFd| Stdio::from(end.try_clone().expect("a file"));
    command.stdin(copy(&terminal.slave)).stdout(copy(&terminal.slave)).stderr(Stdio::null());
    let mut process = command.spawn().expect("the program starts");
    drop((command, terminal.slave));
    let (mut screen, mut piece) = (Vec::new(), [0; 4096]);
    let mut master = fs::File::from(terminal.master);
    // On Linux a terminal that no process has open reads as an error.
    while let Ok(bytes @ 1..) = master.read(&mut piece) {
        screen.extend_from_slice(&piece[..bytes]);
    }
    assert!(process.wait().expect("it ends").success());
    String::from_utf8(screen).expect("UTF-8")
}
