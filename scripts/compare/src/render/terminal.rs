//! A document on a terminal: up to 100 columns wide.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use crate::model::Comparison;
use crate::render::document::document;
use crate::render::{Block, Grid};

/// The most columns of a line.
pub const WIDTH: usize = 100;

/// Lines above the table, below its head, and below the table.
const RULES: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// The whole output.
pub fn render(comparison: &Comparison, details: bool) -> String {
    document(comparison, details).iter().map(block).collect::<Vec<_>>().join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(1, text) => text.clone(),
        Block::Heading(_, text) => format!("\n{text}"),
        Block::Text(text) => filled(text, ""),
        Block::List(items) => {
            let items = items.iter().map(|item| format!("- {}", filled(item, "  ")));
            items.collect::<Vec<_>>().join("\n")
        }
        Block::Table(grid) => table(grid),
        Block::Output(text) => super::markdown::indented(text),
    }
}

/// Breaks lines between words. All lines but the first begin with `indent`.
fn filled(text: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > indent.len() && line + 1 + word.chars().count() > WIDTH - indent.len() {
            lines.push(indent.to_owned());
        }
        if let Some(line) = lines.last_mut() {
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn table(grid: &Grid) -> String {
    let mut table = Table::new();
    let head: Vec<String> = grid.head.iter().map(|text| broken(text)).collect();
    table.load_style(RULES).set_header(head).add_rows(&grid.rows);
    if grid.words == grid.head.len() {
        // The second column takes what the others leave.
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH as u16);
    }
    let last = grid.head.len().saturating_sub(1);
    for (position, column) in table.column_iter_mut().enumerate() {
        if position >= grid.words {
            column.set_cell_alignment(CellAlignment::Right);
        }
        // With the gap that is the line between two columns: two blanks.
        column.set_padding((0, u16::from(position < last)));
    }
    table.trim_fmt()
}

// A long heading of two words is broken between them.
fn broken(heading: &str) -> String {
    match heading.split_once(' ') {
        Some(_) if heading.len() < 9 => heading.to_owned(),
        Some((first, rest)) => format!("{first}\n{rest}"),
        None => heading.to_owned(),
    }
}
