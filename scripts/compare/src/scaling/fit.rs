//! How a cost grows with the workers.

use statrs::statistics::Statistics;

use crate::model::{Class, Fit, Point, PointCost, Scaling, Series, Workload};

/// An exponent within this distance of 0, 1 or -1 is flat, linear or inverse: ten times the workers
/// then change the cost by a factor of 1.26 (`10^0.1`) at most.
const TOLERANCE: f64 = 0.1;

/// How the costs of all series grow. Downloads: over all points. Sums: up to one worker for each CPU,
/// and from there on.
pub fn fits(scaling: &Scaling) -> Vec<Fit> {
    let cpus = scaling.cpus;
    let of_series = |series: &Series| match series.workload {
        Workload::Io => vec![fit(series, 0, usize::MAX)],
        Workload::Cpu => vec![fit(series, 0, cpus), fit(series, cpus, usize::MAX)],
    };
    scaling.series.iter().flat_map(of_series).flatten().collect()
}

// Memory, and for downloads CPU time, is the cost above that of the first point: what a program needs
// without any worker would hide the growth.
fn fit(series: &Series, least: usize, most: usize) -> Option<Fit> {
    let base = series.points.first()?;
    let within = |point: &&Point| (least..=most).contains(&point.workers);
    let points: Vec<&Point> = series.points.iter().filter(within).collect();
    let class_of = |cost: PointCost, added: bool| {
        let (workers, least) = if added { (base.workers, cost(base)?) } else { (0, 0.0) };
        let pair = |point: &&Point| Some(((point.workers - workers) as f64, cost(point)? - least));
        class(points.iter().filter_map(pair))
    };
    Some(Fit {
        program: series.program,
        range: (points.first()?.workers, points.last()?.workers),
        wall: class_of(Point::WALL, false),
        cpu_time: class_of(Point::CPU_TIME, series.workload == Workload::Io),
        memory: class_of(Point::MEMORY, true),
    })
}

/// The class of a cost `y` by the exponent `b` of `y = a x^b`, by least squares on the logarithms:
/// `Σ(x-x̄)(y-ȳ) / Σ(x-x̄)²`, which is the covariance over the variance (Draper and Smith, *Applied
/// Regression Analysis*, 3rd edition, 1998, equation 1.2.9). `None` without two counts. What is not
/// above 0 has no logarithm and is left out.
fn class(points: impl Iterator<Item = (f64, f64)>) -> Option<Class> {
    let points = points.filter(|(x, y)| *x > 0.0 && *y > 0.0).map(|(x, y)| (x.ln(), y.ln()));
    let (x, y): (Vec<f64>, Vec<f64>) = points.unzip();
    let variance = (&x).variance();
    // Equal counts differ from their mean by rounding. A single count has no variance.
    (variance > 1e-12).then(|| by_exponent(x.covariance(y) / variance))
}

fn by_exponent(exponent: f64) -> Class {
    let near = |whole: f64| (exponent - whole).abs() <= TOLERANCE;
    match exponent {
        _ if near(0.0) => Class::Flat,
        _ if near(1.0) => Class::Linear,
        _ if near(-1.0) => Class::Inverse,
        _ if exponent > 1.0 => Class::FasterThanLinear,
        _ if exponent > 0.0 => Class::SlowerThanLinear,
        _ if exponent > -1.0 => Class::SlowerThanInverse,
        _ => Class::FasterThanInverse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_cost_without_workers_does_not_hide_the_growth() {
        let fits = fits(&sample::scaling());
        let tasks = &fits[1];
        assert_eq!((tasks.program, tasks.range), ("async-io", (2, 10_000)));
        assert_eq!(
            (tasks.wall, tasks.cpu_time, tasks.memory),
            (Some(Class::Flat), Some(Class::Linear), Some(Class::Linear))
        );
    }

    #[test]
    fn sums_have_a_fit_up_to_the_cpus_and_one_beyond() {
        let fits = fits(&sample::scaling());
        let [up, beyond] = &fits[2..] else { panic!("two ranges") };
        assert_eq!((up.range, beyond.range), ((1, 2), (2, 4)));
        // Up to two workers, memory has a single point above the first.
        assert_eq!(
            (up.wall, up.cpu_time, up.memory),
            (Some(Class::Inverse), Some(Class::Flat), None)
        );
        assert_eq!((beyond.wall, beyond.memory), (Some(Class::Flat), Some(Class::Linear)));
    }

    #[test]
    fn a_power_law_has_the_class_of_its_exponent() {
        for (exponent, expected) in [
            (-1.11, Class::FasterThanInverse),
            (-1.09, Class::Inverse),
            (-0.89, Class::SlowerThanInverse),
            (-0.11, Class::SlowerThanInverse),
            (-0.09, Class::Flat),
            (0.09, Class::Flat),
            (0.11, Class::SlowerThanLinear),
            (0.91, Class::Linear),
            (1.11, Class::FasterThanLinear),
        ] {
            let points = [2.0f64, 10.0, 1000.0].map(|x| (x, 3.0 * x.powf(exponent)));
            assert_eq!(class(points.into_iter()), Some(expected), "{exponent}");
        }
        for none in [&[][..], &[(1.0, 1.0)], &[(3.0, 1.0), (3.0, 2.0)], &[(1.0, 1.0), (2.0, 0.0)]] {
            assert_eq!(class(none.iter().copied()), None);
        }
    }

    #[test]
    fn without_points_there_is_no_fit() {
        let mut scaling = sample::scaling();
        scaling.series.iter_mut().for_each(|series| series.points.clear());
        assert!(fits(&scaling).is_empty());
    }
}
