//! What a series of timings says: mean, spread, ratios, outliers.

use serde::Serialize;
use statrs::statistics::{Data, Distribution, Max, Min, OrderStatistics};

/// The modified z-score beyond which a run is called an outlier: 3.5, the value that Iglewicz and
/// Hoaglin recommend (*How to Detect and Handle Outliers*, ASQC, 1993).
const OUTLYING_SCORE: f64 = 3.5;

/// Makes the median absolute deviation comparable with a standard deviation: the 0.75 quantile of
/// the normal distribution (Iglewicz and Hoaglin, as above).
const NORMAL_QUARTILE: f64 = 0.6745;

/// An outlier is also this far from the median, as a share of it. Runs can be so even that a
/// difference nobody cares about has a large score.
const OUTLYING_SHARE: f64 = 0.01;

/// A series of timings, all in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// The arithmetic mean.
    pub mean: f64,
    /// The sample standard deviation (divided by n - 1); `None` for a single run.
    pub deviation: Option<f64>,
    /// The median.
    pub median: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
}

impl Statistics {
    /// Of these timings; `None` if there are none.
    pub fn of(timings: &[f64]) -> Option<Self> {
        if timings.is_empty() {
            return None;
        }
        let mut data = Data::new(timings.to_vec());
        Some(Self {
            // Rounding may put the mean of equal timings just beside them.
            mean: data.mean()?.clamp(data.min(), data.max()),
            deviation: data.std_dev().filter(|deviation| deviation.is_finite()),
            median: data.median(),
            min: data.min(),
            max: data.max(),
        })
    }
}

/// The mean of what is known, `None` if any is unknown or there are none.
pub fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    Data::new(values).mean().filter(|mean| mean.is_finite())
}

/// How many times faster something is than something else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The slower mean over the faster one.
    pub value: f64,
    /// Its standard deviation; `None` where one of the two is unknown.
    pub deviation: Option<f64>,
}

impl Ratio {
    /// How many times faster `this` is than `baseline`.
    ///
    /// The deviation is that of a quotient of two independent quantities to first order,
    /// `σ = b/t · √((σb/b)² + (σt/t)²)`, as hyperfine has it for its relative speeds
    /// (<https://en.wikipedia.org/wiki/Propagation_of_uncertainty#Example_formulae>).
    pub fn between(baseline: &Statistics, this: &Statistics) -> Self {
        let value = baseline.mean / this.mean;
        let deviation = baseline.deviation.zip(this.deviation).map(|(of_baseline, of_this)| {
            value * (of_baseline / baseline.mean).hypot(of_this / this.mean)
        });
        Self { value, deviation }
    }
}

