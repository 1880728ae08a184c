//! A run drawn as SVG: a row for each worker, time across.
//!
//! The colours follow the reader's light or dark setting. A screen reader is told what the picture
//! shows; a pointer that rests on a block is told what the block is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::report::timeline::{Axis, Block, Row, Timeline, label, rows_name};
use crate::workload::{Strategy, Workload};

/// The whole picture's width, in pixels.
const WIDTH: f64 = 1000.0;
/// Left of the axis, for the labels; right of it, for the last mark's.
const LEFT: f64 = 90.0;
const RIGHT: f64 = 30.0;
/// Above the rows, for the title and the legend; below them, for the axis.
const TOP: f64 = 84.0;
const BOTTOM: f64 = 36.0;
/// A row's height where there are few; where there are many, all of theirs together.
const ROW: f64 = 24.0;
const ROWS: f64 = 640.0;
/// The least distance between two labels of rows.
const LABELS: f64 = 22.0;
/// The least width at which a moment can be seen.
const SLIVER: f64 = 0.8;
/// Above so many blocks they no longer tell what they are, and are drawn as a few long paths: the
/// file would grow too large.
const TOLD: usize = 1_000;

const STYLE: &str = "
.schedule{--surface:#fff;--ink:#1f2328;--faint:#d0d7de;--idle:#f0f3f6;--waiting:#8fb8e8;--waiting-too:#bdd7f5;\
--running:#c2410c;--running-too:#e8804f;--failed:#86198f;font-family:system-ui,sans-serif;font-size:13px}
@media screen and (prefers-color-scheme:dark){.schedule{--surface:#0d1117;--ink:#e6edf3;--faint:#3d444d;--idle:#1b222b;\
--waiting:#2f6db5;--waiting-too:#1f4a80;--running:#ffa657;--running-too:#c9702a;--failed:#f0abfc}}
.schedule text{fill:var(--ink)}.schedule .heading{font-size:17px;font-weight:600}
.schedule .surface{fill:var(--surface)}.schedule .idle{fill:var(--idle)}
.schedule .waiting{fill:var(--waiting)}.schedule .waiting.too{fill:var(--waiting-too)}
.schedule .running{fill:var(--running)}.schedule .running.too{fill:var(--running-too)}
.schedule path.blocks{fill:none}.schedule .blocks.waiting{stroke:var(--waiting)}\
.schedule .blocks.waiting.too{stroke:var(--waiting-too)}.schedule .blocks.running{stroke:var(--running)}\
.schedule .blocks.running.too{stroke:var(--running-too)}.schedule .blocks.failed{stroke:var(--failed)}
.schedule .polls{stroke:var(--running);fill:none}.schedule .failed{fill:var(--failed)}
.schedule .line{stroke:var(--faint);fill:none}.schedule .end{stroke:var(--ink);stroke-dasharray:3 3;fill:none}
";

/// How a run is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Begins the ids in the picture: no two pictures on a page may share one.
    pub name: &'static str,
    /// The length of the axis, in seconds; `None` for the run's own. Runs that are drawn on one
    /// length can be laid below each other and compared by eye.
    pub axis_seconds: Option<f64>,
    /// The most height that all rows take together, in pixels.
    pub height: f64,
    /// The most rows that are drawn. Of more, every second, third, ... is.
    pub rows: usize,
}

impl View {
    /// All of the run.
    pub const WHOLE: Self =
        Self { name: "schedule", axis_seconds: None, height: ROWS, rows: usize::MAX };
}

/// Draws `timeline`.
///
/// # Errors
/// None is known: writing to memory does not fail.
pub fn draw(timeline: &Timeline, view: View) -> io::Result<String> {
    let mut rows = timeline.rows();
    let each = rows.len().div_ceil(view.rows.max(1)).max(1);
    rows = rows.into_iter().step_by(each).collect();
    let strategy = timeline.strategy;
    let tasks = strategy == Strategy::Tasks;
    let length = view.axis_seconds.unwrap_or(0.0).max(timeline.wall_seconds);
    let count = rows.len().max(1) as f64;
    let pitch = (view.height / count).min(ROW);
    let thread = if tasks { ROW + 12.0 } else { 0.0 };
    let picture = Picture {
        timeline,
        strategy,
        tasks,
        axis: Axis::new(length, 10),
        pitch,
        bottom: TOP + count * pitch + thread,
        told: timeline.spans.len() <= TOLD,
    };
    let mut svg = Writer::new(Vec::new());
    let height = number(picture.bottom + BOTTOM);
    let view_box = format!("0 0 {WIDTH} {height}");
    let id = format!("{}-{}-{}", view.name, timeline.program, timeline.workload.item());
    let ids = format!("{id}-title {id}-text");
    svg.create_element("svg")
        .with_attributes([
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("class", "schedule"),
            ("role", "img"),
            ("aria-labelledby", &ids),
            ("viewBox", &view_box),
            ("width", &number(WIDTH)),
            ("height", &height),
        ])
        .write_inner_content(|svg| {
            let title = format!("{}: {}", timeline.program, timeline.title());
            for (name, id, text) in [
                ("title", format!("{id}-title"), title.clone()),
                ("desc", format!("{id}-text"), picture.description(&rows)),
            ] {
                let element = svg.create_element(name).with_attribute(("id", id.as_str()));
                element.write_text_content(BytesText::new(&text))?;
            }
            svg.create_element("style").write_text_content(BytesText::new(STYLE))?;
            rectangle(svg, "surface", [0.0, 0.0, WIDTH, picture.bottom + BOTTOM])?;
            text(svg, "heading", "start", [12.0, 25.0], &title)?;
            let thinned = match each {
                1 => String::new(),
                each => format!(" (one row in {each} is drawn)"),
            };
            let subtitle = timeline.subtitle() + &thinned;
            text(svg, "words", "start", [12.0, 46.0], &subtitle)?;
            picture.legend(svg)?;
            picture.axis(svg)?;
            picture.labels(svg, &rows)?;
            picture.rows(svg, &rows)?;
            if tasks { picture.thread(svg) } else { Ok(()) }
        })?;
    let svg = String::from_utf8(svg.into_inner()).map_err(io::Error::other)?;
    Ok(svg + "\n")
}

type Svg = Writer<Vec<u8>>;

struct Picture<'a> {
    timeline: &'a Timeline,
    strategy: Strategy,
    tasks: bool,
    axis: Axis,
    // A row's height with the gap below it.
    pitch: f64,
    // Where the axis lies.
    bottom: f64,
    // Whether each block tells what it is.
    told: bool,
}

impl Picture<'_> {
    fn x(&self, seconds: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (seconds / self.axis.seconds)
    }

    // A row's block without the gap, which is left out where it would be thinner than a hair.
    fn block_height(&self) -> f64 {
        if self.pitch > 3.0 { self.pitch * 0.8 } else { self.pitch }
    }

    fn fill(&self) -> &'static str {
        if self.timeline.workload == Workload::Cpu { "running" } else { "waiting" }
    }

    fn description(&self, rows: &[Row]) -> String {
        let rows_are = rows_name(self.strategy);
        let mut said = format!(
            "Rows are {rows_are}, time runs from left to right, and each {} is a block: {}.",
            self.timeline.workload.item(),
            self.timeline.subtitle()
        );
        if let [first, ..] = rows
            && rows.len() <= 16
            && !first.blocks.is_empty()
        {
            let counts: Vec<String> = rows.iter().map(|row| row.blocks.len().to_string()).collect();
            let _ = write!(said, " Blocks in the rows from top to bottom: {}.", counts.join(", "));
        }
        if self.tasks {
            let _ = write!(said, " The lowest row shows the one thread. {}.", self.thread_share());
        }
        said
    }

    fn thread_share(&self) -> String {
        format!("It runs tasks {:.0} % of the time", 100.0 * self.timeline.thread_share())
    }

    fn legend(&self, svg: &mut Svg) -> io::Result<()> {
        let mut entries = Vec::new();
        if self.tasks {
            entries.push((vec!["waiting"], "a task waits".into()));
            entries.push((vec!["running"], "a task runs on the thread".into()));
        } else {
            let shades = if self.fill() == "running" {
                ["running", "running too"]
            } else {
                ["waiting", "waiting too"]
            };
            entries.push((shades.into(), self.timeline.block_legend()));
        }
        if self.timeline.spans.iter().any(|span| span.error.is_some()) {
            entries.push((vec!["failed"], "failed".into()));
        }
        let mut x = 12.0;
        for (classes, words) in entries {
            for class in classes {
                rectangle(svg, class, [x, 58.0, 14.0, 14.0])?;
                x += 14.0;
            }
            text(svg, "words", "start", [x + 6.0, 70.0], &words)?;
            // A character takes about this much at most.
            x += 7.5 * words.chars().count() as f64 + 24.0;
        }
        Ok(())
    }

    fn axis(&self, svg: &mut Svg) -> io::Result<()> {
        for (at, label) in self.axis.marks() {
            let x = LEFT + (WIDTH - LEFT - RIGHT) * at;
            line(svg, "line", [x, TOP - 4.0, x, self.bottom + 5.0])?;
            text(svg, "mark", "middle", [x, self.bottom + 21.0], &label)?;
        }
        line(svg, "line axis", [LEFT, self.bottom, WIDTH - RIGHT, self.bottom])?;
        let end = self.x(self.timeline.wall_seconds);
        line(svg, "end", [end, TOP - 4.0, end, self.bottom])?;
        let wall = self.timeline.wall();
        // Left of the line where there is no room to its right.
        let (anchor, at) = if end > WIDTH - 150.0 { ("end", end) } else { ("start", end + 6.0) };
        text(
            svg,
            "words",
            anchor,
            [at, if anchor == "end" { TOP - 10.0 } else { TOP + 8.0 }],
            &wall,
        )
    }

    fn labels(&self, svg: &mut Svg, rows: &[Row]) -> io::Result<()> {
        let step = Axis::new(rows.len() as f64, (rows.len() as f64 * self.pitch / LABELS) as usize);
        let step = (step.step.round() as usize).max(1);
        for (place, row) in rows.iter().enumerate().step_by(step) {
            let middle = self.top(place) + self.block_height() / 2.0;
            let label = label(self.strategy, row.number);
            text(svg, "label", "end", [LEFT - 8.0, middle.max(TOP + 4.0) + 4.5], &label)?;
        }
        Ok(())
    }

    fn top(&self, place: usize) -> f64 {
        TOP + place as f64 * self.pitch
    }

    fn rows(&self, svg: &mut Svg, rows: &[Row]) -> io::Result<()> {
        let height = self.block_height();
        let mut untold: BTreeMap<String, String> = BTreeMap::new();
        let mut polls = String::new();
        for (place, row) in rows.iter().enumerate() {
            let top = self.top(place);
            let middle = number(top + height / 2.0);
            if row.blocks.len() as f64 > WIDTH {
                // Thinner than a pixel each: what can be seen is where there are any.
                let blocks: Vec<_> = row.blocks.iter().map(|it| (it.start, it.end)).collect();
                let path = untold.entry(self.fill().to_owned()).or_default();
                path.push_str(&self.strokes(&blocks, &middle));
                continue;
            }
            for (position, block) in row.blocks.iter().enumerate() {
                // Two neighbours differ, so that no gap between them has to be invented.
                let class = match (&block.span.error, self.fill(), position % 2) {
                    (Some(_), ..) => "failed".to_owned(),
                    (None, fill, 0) => fill.to_owned(),
                    (None, fill, _) => format!("{fill} too"),
                };
                let (from, width) = (self.x(block.start), self.x(block.end) - self.x(block.start));
                if self.told {
                    let sides = [from, top, width, height];
                    told_rectangle(svg, &format!("block {class}"), sides, &self.what(block))?;
                } else {
                    let path = untold.entry(class).or_default();
                    let _ = write!(path, "M{} {middle}h{}", number(from), number(width));
                }
                polls.push_str(&self.strokes(&block.span.running_seconds, &middle));
            }
        }
        for (class, path) in untold {
            strokes(svg, &format!("blocks {class}"), height, &path)?;
        }
        strokes(svg, "polls", height, &polls)
    }

    fn what(&self, block: &Block) -> String {
        let span = block.span;
        format!(
            "{}: {}, {:.1} to {:.1} ms{}",
            label(self.strategy, span.worker.unwrap_or(span.index)),
            self.timeline.short(&span.name),
            1e3 * block.start,
            1e3 * block.end,
            span.error.as_ref().map_or(String::new(), |why| format!(", failed: {why}")),
        )
    }

    // Moments as a path: thick strokes, each as long as a moment, or as a sliver.
    fn strokes(&self, moments: &[(f64, f64)], middle: &str) -> String {
        let mut strokes: Vec<(f64, f64)> = Vec::new();
        for &(start, end) in moments.iter().filter(|moment| moment.0 < self.timeline.wall_seconds) {
            let (from, to) = (self.x(start), self.x(end.min(self.timeline.wall_seconds)));
            match strokes.last_mut() {
                // Closer than a tenth of a pixel: one stroke.
                Some(last) if from <= last.1 + 0.1 => last.1 = last.1.max(to),
                _ => strokes.push((from, to)),
            }
        }
        let mut path = String::new();
        for (from, to) in strokes {
            let _ = write!(path, "M{} {middle}h{}", number(from), number((to - from).max(SLIVER)));
        }
        path
    }

    fn thread(&self, svg: &mut Svg) -> io::Result<()> {
        let (top, height) = (self.bottom - ROW, ROW * 0.8);
        let end = self.x(self.timeline.wall_seconds);
        let what = self.thread_share();
        told_rectangle(svg, "idle", [LEFT, top, end - LEFT, height], &what)?;
        let middle = number(top + height / 2.0);
        strokes(svg, "polls", height, &self.strokes(&self.timeline.polls(), &middle))?;
        text(svg, "label", "end", [LEFT - 8.0, top + height / 2.0 + 4.5], "the thread")
    }
}

