//! The growth in the report and in the JSON file.

use plotters::prelude::*;
use serde::Serialize;

use crate::charts::{FAINT, FONT, INK, RUNNING, WAITING, drawn};
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
    let lines: Vec<Line> = series
        .iter()
        .map(|series| {
            let pair = |(point, value): (&Point, Option<f64>)| {
                // What is not above 0 has no place on a logarithmic axis.
                Some((point.workers as f64, value.filter(|value| *value > 0.0)?))
            };
            let points = series.points.iter().zip(values(series)).filter_map(pair).collect();
            Line { name: series.program, points }
        })
        .collect();
    let words = lines.iter().map(|line| {
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
        svg: lines_of(&lines, show)?,
        title: title + "; both axes are logarithmic",
    })
}

struct Line {
    name: &'static str,
    points: Vec<(f64, f64)>,
}

const HEIGHT: u32 = 320;
/// The room for the names of the lines.
const LEGEND: u32 = 34;

// A line for each program on two logarithmic axes; each has a colour and a mark of its own.
fn lines_of(lines: &[Line], show: fn(f64) -> String) -> Result<String, String> {
    let all = || lines.iter().flat_map(|line| &line.points);
    // To whole powers of ten, so that a slope can be read by eye.
    let range = |of: fn(&(f64, f64)) -> f64| {
        let least = all().map(of).fold(f64::MAX, f64::min).min(f64::MAX);
        let most = all().map(of).fold(f64::MIN_POSITIVE, f64::max);
        let least = if least > most { most } else { least };
        let (low, high) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        (low, if high > low { high } else { low + 1 })
    };
    let (x, y) = (range(|point| point.0), range(|point| point.1));
    let power = |exponent: i32| 10f64.powi(exponent);
    drawn(HEIGHT, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_top(LEGEND)
            .margin_right(28)
            .x_label_area_size(34)
            .y_label_area_size(88)
            .build_cartesian_2d(
                (power(x.0)..power(x.1)).log_scale(),
                (power(y.0)..power(y.1)).log_scale(),
            )
            .map_err(|error| error.to_string())?;
        use plotters::style::text_anchor::{HPos, Pos, VPos};
        let label =
            |horizontal, vertical| FONT.into_font().color(&INK).pos(Pos::new(horizontal, vertical));
        for exponent in x.0..=x.1 {
            let at = power(exponent);
            let line = PathElement::new([(at, power(y.0)), (at, power(y.1))], FAINT);
            chart.draw_series([line]).map_err(|error| error.to_string())?;
            let (left, bottom) = chart.backend_coord(&(at, power(y.0)));
            let name = text::whole(at as usize);
            let name = Text::new(name, (left, bottom + 8), label(HPos::Center, VPos::Top));
            area.draw(&name).map_err(|error| error.to_string())?;
        }
        for exponent in y.0..=y.1 {
            let at = power(exponent);
            let line = PathElement::new([(power(x.0), at), (power(x.1), at)], FAINT);
            chart.draw_series([line]).map_err(|error| error.to_string())?;
            let (left, bottom) = chart.backend_coord(&(power(x.0), at));
            let name = Text::new(show(at), (left - 8, bottom), label(HPos::Right, VPos::Center));
            area.draw(&name).map_err(|error| error.to_string())?;
        }
        for (place, line) in lines.iter().enumerate() {
            let colour = [RUNNING, WAITING, INK][place % 3];
            let path = PathElement::new(line.points.clone(), colour.stroke_width(3));
            chart.draw_series([path]).map_err(|error| error.to_string())?;
            let sample = (20 + 165 * place as i32, 14);
            let name =
                Text::new(line.name, (sample.0 + 14, sample.1), label(HPos::Left, VPos::Center));
            area.draw(&name).map_err(|error| error.to_string())?;
            let points = line.points.iter().map(|point| chart.backend_coord(point));
            for at in points.chain([sample]) {
                let drawn = match place % 3 {
                    0 => area.draw(&Circle::new(at, 6, colour.filled())),
                    1 => area.draw(&TriangleMarker::new(at, 7, colour.filled())),
                    _ => area.draw(&Rectangle::new(
                        [(at.0 - 5, at.1 - 5), (at.0 + 5, at.1 + 5)],
                        colour.filled(),
                    )),
                };
                drawn.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
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
    fn a_power_law_is_a_straight_line() {
        let points = (0..4).map(|place| 10f64.powi(place)).map(|x| (x, 3.0 * x)).collect();
        let svg = lines_of(&[Line { name: "a", points }], axis_time).expect("a chart");
        let circles = svg.split("<circle").skip(1).take(4);
        let number = |text: &str, name: &str| -> f64 {
            let value = text.split_once(name).expect("a place").1.split('"').nth(1);
            value.and_then(|value| value.parse().ok()).expect("a number")
        };
        let marks: Vec<(f64, f64)> =
            circles.map(|circle| (number(circle, "cx="), number(circle, "cy="))).collect();
        let steps: Vec<f64> = marks
            .windows(2)
            .map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
            .collect();
        assert_eq!(steps.len(), 3);
        assert!(
            steps.iter().all(|step| (step - steps[0]).abs() < 0.05 && *step < 0.0),
            "{steps:?}"
        );
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
