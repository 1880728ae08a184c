//! Reads pictures back, and holds them against the spans that they were drawn from.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::pty::{Winsize, openpty};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use super::{Ended, Program, end};
use common::report::Report as Schedule;

/// Makes a test of each function of this module, for one program. The arguments make it do 8 items
/// with two workers, if it has workers.
#[macro_export]
macro_rules! picture_tests {
    ($program:expr, $arguments:expr) => {
        $crate::picture_tests!($program, $arguments; files_show_the_spans,
            paths_are_tried_before_anything_runs, a_file_is_replaced_whole_or_not_at_all,
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
pub struct Block {
    /// Its left side.
    pub x: f64,
    /// Its upper side.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// What an SVG picture of a run has in it.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Where its time axis begins and ends, in pixels.
    pub axis: (f64, f64),
    /// Its blocks, in the order of the file.
    pub blocks: Vec<Block>,
    /// How often the tasks ran, over all their rows: the number of strokes.
    pub polls: usize,
    /// All text in it, a line each.
    pub text: String,
}

impl Picture {
    /// Reads an SVG file's text, and asserts that it is well-formed.
    #[track_caller]
    pub fn read(svg: &str) -> Self {
        let mut picture = Self::default();
        let mut reader = Reader::from_str(svg);
        reader.config_mut().check_end_names = true;
        let mut depth = 0;
        loop {
            match reader.read_event().expect("well-formed XML") {
                Event::Start(element) => {
                    depth += 1;
                    picture.element(&element);
                }
                Event::Empty(element) => picture.element(&element),
                Event::End(_) => depth -= 1,
                Event::Text(text) => picture.text.push_str(&text),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(character)) => picture.text.push(character),
                    _ => {
                        let name: &str = &reference;
                        let text = quick_xml::escape::resolve_predefined_entity(name);
                        picture.text.push_str(text.expect("an entity of XML"));
                    }
                },
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "elements are closed");
        picture
    }

    fn element(&mut self, element: &BytesStart) {
        let attribute = |name: &str| {
            let attribute = element.try_get_attribute(name).expect("attributes");
            attribute.map(|found| found.value.into_owned())
        };
        let number = |name| attribute(name).and_then(|text| text.parse().ok()).expect("a number");
        let class = attribute("class").unwrap_or_default();
        let mut classes = class.split(' ');
        let path = attribute("d").unwrap_or_default();
        match element.name().as_ref() {
            "rect" if classes.next() == Some("block") => self.blocks.push(Block {
                x: number("x"),
                y: number("y"),
                width: number("width"),
                height: number("height"),
            }),
            "path" if class == "line axis" => {
                let ends: Vec<f64> =
                    path.split(['M', 'L', ' ']).filter_map(|number| number.parse().ok()).collect();
                self.axis = (ends[0], ends[2]);
            }
            // The first such path is that of the tasks, the second that of their thread.
            "path" if class == "polls" && self.polls == 0 => self.polls = path.matches('M').count(),
            "text" | "title" | "desc" => self.text.push('\n'),
            _ => {}
        }
    }

    /// Asserts that its blocks lie where the spans say, within a pixel, on an axis of so many
    /// seconds.
    #[track_caller]
    pub fn shows(&self, schedule: &Schedule, axis_seconds: f64) {
        let mut spans: Vec<_> = schedule.spans.iter().collect();
        spans.retain(|span| span.start_seconds < schedule.wall_seconds);
        spans.sort_by(|a, b| {
            a.worker.cmp(&b.worker).then(a.start_seconds.total_cmp(&b.start_seconds))
        });
        assert_eq!(self.blocks.len(), spans.len(), "a block for each item");
        let (left, right) = self.axis;
        let x = |seconds: f64| left + (right - left) * seconds / axis_seconds;
        let mut before: Option<(usize, Block)> = None;
        for (span, block) in spans.into_iter().zip(&self.blocks) {
            let end = span.end_seconds.min(schedule.wall_seconds);
            assert!((block.x - x(span.start_seconds)).abs() < 1.0, "{span:?} at {block:?}");
            assert!((block.x + block.width - x(end)).abs() < 1.0, "{span:?} at {block:?}");
            assert!(block.x > left - 0.1 && block.x + block.width < right + 0.1, "{block:?}");
            if let Some((worker, last)) = before {
                if Some(worker) == span.worker {
                    assert_eq!(last.y, block.y, "a worker has one row");
                    assert!(last.x + last.width <= block.x + 0.1, "{last:?} and {block:?} overlap");
                } else {
                    assert!(last.y + last.height <= block.y + 0.1, "the next row lies lower");
                }
            }
            before = Some((span.worker.unwrap_or(span.index), *block));
        }
    }
}

/// Asserts that a trace has what viewers need, and a slice for each item and poll.
#[track_caller]
pub fn trace_shows(trace: &str, schedule: &Schedule) {
    let trace: Value = serde_json::from_str(trace).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let lane = |event: &Value| (event["pid"].as_u64(), event["tid"].as_u64());
    let named = |what: &str| -> Vec<_> {
        let names = events.iter().filter(|event| event["ph"] == "M" && event["name"] == what);
        names
            .inspect(|event| assert!(event["args"]["name"].is_string(), "{event}"))
            .map(lane)
            .collect()
    };
    let (processes, threads) = (named("process_name"), named("thread_name"));
    let slices: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    let begun = schedule.spans.iter().filter(|span| span.start_seconds < schedule.wall_seconds);
    let (items, polls) =
        begun.fold((0, 0), |(items, polls), span| (items + 1, polls + span.running_seconds.len()));
    assert_eq!(slices.iter().filter(|slice| slice["name"] == "poll").count(), polls);
    assert_eq!(slices.len(), items + polls);
    assert_eq!(events.len(), slices.len() + processes.len() + threads.len());
    let mut item = None;
    for slice in slices {
        assert!(processes.iter().any(|process| process.0 == lane(slice).0), "{slice}");
        assert!(threads.contains(&lane(slice)), "{slice}");
        let (start, length) =
            (slice["ts"].as_f64().expect("ts"), slice["dur"].as_f64().expect("dur"));
        assert!(start >= 0.0 && length >= 0.0, "{slice}");
        assert!((start + length) / 1e6 <= schedule.wall_seconds + 1e-6, "{slice}");
        if slice["name"] == "poll" {
            let (of, from, to) = item.expect("a poll follows its item");
            assert_eq!(of, lane(slice));
            // Sums of rounded numbers: a thousandth of a microsecond is nothing.
            assert!(start >= from && start + length <= to + 1e-3, "{slice} in {from} to {to}");
        } else {
            item = Some((lane(slice), start, start + length));
        }
    }
}

fn schedule(ended: &Ended) -> Schedule {
    serde_json::from_str(&ended.stdout).expect("a report")
}

#[expect(missing_docs, reason = "the names say it")]
pub fn files_show_the_spans(program: &Program, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let (svg, json) = (directory.path().join("run & <1>.svg"), directory.path().join("run.json"));
    let mut command = program.command();
    command
        .args(arguments)
        .args(["--json", "--details"])
        .arg("--diagram")
        .arg(&svg)
        .arg("--trace")
        .arg(&json);
    let schedule = schedule(&end(command).with_code(0));
    let picture = Picture::read(&fs::read_to_string(&svg).expect("the picture"));
    picture.shows(&schedule, schedule.wall_seconds);
    assert!(picture.text.contains(&schedule.title()), "{}", picture.text);
    trace_shows(&fs::read_to_string(&json).expect("the trace"), &schedule);
    assert_eq!(entries(directory.path()).len(), 2, "no file is left besides");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn paths_are_tried_before_anything_runs(program: &Program, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    let missing = format!("{path}/none/run.svg");
    for option in ["--diagram", "--trace"] {
        for wrong in [path, &missing, "/dev/null/run.svg"] {
            program.refuses(arguments.iter().copied().chain([option, wrong]), &[option, wrong]);
        }
    }
    let twice = format!("{path}/run");
    let both = ["--diagram", &twice, "--trace", &twice];
    program.refuses(arguments.iter().copied().chain(both), &["--diagram", "--trace", &twice]);
    let other = format!("{path}/./run");
    let both = ["--diagram", &other, "--trace", &twice];
    program.refuses(arguments.iter().copied().chain(both), &["--diagram", "--trace", &other]);
    assert!(entries(directory.path()).is_empty(), "{:?}", entries(directory.path()));
}

/// Asserts that a picture for standard output goes there, also where that is a file: nothing of what
/// was or is written to it is lost.
pub fn standard_output_is_not_replaced(program: &Program, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("log");
    fs::write(&log, "precious\n").expect("a file");
    let mut command = program.command();
    let appended = fs::OpenOptions::new().append(true).open(&log).expect("a file");
    command.args(arguments).args(["--quiet", "--diagram", "/dev/stdout"]).stdout(appended);
    let status = command.status().expect("a run");
    assert!(status.success());
    let log = fs::read_to_string(&log).expect("the file");
    assert!(log.starts_with("precious\n<svg") && log.contains("peak memory"), "{log}");
}

#[expect(missing_docs, reason = "the names say it")]
pub fn a_file_is_replaced_whole_or_not_at_all(program: &Program, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, "old").expect("a file");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let run = |mut command: Command, path: &Path| {
        command.args(arguments).arg("--quiet").arg("--diagram").arg(path);
        end(command)
    };
    // No file may grow beyond one block: the disk is full, as far as the program can tell.
    let ended = run(program.after("trap '' XFSZ; ulimit -f 1"), &file).with_code(1);
    assert!(ended.stderr.contains(file.to_str().expect("UTF-8")), "{ended:?}");
    assert_eq!(fs::read_to_string(&file).expect("the file"), "old");
    assert_eq!(entries(directory.path()).len(), 2, "no part is left");

    run(program.command(), &link).with_code(0);
    assert!(link.is_symlink(), "the link is still one");
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
pub fn the_terminal_gets_what_it_can_show(program: &Program, arguments: &[&str]) {
    let piped = program.run(arguments).with_code(0).stdout;
    assert!(piped.is_ascii() && piped.contains("where one begins") | piped.contains("the thread"));
    let quiet = program.run(arguments.iter().copied().chain(["--quiet"])).with_code(0).stdout;
    assert!(!quiet.contains("+---"), "{quiet}");
    let json = program.run(arguments.iter().copied().chain(["--json", "--details"])).with_code(0);
    assert!(json.json().is_object());

    for (environment, unicode, colour) in [
        (&[("LC_ALL", "C.UTF-8"), ("TERM", "xterm")][..], true, true),
        (&[("LC_ALL", "C.UTF-8"), ("TERM", "xterm"), ("NO_COLOR", "1")], true, false),
        (&[("LC_ALL", "C"), ("LANG", "C.UTF-8"), ("TERM", "xterm")], false, true),
        (&[("LC_ALL", ""), ("LANG", "de_DE.utf8"), ("TERM", "dumb")], true, false),
    ] {
        let mut command = program.command();
        for variable in
            ["LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"]
        {
            command.env_remove(variable);
        }
        command.args(arguments).envs(environment.iter().copied());
        let shown = on_a_terminal(command, 72);
        assert_eq!(!shown.is_ascii(), unicode, "{environment:?}: {shown}");
        assert_eq!(shown.contains('\x1b'), colour, "{environment:?}: {shown}");
        let ruler = if unicode { '┬' } else { '+' };
        let axis =
            shown.lines().find(|line| line.trim_start().starts_with(ruler)).expect("an axis");
        assert_eq!(axis.trim_end().chars().count(), 72, "{axis}");
    }
}

// What a command shows on a terminal so many columns wide.
fn on_a_terminal(mut command: Command, columns: u16) -> String {
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).expect("a terminal");
    let copy = |end: &OwnedFd| Stdio::from(end.try_clone().expect("a file"));
    command.stdin(copy(&terminal.slave)).stdout(copy(&terminal.slave)).stderr(Stdio::null());
    let mut process = command.spawn().expect("the program starts");
    drop((command, terminal.slave));
    let (mut shown, mut piece) = (Vec::new(), [0; 4096]);
    let mut screen = fs::File::from(terminal.master);
    // On Linux a terminal that everybody has left reads as an error.
    while let Ok(bytes @ 1..) = screen.read(&mut piece) {
        shown.extend_from_slice(&piece[..bytes]);
    }
    assert!(process.wait().expect("it ends").success());
    String::from_utf8(shown).expect("UTF-8")
}