fn strokes(svg: &mut Svg, class: &str, height: f64, path: &str) -> io::Result<()> {
    if path.is_empty() {
        return Ok(());
    }
    let attributes = [("class", class), ("stroke-width", &number(height)), ("d", path)];
    svg.create_element("path").with_attributes(attributes).write_empty().map(drop)
}

fn text(svg: &mut Svg, class: &str, anchor: &str, at: [f64; 2], words: &str) -> io::Result<()> {
    let [x, y] = at.map(number);
    let attributes = [("class", class), ("text-anchor", anchor), ("x", &x), ("y", &y)];
    let element = svg.create_element("text").with_attributes(attributes);
    element.write_text_content(BytesText::new(words)).map(drop)
}

fn line(svg: &mut Svg, class: &str, ends: [f64; 4]) -> io::Result<()> {
    let [x1, y1, x2, y2] = ends.map(number);
    let path = format!("M{x1} {y1}L{x2} {y2}");
    let attributes = [("class", class), ("d", &path)];
    svg.create_element("path").with_attributes(attributes).write_empty().map(drop)
}

fn rectangle(svg: &mut Svg, class: &str, sides: [f64; 4]) -> io::Result<()> {
    let [x, y, width, height] = sides.map(number);
    let attributes =
        [("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)];
    svg.create_element("rect").with_attributes(attributes).write_empty().map(drop)
}

// What a pointer that rests on it is told.
fn told_rectangle(svg: &mut Svg, class: &str, sides: [f64; 4], what: &str) -> io::Result<()> {
    let [x, y, width, height] = sides.map(number);
    let attributes =
        [("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)];
    let element = svg.create_element("rect").with_attributes(attributes);
    element
        .write_inner_content(|svg| {
            svg.create_element("title").write_text_content(BytesText::new(what)).map(drop)
        })
        .map(drop)
}

// A hundredth of a pixel is as exact as anybody can see, and short.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