/// Which timings lie so far from the median that something must have come between, by position.
///
/// A timing does if its modified z-score `0.6745 (x - median) / MAD` is beyond 3.5 (Iglewicz and
/// Hoaglin) and it differs from the median by 1 % or more. Where more than half of the timings
/// are equal the MAD is zero and none can be told.
pub fn outliers(timings: &[f64]) -> Vec<usize> {
    let median = Data::new(timings.to_vec()).median();
    let distances: Vec<f64> = timings.iter().map(|timing| (timing - median).abs()).collect();
    let spread = Data::new(distances.clone()).median();
    let outlies = |distance: f64| {
        spread > 0.0
            && NORMAL_QUARTILE * distance / spread > OUTLYING_SCORE
            && distance >= OUTLYING_SHARE * median
    };
    (0..timings.len()).filter(|&run| outlies(distances[run])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
    }

    #[test]
    fn by_hand() {
        let statistics = Statistics::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).expect("some");
        assert_eq!((statistics.mean, statistics.median), (5.0, 4.5));
        assert_eq!((statistics.min, statistics.max), (2.0, 9.0));
        assert!(close(statistics.deviation.expect("known"), (32.0f64 / 7.0).sqrt()));
    }

    #[test]
    fn of_one_and_of_none() {
        assert_eq!(Statistics::of(&[]), None);
        let one = Statistics::of(&[3.0]).expect("some");
        assert_eq!(one, Statistics { mean: 3.0, deviation: None, median: 3.0, min: 3.0, max: 3.0 });
        assert_eq!(Ratio::between(&one, &one), Ratio { value: 1.0, deviation: None });
    }

    #[test]
    fn a_mean_of_something_unknown_is_unknown() {
        assert_eq!(mean([Some(1.0), Some(2.0)].into_iter()), Some(1.5));
        assert_eq!(mean([Some(1.0), None].into_iter()), None);
        assert_eq!(mean(std::iter::empty()), None);
    }

    #[test]
    fn a_ratio_by_hand() {
        let series =
            |mean, deviation| Statistics { mean, deviation, median: mean, min: mean, max: mean };
        let ratio = Ratio::between(&series(10.0, Some(0.3)), &series(2.0, Some(0.08)));
        assert_eq!(ratio.value, 5.0);
        // √(0.03² + 0.04²) = 0.05, of 5.
        assert!(close(ratio.deviation.expect("known"), 0.25));
    }

    #[test]
    fn outliers_by_hand() {
        // Median 10.0, MAD 0.1: the score of 11.0 is 6.7, that of 10.5 is 3.4.
        assert_eq!(outliers(&[9.9, 10.0, 10.1, 11.0, 10.0, 9.9, 10.1]), [3]);
        assert_eq!(outliers(&[9.9, 10.0, 10.1, 10.5, 10.0, 9.9, 10.1]), [0usize; 0]);
        // A run that is too fast is as odd as one that is too slow.
        assert_eq!(outliers(&[9.9, 10.0, 10.1, 9.0, 10.0, 9.9, 10.1]), [3]);
        // Far by its score, and yet nothing to care about.
        assert_eq!(outliers(&[10.0, 10.001, 9.999, 10.05, 10.0, 10.001, 9.999]), [0usize; 0]);
        assert_eq!(outliers(&[]), [0usize; 0]);
        assert_eq!(outliers(&[1.0, 9.0]), [0usize; 0]);
    }

    proptest! {
        #[test]
        fn mean_and_median_lie_between_min_and_max(timings in prop::collection::vec(1e-6..1e4, 1..60)) {
            let Statistics { mean, deviation, median, min, max } = Statistics::of(&timings).expect("some");
            prop_assert!((min..=max).contains(&mean) && (min..=max).contains(&median));
            prop_assert_eq!(deviation.is_some(), timings.len() > 1);
            // No sample deviates by more than half its range times √(n / (n - 1)).
            prop_assert!(deviation.unwrap_or(0.0) <= (max - min) * 0.5f64.sqrt() * (1.0 + 1e-9));
        }

        #[test]
        fn the_unit_of_time_does_not_matter(timings in prop::collection::vec(1e-3..1e3, 2..30), unit in 0.1..10.0) {
            let scaled: Vec<f64> = timings.iter().map(|timing| timing * unit).collect();
            let (ours, theirs) = (Statistics::of(&timings).expect("some"), Statistics::of(&scaled).expect("some"));
            prop_assert!(close(ours.mean * unit, theirs.mean));
            prop_assert!(close(Ratio::between(&ours, &theirs).value, 1.0 / unit));
        }

        #[test]
        fn a_ratio_is_at_least_as_uncertain_as_either_side(
            baseline in prop::collection::vec(1e-3..1e3, 2..30),
            this in prop::collection::vec(1e-3..1e3, 2..30),
        ) {
            let sides = [baseline, this].map(|timings| Statistics::of(&timings).expect("some"));
            let ratio = Ratio::between(&sides[0], &sides[1]);
            let relative = ratio.deviation.expect("known") / ratio.value;
            for side in sides {
                prop_assert!(relative >= side.deviation.expect("known") / side.mean - 1e-12);
            }
        }

        #[test]
        fn the_order_of_the_runs_does_not_matter(mut timings in prop::collection::vec(1e-3..1e3, 1..30)) {
            let mut odd: Vec<f64> = outliers(&timings).into_iter().map(|run| timings[run]).collect();
            timings.reverse();
            let mut again: Vec<f64> = outliers(&timings).into_iter().map(|run| timings[run]).collect();
            odd.sort_by(f64::total_cmp);
            again.sort_by(f64::total_cmp);
            prop_assert_eq!(odd, again);
        }
    }
}
