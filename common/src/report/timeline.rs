//! What a picture shows: rows of blocks on one time axis.
//!
//! [`Timeline::of`] makes one from a program's report; an example builds its own, or records it with a
//! [`crate::report::recorder::Recorder`]. All times are in seconds since the start.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{Report, Span, format};
use crate::workload::{Strategy, Workload};

/// The state of a row over a time. In a picture a later one covers an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Waits for something outside, or for a lock.
    #[default]
    Waiting,
    /// Could run, but has no CPU.
    Ready,
    /// Has a lock or another exclusive right.
    Holding,
    /// On a CPU.
    Running,
    /// Ended with an error.
    Failed,
}

impl State {
    /// The words of a legend unless a timeline has its own.
    pub fn words(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Holding => "holds a lock",
            Self::Ready => "ready, but not running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

/// Rows of blocks on one time axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// The program or example; part of the ids in an SVG.
    pub name: String,
    /// The first line of the picture.
    pub title: String,
    /// The second line; may be empty.
    pub subtitle: String,
    /// The length of the axis.
    pub seconds: f64,
    /// The words below an axis without times, where the blocks only show an order.
    pub order: Option<String>,
    /// From top to bottom.
    pub rows: Vec<TimelineRow>,
    /// The kinds of blocks, such as two pages: a colour for each of the first two.
    pub kinds: Vec<String>,
    /// Words of the legend in the place of [`State::words`].
    pub words: BTreeMap<State, String>,
}

/// A worker, a task, or whatever has a state over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelineRow {
    /// A line above this row, where a part of the picture begins.
    pub heading: Option<String>,
    /// Such as `thread 0`.
    pub label: String,
    /// Whether this row repeats blocks of the rows above: when their one thread ran any of them.
    pub repeats: bool,
    /// In order of time, without overlaps.
    pub blocks: Vec<Block>,
}

/// A row's state from `start` to `end`: an item of a run, or a step of an example.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// When it began.
    pub start: f64,
    /// When it ended.
    pub end: f64,
    /// The state.
    pub state: State,
    /// What it is, for a tooltip and a trace.
    pub name: String,
    /// Whether the name is written into the block where it fits.
    pub labelled: bool,
    /// The index of its kind.
    pub kind: usize,
    /// The reason of a failure.
    pub error: Option<String>,
    /// The process that it ran in, if it has one of its own.
    pub process: Option<u32>,
    /// Other states for a part of its time: when a task was ready, and when it ran.
    pub parts: Vec<Part>,
}

impl Block {
    /// What it is: its own name, or the words of its state.
    pub fn name<'a>(&'a self, timeline: &'a Timeline) -> &'a str {
        if self.name.is_empty() { timeline.words(self.state) } else { &self.name }
    }
}

/// A part of a block: its state, start and end.
pub type Part = (State, f64, f64);

impl Timeline {
    /// A timeline without rows.
    pub fn new(name: &str, title: &str) -> Self {
        Self { name: name.into(), title: title.into(), ..Self::default() }
    }

    /// Sets the words of the legend for a state.
    pub fn explain(&mut self, state: State, words: impl Into<String>) {
        self.words.insert(state, words.into());
    }

    /// Adds a row below the others and returns its index.
    pub fn row(&mut self, label: impl Into<String>) -> usize {
        self.rows.push(TimelineRow { label: label.into(), ..TimelineRow::default() });
        self.rows.len() - 1
    }

    /// Adds a block at the end of a row. A name is written into the block where it fits.
    pub fn block(&mut self, row: usize, state: State, start: f64, end: f64, name: &str) {
        self.seconds = self.seconds.max(end);
        let (name, labelled) = (name.to_owned(), !name.is_empty());
        let block = Block { start, end, state, name, labelled, ..Block::default() };
        self.rows[row].blocks.push(block);
    }

    /// Timelines below each other on one axis, each under its own title. The legend has the general words.
    pub fn join(name: &str, title: &str, timelines: Vec<Self>) -> Self {
        let mut all = Self::new(name, title);
        for mut timeline in timelines {
            if let Some(first) = timeline.rows.first_mut() {
                let heading = format!("{}: {}", timeline.title, timeline.subtitle);
                first.heading = Some(heading.trim_end_matches(": ").to_owned());
            }
            all.seconds = all.seconds.max(timeline.seconds);
            all.rows.append(&mut timeline.rows);
            if all.kinds.is_empty() {
                all.kinds = timeline.kinds;
            }
        }
        all
    }

