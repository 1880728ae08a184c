//! A run drawn in characters: a row for each worker, time across.

use std::env;
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::ops::Range;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::report::timeline::{Axis, Row, Timeline, label, rows_name};
use crate::workload::{Strategy, Workload};

/// The width where there is no terminal, in columns.
const WIDTH: u16 = 100;
/// The narrowest picture, in columns.
const NARROWEST: u16 = 40;
/// The most rows that are all shown; of more, the first and last [`ENDS`].
const ROWS: usize = 16;
const ENDS: usize = 5;

/// What the picture may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Columns.
    pub width: u16,
    /// Whether block characters can be shown; else ASCII is.
    pub unicode: bool,
    /// Whether colours can be shown.
    pub colour: bool,
}

impl Canvas {
    /// What standard output can show.
    pub fn stdout() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let width = terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0);
        Self {
            width: width.unwrap_or(WIDTH).max(NARROWEST),
            unicode: terminal && is_utf8(|name| env::var(name).ok()),
            // `choice` knows `NO_COLOR` and its like; a colour for no terminal is never wanted.
            colour: terminal && AutoStream::choice(&stdout) != ColorChoice::Never,
        }
    }
}

// Whether the locale's characters are UTF-8 (POSIX: the first of the three that is set decides).
fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let locale = set.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default();
    let locale = locale.to_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Nothing,
    Waiting,
    Running,
    // Where an item begins, so that two in a row can be told apart.
    Begins(Fill),
    Failed,
    // Of the thread's time in this column, so many eighths went into tasks.
    Share(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    Waiting,
    Running,
}

impl Cell {
    fn glyph(self, unicode: bool) -> char {
        let (block, plain) = match self {
            Self::Nothing => (' ', ' '),
            Self::Waiting => ('░', '.'),
            Self::Running => ('█', '#'),
            Self::Begins(_) => ('▐', '|'),
            Self::Failed => ('×', 'x'),
            Self::Share(eighths) => {
                let step = usize::from(eighths.min(8));
                let heights = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
                (heights[step], [' ', '.', '.', ':', ':', '=', '=', '#', '#'][step])
            }
        };
        if unicode { block } else { plain }
    }

    fn style(self) -> Style {
        let colour = match self {
            Self::Nothing => return Style::new(),
            Self::Waiting | Self::Begins(Fill::Waiting) => AnsiColor::Blue,
            Self::Running | Self::Begins(Fill::Running) | Self::Share(_) => AnsiColor::Yellow,
            Self::Failed => AnsiColor::Red,
        };
        colour.on_default()
    }
}

/// Draws `timeline`. No line is longer than the canvas is wide, but for the words around it.
pub fn draw(timeline: &Timeline, canvas: Canvas) -> String {
    let rows = timeline.rows();
    let strategy = timeline.strategy;
    let tasks = strategy == Strategy::Tasks;
    let longest = rows.last().map_or(0, |row| label(strategy, row.number).len());
    let margin = longest.max(if tasks { "the thread".len() } else { 0 });
    // Two spaces before a label, one after it.
    let columns = usize::from(canvas.width.max(NARROWEST)).saturating_sub(margin + 3);
    let mut picture = Picture { text: String::new(), margin, canvas };

    // Writing to a string does not fail.
    let _ = writeln!(picture.text, "\n{}, {}", timeline.title(), timeline.subtitle());
    let between = if rows.len() > ROWS { ENDS..rows.len() - ENDS } else { 0..0 };
    for (position, row) in rows.iter().enumerate() {
        if position == between.start && !between.is_empty() {
            let dots = if canvas.unicode { "⋮" } else { ":" };
            let _ = writeln!(
                picture.text,
                "  {dots:>margin$} {} more {}",
                between.len(),
                rows_name(strategy)
            );
        }
        if !between.contains(&position) {
            picture.row(&label(strategy, row.number), &cells(timeline, row, columns, tasks));
        }
    }
    if tasks {
        picture.row("the thread", &shares(timeline, columns));
    }
    picture.axis(&Axis::new(timeline.wall_seconds, columns / 10), columns);
    picture.legend(timeline);
    picture.text
}

// The columns that the time from `start` to `end` touches; at least one, none past the last.
fn touched(start: f64, end: f64, wall: f64, columns: usize) -> Range<usize> {
    let scale = columns as f64 / wall.max(1e-9);
    let first = ((start * scale) as usize).min(columns.saturating_sub(1));
    let last = ((end * scale).ceil() as usize).clamp(first + 1, columns.max(first + 1));
    first..last
}

fn cells(timeline: &Timeline, row: &Row, columns: usize, tasks: bool) -> Vec<Cell> {
    let fill = if timeline.workload == Workload::Cpu { Fill::Running } else { Fill::Waiting };
    let columns_of = |start, end| touched(start, end, timeline.wall_seconds, columns);
    let mut cells = vec![Cell::Nothing; columns];
    for block in &row.blocks {
        let place = columns_of(block.start, block.end);
        let inside = match (&block.span.error, fill) {
            (Some(_), _) => Cell::Failed,
            (None, Fill::Running) => Cell::Running,
            (None, Fill::Waiting) => Cell::Waiting,
        };
        let first = place.start;
        cells[place].fill(inside);
        cells[first] = Cell::Begins(fill);
        if tasks {
            for &(start, end) in &block.span.running_seconds {
                if start < timeline.wall_seconds {
                    cells[columns_of(start, end)].fill(Cell::Running);
                }
            }
        }
        // The end of a failed item tells of it also where there is no room for more.
        if block.span.error.is_some() {
            cells[columns_of(block.start, block.end).end - 1] = Cell::Failed;
        }
    }
    cells
}

