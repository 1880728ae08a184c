//! A document on a terminal: up to 100 columns wide.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

use crate::model::Comparison;
use crate::render::document::document;
use crate::render::{Element, Figure, Grid};

/// The most columns of a line.
pub const WIDTH: usize = 100;

/// The most columns of the last column of words.
const LAST_COLUMN: u16 = 24;

/// Lines above the table, below its head, and below the table.
const RULES: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// The whole output.
pub fn render(comparison: &Comparison, details: bool) -> String {
    document(comparison, details).iter().map(element).collect::<Vec<_>>().join("\n\n")
}

fn element(element: &Element) -> String {
    match element {
        Element::Heading(1, text) => text.clone(),
        Element::Heading(_, text) => format!("\n{text}"),
        Element::Text(text) | Element::Figure(Figure { label: text, .. }) => filled(text, ""),
        Element::List(items) => {
            let items = items.iter().map(|item| format!("- {}", filled(item, "  ")));
            items.collect::<Vec<_>>().join("\n")
        }
        Element::Table(grid) => table(grid),
        Element::Output(text) => super::markdown::indented(text),
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
    table.load_style(RULES).add_rows(&grid.rows);
    if grid.words == grid.head.len() {
        // Long cells are broken so that the table fits, rather those of the last column: the others
        // have commands.
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH as u16);
        table.set_header(&grid.head);
        if let Some(last) = table.column_iter_mut().last() {
            last.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(LAST_COLUMN)));
        }
    } else {
        table.set_header(grid.head.iter().map(|text| broken(text)));
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

// A long heading is broken after a colon, or after its first word.
fn broken(heading: &str) -> String {
    let parts = heading.split_once(": ").map(|(first, rest)| (format!("{first}:"), rest));
    let parts = parts.or_else(|| heading.split_once(' ').map(|(a, b)| (a.to_owned(), b)));
    match parts {
        Some((first, rest)) if heading.len() > 8 => format!("{first}\n{rest}"),
        _ => heading.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Python;
    use crate::render::sample;

    fn assert_narrow(text: &str) {
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn the_comparison() {
        let text = render(&sample::comparison(), false);
        assert_narrow(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_comparison_with_details() {
        let text = render(&sample::comparison(), true);
        assert_narrow(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn real_sites_and_an_interruption() {
        let mut comparison = sample::comparison();
        comparison.rows.truncate(2);
        comparison.rows[1].runs.clear();
        comparison.urls =
            vec!["https://www.jython.org/".into(), "http://olympus.realpython.org/dice".into()];
        comparison.downloads = 4;
        comparison.as_in_the_article = false;
        comparison.interrupted_by = Some(2);
        insta::assert_snapshot!(render(&comparison, false));
    }

    #[test]
    fn python_has_rows_and_a_table() {
        let mut comparison = sample::with_python();
        comparison.rows.retain(|row| row.program.name != "multiproc-cpu");
        insta::assert_snapshot!(render(&comparison, false));
        comparison.rows.retain(|row| row.program.name == "cpu_threads.py");
        let text = render(&comparison, false);
        assert!(text.contains("Its GIL is off") && !text.contains("Rust "), "{text}");
    }

    #[test]
    fn a_missing_python_is_named() {
        let mut comparison = sample::comparison();
        comparison.python = Some(Python::Missing("'python3' cannot be started.".into()));
        let text = render(&comparison, false);
        assert!(text.contains("The Python programs were not run: 'python3' cannot be"), "{text}");
        assert!(!text.contains("Slowdown in Python"), "{text}");
    }

    #[test]
    fn the_scaling() {
        let mut comparison = sample::comparison();
        comparison.rows.clear();
        comparison.scaling = Some(sample::scaling());
        let text = render(&comparison, false);
        assert_narrow(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_claims() {
        let mut comparison = sample::comparison();
        comparison.claims = Some(sample::claims());
        let text = render(&comparison, false);
        assert_narrow(&text);
        insta::assert_snapshot!(text);
        comparison.claims = Some(crate::claims::evaluate(&comparison));
        assert_narrow(&render(&comparison, false));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut comparison = sample::with_python();
        for row in &mut comparison.rows {
            row.lines_of_code = Some(1234);
            row.runs = vec![sample::run(0, 100.0, 120), sample::run(1, 223.456, 120)];
            for run in &mut row.runs {
                run.voluntary_context_switches = Some(1_234_567);
                run.involuntary_context_switches = Some(123_456);
            }
        }
        assert_narrow(&render(&comparison, true));
        let mut scaling = sample::scaling();
        for point in scaling.series.iter_mut().flat_map(|series| &mut series.points) {
            (point.wall_seconds, point.cpu_seconds) = (123.456, Some(100.25));
            point.memory_bytes = point.memory_bytes.map(|bytes| bytes * 100);
        }
        comparison.scaling = Some(scaling);
        assert_narrow(&render(&comparison, false));
    }
}
