//! `--report`: one page that a teacher can project, with all that it needs in it.

use askama::Template;
use comfy_table::Table;
use common::schedule::Schedule;
use common::svg::{self, View};
use serde_json::Value;

use crate::charts::{self, Bar, Line};
use crate::growth::{self, Growth};
use crate::ledger::{self, Entry};
use crate::programs::{Concurrency, Language, Workload};
use crate::python::Python;
use crate::results::{Comparison, Row, Shown};
use crate::tables;

/// The height that all rows of a picture have where several share an axis, in pixels.
const TOGETHER: f64 = 170.0;
/// The most rows of a picture: the page must not grow with the number of tasks.
const ROWS: usize = 400;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    machine: Vec<(&'static str, String)>,
    workloads: Vec<Section>,
    growth: Option<Grown>,
    together: Vec<Picture>,
    longest: String,
    alone: Vec<Picture>,
    options: Grid,
    python: Option<(String, Grid)>,
    claims: Option<Vec<Entry>>,
    curves: Vec<Figure>,
    covers: Vec<String>,
    remarks: Vec<String>,
}

struct Section {
    id: String,
    title: String,
    chart: Figure,
    grids: Vec<Grid>,
}

/// The growth of both workloads.
struct Grown {
    parts: Vec<(String, Vec<Figure>, Grid)>,
    grows: Grid,
    remarks: Vec<String>,
}

/// A chart, and what it shows in words.
struct Figure {
    title: String,
    svg: String,
    words: Vec<String>,
}

/// An execution diagram.
struct Picture {
    id: String,
    program: String,
    svg: String,
    words: &'static str,
}

