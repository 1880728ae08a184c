//! A monotonic clock that all processes of the machine share.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// The time since an unspecified moment, with nanosecond resolution.
///
/// Reads `CLOCK_MONOTONIC`, so that the readings of a worker process and of its parent can be compared,
/// and setting the time of day changes nothing.
pub fn now() -> Duration {
    // The call fails only for a clock that does not exist, and POSIX has had this one since 2001.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    #[test]
    fn never_goes_back() {
        let readings: Vec<_> = (0..1000).map(|_| super::now()).collect();
        assert!(readings.is_sorted());
        assert!(readings[0] > std::time::Duration::ZERO);
    }
}
