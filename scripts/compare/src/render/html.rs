//! `--report`: one page that a teacher can project, with everything that it needs in it.

use askama::Template;
use common::report::format::seconds;
use common::report::svg::{self, View};
use common::report::timeline::Timeline;

use crate::model::{
    Comparison, Machine, Origin, Point, Python, Row, Scaling, Strategy, WORKLOADS, Workload,
    workload_name,
};
use crate::render::charts::{self, Bar, Line};
use crate::render::number::{UNKNOWN, count, memory, ratio, time};
use crate::render::{Block, Grid, claims, document, scaling, tables, words};

/// The height of all rows of a diagram that shares its axis with others, in pixels.
const SHARED_HEIGHT: f64 = 170.0;
/// The most rows of a diagram: the page must not grow with the number of tasks.
const MAX_ROWS: usize = 400;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: &'static str,
    warnings: Vec<String>,
    workloads: Vec<Section>,
    scaling: Option<ScalingSection>,
    shared_axis: Vec<Diagram>,
    longest: String,
    own_axis: Vec<Diagram>,
    options: Grid,
    python: Option<(String, Grid)>,
    claims: Option<Grid>,
    failures: Vec<Block>,
    remarks: Vec<String>,
    machine: Vec<(&'static str, String)>,
    explanation: Vec<String>,
}

struct Section {
    id: &'static str,
    title: String,
    chart: Chart,
    tables: Vec<Grid>,
    verdicts: Vec<String>,
}

struct ScalingSection {
    task: String,
    charts: Vec<Chart>,
    table: Grid,
    lines: Vec<String>,
}

/// A chart, and what it shows in words.
struct Chart {
    title: String,
    svg: String,
    words: Vec<String>,
}

/// An execution diagram.
struct Diagram {
    id: String,
    program: String,
    svg: String,
    words: &'static str,
}

/// The whole file.
///
/// # Errors
/// What the libraries for charts and templates report.
pub fn render(comparison: &Comparison) -> Result<String, String> {
    let workloads = WORKLOADS
        .into_iter()
        .filter(|workload| comparison.of_workload(*workload).next().is_some())
        .map(|workload| section(comparison, workload))
        .collect::<Result<_, _>>()?;
    // The diagrams of the Python programs would be the same.
    let rust = comparison.rows.iter().filter(|row| row.program.origin == Origin::Rust);
    let drawn: Vec<(&Row, Timeline)> =
        rust.filter_map(|row| Some((row, Timeline::of(row.report()?)))).collect();
    let options = || drawn.iter().filter(|(row, _)| !row.program.is_baseline());
    let longest = options().map(|(_, timeline)| timeline.seconds).fold(0.0, f64::max);
    let shared =
        View { name: "shared", axis_seconds: Some(longest), height: SHARED_HEIGHT, rows: MAX_ROWS };
    let own = View { name: "own", rows: MAX_ROWS, ..View::WHOLE };
    let python = match &comparison.python {
        Some(Python::Interpreter(it)) => Some((words::python(it), tables::twins(comparison))),
        _ => None,
    };
    let interrupted = comparison
        .interrupted_by
        .map(|signal| format!("Interrupted by signal {signal}: these are the results until then."));
    let page = Page {
        title: match comparison.scaling {
            Some(_) => "Marginal cost of a worker",
            None => "Concurrency options compared",
        },
        warnings: words::busy(comparison).into_iter().chain(interrupted).collect(),
        workloads,
        scaling: comparison.scaling.as_ref().map(scaling_section).transpose()?,
        shared_axis: options().map(|drawn| diagram(drawn, shared)).collect(),
        longest: seconds(longest),
        own_axis: drawn.iter().map(|drawn| diagram(drawn, own)).collect(),
        options: tables::options(comparison, true),
        python,
        claims: comparison.claims.as_deref().map(claims::list),
        failures: document::failures(comparison),
        remarks: remarks(comparison),
        machine: machine(comparison),
        explanation: match comparison.scaling {
            Some(_) => scaling::EXPLANATION.map(str::to_owned).to_vec(),
            None => document::explanation(),
        },
    };
    page.render().map_err(|error| error.to_string())
}

fn remarks(comparison: &Comparison) -> Vec<String> {
    let outliers = tables::outliers(comparison).into_iter();
    document::remarks(comparison).into_iter().chain(outliers).collect()
}

fn machine(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let Machine { cpus, model, architecture, system, kernel, compiler, date } = &comparison.machine;
    let known = |text: &Option<String>| text.clone().unwrap_or(UNKNOWN.into());
    let mut facts = vec![
        ("CPUs", known(&cpus.map(|cpus| cpus.to_string()))),
        ("model", format!("{} ({architecture})", known(model))),
        ("system", known(system)),
        ("kernel", known(kernel)),
        ("compiler", known(compiler)),
        ("date", date.clone()),
    ];
    if let Some(Python::Interpreter(interpreter)) = &comparison.python {
        facts.push(("Python", words::python(interpreter)));
    }
    facts
}

fn section(comparison: &Comparison, workload: Workload) -> Result<Section, String> {
    Ok(Section {
        id: workload_name(workload),
        title: tables::title(comparison, workload),
        chart: bar_chart(comparison, workload)?,
        tables: tables::of_workload(comparison, workload, true),
        verdicts: document::verdicts(comparison, workload),
    })
}

