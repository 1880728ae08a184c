//! The growth in the report and in the JSON file.

use serde::Serialize;

use crate::charts::{Line, lines};
use crate::growth::fit::Fit;
use crate::growth::{FIGURES, Figure, Growth, Point, Series, text};
use crate::programs::Workload;

/// What `--export-json` has of it: the points, and how they grow.
#[derive(Debug, Serialize)]
pub struct Exported<'a> {
    #[serde(flatten)]
    growth: &'a Growth,
    grows: Vec<Exponents>,
}

#[derive(Debug, Serialize)]
struct Exponents {
    program: &'static str,
    over: String,
    wall: Option<Named>,
    cpu_time: Option<Named>,
    memory: Option<Named>,
}

#[derive(Debug, Serialize)]
struct Named {
    #[serde(flatten)]
    fit: Fit,
    word: &'static str,
}

impl<'a> Exported<'a> {
    /// Of this growth.
    pub fn of(growth: &'a Growth) -> Self {
        let named = |fit: Fit| Named { fit, word: fit.word() };
        let exponents = |series: &Series| {
            let program = series.program;
            series.grows(growth.cores).into_iter().map(move |grows| {
                let [wall, cpu_time, memory] = grows.fits.map(|fit| fit.map(named));
                Exponents { program, over: grows.over, wall, cpu_time, memory }
            })
        };
        Self { growth, grows: growth.series.iter().flat_map(exponents).collect() }
    }
}

/// A chart: its title, a line for each program in words, and its picture.
#[derive(Debug)]
pub struct Chart {
    /// Below it.
    pub title: String,
    /// What it shows.
    pub words: Vec<String>,
    /// The picture.
    pub svg: String,
}

/// The charts of a workload: each figure, and what one more adds to CPU time and memory.
///
/// # Errors
/// What the drawing library says.
pub fn charts(growth: &Growth, workload: Workload) -> Result<Vec<Chart>, String> {
    let (count, items) = match workload {
        Workload::Io => ("downloads in flight", "download"),
        Workload::Cpu => ("workers", "worker"),
    };
    let series: Vec<&Series> =
        growth.series.iter().filter(|series| series.workload == workload).collect();
    let mut charts = Vec::new();
    for (place, figure) in FIGURES.into_iter().enumerate() {
        let show = shown(figure);
        let whole = |series: &Series| series.points.iter().map(figure.of).collect();
        charts.push(chart(format!("{}, by {count}", capital(figure.name)), &series, show, whole)?);
        if place > 0 && workload == Workload::Io {
            let title = format!("{} for one more {items}, by {count}", capital(figure.name));
            charts.push(chart(title, &series, show, |series| series.for_one_more(figure))?);
        }
    }
    Ok(charts)
}

fn capital(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

fn shown(figure: Figure) -> fn(f64) -> String {
    match figure.name {
        "memory" => text::small_memory,
        _ => axis_time,
    }
}

fn axis_time(seconds: f64) -> String {
    if seconds < 1.0 { text::small_time(seconds) } else { format!("{seconds:.0} s") }
}

fn chart(
    title: String,
    series: &[&Series],
    show: fn(f64) -> String,
    values: impl Fn(&Series) -> Vec<Option<f64>>,
) -> Result<Chart, String> {
    let of_series: Vec<Line> = series
        .iter()
        .map(|series| {
            let pair = |(point, value): (&Point, Option<f64>)| {
                // What is not above 0 has no place on a logarithmic axis.
                Some((point.workers as f64, value.filter(|value| *value > 0.0)?))
            };
            let points = series.points.iter().zip(values(series)).filter_map(pair).collect();
            Line { name: series.program.into(), points }
        })
        .collect();
    let words = of_series.iter().map(|line| {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|(count, value)| format!("{} at {}", show(*value), text::whole(*count as usize)))
            .collect();
        format!(
            "{}: {}.",
            line.name,
            if points.is_empty() { "none".into() } else { points.join(", ") }
        )
    });
    Ok(Chart {
        words: words.collect(),
        svg: lines(&of_series, show)?,
        title: title + "; both axes are logarithmic",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::sample;

    #[test]
    fn each_point_has_its_mark() {
        let growth = sample::growth();
        let charts = charts(&growth, Workload::Io).expect("charts");
        let titles: Vec<&str> = charts.iter().map(|chart| chart.title.as_str()).collect();
        assert_eq!(titles.len(), 5, "{titles:?}");
        // Of threads three points and one mark in the legend, of tasks five and one.
        assert_eq!(charts[0].svg.matches("<circle").count(), 4);
        assert_eq!(charts[0].svg.matches("<polygon").count(), 6);
        // One of the threads' CPU times is unknown, and with it both steps.
        assert_eq!(charts[1].svg.matches("<circle").count(), 3);
        assert_eq!(charts[2].svg.matches("<circle").count(), 1);
        assert_eq!(charts[2].words[0], "threads-io: none.");
        assert!(charts.iter().all(|chart| !chart.svg.contains('#')), "each colour is the page's");
    }

    #[test]
    fn nothing_measured_is_still_a_page() {
        let mut growth = sample::growth();
        for series in &mut growth.series {
            series.points.clear();
        }
        for workload in Workload::ALL {
            assert!(charts(&growth, workload).is_ok());
        }
    }

    #[test]
    fn the_json_names_each_growth() {
        let growth = sample::growth();
        let json = serde_json::to_value(Exported::of(&growth)).expect("JSON");
        assert_eq!(json["latency_milliseconds"], 4_000);
        assert_eq!(json["series"][1]["points"][4]["most_at_once"], 9_000);
        let tasks = &json["grows"][1];
        assert_eq!(
            (&tasks["program"], &tasks["over"]),
            (&"async-io".into(), &"2 to 10,000 in flight".into())
        );
        assert_eq!(
            (&tasks["wall"]["word"], &tasks["memory"]["word"]),
            (&"flat".into(), &"linear".into())
        );
        assert_eq!(tasks["wall"]["points"], 5);
    }
}
