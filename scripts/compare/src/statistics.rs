//! Statistics of a series of times: mean, spread, outliers, and speedups with confidence intervals.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::statistics::{Data, Distribution, Max, Min, OrderStatistics};

/// The modified z-score above which a run is an outlier: 3.5, as Iglewicz and Hoaglin recommend
/// (*How to Detect and Handle Outliers*, ASQC, 1993).
const OUTLIER_SCORE: f64 = 3.5;

/// Makes the median absolute deviation comparable with a standard deviation: the 0.75 quantile of
/// the normal distribution (Iglewicz and Hoaglin, as above).
const NORMAL_QUARTILE: f64 = 0.6745;

/// An outlier also differs from the median by this share. Very even runs would otherwise have
/// outliers that do not matter.
const OUTLIER_SHARE: f64 = 0.01;

/// Two programs whose interval lies within this share of 1 are the same for a reader's decision.
const SAME_SHARE: f64 = 0.02;

/// A series of times, all in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// The arithmetic mean.
    pub mean: f64,
    /// The sample standard deviation (divided by n - 1); `None` for a single run.
    #[serde(rename = "stddev")]
    pub deviation: Option<f64>,
    /// The median.
    pub median: f64,
    /// The shortest time.
    pub min: f64,
    /// The longest time.
    pub max: f64,
}

impl Statistics {
    /// The statistics of `times`; `None` if there are none.
    pub fn of(times: &[f64]) -> Option<Self> {
        if times.is_empty() {
            return None;
        }
        let mut data = Data::new(times.to_vec());
        Some(Self {
            // Rounding may put the mean of equal times just outside of them.
            mean: data.mean()?.clamp(data.min(), data.max()),
            deviation: data.std_dev().filter(|deviation| deviation.is_finite()),
            median: data.median(),
            min: data.min(),
            max: data.max(),
        })
    }
}

/// The mean of `values`; `None` if any is unknown or there are none.
pub fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    Data::new(values).mean().filter(|mean| mean.is_finite())
}

/// A ratio of two times, such as a speedup, with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The geometric mean over the rounds.
    pub value: f64,
    /// The lower and the upper end of the interval; `None` for a single round.
    pub interval: Option<(f64, f64)>,
    /// How many rounds it is from.
    pub rounds: usize,
}

impl Ratio {
    /// Sums up one ratio for each round; `None` if there are none.
    ///
    /// The value is the geometric mean, because a ratio and its inverse must agree. The interval is
    /// Student's t interval of the mean of the logarithms, `x̄ ± t(0.975, n-1) s / √n` (NIST/SEMATECH
    /// e-Handbook of Statistical Methods, section 1.3.5.2), transformed back. Both programs run in
    /// each round, so that the drift of the machine cancels out.
    pub fn of_rounds(ratios: &[f64]) -> Option<Self> {
        let logarithms: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
        let rounds = logarithms.len();
        let data = Data::new(logarithms);
        let mean = data.mean().filter(|mean| mean.is_finite())?;
        let half = data.std_dev().filter(|deviation| deviation.is_finite()).and_then(|deviation| {
            let t = StudentsT::new(0.0, 1.0, rounds as f64 - 1.0).ok()?.inverse_cdf(0.975);
            Some(t * deviation / (rounds as f64).sqrt())
        });
        let interval = half.map(|half| ((mean - half).exp(), (mean + half).exp()));
        Some(Self { value: mean.exp(), interval, rounds })
    }

    /// Half of the interval's width as a share of the value.
    pub fn half_width(&self) -> Option<f64> {
        self.interval.map(|(low, high)| (high - low) / 2.0 / self.value)
    }

    /// What the interval decides.
    pub fn verdict(&self) -> Verdict {
        match self.interval {
            Some((low, high)) if low >= 1.0 - SAME_SHARE && high <= 1.0 + SAME_SHARE => {
                Verdict::Same
            }
            Some((low, _)) if low > 1.0 => Verdict::Faster,
            Some((_, high)) if high < 1.0 => Verdict::Slower,
            _ => Verdict::NotResolved,
        }
    }
}

/// How a program compares with another one, by the interval of its speedup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval is above 1.
    Faster,
    /// The whole interval is below 1.
    Slower,
    /// The whole interval is within 2 % of 1.
    Same,
    /// The interval contains 1, or there is none.
    NotResolved,
}

