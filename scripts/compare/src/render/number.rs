//! Numbers for people: three significant digits and a unit, as the programs print them.

pub use common::report::format::{bytes as memory, percent, seconds as time, significant};
use indicatif::HumanCount;

use crate::statistics::{Ratio, Statistics};

/// A figure that the system does not report.
pub const UNKNOWN: &str = "unknown";

/// A whole number, with a comma before each three digits.
pub fn count(count: u64) -> String {
    HumanCount(count).to_string()
}

/// A mean time and its standard deviation.
pub fn spread(times: &Statistics) -> String {
    format!("{} ± {}", time(times.mean), known(times.deviation, time))
}

/// A ratio and its interval.
pub fn ratio(ratio: Ratio) -> String {
    with_interval(ratio.value, ratio.interval)
}

/// A ratio and its interval, if it has one.
pub fn with_interval(value: f64, interval: Option<(f64, f64)>) -> String {
    match interval {
        Some(interval) => format!("{} ({})", significant(value), range(interval)),
        None => significant(value),
    }
}

/// An interval.
pub fn range((low, high): (f64, f64)) -> String {
    format!("{} to {}", significant(low), significant(high))
}

/// A figure, or that it is unknown.
pub fn known<T>(figure: Option<T>, show: impl Fn(T) -> String) -> String {
    figure.map_or(UNKNOWN.into(), show)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_show_their_interval() {
        let shown = |interval| ratio(Ratio { value: 4.881, interval, rounds: 6 });
        assert_eq!(shown(Some((4.861, 4.901))), "4.88 (4.86 to 4.90)");
        assert_eq!(shown(None), "4.88");
        assert_eq!([7, 1_234_567].map(count), ["7", "1,234,567"]);
    }
}
