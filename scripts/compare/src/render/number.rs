//! Numbers for people: three significant digits and a unit.

use indicatif::HumanCount;

use crate::statistics::{Ratio, Statistics};

/// A figure that the system does not report.
pub const UNKNOWN: &str = "unknown";

/// A number with three significant digits, and a comma before each three digits.
pub fn significant(value: f64) -> String {
    let rounded = rounded(value);
    let sign = if rounded < 0.0 { "-" } else { "" };
    match rounded.abs() {
        0.0 => "0".into(),
        size if size >= 100.0 => format!("{sign}{}", HumanCount(size as u64)),
        size => {
            let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
            format!("{sign}{size:.decimals$}")
        }
    }
}

// By way of decimal digits, so that 9.996 has the exponent of 10.
fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// A whole number, with a comma before each three digits.
pub fn count(count: u64) -> String {
    HumanCount(count).to_string()
}

/// A time, which may be negative.
pub fn time(seconds: f64) -> String {
    let (unit, scale) = match rounded(seconds).abs() {
        size if size >= 1.0 => ("s", 1.0),
        size if size >= 1e-3 => ("ms", 1e3),
        _ => ("µs", 1e6),
    };
    match seconds.abs() {
        ..5e-8 => "0 s".into(),
        _ => format!("{} {unit}", significant(seconds * scale)),
    }
}

/// An amount of memory, which may be negative.
pub fn memory(bytes: f64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let size = |power: i32| bytes / f64::from(1 << power);
    match units.into_iter().find(|(_, power)| rounded(size(*power)).abs() >= 1.0) {
        Some((unit, power)) => format!("{} {unit}", significant(size(power))),
        None => format!("{} bytes", bytes.round()),
    }
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    format!("{} %", significant(100.0 * share))
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
    fn numbers_have_three_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.004_234, "0.00423"),
            (0.099_96, "0.100"),
            (1.0, "1.00"),
            (4.876, "4.88"),
            (9.996, "10.0"),
            (86.04, "86.0"),
            (99.96, "100"),
            (1_234.5, "1,230"),
            (7_654_321.0, "7,650,000"),
            (-2.345, "-2.35"),
        ] {
            assert_eq!(significant(value), text);
        }
        assert_eq!([7, 1_234_567].map(count), ["7", "1,234,567"]);
    }

    #[test]
    fn units_follow_the_size() {
        assert_eq!(
            [0.0, 4.2e-7, 1.85e-4, 0.0841, 0.9996, 7.284, 123.4, -2e-3].map(time),
            ["0 s", "0.420 µs", "185 µs", "84.1 ms", "1.00 s", "7.28 s", "123 s", "-2.00 ms"]
        );
        assert_eq!(
            [448.0, 30_720.0, 1_048_000.0, 11_744_051.0, -2_048.0, 5e9].map(memory),
            ["448 bytes", "30.0 KiB", "1.00 MiB", "11.2 MiB", "-2.00 KiB", "4.66 GiB"]
        );
        assert_eq!([0.973, 1.0, 0.0123].map(percent), ["97.3 %", "100 %", "1.23 %"]);
    }

    #[test]
    fn ratios_show_their_interval() {
        let shown = |interval| ratio(Ratio { value: 4.881, interval, rounds: 6 });
        assert_eq!(shown(Some((4.861, 4.901))), "4.88 (4.86 to 4.90)");
        assert_eq!(shown(None), "4.88");
    }
}
