//! Figures for a person: three significant digits, in the unit that suits the value.

/// Three significant digits: `0.0123`, `1.23`, `12.3`, `123`, `12300`.
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    // Rounded first: 9.996 has two digits before the point once it is 10.0.
    let scale = 10f64.powi(2 - value.abs().log10().floor() as i32);
    let rounded = (value * scale).round() / scale;
    let decimals = (2 - rounded.abs().log10().floor() as i32).max(0) as usize;
    format!("{rounded:.decimals$}")
}

/// A time in seconds: `1.45 s`, `76.3 ms`, `812 µs`.
pub fn seconds(seconds: f64) -> String {
    let (value, unit) = match seconds.abs() {
        0.0 => (0.0, "s"),
        s if s < 0.000_999_5 => (seconds * 1e6, "µs"),
        s if s < 0.999_5 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    format!("{} {unit}", significant(value))
}

/// A size in bytes: `512 B`, `20.0 KiB`, `17.3 MiB`.
pub fn bytes(bytes: f64) -> String {
    let mut value = bytes;
    let mut units = ["B", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value.abs() < 999.5 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    format!("{} {unit}", significant(value))
}

/// A ratio in percent: `84.3 %`.
pub fn percent(ratio: f64) -> String {
    format!("{} %", significant(100.0 * ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.012_345, "0.0123"),
            (9.996, "10.0"),
            (1.2, "1.20"),
            (99.95, "100"),
            (123.4, "123"),
            (12_345.0, "12300"),
            (-1.234, "-1.23"),
        ] {
            assert_eq!(significant(value), text);
        }
    }

    #[test]
    fn a_unit_suits_its_value() {
        let times = [0.0, 0.000_812, 0.000_999_6, 0.0763, 0.9999, 1.4467];
        assert_eq!(times.map(seconds), ["0 s", "812 µs", "1.00 ms", "76.3 ms", "1.00 s", "1.45 s"]);
        let sizes = [512.0, 20_480.0, 18_140_365.0, 5e9];
        assert_eq!(sizes.map(bytes), ["512 B", "20.0 KiB", "17.3 MiB", "4.66 GiB"]);
        assert_eq!(percent(0.8432), "84.3 %");
    }
}
