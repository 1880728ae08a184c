//! The charts of the report, as SVG that takes its colours from the page.

use common::report::timeline::Axis;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::render::number::count;

/// A bar: the median time of a program and its range.
#[derive(Clone, Debug)]
pub struct Bar {
    /// The text above it.
    pub label: String,
    /// Its length, in seconds.
    pub median: f64,
    /// From the shortest run to the longest, in seconds.
    pub range: (f64, f64),
    /// Whether the program computes; else it waits.
    pub computes: bool,
}

/// Values by counts, all above 0.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: &'static str,
    /// Counts and values, by count.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: u32 = 520;
/// A bar with its label.
const BAR: u32 = 62;
/// Lines with their axes.
const LINES: u32 = 320;
/// The room above them for their names.
const LEGEND: u32 = 34;
/// The letters of all charts.
const FONT: (&str, u32) = ("sans-serif", 20);

// Each stands for a colour that the page's style sheet sets, for light and for dark. No other part
// of a chart has one of these.
/// Text, axes and what is drawn over a bar.
const INK: RGBColor = RGBColor(1, 1, 1);
/// The lines of the grid.
const FAINT: RGBColor = RGBColor(2, 2, 2);
/// What waits.
const WAITING: RGBColor = RGBColor(3, 3, 3);
/// What computes.
const RUNNING: RGBColor = RGBColor(4, 4, 4);

/// What is drawn on.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Whether something was drawn.
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Bars below each other on one axis from 0, with a line from each shortest to longest run.
///
/// # Errors
/// What the drawing library reports.
pub fn bars(bars: &[Bar]) -> Result<String, String> {
    let height = BAR * u32::try_from(bars.len()).unwrap_or(u32::MAX / BAR) + 40;
    drawn(height, |area| {
        let longest = bars.iter().map(|bar| bar.range.1).fold(1e-9, f64::max);
        let axis = Axis::new(longest * 1.02, 5);
        let all = bars.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_right(28)
            .x_label_area_size(30)
            .build_cartesian_2d(0.0..axis.seconds, 0.0..all)?;
        for (at, label) in &axis.marks() {
            let x = at * axis.seconds;
            chart.draw_series([PathElement::new([(x, 0.0), (x, all)], FAINT)])?;
            let (x, y) = chart.backend_coord(&(x, 0.0));
            write(area, label, (x, y + 8), HPos::Center, VPos::Top)?;
        }
        for (place, bar) in bars.iter().enumerate() {
            let bottom = all - place as f64 - 0.95;
            let (low, high) = (bottom, bottom + 0.45);
            let colour = if bar.computes { RUNNING } else { WAITING };
            let corners = [(0.0, low), (bar.median, high)];
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            let middle = (low + high) / 2.0;
            let (least, most) = bar.range;
            let spread = ErrorBar::new_horizontal(middle, least, bar.median, most, INK.filled(), 7);
            chart.draw_series([spread])?;
            let place = chart.backend_coord(&(0.0, bottom + 0.81));
            write(area, &bar.label, place, HPos::Left, VPos::Top)?;
        }
        Ok(())
    })
}

/// Lines on two logarithmic axes, each with a colour and a mark of its own. `show` formats the values of
/// the vertical axis.
///
/// # Errors
/// What the drawing library reports.
pub fn lines(lines: &[Line], show: fn(f64) -> String) -> Result<String, String> {
    let all = || lines.iter().flat_map(|line| &line.points);
    // To whole powers of ten, so that a slope can be read by eye.
    let range = |of: fn(&(f64, f64)) -> f64| {
        let exponents = || all().map(of).map(f64::log10);
        let low = exponents().reduce(f64::min).unwrap_or(0.0).floor() as i32;
        let high = exponents().reduce(f64::max).unwrap_or(0.0).ceil() as i32;
        (low, high.max(low + 1))
    };
    let (x, y) = (range(|point| point.0), range(|point| point.1));
    let power = |exponent: i32| 10f64.powi(exponent);
    drawn(LINES, |area| {
        let (low, high) = ((power(x.0), power(y.0)), (power(x.1), power(y.1)));
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_top(LEGEND)
            .margin_right(52)
            .x_label_area_size(34)
            .y_label_area_size(88)
            .build_cartesian_2d((low.0..high.0).log_scale(), (low.1..high.1).log_scale())?;
        for at in (x.0..=x.1).map(power) {
            chart.draw_series([PathElement::new([(at, low.1), (at, high.1)], FAINT)])?;
            let (left, bottom) = chart.backend_coord(&(at, low.1));
            write(area, &count(at as u64), (left, bottom + 8), HPos::Center, VPos::Top)?;
        }
        for at in (y.0..=y.1).map(power) {
            chart.draw_series([PathElement::new([(low.0, at), (high.0, at)], FAINT)])?;
            let (left, bottom) = chart.backend_coord(&(low.0, at));
            write(area, &show(at), (left - 8, bottom), HPos::Right, VPos::Center)?;
        }
        for (place, line) in lines.iter().enumerate() {
            let colour = [RUNNING, WAITING, INK][place % 3];
            let path = PathElement::new(line.points.clone(), colour.stroke_width(3));
            chart.draw_series([path])?;
            let sample = (20 + 165 * place as i32, 14);
            write(area, line.name, (sample.0 + 14, sample.1), HPos::Left, VPos::Center)?;
            let points = line.points.iter().map(|point| chart.backend_coord(point));
            for at in points.chain([sample]) {
                mark(area, place, at, colour)?;
            }
        }
        Ok(())
    })
}

