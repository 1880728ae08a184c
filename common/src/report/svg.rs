//! A timeline drawn as SVG: time across, a bar for each row.
//!
//! The colours follow the reader's light or dark setting. Without colour a state is known by its
//! pattern. A screen reader reads a description; a block's tooltip says what the block is.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use quick_xml::escape::escape;

use crate::report::format;
use crate::report::timeline::{Axis, Block, State, Timeline, TimelineRow};

/// The whole picture's width, in pixels.
const WIDTH: f64 = 1000.0;
/// Right of the axis, for the label of its last mark.
const RIGHT: f64 = 30.0;
/// Below the rows, for the axis.
const BOTTOM: f64 = 36.0;
/// The height of a row where there are few.
const ROW: f64 = 24.0;
/// The height of a heading between rows.
const HEADING: f64 = 30.0;
/// The least distance between the labels of two rows.
const LABELS: f64 = 22.0;
/// The least width at which a block can be seen.
const MIN_WIDTH: f64 = 0.8;
/// More blocks than these have no tooltips and are drawn as a few long paths: otherwise the file would
/// be too large.
const MAX_TOOLTIPS: usize = 1_000;
/// The widest that a character of the text is.
const CHARACTER: f64 = 7.2;

const STYLE: &str = "
.timeline{--surface:#fff;--ink:#1f2328;--faint:#d0d7de;--waiting:#5b94d6;--other:#2f9e8f;--running:#6b2408;\
--ready:#8250df;--holding:#1a7f37;--failed:#cf222e;font-family:system-ui,sans-serif;font-size:13px}
@media screen and (prefers-color-scheme:dark){.timeline{--surface:#0d1117;--ink:#e6edf3;--faint:#3d444d;--waiting:#3a70b0;\
--other:#2a7a6f;--running:#ffbe85;--ready:#d2a8ff;--holding:#56d364;--failed:#ff7b72}}
.timeline text{fill:var(--ink)}.timeline .heading{font-size:17px;font-weight:600}.timeline .part{font-weight:600}
.timeline .inside{paint-order:stroke;stroke:var(--surface);stroke-width:4px}
.timeline .surface{color:var(--surface)}
.timeline .waiting{color:var(--waiting)}.timeline .other{color:var(--other)}.timeline .running{color:var(--running)}
.timeline rect{fill:currentColor}.timeline path{stroke:currentColor;fill:none}.timeline .apart{stroke:var(--surface);stroke-width:.7}
.timeline .line{color:var(--faint)}.timeline .end{color:var(--ink);stroke-dasharray:3 3}
";

/// The states without a plain colour. A picture puts its id in the place of `ID`.
const PATTERNS: &str = "
<pattern id=\"ID-ready\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect class=\"surface\" \
width=\"4\" height=\"4\"/><path style=\"stroke:var(--ready)\" stroke-width=\"2\" d=\"M1 0v4\"/></pattern>
<pattern id=\"ID-holding\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\"><rect class=\"surface\" \
width=\"5\" height=\"5\"/><path style=\"stroke:var(--holding)\" stroke-width=\"3\" d=\"M0 2h5\"/></pattern>
<pattern id=\"ID-failed\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<rect class=\"surface\" width=\"6\" height=\"6\"/><path style=\"stroke:var(--failed)\" stroke-width=\"3\" d=\"M1.5 0v6\"/></pattern>
<style>#ID rect.ready{fill:url(#ID-ready)}#ID path.ready{stroke:url(#ID-ready)}\
#ID rect.holding{fill:url(#ID-holding)}#ID path.holding{stroke:url(#ID-holding)}\
#ID rect.failed{fill:url(#ID-failed)}#ID path.failed{stroke:url(#ID-failed)}</style>
";

/// How a timeline is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Begins the ids in the picture: no two pictures on a page may share one.
    pub name: &'static str,
    /// The length of the axis, in seconds; `None` for the timeline's own. Pictures with one length can be
    /// compared by eye. A shorter one than the timeline shows its beginning only.
    pub axis_seconds: Option<f64>,
    /// The most height that all rows take together, in pixels.
    pub height: f64,
    /// The most rows that are drawn. Of more, every second, third, ... is.
    pub rows: usize,
}

impl View {
    /// The whole timeline.
    pub const WHOLE: Self =
        Self { name: "timeline", axis_seconds: None, height: 1120.0, rows: usize::MAX };
}

/// Draws `timeline`.
pub fn draw(timeline: &Timeline, view: View) -> String {
    let mut timeline = timeline.thinned(view.rows);
    let axis = Axis::new(view.axis_seconds.unwrap_or(timeline.seconds), 10);
    if timeline.seconds > axis.seconds * 1.001 {
        timeline.note(&format!("the first {} are drawn", format::seconds(axis.seconds)));
    }
    let timeline = &timeline;
    let rows = &timeline.rows;
    let longest = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0) as f64;
    let mut picture = SvgPicture {
        out: String::new(),
        timeline,
        id: format!("{}-{}", view.name, timeline.name),
        axis,
        left: (longest * CHARACTER + 20.0).max(90.0),
        pitch: (view.height / rows.len().max(1) as f64).min(ROW),
    };
    let legend = picture.title();
    let top = picture.legend(legend) + 26.0;
    let (tops, bottom) = picture.tops(top);
    picture.axis(top, bottom);
    picture.labels(&tops);
    picture.rows(&tops);
    picture.finish(bottom + BOTTOM)
}

struct SvgPicture<'a> {
    out: String,
    timeline: &'a Timeline,
    id: String,
    axis: Axis,
    // Where the axis begins.
    left: f64,
    // A row's height with the gap below it.
    pitch: f64,
}