/// The positions of the times that are far from the median.
///
/// A time is an outlier if its modified z-score `0.6745 (x - median) / MAD` is above 3.5 (Iglewicz
/// and Hoaglin) and it differs from the median by 1 % or more. Where more than half of the times are
/// equal the MAD is zero, and no outlier can be found.
pub fn outliers(times: &[f64]) -> Vec<usize> {
    let median = Data::new(times.to_vec()).median();
    let distances: Vec<f64> = times.iter().map(|time| (time - median).abs()).collect();
    let spread = Data::new(distances.clone()).median();
    let outlier = |distance: f64| {
        spread > 0.0
            && NORMAL_QUARTILE * distance / spread > OUTLIER_SCORE
            && distance >= OUTLIER_SHARE * median
    };
    (0..times.len()).filter(|&run| outlier(distances[run])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
    }

    #[test]
    fn statistics_by_hand() {
        let statistics = Statistics::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).expect("some");
        assert_eq!((statistics.mean, statistics.median), (5.0, 4.5));
        assert_eq!((statistics.min, statistics.max), (2.0, 9.0));
        assert!(close(statistics.deviation.expect("known"), (32.0f64 / 7.0).sqrt()));
    }

    #[test]
    fn statistics_of_one_time_and_of_none() {
        assert_eq!(Statistics::of(&[]), None);
        let one = Statistics::of(&[3.0]).expect("some");
        assert_eq!(one, Statistics { mean: 3.0, deviation: None, median: 3.0, min: 3.0, max: 3.0 });
    }

    #[test]
    fn a_mean_with_an_unknown_value_is_unknown() {
        assert_eq!(mean([Some(1.0), Some(2.0)].into_iter()), Some(1.5));
        assert_eq!(mean([Some(1.0), None].into_iter()), None);
        assert_eq!(mean(std::iter::empty()), None);
    }

    // The interval of the mean of ZARR13.DAT in the NIST handbook, section 1.3.5.2: 195 values of
    // mean 9.261460 and standard deviation 0.022789 give 9.258242 to 9.264679.
    #[test]
    fn the_interval_is_that_of_the_nist_handbook() {
        let (mean, deviation, count) = (9.261_460, 0.022_789, 195);
        // Values with this mean and deviation: one in the middle, the others on both sides.
        let values = (0..count).map(|place| match place {
            0 => mean,
            _ if place % 2 == 0 => mean + deviation,
            _ => mean - deviation,
        });
        let ratios: Vec<f64> = values.map(f64::exp).collect();
        let (low, high) = Ratio::of_rounds(&ratios).expect("some").interval.expect("known");
        assert!((low.ln() - 9.258_242).abs() < 2e-6, "{}", low.ln());
        assert!((high.ln() - 9.264_679).abs() < 2e-6, "{}", high.ln());
    }

    #[test]
    fn a_ratio_by_hand() {
        let ratio = Ratio::of_rounds(&[2.0, 8.0]).expect("some");
        assert!(close(ratio.value, 4.0));
        // The deviation of ln 2 and ln 8 is √2 ln 2; t(0.975, 1) is 12.706.
        let (low, high) = ratio.interval.expect("known");
        assert!((high.ln() - 4.0f64.ln() - 12.706 * 2.0f64.ln()).abs() < 1e-3);
        assert!(close(low * high, 16.0));
        let one = Ratio::of_rounds(&[3.0]).expect("some");
        assert_eq!((one.interval, one.verdict()), (None, Verdict::NotResolved));
        assert_eq!(Ratio::of_rounds(&[]), None);
    }

    #[test]
    fn verdicts_on_both_sides_of_each_threshold() {
        let verdict =
            |low, high| Ratio { value: 1.0, interval: Some((low, high)), rounds: 6 }.verdict();
        assert_eq!(verdict(0.981, 1.019), Verdict::Same);
        assert_eq!(verdict(1.001, 1.019), Verdict::Same);
        assert_eq!(verdict(1.001, 1.021), Verdict::Faster);
        assert_eq!(verdict(0.979, 0.999), Verdict::Slower);
        assert_eq!(verdict(0.979, 1.001), Verdict::NotResolved);
        assert_eq!(verdict(0.999, 1.021), Verdict::NotResolved);
    }

    /// Numbers from 0 to 1, the same in each test (xorshift).
    fn uniform(state: &mut u64) -> f64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) as f64 / (1u64 << 53) as f64
    }

    // A sum of twelve uniform numbers is close to a normal one.
    fn noise(state: &mut u64) -> f64 {
        (0..12).map(|_| uniform(state)).sum::<f64>() - 6.0
    }

    /// The share of 1,000 comparisons whose interval covers the true speedup of 2. Each has at least
    /// six rounds, and goes on until the half-width is at most `until`; `drift` slows the machine down
    /// from round to round.
    fn coverage(drift: f64, sigma: f64, until: f64) -> f64 {
        let (comparisons, mut state) = (1_000, 0x9E37_79B9_7F4A_7C15);
        let covered = (0..comparisons).filter(|_| {
            let mut ratios = Vec::new();
            loop {
                let machine = 1.0 + drift * ratios.len() as f64;
                let baseline = 2.0 * machine * (sigma * noise(&mut state)).exp();
                ratios.push(baseline / (machine * (sigma * noise(&mut state)).exp()));
                let ratio = Ratio::of_rounds(&ratios).expect("some");
                if ratios.len() >= 6 && ratio.half_width().expect("known") <= until {
                    let (low, high) = ratio.interval.expect("known");
                    return (low..=high).contains(&2.0);
                }
            }
        });
        covered.count() as f64 / f64::from(comparisons)
    }

    #[test]
    fn the_interval_covers_the_true_speedup_in_95_percent_of_comparisons() {
        for (drift, sigma) in [(0.0, 0.02), (0.0, 0.2), (0.1, 0.02), (0.5, 0.1)] {
            let covered = coverage(drift, sigma, f64::INFINITY);
            assert!((0.93..=0.97).contains(&covered), "{covered} at drift {drift}, σ {sigma}");
        }
    }

    #[test]
    fn the_interval_covers_it_also_where_its_width_ends_the_comparison() {
        let covered = coverage(0.1, 0.02, 0.02);
        assert!((0.93..=0.97).contains(&covered), "{covered}");
    }

    #[test]
    fn outliers_by_hand() {
        // Median 10.0, MAD 0.1: the score of 11.0 is 6.7, that of 10.5 is 3.4.
        assert_eq!(outliers(&[9.9, 10.0, 10.1, 11.0, 10.0, 9.9, 10.1]), [3]);
        assert_eq!(outliers(&[9.9, 10.0, 10.1, 10.5, 10.0, 9.9, 10.1]), [0usize; 0]);
        // A run that is too fast is as odd as one that is too slow.
        assert_eq!(outliers(&[9.9, 10.0, 10.1, 9.0, 10.0, 9.9, 10.1]), [3]);
        // A large score, and a difference that does not matter.
        assert_eq!(outliers(&[10.0, 10.001, 9.999, 10.05, 10.0, 10.001, 9.999]), [0usize; 0]);
        assert_eq!(outliers(&[]), [0usize; 0]);
        assert_eq!(outliers(&[1.0, 9.0]), [0usize; 0]);
    }

    proptest! {
        #[test]
        fn mean_and_median_lie_between_min_and_max(times in prop::collection::vec(1e-6..1e4, 1..60)) {
            let Statistics { mean, deviation, median, min, max } = Statistics::of(&times).expect("some");
            prop_assert!((min..=max).contains(&mean) && (min..=max).contains(&median));
            prop_assert_eq!(deviation.is_some(), times.len() > 1);
            // No sample deviates by more than half its range times √(n / (n - 1)).
            prop_assert!(deviation.unwrap_or(0.0) <= (max - min) * 0.5f64.sqrt() * (1.0 + 1e-9));
        }

        #[test]
        fn a_ratio_and_its_inverse_agree(ratios in prop::collection::vec(1e-2..1e2, 2..20)) {
            let inverse: Vec<f64> = ratios.iter().map(|ratio| 1.0 / ratio).collect();
            let (one, other) = (Ratio::of_rounds(&ratios), Ratio::of_rounds(&inverse));
            let (one, other) = (one.expect("some"), other.expect("some"));
            prop_assert!(close(one.value, 1.0 / other.value));
            let ((low, high), (low_inverse, high_inverse)) =
                (one.interval.expect("known"), other.interval.expect("known"));
            prop_assert!(close(low * high_inverse, 1.0) && close(high * low_inverse, 1.0));
        }

        #[test]
        fn the_order_of_the_runs_does_not_matter(mut times in prop::collection::vec(1e-3..1e3, 1..30)) {
            let sorted = |times: &[f64]| {
                let mut odd: Vec<f64> = outliers(times).into_iter().map(|run| times[run]).collect();
                odd.sort_by(f64::total_cmp);
                odd
            };
            let before = sorted(&times);
            times.reverse();
            prop_assert_eq!(before, sorted(&times));
        }
    }
}