fn bar_chart(comparison: &Comparison, workload: Workload) -> Result<Chart, String> {
    let mut bars = Vec::new();
    let mut words = Vec::new();
    for row in comparison.of_workload(workload) {
        let Some(summary) = row.summary() else {
            words.push(format!("{}: no time.", row.program.label()));
            continue;
        };
        let wall = summary.wall;
        let speedup = comparison.speedup(row);
        let speedup = speedup.map_or(String::new(), |it| format!(", speedup {}", ratio(it)));
        let label = format!("{}: {}{speedup}", row.program.label(), time(wall.median));
        words.push(format!("{label}."));
        let range = (wall.min, wall.max);
        bars.push(Bar { label, median: wall.median, range, computes: workload == Workload::Cpu });
    }
    let title = "Median wall time; the line is from the shortest run to the longest".into();
    Ok(Chart { title, svg: charts::bars(&bars)?, words })
}

fn diagram((row, timeline): &(&Row, Timeline), view: View) -> Diagram {
    let svg = svg::draw(timeline, view);
    let words = match (row.program.strategy, row.program.workload) {
        (Some(Strategy::Sequential) | None, Workload::Io) => {
            "One download after another: nothing else happens while it waits."
        }
        (Some(Strategy::Sequential) | None, Workload::Cpu) => {
            "One sum after another, on one core; the other cores are idle."
        }
        (Some(Strategy::Threads), _) => {
            "Each thread waits for one site at a time. As many waits overlap as there are threads."
        }
        (Some(Strategy::Tasks), _) => {
            "Each site has its own task, so all waits overlap. One thread, the lowest row, runs all tasks."
        }
        (Some(Strategy::Processes), _) => {
            "Each process computes on a core of its own: as many sums run at once as there are cores."
        }
    };
    let id = format!("{}-{}", view.name, row.program.command().replace(' ', "-"));
    Diagram { id, program: row.program.command(), svg, words }
}

fn scaling_section(of: &Scaling) -> Result<ScalingSection, String> {
    let mut lines = scaling::classes(of);
    lines.extend(scaling::remarks(of));
    Ok(ScalingSection {
        task: scaling::task(of),
        charts: vec![
            line_chart("CPU time", of, Point::CPU_TIME, time)?,
            line_chart("Memory", of, Point::MEMORY, memory)?,
        ],
        table: scaling::points(of),
        lines,
    })
}

fn line_chart(
    title: &str,
    scaling: &Scaling,
    cost: crate::model::Cost,
    show: fn(f64) -> String,
) -> Result<Chart, String> {
    let line = |series: &crate::model::Series| {
        let pair = |point: &Point| {
            // What is not above 0 has no place on a logarithmic axis.
            Some((point.workers as f64, cost(point).filter(|cost| *cost > 0.0)?))
        };
        Line { name: series.program, points: series.points.iter().filter_map(pair).collect() }
    };
    let lines: Vec<Line> = scaling.series.iter().map(line).collect();
    let words = lines.iter().map(|line| {
        let at =
            |(workers, cost): &(f64, f64)| format!("{} at {}", show(*cost), count(*workers as u64));
        let points: Vec<String> = line.points.iter().map(at).collect();
        let points = if points.is_empty() { "none".into() } else { points.join(", ") };
        format!("{}: {points}.", line.name)
    });
    Ok(Chart {
        title: format!("{title} by number of workers; both axes are logarithmic"),
        words: words.collect(),
        svg: charts::lines(&lines, show)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_report() {
        let mut comparison = sample::comparison();
        comparison.rows[2].runs[0].report = Some(sample::report(3));
        comparison.claims = Some(sample::claims());
        let page = render(&comparison).expect("a page");
        let (_, body) = page.split_once("</style>").expect("a style");
        // Diagrams and charts have snapshots of their own.
        let mut parts = body.split("<svg");
        let first = parts.next().expect("a part").to_owned();
        let rest = parts.map(|part| part.split_once("</svg>").expect("an end").1);
        let parts: Vec<String> = [first].into_iter().chain(rest.map(str::to_owned)).collect();
        insta::assert_snapshot!(parts.join("[picture]"));
    }

    #[test]
    fn both_languages_have_a_section_and_only_rust_has_diagrams() {
        let mut comparison = sample::with_python();
        for row in [2, 7] {
            comparison.rows[row].runs[0].report = Some(sample::report(3));
        }
        let page = render(&comparison).expect("a page");
        for words in
            ["<section id=\"python\"", "href=\"#python\"", "Its GIL is off, and on with these"]
        {
            assert!(page.contains(words), "{words}");
        }
        assert_eq!(page.matches("<figure class=\"picture\"").count(), 2, "on both axes");
        assert!(!render(&sample::comparison()).expect("a page").contains("#python"));
    }

    #[test]
    fn missing_parts_are_named() {
        let page = render(&sample::comparison()).expect("a page");
        for words in ["No program has a run that can be drawn.", "multiproc-cpu: no time."] {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn the_scaling_has_a_page_of_its_own() {
        let mut comparison = sample::comparison();
        comparison.rows.clear();
        comparison.scaling = Some(sample::scaling());
        let page = render(&comparison).expect("a page");
        assert_eq!(page.matches("<figure").count(), 2);
        for words in
            ["Not run: threads-io, 1,000", "time flat", "server was busy", "Flat within 0.1"]
        {
            assert!(page.contains(words), "{words}");
        }
        for section in ["diagrams", "claims", "options"] {
            assert!(!page.contains(&format!("\"{section}\"")), "{section} was not measured");
        }
    }

    #[test]
    fn text_is_escaped_and_the_size_bounded() {
        let mut comparison = sample::comparison();
        comparison.urls = vec!["https://example.org/<script>".into()];
        comparison.rows[2].runs[0].report = Some(sample::report(10_000));
        let page = render(&comparison).expect("a page");
        assert!(!page.contains("<script>"));
        assert!(page.len() < 300_000, "{} bytes", page.len());
    }
}