    /// The timeline of a program's run: a row for each worker, idle ones included; for tasks, a row for
    /// each item, grouped by kind. An item that never started is in no row.
    pub fn of(report: &Report) -> Self {
        let tasks = report.strategy == Strategy::Tasks;
        let mut timeline = Self {
            name: format!("{}-{}", report.program, report.workload.item()),
            title: format!("{}: {}", report.program, report.title()),
            seconds: report.wall_seconds,
            kinds: kinds(report),
            ..Self::default()
        };
        // By kind and number.
        let mut rows: BTreeMap<(usize, usize), TimelineRow> = BTreeMap::new();
        let worker = report.strategy.worker();
        let label = |number| format!("{worker} {number}");
        let row = |number| TimelineRow { label: label(number), ..TimelineRow::default() };
        if !tasks {
            rows.extend((0..report.workers).map(|worker| ((0, worker), row(worker))));
        }
        let started = |span: &&Span| span.start_seconds < report.wall_seconds;
        let mut spans: Vec<&Span> = report.spans.iter().filter(started).collect();
        spans.sort_by(|a, b| a.start_seconds.total_cmp(&b.start_seconds));
        for span in spans {
            let block = timeline.block_of(span, report);
            let number = if tasks { span.index } else { span.worker.unwrap_or(0) };
            let group = if tasks { block.kind } else { 0 };
            rows.entry((group, number)).or_insert_with(|| row(number)).blocks.push(block);
        }
        timeline.rows = rows.into_values().collect();
        if tasks {
            timeline.rows.push(timeline.thread());
        }
        timeline.subtitle = timeline.subtitle_of(report);
        timeline.words = words(report, timeline.cpu_share(report));
        timeline
    }

    fn block_of(&self, span: &Span, report: &Report) -> Block {
        let within = |seconds: f64| seconds.clamp(0.0, report.wall_seconds);
        let name = short(&span.name);
        let mut parts = Vec::new();
        for (&(start, end), &woken) in span.running_seconds.iter().zip(&span.woken_seconds) {
            parts.push((State::Ready, within(woken), within(start)));
            parts.push((State::Running, within(start), within(end)));
        }
        parts.retain(|part| part.1 < part.2);
        Block {
            start: within(span.start_seconds),
            end: within(span.end_seconds),
            state: match (&span.error, report.workload) {
                (Some(_), _) => State::Failed,
                (None, Workload::Io) => State::Waiting,
                (None, Workload::Cpu) => State::Running,
            },
            name: name.into(),
            kind: self.kinds.iter().position(|kind| kind == name).unwrap_or(0),
            error: span.error.clone(),
            process: span.process.filter(|_| report.strategy == Strategy::Processes),
            parts,
            ..Block::default()
        }
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.rows.iter().filter(|row| !row.repeats).flat_map(|row| &row.blocks)
    }

    /// How many blocks there are.
    pub fn count(&self) -> usize {
        self.blocks().count()
    }

    /// The states that occur.
    pub fn states(&self) -> BTreeSet<State> {
        let parts = self.blocks().flat_map(|block| &block.parts).map(|part| part.0);
        self.blocks().map(|block| block.state).chain(parts).collect()
    }

    /// The words of the legend for a state.
    pub fn words(&self, state: State) -> &str {
        self.words.get(&state).map_or(state.words(), String::as_str)
    }

    // When the one thread ran a task.
    fn thread(&self) -> TimelineRow {
        let parts = self.blocks().flat_map(|block| &block.parts);
        let runs = parts.filter(|part| part.0 == State::Running);
        let run = |&(state, start, end): &Part| Block { state, start, end, ..Block::default() };
        let mut blocks: Vec<Block> = runs.map(run).collect();
        blocks.sort_by(|a, b| a.start.total_cmp(&b.start));
        TimelineRow { label: "the thread".into(), repeats: true, blocks, ..TimelineRow::default() }
    }

    /// Adds a remark to the second line.
    pub fn note(&mut self, text: &str) {
        let space = if self.subtitle.is_empty() { "" } else { " " };
        self.subtitle += &format!("{space}({text})");
    }

    /// The same with at most `rows` rows: if there are more, every second one, every third one, and so on.
    pub fn thinned(&self, rows: usize) -> Self {
        let items = self.rows.iter().filter(|row| !row.repeats).count();
        let each = items.div_ceil(rows.max(1)).max(1);
        let mut thinned = self.clone();
        if each > 1 {
            let mut index = 0;
            thinned.rows.retain(|row| {
                index += 1;
                index % each == 1 || row.heading.is_some() || row.repeats
            });
            thinned.note(&format!("one row in {each} is drawn"));
        }
        thinned
    }

    /// How many blocks are in progress from each moment at which that changes.
    pub fn in_flight(&self) -> Vec<(f64, usize)> {
        let ends = self.blocks().flat_map(|block| [(block.start, 1), (block.end, -1)]);
        let mut ends: Vec<(f64, isize)> = ends.collect();
        // A block that ends when another begins was not in progress with it: -1 sorts first.
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut count = 0usize;
        let add = |(moment, change)| {
            count = count.saturating_add_signed(change);
            (moment, count)
        };
        ends.into_iter().map(add).collect()
    }