// Writes text at a point of it, in pixels.
fn write(area: &Area, text: &str, at: (i32, i32), across: HPos, down: VPos) -> Drawn {
    let style = FONT.into_font().color(&INK).pos(Pos::new(across, down));
    Ok(area.draw(&Text::new(text.to_owned(), at, style))?)
}

// Each line has marks of its own shape.
fn mark(area: &Area, line: usize, (x, y): (i32, i32), colour: RGBColor) -> Drawn {
    match line % 3 {
        0 => area.draw(&Circle::new((x, y), 6, colour.filled()))?,
        1 => area.draw(&TriangleMarker::new((x, y), 7, colour.filled()))?,
        _ => area.draw(&Rectangle::new([(x - 5, y - 5), (x + 5, y + 5)], colour.filled()))?,
    }
    Ok(())
}

// A chart of this height in the colours of the page.
fn drawn(height: u32, draw: impl FnOnce(&Area) -> Drawn) -> Result<String, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        draw(&area).map_err(|error| error.to_string())?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(themed(svg))
}

// The style sheet of the page has the colours of the stand-ins. The page also describes the chart in
// words, so the SVG itself is hidden from screen readers.
fn themed(svg: String) -> String {
    let colours = [("01", "ink"), ("02", "faint"), ("03", "waiting"), ("04", "running")];
    let mut svg = svg.replace("<svg ", "<svg aria-hidden=\"true\" class=\"chart\" ");
    for (digits, name) in colours {
        for kind in ["fill", "stroke"] {
            let stand_in = format!("{kind}=\"#{digits}{digits}{digits}\"");
            svg = svg.replace(&stand_in, &format!("class=\"{kind}-{name}\""));
        }
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, median: f64, range: (f64, f64), computes: bool) -> Bar {
        Bar { label: label.into(), median, range, computes }
    }

    // The numbers in an attribute of all elements of a class.
    fn numbers(svg: &str, class: &str, attribute: &str) -> Vec<f64> {
        let elements = svg.split('<').filter(|element| element.contains(class));
        let text = elements.filter_map(|element| element.split_once(&format!(" {attribute}=\"")));
        text.filter_map(|(_, after)| after.split('"').next()?.parse().ok()).collect()
    }

    #[test]
    fn lengths_are_as_the_times() {
        let svg = bars(&[
            bar("a", 8.0, (7.0, 9.0), false),
            bar("b & <b>", 2.0, (2.0, 2.0), false),
            bar("c", 0.004, (0.004, 0.004), true),
        ])
        .expect("a chart");
        let widths = numbers(&svg, "fill-waiting", "width");
        assert_eq!(widths.len(), 2);
        assert!((widths[0] / widths[1] - 4.0).abs() < 0.05, "{widths:?}");
        assert_eq!(numbers(&svg, "fill-running", "width").len(), 1);
        assert!(svg.contains("b &amp; &lt;b&gt;"));
        assert!(!svg.contains('#'), "each colour is the page's: {svg}");
    }

    #[test]
    fn the_spread_goes_from_least_to_most() {
        let svg = bars(&[bar("a", 8.0, (4.0, 12.0), false)]).expect("a chart");
        let width = numbers(&svg, "fill-waiting", "width")[0];
        let (left, right) = (numbers(&svg, "stroke-ink", "x1"), numbers(&svg, "stroke-ink", "x2"));
        let longest = left.iter().zip(right).map(|(left, right)| right - left).fold(0.0, f64::max);
        assert!((longest - width).abs() <= 2.0, "{longest} of {width}");
    }

    #[test]
    fn one_bar_or_none_is_a_chart() {
        assert!(bars(&[]).is_ok());
        assert!(bars(&[bar("a", 0.0, (0.0, 0.0), true)]).is_ok());
    }

    #[test]
    fn a_power_law_is_a_straight_line() {
        let points = (0..4).map(|place| 10f64.powi(place)).map(|x| (x, 3.0 * x)).collect();
        let svg = lines(&[Line { name: "a", points }], |value| value.to_string()).expect("a chart");
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
}