/// A table.
struct Grid {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The whole file.
///
/// # Errors
/// What the libraries for charts and templates say.
pub fn export(comparison: &Comparison) -> Result<String, String> {
    let workloads = Workload::ALL
        .into_iter()
        .filter(|workload| comparison.of_workload(*workload).next().is_some())
        .map(|workload| section(comparison, workload))
        .collect::<Result<_, _>>()?;
    // Those in Python would be the same pictures.
    let rust = comparison.rows.iter().filter(|row| row.program.language == Language::Rust);
    let drawn: Vec<(&Row, &Schedule)> =
        rust.filter_map(|row| Some((row, row.schedule()?))).collect();
    let options = || drawn.iter().filter(|drawn| drawn.0.program.option != Concurrency::Sequential);
    let longest = options().map(|drawn| drawn.1.wall_seconds).fold(0.0, f64::max);
    let growth = comparison.growth.as_ref();
    let page = Page {
        machine: facts(comparison),
        workloads,
        growth: growth.map(grown).transpose()?,
        together: options()
            .map(|drawn| {
                let view = View {
                    name: "together",
                    axis_seconds: Some(longest),
                    height: TOGETHER,
                    rows: ROWS,
                };
                picture(drawn, view)
            })
            .collect::<Result<_, _>>()?,
        longest: common::schedule::seconds(longest),
        alone: drawn
            .iter()
            .map(|drawn| picture(drawn, View { name: "alone", rows: ROWS, ..View::WHOLE }))
            .collect::<Result<_, _>>()?,
        options: grid(
            "The three options".into(),
            &tables::options(comparison, tables::Look::Markdown),
        ),
        python: comparison.python.as_ref().and_then(Python::interpreter).map(|interpreter| {
            let twins = tables::twins(comparison, tables::Look::Markdown);
            let caption = "How many times as much the same takes in Python".into();
            (interpreter.said(), grid(caption, &twins))
        }),
        claims: comparison.shown.as_ref().map(|_| ledger::entries(comparison)),
        curves: curves(comparison.shown.as_deref().unwrap_or_default())?,
        covers: match growth {
            Some(_) => growth::text::covers(),
            None => {
                let covers = tables::covers(comparison);
                let lines = covers.split("- ").map(str::trim);
                lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
            }
        },
        remarks: tables::remarks(comparison, tables::Look::Terminal),
    };
    page.render().map_err(|error| error.to_string())
}

fn facts(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let python = comparison.python.iter().map(|python| ("Python", python.said()));
    comparison.machine.facts().into_iter().chain(python).collect()
}

fn grown(growth: &Growth) -> Result<Grown, String> {
    let part = |workload| {
        let title = growth::text::title(growth, workload);
        let figures = growth::page::charts(growth, workload)?.into_iter().map(|chart| {
            let growth::page::Chart { title, words, svg } = chart;
            Figure { title, svg, words }
        });
        let points = growth::text::points(growth, workload, tables::Look::Markdown);
        let figures = figures.collect();
        Ok((title, figures, grid("What one more costs".into(), &points)))
    };
    Ok(Grown {
        parts: Workload::ALL.into_iter().map(part).collect::<Result<_, String>>()?,
        grows: grid("The exponents".into(), &growth::text::grows(growth, tables::Look::Markdown)),
        remarks: growth::text::remarks(growth),
    })
}

fn section(comparison: &Comparison, workload: Workload) -> Result<Section, String> {
    let rows: Vec<&Row> = comparison.of_workload(workload).collect();
    let title = tables::title(comparison, workload);
    let times = tables::times(comparison, &rows, tables::Look::Markdown);
    let costs = tables::costs(&rows, tables::Look::Markdown);
    let items = match workload {
        Workload::Io => "the downloads",
        Workload::Cpu => "the sums",
    };
    let grids = vec![
        grid(format!("Time for {items}"), &times),
        grid(format!("What {items} take besides"), &costs),
    ];
    Ok(Section { id: workload.to_string(), title, chart: bar_chart(comparison, &rows)?, grids })
}

fn bar_chart(comparison: &Comparison, rows: &[&Row]) -> Result<Figure, String> {
    let mut bars = Vec::new();
    let mut words = Vec::new();
    for row in rows {
        let Some(summary) = row.summary() else {
            words.push(format!("{}: no time.", row.program.name));
            continue;
        };
        let wall = summary.wall;
        let faster = match (row.program.option, comparison.times_faster(row)) {
            (Concurrency::Sequential, _) | (_, None) => String::new(),
            (_, Some(ratio)) => format!(", {} times faster", tables::ratio(ratio)),
        };
        let label = format!("{}: {}{faster}", row.program.name, tables::spread(&wall));
        words.push(format!("{label}."));
        bars.push(Bar {
            label,
            mean: wall.mean,
            range: (wall.min, wall.max),
            computes: row.program.workload == Workload::Cpu,
        });
    }
    let title = "Mean wall time; the line goes from the shortest run to the longest".into();
    Ok(Figure { title, svg: charts::bars(&bars)?, words })
}

fn picture((row, schedule): &(&Row, &Schedule), view: View) -> Result<Picture, String> {
    let svg = svg::draw(schedule, view).map_err(|error| error.to_string())?;
    let words = match row.program.option {
        Concurrency::Sequential if row.program.workload == Workload::Io => {
            "One download after another: while it waits, nothing else happens."
        }
        Concurrency::Sequential => "One sum after another, on one core; the other cores idle.",
        Concurrency::Threads => {
            "Each thread waits for one site at a time. The waits of the threads overlap, and no more than there are threads."
        }
        Concurrency::Tasks => {
            "Each site has its own task, so that all waits overlap. One thread, the lowest row, runs them all, a sliver at a time."
        }
        Concurrency::Processes => {
            "Each process computes on a core of its own: as many sums run at once as there are cores."
        }
    };
    let id = format!("{}-{}", view.name, row.program.command().replace(' ', "-"));
    Ok(Picture { id, program: row.program.command(), svg, words })
}

type Show = fn(f64) -> String;

// Of the figures that examples give beside their counts: the key, the chart's title, and how a value
// is shown.
const CURVES: [(&str, &str, Show); 3] = [
    ("start_microseconds_each_by_count", "Time to start one", |microseconds| {
        growth::text::small_time(microseconds / 1e6)
    }),
    ("resident_bytes_each_by_count", "Resident memory of one, in bytes", bytes),
    ("page_table_bytes_each_by_count", "Page tables for one, in bytes", bytes),
];

fn bytes(bytes: f64) -> String {
    if bytes < 1.0 { bytes.to_string() } else { growth::text::whole(bytes.round() as usize) }
}

// A chart for each kind of figure, with a line for each example that has it.
fn curves(shown: &[Shown]) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for (key, title, show) in CURVES {
        let line = |shown: &Shown| {
            let list = |key: &str| -> Option<Vec<Option<f64>>> {
                Some(shown.figures.get(key)?.as_array()?.iter().map(Value::as_f64).collect())
            };
            let points =
                list("counts")?.into_iter().zip(list(key)?).filter_map(|(count, value)| {
                    // What is not above 0 has no place on a logarithmic axis.
                    Some((count?, value.filter(|value| *value > 0.0)?))
                });
            let line = Line { name: shown.example.clone(), points: points.collect() };
            (line.points.len() > 1).then_some(line)
        };
        let lines: Vec<Line> = shown.iter().filter_map(line).collect();
        if lines.is_empty() {
            continue;
        }
        let words = lines.iter().map(|line| {
            let at = |&(count, value): &(f64, f64)| {
                format!("{} at {}", show(value), growth::text::whole(count as usize))
            };
            let points: Vec<String> = line.points.iter().map(at).collect();
            format!("{}: {}.", line.name, points.join(", "))
        });
        figures.push(Figure {
            title: format!("{title}, by how many there are; both axes are logarithmic"),
            words: words.collect(),
            svg: charts::lines(&lines, show)?,
        });
    }
    Ok(figures)
}