// How much of each column the tasks' one thread ran them.
fn shares(timeline: &Timeline, columns: usize) -> Vec<Cell> {
    let scale = columns as f64 / timeline.wall_seconds.max(1e-9);
    let mut shares = vec![0.0; columns];
    for (start, end) in timeline.polls() {
        for column in touched(start, end, timeline.wall_seconds, columns) {
            let from = (start * scale).max(column as f64);
            let to = (end * scale).min(column as f64 + 1.0);
            shares[column] += (to - from).max(0.0);
        }
    }
    shares
        .into_iter()
        .map(|share: f64| Cell::Share((share * 8.0).ceil().clamp(0.0, 8.0) as u8))
        .collect()
}

struct Picture {
    text: String,
    margin: usize,
    canvas: Canvas,
}

impl Picture {
    fn row(&mut self, label: &str, cells: &[Cell]) {
        let margin = self.margin;
        let _ = write!(self.text, "  {label:<margin$} ");
        let end = cells.iter().rposition(|cell| *cell != Cell::Nothing).map_or(0, |last| last + 1);
        for alike in cells[..end].chunk_by(|a, b| a.style() == b.style()) {
            let glyphs = alike.iter().map(|cell| cell.glyph(self.canvas.unicode)).collect();
            self.painted(alike[0], glyphs);
        }
        self.text.push('\n');
    }

    fn painted(&mut self, like: Cell, glyphs: String) {
        let style = if self.canvas.colour { like.style() } else { Style::new() };
        let _ = write!(self.text, "{style}{glyphs}{style:#}");
    }

    fn axis(&mut self, axis: &Axis, columns: usize) {
        let (line, mark) = if self.canvas.unicode { ('─', '┬') } else { ('-', '+') };
        let mut ruler = vec![line; columns];
        let mut labels = String::new();
        for (at, label) in axis.marks() {
            let column = ((at * columns as f64) as usize).min(columns.saturating_sub(1));
            ruler[column] = mark;
            if labels.len() <= column && column + label.len() <= columns {
                let gap = column - labels.len();
                let _ = write!(labels, "{:gap$}{label}", "");
            }
        }
        let indent = self.margin + 3;
        let ruler: String = ruler.into_iter().collect();
        let _ = writeln!(self.text, "{:indent$}{ruler}", "");
        let _ = writeln!(self.text, "{:indent$}{labels}", "");
    }

    fn legend(&mut self, timeline: &Timeline) {
        let mut entries: Vec<(Cell, String)> = Vec::new();
        if timeline.strategy == Strategy::Tasks {
            let percent = 100.0 * timeline.thread_share();
            entries.push((Cell::Waiting, "waiting".into()));
            entries.push((Cell::Running, "running, if only for a moment".into()));
            let share = format!("the thread runs tasks {percent:.0} % of the time");
            entries.push((Cell::Share(4), share));
        } else {
            let (cell, fill) = match timeline.workload {
                Workload::Cpu => (Cell::Running, Fill::Running),
                _ => (Cell::Waiting, Fill::Waiting),
            };
            entries.push((cell, timeline.block_legend()));
            entries.push((Cell::Begins(fill), "where one begins".into()));
        }
        if timeline.spans.iter().any(|span| span.error.is_some()) {
            entries.push((Cell::Failed, "failed".into()));
        }
        let indent = self.margin + 3;
        let _ = write!(self.text, "{:indent$}", "");
        for (position, (cell, words)) in entries.into_iter().enumerate() {
            self.text.push_str(if position > 0 { "   " } else { "" });
            self.painted(cell, cell.glyph(self.canvas.unicode).into());
            let _ = write!(self.text, " {words}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_characters() {
        for (set, utf8) in [
            (&[("LANG", "en_GB.UTF-8")][..], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LC_ALL", ""), ("LC_CTYPE", "de_DE.UTF-8"), ("LANG", "C")], true),
            (&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")], false),
            (&[("LANG", "en_GB.ISO-8859-1")], false),
            (&[], false),
        ] {
            let variable = |name: &str| {
                let (_, value) = set.iter().find(|(variable, _)| *variable == name)?;
                Some((*value).to_owned())
            };
            assert_eq!(is_utf8(variable), utf8, "{set:?}");
        }
    }

    #[test]
    fn a_moment_touches_one_column_at_least_and_none_past_the_last() {
        assert_eq!(touched(0.0, 0.0, 1.0, 10), 0..1);
        assert_eq!(touched(0.05, 0.25, 1.0, 10), 0..3);
        assert_eq!(touched(0.55, 0.56, 1.0, 10), 5..6);
        assert_eq!(touched(0.5, 0.5, 1.0, 10), 5..6);
        assert_eq!(touched(0.9, 2.0, 1.0, 10), 9..10);
        assert_eq!(touched(2.0, 3.0, 1.0, 10), 9..10);
        assert_eq!(touched(0.0, 1.0, 0.0, 10), 0..10);
    }
}
