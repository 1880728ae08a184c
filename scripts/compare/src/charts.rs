//! The charts of the report, as SVG that takes its colours from the page.

use common::schedule::Axis;
use plotters::coord::Shift;
use plotters::prelude::*;

/// A bar: a program's mean time and its spread.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Above it.
    pub label: String,
    /// Its length, in seconds.
    pub mean: f64,
    /// From the shortest run to the longest, in seconds.
    pub range: (f64, f64),
    /// Whether its program computes; else it waits.
    pub computes: bool,
}

const WIDTH: u32 = 520;
/// A bar with its label.
const BAR: u32 = 62;
const CURVE: u32 = 300;
/// The letters of all charts.
pub const FONT: (&str, u32) = ("sans-serif", 20);

// Each stands for a colour that the page's style sheet sets, for light and for dark. No other part
// of a chart has one of these.
/// Text, axes and what is drawn over a bar.
pub const INK: RGBColor = RGBColor(1, 1, 1);
/// The lines of the grid.
pub const FAINT: RGBColor = RGBColor(2, 2, 2);
/// What waits.
pub const WAITING: RGBColor = RGBColor(3, 3, 3);
/// What computes.
pub const RUNNING: RGBColor = RGBColor(4, 4, 4);

/// What is drawn on.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Bars below each other on one axis from 0, with a line from each shortest to longest run.
///
/// # Errors
/// What the drawing library says.
pub fn bars(bars: &[Bar]) -> Result<String, String> {
    let height = BAR * u32::try_from(bars.len()).unwrap_or(u32::MAX / BAR) + 40;
    drawn(height, |area| {
        let longest = bars.iter().map(|bar| bar.range.1).fold(1e-9, f64::max);
        let axis = Axis::new(longest * 1.02, 5);
        let count = bars.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_right(28)
            .x_label_area_size(30)
            .build_cartesian_2d(0.0..axis.seconds, 0.0..count)
            .map_err(|error| error.to_string())?;
        let marks = axis.marks();
        for (at, label) in &marks {
            let x = at * axis.seconds;
            let line = PathElement::new([(x, 0.0), (x, count)], FAINT);
            chart.draw_series([line]).map_err(|error| error.to_string())?;
            let (x, y) = chart.backend_coord(&(x, 0.0));
            let place = plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Center,
                plotters::style::text_anchor::VPos::Top,
            );
            let style = FONT.into_font().color(&INK).pos(place);
            area.draw(&Text::new(label.clone(), (x, y + 8), style))
                .map_err(|error| error.to_string())?;
        }
        for (place, bar) in bars.iter().enumerate() {
            let bottom = count - place as f64 - 0.95;
            let (low, high) = (bottom, bottom + 0.45);
            let colour = if bar.computes { RUNNING } else { WAITING };
            let rectangle = Rectangle::new([(0.0, low), (bar.mean, high)], colour.filled());
            chart.draw_series([rectangle]).map_err(|error| error.to_string())?;
            let middle = (low + high) / 2.0;
            let (least, most) = bar.range;
            let spread = ErrorBar::new_horizontal(middle, least, bar.mean, most, INK.filled(), 7);
            chart.draw_series([spread]).map_err(|error| error.to_string())?;
            let style = FONT.into_font().color(&INK);
            let label = Text::new(bar.label.clone(), (0.0, bottom + 0.81), style);
            chart.draw_series([label]).map_err(|error| error.to_string())?;
        }
        Ok(())
    })
}

/// A line through `points` (a count and a figure), on a logarithmic axis of counts and an axis of
/// figures from 0.
///
/// # Errors
/// What the drawing library says.
pub fn curve(points: &[(f64, f64)]) -> Result<String, String> {
    let counts = || points.iter().map(|point| point.0);
    let (least, most) = (counts().fold(f64::MAX, f64::min), counts().fold(1.0, f64::max));
    let highest = points.iter().map(|point| point.1).fold(1e-9, f64::max);
    drawn(CURVE, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_right(28)
            .x_label_area_size(34)
            .y_label_area_size(64)
            .build_cartesian_2d((least..most.max(least * 2.0)).log_scale(), 0.0..highest * 1.1)
            .map_err(|error| error.to_string())?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .x_labels(6)
            .y_labels(5)
            .x_label_formatter(&|count| format!("{count:.0}"))
            .y_label_formatter(&|figure| short(*figure))
            .label_style(FONT.into_font().color(&INK))
            .draw()
            .map_err(|error| error.to_string())?;
        let line = LineSeries::new(points.iter().copied(), RUNNING.stroke_width(3));
        chart.draw_series(line).map_err(|error| error.to_string())?;
        let dots = points.iter().map(|&point| Circle::new(point, 4, RUNNING.filled()));
        chart.draw_series(dots).map_err(|error| error.to_string())?;
        Ok(())
    })
}

fn short(figure: f64) -> String {
    if figure.fract() == 0.0 || figure >= 100.0 {
        format!("{figure:.0}")
    } else {
        format!("{figure:.1}")
    }
}

/// A chart of this height in the colours of the page.
///
/// # Errors
/// Those of `draw`, and what the drawing library says.
pub fn drawn(
    height: u32,
    draw: impl FnOnce(&Area) -> Result<(), String>,
) -> Result<String, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        draw(&area)?;
        area.present().map_err(|error| error.to_string())?;
    }
    Ok(themed(svg))
}

// The page says what the stand-ins look like. A reader of the page is told in words what the chart
// shows, so that the SVG itself is hidden from screen readers.
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

    fn bar(label: &str, mean: f64, range: (f64, f64), computes: bool) -> Bar {
        Bar { label: label.into(), mean, range, computes }
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
    fn a_curve_has_its_points() {
        let svg = curve(&[(10.0, 1.5), (100.0, 1.25), (1000.0, 1.75)]).expect("a chart");
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(!svg.contains('#'), "{svg}");
    }
}
