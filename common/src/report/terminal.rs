//! A timeline drawn in characters: time across, a line for each row.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::ops::Range;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use supports_unicode::Stream;

use crate::report::timeline::{Axis, State, Timeline, TimelineRow};

/// The width where there is no terminal, in columns.
const WIDTH: u16 = 100;
/// The narrowest picture, in columns.
const MIN_WIDTH: u16 = 40;
/// The most rows that are drawn. Of more, every second, third, ... is.
const MAX_ROWS: usize = 16;

/// What the picture may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Columns.
    pub width: u16,
    /// Whether block characters can be shown; otherwise the picture is ASCII.
    pub unicode: bool,
    /// Whether colours can be shown.
    pub colour: bool,
}

impl Canvas {
    /// What standard output can show. A file gets ASCII without colours.
    pub fn stdout() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let width = terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0);
        Self {
            width: width.unwrap_or(WIDTH).max(MIN_WIDTH),
            unicode: terminal && supports_unicode::on(Stream::Stdout),
            // `choice` knows `NO_COLOR` and its like, and also `CLICOLOR_FORCE`, which a file must not obey.
            colour: terminal && AutoStream::choice(&stdout) != ColorChoice::Never,
        }
    }

    /// `text` without the one character of the figures that is not ASCII, if the canvas is.
    pub fn fit(self, text: String) -> String {
        if self.unicode { text } else { text.replace('µ', "u") }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Blank,
    In(State),
    // The first column of a block that follows one of the same state without a gap.
    Next(State),
    // A letter of a block's label.
    Letter(State, char),
}

// A state's character with and without Unicode, and its colour.
fn look(state: State) -> (char, char, AnsiColor) {
    match state {
        State::Waiting => ('░', '.', AnsiColor::Blue),
        State::Ready => ('▒', ':', AnsiColor::Magenta),
        State::Holding => ('▓', '%', AnsiColor::Green),
        State::Running => ('█', '#', AnsiColor::Yellow),
        State::Failed => ('×', 'x', AnsiColor::Red),
    }
}

impl Cell {
    fn glyph(self, unicode: bool) -> char {
        let (block, ascii) = match self {
            Self::Blank => (' ', ' '),
            Self::In(state) => (look(state).0, look(state).1),
            Self::Next(_) => ('▐', '|'),
            Self::Letter(_, letter) => (letter, letter),
        };
        if unicode { block } else { ascii }
    }

    fn state(self) -> Option<State> {
        match self {
            Self::Blank => None,
            Self::In(state) | Self::Next(state) | Self::Letter(state, _) => Some(state),
        }
    }
}

/// Draws `timeline`, without a line feed at the end. Only a title can be longer than the canvas is wide.
pub fn draw(timeline: &Timeline, canvas: Canvas) -> String {
    let timeline = &timeline.thinned(MAX_ROWS);
    let margin = timeline.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    // Two spaces before a label, one after it.
    let columns = usize::from(canvas.width.max(MIN_WIDTH)).saturating_sub(margin + 3).max(1);
    let text = String::new();
    let mut picture = TextPicture { text, timeline, canvas, margin, columns, has_next: false };
    picture.line(format!("\n{}\n{}", timeline.title, timeline.subtitle).trim_end());
    for row in &timeline.rows {
        if let Some(heading) = &row.heading {
            picture.line(&format!("  {heading}"));
        }
        picture.row(&row.label, &cells(row, timeline.seconds, columns, canvas.unicode));
    }
    picture.axis();
    picture.legend();
    canvas.fit(picture.text.trim_end().to_owned())
}

// The columns that the time from `start` to `end` touches; at least one, none past the last.
fn touched(start: f64, end: f64, length: f64, columns: usize) -> Range<usize> {
    let scale = columns as f64 / length.max(1e-9);
    let first = ((start * scale) as usize).min(columns.saturating_sub(1));
    let last = ((end * scale).ceil() as usize).clamp(first + 1, columns.max(first + 1));
    first..last
}

