//! `--report`: one page that a teacher can project, with everything that it needs in it.

use askama::Template;
use common::report::svg::{self, View};
use common::report::timeline::Timeline;

use crate::model::{
    Comparison, Machine, Origin, Point, PointCost, Row, Scaling, Series, Strategy, WORKLOADS,
    Workload,
};
use crate::render::charts::{self, Bar, Line};
use crate::render::number::{count, known, memory, percent, ratio, time};
use crate::render::{Element, Figure, claims, document, scaling, tables, words};

/// The height of all rows of a diagram that shares its axis with others, in pixels.
const SHARED_HEIGHT: f64 = 170.0;
/// A run shorter than this share of the longest one is drawn once more, on a zoomed axis.
const SHORT: f64 = 0.1;
/// The most rows of a diagram: the page must not grow with the number of tasks.
const MAX_ROWS: usize = 400;

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    title: &'static str,
    warnings: Vec<String>,
    sections: Vec<Section>,
}

struct Section {
    id: String,
    title: String,
    elements: Vec<Element>,
}

/// The whole file.
///
/// # Errors
/// What the libraries for charts and templates report.
pub fn render(comparison: &Comparison) -> Result<String, String> {
    let page = ReportPage {
        title: match comparison.scaling {
            Some(_) => "Marginal cost of a worker",
            None => "Concurrency options compared",
        },
        warnings: words::busy(comparison)
            .into_iter()
            .chain(words::interrupted(comparison))
            .collect(),
        sections: sections(comparison)?,
    };
    page.render().map_err(|error| error.to_string())
}

fn sections(comparison: &Comparison) -> Result<Vec<Section>, String> {
    let mut sections = Vec::new();
    let mut add = |id: &str, title: &str, elements| {
        sections.push(Section { id: id.to_owned(), title: title.to_owned(), elements });
    };
    let fastest = |workload| document::verdicts(comparison, workload).into_iter().next();
    let fastest: Vec<String> = WORKLOADS.into_iter().filter_map(fastest).collect();
    if let Some(fastest) = Element::list(fastest) {
        add("result", "Result", vec![fastest]);
    }
    for workload in WORKLOADS {
        if comparison.of_workload(workload).next().is_some() {
            let mut elements = vec![bar_chart(comparison, workload)?];
            elements.extend(Element::list(document::verdicts(comparison, workload)));
            elements.extend(tables::of_workload(comparison, workload, true));
            add(&words::name(workload), &tables::title(comparison, workload), elements);
        }
    }
    if let Some(scaling) = &comparison.scaling {
        add("scaling", "Costs by number of workers", of_scaling(scaling)?);
    } else {
        add("diagrams", "Execution diagrams", diagrams(comparison));
        let options = Element::Table(tables::options(comparison, true));
        add("options", "The three options", vec![options]);
    }
    if let Some(interpreter) = comparison.interpreter() {
        let mut elements = vec![Element::Text(words::python(interpreter))];
        elements.extend(tables::twins(comparison).map(Element::Table));
        add("python", "Slowdown in Python", elements);
    }
    if let Some(claims) = &comparison.claims {
        add("claims", "Claims", vec![Element::Table(claims::list(claims))]);
    }
    if comparison.any_failed() {
        add("failures", "Failed runs", document::failures(comparison));
    }
    let remarks = [document::remarks(comparison), tables::outliers(comparison)].concat();
    if let Some(remarks) = Element::list(remarks) {
        add("remarks", "Remarks", vec![remarks]);
    }
    let mut elements = vec![Element::List(machine(comparison))];
    elements.push(Element::Heading(3, "What the figures cover".into()));
    elements.push(Element::List(document::explanation(comparison)));
    add("machine", "The machine", elements);
    Ok(sections)
}

fn machine(comparison: &Comparison) -> Vec<String> {
    let Machine { compiler, date, .. } = &comparison.machine;
    vec![
        words::machine(&comparison.machine),
        format!("compiler: {}", known(compiler.as_ref(), String::clone)),
        format!("date: {date}"),
    ]
}

fn bar_chart(comparison: &Comparison, workload: Workload) -> Result<Element, String> {
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
    let title = "Median wall time; the line is from the shortest run to the longest";
    Ok(chart(title, &words, charts::bars(&bars)?))
}