fn grid(caption: String, table: &Table) -> Grid {
    let cells = |row: &comfy_table::Row| row.cell_iter().map(|cell| cell.content()).collect();
    let head = table.header().map(cells).unwrap_or_default();
    Grid { caption, head, rows: table.row_iter().map(cells).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::sample;

    fn claim(example: &str, holds: bool, figures: Value) -> Shown {
        let Value::Object(figures) = figures else { unreachable!("an object") };
        let said = "All is well.".into();
        Shown { example: example.into(), claim: vec!["C01".into()], holds, figures, said }
    }

    // A schedule as a program tells it.
    fn schedule(tasks: usize) -> Schedule {
        let span = |task: usize| {
            serde_json::json!({
                "name": "http://127.0.0.1:1/dice", "worker": task, "process": 1, "error": null,
                "start_seconds": 0.001, "end_seconds": 0.05, "polls_seconds": [[0.001, 0.002]],
            })
        };
        let spans: Vec<Value> = (0..tasks).map(span).collect();
        let report = serde_json::json!({
            "program": "async-io", "workload": "io", "workers": tasks, "processes": 1, "spans": spans,
            "wall_seconds": 0.06, "user_seconds": null, "system_seconds": null,
        });
        serde_json::from_value(report).expect("a schedule")
    }

    #[test]
    fn as_it_is_written() {
        let mut comparison = sample::comparison();
        comparison.rows[2].runs[0].schedule = Some(schedule(3));
        comparison.shown =
            Some(vec![claim("race_condition", true, Value::Object(Default::default()))]);
        let page = export(&comparison).expect("a page");
        let (_, body) = page.split_once("</style>").expect("a style");
        // Pictures have snapshots of their own.
        let parts: Vec<&str> = body
            .split("<svg")
            .enumerate()
            .map(|(place, part)| match place {
                0 => part,
                _ => part.split_once("</svg>").expect("an end").1,
            })
            .collect();
        insta::assert_snapshot!(parts.join("[picture]"));
    }

    #[test]
    fn both_languages_have_a_section_and_pictures_only_once() {
        let mut comparison = sample::with_python();
        for row in [2, 7] {
            comparison.rows[row].runs[0].schedule = Some(schedule(3));
        }
        let page = export(&comparison).expect("a page");
        for words in
            ["<section id=\"python\"", "href=\"#python\"", "Its GIL is off, and on with these"]
        {
            assert!(page.contains(words), "{words}");
        }
        assert_eq!(page.matches("<figure class=\"picture\"").count(), 2, "together and alone");
        assert!(!export(&sample::comparison()).expect("a page").contains("#python"));
    }

    #[test]
    fn what_was_not_run_is_said() {
        let page = export(&sample::comparison()).expect("a page");
        for words in [
            "No program has a run that could be drawn.",
            "The examples were not run",
            "The examples that measure this were not run",
            "multiproc-cpu: no time.",
        ] {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn the_growth_has_a_page_of_its_own() {
        let mut comparison = sample::comparison();
        comparison.rows.clear();
        comparison.growth = Some(growth::sample::growth());
        let page = export(&comparison).expect("a page");
        assert_eq!(page.matches("<figure").count(), 5 + 3);
        for words in
            ["Not run: threads-io, 1,000", "flat, 0.00 ± 0.00", "! 81 %", "Flat: below 0.1"]
        {
            assert!(page.contains(words), "{words}");
        }
        for section in ["diagrams", "claims", "curves"] {
            assert!(
                !page.contains(&format!("\"{section}\"")),
                "{section}: none of it was measured"
            );
        }
    }

    #[test]
    fn claims_and_curves_have_their_places() {
        let mut comparison = sample::comparison();
        let figures = serde_json::json!({
            "counts": [10, 100, 1000],
            "start_microseconds_each_by_count": [9.0, 8.0, 7.0],
            "resident_bytes_each_by_count": [null, null, 4096.0],
        });
        comparison.shown = Some(vec![
            claim("scale_threads", true, figures),
            claim("cooperative_switch", false, serde_json::json!({ "turns_without_await": 3 })),
        ]);
        let page = export(&comparison).expect("a page");
        assert!(page.contains("Time to start one, by how many"));
        assert!(!page.contains("Resident memory of one"), "one point is no curve");
        assert!(page.contains("does not hold here") && page.contains("gil &#38;&#38; cargo run"));
    }

    #[test]
    fn text_is_escaped_and_the_size_bounded() {
        let mut comparison = sample::comparison();
        comparison.urls = vec!["https://example.org/<script>".into()];
        comparison.rows[2].runs[0].schedule = Some(schedule(10_000));
        let page = export(&comparison).expect("a page");
        assert!(!page.contains("<script>"));
        assert!(page.len() < 300_000, "{} bytes", page.len());
    }
}