fn cells(row: &TimelineRow, length: f64, columns: usize, unicode: bool) -> Vec<Cell> {
    let mut cells = vec![Cell::Blank; columns];
    for block in &row.blocks {
        let place = touched(block.start, block.end, length, columns);
        let (first, last, state) = (place.start, place.end - 1, block.state);
        let same = |cell: Cell| matches!(cell, Cell::In(it) | Cell::Next(it) if it == state);
        let next = same(cells[first]) || first > 0 && same(cells[first - 1]);
        let next = next && !row.repeats;
        // Of two blocks that share a column, the state that is later in the order is seen.
        let covered = matches!(cells[first], Cell::In(it) | Cell::Next(it) if it > state);
        let before = cells[first];
        cells[place.clone()].fill(Cell::In(state));
        if covered {
            cells[first] = before;
        } else if next {
            cells[first] = Cell::Next(state);
        }
        for &(state, start, end) in &block.parts {
            cells[touched(start, end, length, columns)].fill(Cell::In(state));
        }
        // A failure is seen also where parts cover the block.
        if state == State::Failed {
            cells[last] = Cell::In(state);
        }
        let shown = block.labelled && (unicode || block.name.is_ascii());
        if shown && block.name.chars().count() + 2 <= place.len() {
            for (cell, letter) in cells[first + 1..].iter_mut().zip(block.name.chars()) {
                *cell = Cell::Letter(state, letter);
            }
        }
    }
    cells
}

struct TextPicture<'a> {
    text: String,
    timeline: &'a Timeline,
    canvas: Canvas,
    margin: usize,
    columns: usize,
    // Whether a cell is a `Cell::Next`, which the legend then explains.
    has_next: bool,
}

impl TextPicture<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn row(&mut self, label: &str, cells: &[Cell]) {
        let margin = self.margin;
        self.has_next |= cells.iter().any(|cell| matches!(cell, Cell::Next(_)));
        // Writing to a string does not fail.
        let _ = write!(self.text, "  {label:<margin$} ");
        let end = cells.iter().rposition(|cell| *cell != Cell::Blank).map_or(0, |last| last + 1);
        for alike in cells[..end].chunk_by(|a, b| a.state() == b.state()) {
            let glyphs: String = alike.iter().map(|cell| cell.glyph(self.canvas.unicode)).collect();
            self.painted(alike[0], &glyphs);
        }
        self.text.push('\n');
    }

    fn painted(&mut self, like: Cell, glyphs: &str) {
        let state = like.state().filter(|_| self.canvas.colour);
        let style = state.map_or(Style::new(), |state| look(state).2.on_default());
        let _ = write!(self.text, "{style}{glyphs}{style:#}");
    }

    fn axis(&mut self) {
        let (columns, indent) = (self.columns, self.margin + 3);
        let (line, mark) = if self.canvas.unicode { ('─', '┬') } else { ('-', '+') };
        let mut ruler = vec![line; columns];
        let mut labels = self.timeline.order.clone().unwrap_or_default();
        let axis = Axis::new(self.timeline.seconds, columns / 10);
        for (at, label) in axis.marks().into_iter().filter(|_| self.timeline.order.is_none()) {
            let column = ((at * columns as f64) as usize).min(columns - 1);
            ruler[column] = mark;
            let written = labels.chars().count();
            if written <= column && column + label.chars().count() <= columns {
                let gap = column - written;
                let _ = write!(labels, "{:gap$}{label}", "");
            }
        }
        self.line(&format!("{:indent$}{}", "", ruler.into_iter().collect::<String>()));
        self.line(&format!("{:indent$}{labels}", ""));
    }

    fn legend(&mut self) {
        for state in self.timeline.states() {
            self.explain(Cell::In(state), self.timeline.words(state));
        }
        if self.has_next {
            self.explain(Cell::Next(State::Waiting), "the next one begins");
        }
    }

    fn explain(&mut self, cell: Cell, words: &str) {
        let indent = self.margin + 3;
        let _ = write!(self.text, "{:indent$}", "");
        self.painted(cell, &cell.glyph(self.canvas.unicode).to_string());
        self.line(&format!(" {words}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_touches_at_least_one_column_and_none_past_the_last() {
        assert_eq!(touched(0.0, 0.0, 1.0, 10), 0..1);
        assert_eq!(touched(0.05, 0.25, 1.0, 10), 0..3);
        assert_eq!(touched(0.55, 0.56, 1.0, 10), 5..6);
        assert_eq!(touched(0.5, 0.5, 1.0, 10), 5..6);
        assert_eq!(touched(0.9, 2.0, 1.0, 10), 9..10);
        assert_eq!(touched(2.0, 3.0, 1.0, 10), 9..10);
        assert_eq!(touched(0.0, 1.0, 0.0, 10), 0..10);
    }

    #[test]
    fn the_legend_has_only_signs_of_the_rows() {
        let canvas = Canvas { width: 80, unicode: false, colour: false };
        let mut timeline = Timeline::new("name", "a title with |");
        let row = timeline.row("row");
        timeline.block(row, State::Waiting, 0.0, 1.0, "");
        assert!(!draw(&timeline, canvas).contains("the next one begins"));
        timeline.block(row, State::Waiting, 1.0, 2.0, "");
        assert!(draw(&timeline, canvas).contains("the next one begins"));
    }
}