fn chart(title: &str, words: &[String], svg: String) -> Element {
    let label = format!("{title}. {}", words.join(" "));
    Element::Figure(Figure { id: None, label, svg, caption: format!("{title}.") })
}

fn diagrams(comparison: &Comparison) -> Vec<Element> {
    // The diagrams of the Python programs would be the same.
    let rust = comparison.rows.iter().filter(|row| row.program.origin == Origin::Rust);
    let drawn: Vec<(&Row, Timeline)> =
        rust.filter_map(|row| Some((row, Timeline::of(row.report()?)))).collect();
    if drawn.is_empty() {
        return vec![Element::Text("No program has a run that can be drawn.".into())];
    }
    let seconds = |(_, timeline): &(&Row, Timeline)| timeline.seconds;
    let longest = drawn.iter().map(seconds).fold(0.0, f64::max);
    let shared =
        View { name: "shared", axis_seconds: Some(longest), height: SHARED_HEIGHT, rows: MAX_ROWS };
    let mut elements = vec![
        Element::Heading(3, "All runs on one time axis".into()),
        Element::Text(format!(
            "All axes are {} long: a shorter diagram is a shorter run. The dashed line is the end of \
             the run. Each is one of the timed runs, as the program reports it, without the start \
             and the end of its process.",
            time(longest)
        )),
    ];
    elements.extend(drawn.iter().map(|drawn| diagram(drawn, shared, "the common")));
    let short = || drawn.iter().filter(|drawn| seconds(drawn) < SHORT * longest);
    if short().next().is_some() {
        let zoom = short().map(seconds).fold(0.0, f64::max);
        let zoomed =
            View { name: "zoomed", axis_seconds: Some(zoom), rows: MAX_ROWS, ..View::WHOLE };
        elements.push(Element::Heading(3, "The short runs on a zoomed time axis".into()));
        elements.push(Element::Text(format!("These axes are {} long.", time(zoom))));
        elements.extend(short().map(|drawn| diagram(drawn, zoomed, "the zoomed")));
    }
    elements
}

fn diagram((row, timeline): &(&Row, Timeline), view: View, axis: &str) -> Element {
    let how = match (row.program.strategy, row.program.workload) {
        (Some(Strategy::Sequential) | None, Workload::Io) => "One download after another",
        (Some(Strategy::Sequential) | None, Workload::Cpu) => "One sum after another",
        (Some(Strategy::Threads), _) => "Each thread does one item at a time",
        (Some(Strategy::Tasks), _) => {
            "Each download has a task; one thread, in the lowest row, runs all tasks"
        }
        (Some(Strategy::Processes), _) => "Each process does one item at a time",
    };
    let most = timeline.peak_concurrency();
    let workers = row.report().map_or(1, |report| report.workers) as f64;
    let filled = match row.program.strategy {
        Some(Strategy::Tasks) => String::new(),
        _ => format!(
            ", and the rows are {} full",
            percent(timeline.total() / (workers * timeline.seconds))
        ),
    };
    let caption = format!("{how}. Up to {most} were in progress at once{filled}.");
    let command = row.program.command();
    Element::Figure(Figure {
        id: Some(format!("{}-{}", view.name, command.replace(' ', "-"))),
        label: format!("{command}, on {axis} time axis"),
        svg: svg::draw(timeline, view),
        caption,
    })
}

fn of_scaling(scaling: &Scaling) -> Result<Vec<Element>, String> {
    Ok(vec![
        Element::Text(scaling::task(scaling)),
        line_chart("CPU time", scaling, Point::CPU_TIME, time)?,
        line_chart("Memory", scaling, Point::MEMORY, memory)?,
        Element::Table(scaling::points(scaling)),
        Element::List([scaling::classes(scaling), scaling::remarks(scaling)].concat()),
    ])
}

fn line_chart(
    title: &str,
    scaling: &Scaling,
    cost: PointCost,
    show: fn(f64) -> String,
) -> Result<Element, String> {
    let line = |series: &Series| {
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
    let title = format!("{title} by number of workers; both axes are logarithmic");
    Ok(chart(&title, &words.collect::<Vec<_>>(), charts::lines(&lines, show)?))
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
        assert_eq!(page.matches("<figure class=\"picture\"").count(), 1, "on the common axis");
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