    /// The most blocks that were in progress at one moment.
    pub fn peak_concurrency(&self) -> usize {
        self.in_flight().into_iter().map(|(_, count)| count).max().unwrap_or(0)
    }

    /// The time of all blocks together: what one worker would take for them.
    pub fn total(&self) -> f64 {
        self.blocks().map(|block| block.end - block.start).sum()
    }

    /// The share of the items' time (0 to 1) for which a CPU worked; `None` if unknown.
    pub fn cpu_share(&self, report: &Report) -> Option<f64> {
        let total = self.total();
        let share = (report.user_seconds? + report.system_seconds?) / total;
        (total > 0.0).then(|| share.clamp(0.0, 1.0))
    }

    // `up to 5 at once: 7.24 s of downloads in 1.45 s`.
    fn subtitle_of(&self, report: &Report) -> String {
        let how = match self.peak_concurrency() {
            0 => "none done".into(),
            1 => "one at a time".into(),
            most => format!("up to {most} at once"),
        };
        let left = report.spans.len() - self.count();
        let left = if left > 0 { format!("; {left} not done") } else { String::new() };
        let thread = self.rows.iter().find(|row| row.repeats).map_or(String::new(), |thread| {
            let ran: f64 = thread.blocks.iter().map(|run| run.end - run.start).sum();
            format!("; the thread ran tasks for {}", format::seconds(ran))
        });
        let [total, wall] = [self.total(), self.seconds].map(format::seconds);
        format!("{how}: {total} of {}s in {wall}{thread}{left}", report.workload.item())
    }
}

// The names of the items if there are two of them. More cannot have a colour each.
fn kinds(report: &Report) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for name in report.spans.iter().map(|span| short(&span.name)) {
        if kinds.len() < 3 && !kinds.iter().any(|kind| kind == name) {
            kinds.push(name.to_owned());
        }
    }
    if kinds.len() == 2 { kinds } else { Vec::new() }
}

// Of a local page only the path: the port of its server changes with each run.
fn short(name: &str) -> &str {
    let after = name.strip_prefix("http://127.0.0.1:");
    after.and_then(|after| Some(&after[after.find('/')?..])).unwrap_or(name)
}

fn words(report: &Report, cpu_share: Option<f64>) -> BTreeMap<State, String> {
    if report.strategy == Strategy::Tasks {
        let ready = "ready: woken, waits for the thread";
        return BTreeMap::from([
            (State::Running, "runs on the thread".into()),
            (State::Ready, ready.into()),
            (State::Waiting, "waits for the server".into()),
        ]);
    }
    let percent = |share: f64, what| format!(", {} of it {what}", format::percent(share));
    let (state, share) = match report.workload {
        Workload::Cpu => (State::Running, cpu_share.map(|share| percent(share, "computing"))),
        Workload::Io => (State::Waiting, cpu_share.map(|share| percent(1.0 - share, "waiting"))),
    };
    let words = format!("a {}{}", report.workload.item(), share.unwrap_or_default());
    BTreeMap::from([(state, words)])
}

/// A time axis from 0 with round marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its length; above 0.
    pub seconds: f64,
    /// The time between two marks: 1, 2 or 5 times a power of ten.
    pub step: f64,
}

impl Axis {
    /// An axis of this length with up to `marks` marks after the one at 0: at least 2, so that there is
    /// always one.
    pub fn new(seconds: f64, marks: usize) -> Self {
        let seconds = if seconds.is_finite() { seconds.max(1e-9) } else { 1.0 };
        let marks = marks.max(2);
        let decade = 10f64.powf((seconds / marks as f64).log10().floor());
        let fits = |step: &f64| whole_steps(seconds, *step) <= marks;
        let steps = [1.0, 2.0, 5.0].map(|factor| factor * decade);
        Self { seconds, step: steps.into_iter().find(fits).unwrap_or(10.0 * decade) }
    }

    /// The marks: position (0 at the axis's start, 1 at its end) and label.
    pub fn marks(&self) -> Vec<(f64, String)> {
        let (unit, size) = match self.seconds {
            long if long >= 1.0 => ("s", 1.0),
            middle if middle >= 1e-3 => ("ms", 1e-3),
            _ => ("µs", 1e-6),
        };
        let digits = (-(self.step / size).log10().floor()).max(0.0) as usize;
        let mark = |number: usize| {
            let at = number as f64 * self.step;
            let label = match number {
                0 => "0".into(),
                _ => format!("{:.digits$} {unit}", at / size),
            };
            (at / self.seconds, label)
        };
        (0..=whole_steps(self.seconds, self.step)).map(mark).collect()
    }
}

// Without the margin a step that fits exactly may be lost to rounding.
fn whole_steps(seconds: f64, step: f64) -> usize {
    (seconds / step * (1.0 + 1e-9)) as usize
}