impl SvgPicture<'_> {
    // The elements so far as a whole SVG.
    fn finish(&self, height: f64) -> String {
        let (id, title, height) = (&self.id, escape(&self.timeline.title), number(height));
        let patterns = PATTERNS.replace("ID", id);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" class=\"timeline\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-text\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\"><title id=\"{id}-title\">{title}</title>\
             <desc id=\"{id}-text\">Time runs from left to right. {}</desc><style>{STYLE}</style>{patterns}\
             <rect class=\"surface\" x=\"0\" y=\"0\" width=\"{WIDTH}\" height=\"{height}\"/>{}</svg>\n",
            escape(&self.timeline.subtitle),
            self.out,
        )
    }

    fn x(&self, seconds: f64) -> f64 {
        let share = (seconds / self.axis.seconds).clamp(0.0, 1.0);
        self.left + (WIDTH - self.left - RIGHT) * share
    }

    // A row's height without the gap, which is left out where it would be thinner than a hair.
    fn block_height(&self) -> f64 {
        if self.pitch > 3.0 { self.pitch * 0.8 } else { self.pitch }
    }

    fn put(&mut self, element: fmt::Arguments) {
        // Writing to a string does not fail.
        let _ = self.out.write_fmt(element);
    }

    // Returns the height used.
    fn title(&mut self) -> f64 {
        let Timeline { title, subtitle, .. } = self.timeline;
        self.text("heading", "start", [12.0, 25.0], title);
        self.text("words", "start", [12.0, 46.0], subtitle);
        if subtitle.is_empty() { 34.0 } else { 55.0 }
    }

    fn legend(&mut self, top: f64) -> f64 {
        let mut entries: Vec<(&str, String)> = Vec::new();
        for state in self.timeline.states() {
            let words = self.timeline.words(state);
            match (&self.timeline.kinds[..], state) {
                ([one, other], State::Waiting) => {
                    entries.push((class(state, 0), format!("{words}: {one}")));
                    entries.push((class(state, 1), other.clone()));
                }
                _ => entries.push((class(state, 0), words.to_owned())),
            }
        }
        let (mut x, mut y) = (12.0, top);
        for (class, words) in entries {
            let width = 14.0 + CHARACTER * words.chars().count() as f64 + 24.0;
            if x + width > WIDTH && x > 12.0 {
                (x, y) = (12.0, y + 22.0);
            }
            self.rectangle(class, [x, y, 14.0, 14.0], &words);
            self.text("words", "start", [x + 20.0, y + 12.0], &words);
            x += width;
        }
        y + 14.0
    }

    // Where each row begins, and where the last one ends.
    fn tops(&self, top: f64) -> (Vec<f64>, f64) {
        let mut y = top;
        let place = |row: &TimelineRow| {
            y += if row.heading.is_some() { HEADING } else { 0.0 };
            y += if row.repeats { LABELS } else { 0.0 };
            y += self.pitch;
            y - self.pitch
        };
        (self.timeline.rows.iter().map(place).collect(), y.max(top + self.pitch))
    }

    fn labels(&mut self, tops: &[f64]) {
        let mut last = f64::NEG_INFINITY;
        for (row, top) in self.timeline.rows.iter().zip(tops) {
            if let Some(heading) = &row.heading {
                self.text("part", "start", [12.0, top - 8.0], heading);
            }
            let middle = top + self.block_height() / 2.0;
            if row.heading.is_some() || middle >= last + LABELS {
                self.text("label", "end", [self.left - 8.0, middle + 4.5], &row.label);
                last = middle;
            }
        }
    }

    fn rows(&mut self, tops: &[f64]) {
        // Parts of blocks, and blocks without tooltips: a path for each class, later states on top.
        let mut paths: BTreeMap<(bool, State, usize), String> = BTreeMap::new();
        let (axis, tooltips) = (self.axis.seconds, self.timeline.count() <= MAX_TOOLTIPS);
        for (row, &top) in self.timeline.rows.iter().zip(tops) {
            let mut times: BTreeMap<(bool, State, usize), Vec<(f64, f64)>> = BTreeMap::new();
            for block in row.blocks.iter().filter(|block| block.start < axis) {
                if tooltips && !row.repeats {
                    self.block(block, top, &row.label);
                } else {
                    let key = (false, block.state, block.kind);
                    times.entry(key).or_default().push((block.start, block.end));
                }
                for &(state, start, end) in &block.parts {
                    times.entry((true, state, 0)).or_default().push((start, end));
                }
            }
            let middle = top + self.block_height() / 2.0;
            for (key, times) in times {
                paths.entry(key).or_default().push_str(&self.strokes(&times, middle));
            }
        }
        for ((part, state, kind), path) in paths {
            let name = if part { "parts" } else { "blocks" };
            self.path(&format!("{name} {}", class(state, kind)), self.block_height(), &path);
        }
    }

    fn block(&mut self, block: &Block, top: f64, row: &str) {
        let (from, to, height) = (self.x(block.start), self.x(block.end), self.block_height());
        let apart = if to - from > 3.0 { " apart" } else { "" };
        let class = format!("block {}{apart}", class(block.state, block.kind));
        let [start, length] = [block.start, block.end - block.start].map(format::seconds);
        let name = block.name(self.timeline);
        let error = block.error.as_ref().map_or(String::new(), |why| format!(", failed: {why}"));
        let time = match self.timeline.order {
            Some(_) => String::new(),
            None => format!(", {length} from {start}"),
        };
        let tooltip = format!("{row}: {name}{time}{error}");
        self.rectangle(&class, [from, top, to - from, height], &tooltip);
        let fits = CHARACTER * block.name.chars().count() as f64 + 8.0 <= to - from;
        if block.labelled && fits && height >= 14.0 {
            let middle = [(from + to) / 2.0, top + height / 2.0 + 4.5];
            self.text("inside", "middle", middle, &block.name);
        }
    }

    // Times as a path of thick strokes. Strokes with less than a tenth of a pixel between are joined.
    fn strokes(&self, times: &[(f64, f64)], middle: f64) -> String {
        let mut strokes: Vec<(f64, f64)> = Vec::new();
        for &(start, end) in times.iter().filter(|time| time.0 < self.axis.seconds) {
            let (from, to) = (self.x(start), self.x(end));
            match strokes.last_mut() {
                Some(last) if from <= last.1 + 0.1 => last.1 = last.1.max(to),
                _ => strokes.push((from, to)),
            }
        }
        let mut path = String::new();
        for (from, to) in strokes {
            let (x, y, width) = (number(from), number(middle), number((to - from).max(MIN_WIDTH)));
            let _ = write!(path, "M{x} {y}h{width}");
        }
        path
    }

    fn axis(&mut self, top: f64, bottom: f64) {
        self.line("line axis", [self.left, bottom, WIDTH - RIGHT, bottom]);
        if let Some(order) = &self.timeline.order {
            return self.text("mark", "start", [self.left, bottom + 21.0], order);
        }
        for (at, label) in self.axis.marks() {
            let x = self.x(at * self.axis.seconds);
            self.line("line", [x, top - 4.0, x, bottom + 5.0]);
            self.text("mark", "middle", [x, bottom + 21.0], &label);
        }
        let seconds = self.timeline.seconds;
        if seconds <= self.axis.seconds * 1.001 {
            let end = self.x(seconds);
            self.line("end", [end, top - 4.0, end, bottom]);
            let anchor = if end > WIDTH - 80.0 { "end" } else { "start" };
            self.text("words", anchor, [end, top - 8.0], &format::seconds(seconds));
        }
    }

    fn path(&mut self, class: &str, width: f64, path: &str) {
        if !path.is_empty() {
            let width = number(width);
            self.put(format_args!(
                "<path class=\"{class}\" stroke-width=\"{width}\" d=\"{path}\"/>"
            ));
        }
    }

    fn text(&mut self, class: &str, anchor: &str, at: [f64; 2], words: &str) {
        let ([x, y], words) = (at.map(number), escape(words));
        self.put(format_args!(
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x}\" y=\"{y}\">{words}</text>"
        ));
    }

    fn line(&mut self, class: &str, ends: [f64; 4]) {
        let [x1, y1, x2, y2] = ends.map(number);
        self.put(format_args!("<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>"));
    }

    fn rectangle(&mut self, class: &str, sides: [f64; 4], tooltip: &str) {
        let [x, y, width, height] = sides.map(number);
        let tooltip = escape(tooltip);
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">\
             <title>{tooltip}</title></rect>"
        ));
    }
}

fn class(state: State, kind: usize) -> &'static str {
    match state {
        State::Running => "running",
        State::Holding => "holding",
        State::Ready => "ready",
        State::Waiting if kind == 1 => "other",
        State::Waiting => "waiting",
        State::Failed => "failed",
    }
}

// A hundredth of a pixel is finer than anyone can see.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
