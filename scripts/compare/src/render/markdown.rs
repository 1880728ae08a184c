//! `--export-markdown`: the document with all details, in Markdown.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::model::Comparison;
use crate::render::document::document;
use crate::render::{Element, Figure, Grid};

/// The whole file.
pub fn render(comparison: &Comparison) -> String {
    document(comparison, true).iter().map(element).collect::<Vec<_>>().join("\n\n") + "\n"
}

fn element(element: &Element) -> String {
    match element {
        Element::Heading(level, text) => format!("{} {text}", "#".repeat(*level)),
        Element::Text(text) | Element::Figure(Figure { label: text, .. }) => text.clone(),
        Element::List(items) => {
            items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
        }
        Element::Table(grid) => table(grid),
        Element::Output(text) => indented(text),
    }
}

/// Each line after four blanks, which Markdown takes for the output of a program.
pub fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn table(grid: &Grid) -> String {
    let mut table = Table::new();
    let rows = grid.rows.iter().map(|row| row.iter().map(|cell| cell.replace('\n', "<br>")));
    table.load_style(ASCII_MARKDOWN).set_header(&grid.head).add_rows(rows);
    for column in table.column_iter_mut().skip(grid.words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_markdown_file() {
        insta::assert_snapshot!(render(&sample::comparison()));
    }
}
