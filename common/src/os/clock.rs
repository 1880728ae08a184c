//! A clock that all processes of the machine share, and that nobody sets back.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// The time since some moment before the machine's processes began, in nanoseconds resolution.
///
/// Read from `CLOCK_MONOTONIC`, so that a worker process's readings and its parent's can be
/// compared, and so that setting the wall clock changes nothing.
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
