//! What the programs do: read two sites again and again, or sum squares. Both have known answers.

use std::fmt;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

/// The kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// Downloads, which wait most of the time.
    Io,
    /// Sums, which compute all of the time.
    Cpu,
}

impl Workload {
    /// The name of one item, such as `download`.
    pub fn item(self) -> &'static str {
        match self {
            Self::Io => "download",
            Self::Cpu => "sum",
        }
    }
}

/// How a program does several items at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One item after another.
    Sequential,
    /// Threads that take items from a queue.
    Threads,
    /// A task for each item, all of them on one thread.
    Tasks,
    /// Worker processes that receive items from their parent.
    Processes,
}

impl Strategy {
    /// What does an item: `thread`, `task` or `process`.
    pub fn worker(self) -> &'static str {
        match self {
            Self::Sequential | Self::Threads => "thread",
            Self::Tasks => "task",
            Self::Processes => "process",
        }
    }
}

/// A kind of item, with what its report needs.
pub trait WorkItem: fmt::Display + Sync {
    /// The workload that the item belongs to.
    const WORKLOAD: Workload;

    /// How long the item takes by its own settings; `None` if only a measurement shows it.
    fn set_time(&self) -> Option<Duration>;

    /// The result of one item for a person.
    fn describe(result: u128) -> String;
}

/// A page of the local server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The path of its URL.
    pub path: &'static str,
    /// How long the server waits before it answers, unless the request asks for another time.
    pub latency: Duration,
    /// The size of its body, in bytes.
    pub size: u64,
}

/// The two pages, in the order in which the programs read them.
pub const PAGES: [Page; 2] = [
    Page { path: "/jython", latency: Duration::from_millis(60), size: 20_480 },
    Page { path: "/dice", latency: Duration::from_millis(30), size: 32 },
];

/// How often the programs read the list of sites, unless `--repeat` sets another number.
pub const REPEAT: usize = 80;

/// The largest `--latency`: one minute.
pub const MAX_LATENCY: Duration = Duration::from_secs(60);

/// The bytes that `repeat` rounds over the local pages read.
pub fn expected_bytes(repeat: usize) -> u64 {
    repeat as u64 * PAGES.iter().map(|page| page.size).sum::<u64>()
}

/// One download to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The page's address.
    pub url: String,
    /// How long a page of the local server waits; `None` for a real site.
    pub latency: Option<Duration>,
}

impl Site {
    /// A site that is not the local server's.
    pub fn real(url: &Url) -> Self {
        Self { url: url.to_string(), latency: None }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl WorkItem for Site {
    const WORKLOAD: Workload = Workload::Io;

    fn set_time(&self) -> Option<Duration> {
        self.latency
    }

    fn describe(bytes: u128) -> String {
        format!("{bytes} bytes")
    }
}

/// The two pages of a local server, each with `latency` if one is given.
pub fn local_sites(server: SocketAddr, latency: Option<Duration>) -> Vec<Site> {
    let query = latency.map_or(String::new(), |time| format!("?latency={}", time.as_millis()));
    let site = |page: &Page| Site {
        url: format!("http://{server}{}{query}", page.path),
        latency: Some(latency.unwrap_or(page.latency)),
    };
    PAGES.iter().map(site).collect()
}

impl WorkItem for u64 {
    const WORKLOAD: Workload = Workload::Cpu;

    fn set_time(&self) -> Option<Duration> {
        None
    }

    fn describe(sum: u128) -> String {
        format!("sum {sum}")
    }
}

/// The largest `n` whose sum is below 2^128: the sum is about `n`^3 / 3.
pub const MAX_NUMBER: u64 = 10_069_012_961_345;

/// The sum of `i * i` for all `i` below `n`, one step at a time.
///
/// Correct for every `n` up to [`MAX_NUMBER`]. All programs run this one compiled copy.
#[inline(never)]
pub fn cpu_bound(n: u64) -> u128 {
    let mut sum = 0;
    // Without `black_box` the compiler replaces the loop by the formula of `closed_form`. Here it
    // hides the step, which stays in a register; around `i` it would cost a trip through memory.
    for i in (0..n).step_by(black_box(1)) {
        sum += u128::from(i) * u128::from(i);
    }
    sum
}

/// The same sum by a formula: `(n - 1) n (2n - 1) / 6`, the square pyramidal numbers (OEIS A000330,
/// with `n - 1` for `n`). `None` if the sum does not fit in a `u128`.
pub fn closed_form(n: u64) -> Option<u128> {
    let n = u128::from(n);
    // One of the three factors is divisible by 2 and one by 3. Division comes first, so that only a
    // sum that does not fit overflows.
    let mut factors = [n.saturating_sub(1), n, (2 * n).saturating_sub(1)];
    for divisor in [2, 3] {
        let factor = factors.iter_mut().find(|factor| **factor % divisor == 0)?;
        *factor /= divisor;
    }
    factors.into_iter().try_fold(1u128, u128::checked_mul)
}

/// The numbers that the programs use if the command line has none: 5,000,000 to 5,000,019.
pub fn default_numbers() -> impl Iterator<Item = u64> {
    5_000_000..5_000_020
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_round_reads_both_pages() {
        assert_eq!([0, 1, 80].map(expected_bytes), [0, 20_512, 1_640_960]);
    }

    #[test]
    fn a_latency_is_part_of_the_url() {
        let server = "127.0.0.1:80".parse().expect("address");
        let sites = local_sites(server, Some(Duration::from_millis(7)));
        assert_eq!(sites[1].url, "http://127.0.0.1:80/dice?latency=7");
        assert_eq!(sites[1].latency, Some(Duration::from_millis(7)));
        assert_eq!(local_sites(server, None)[0].url, "http://127.0.0.1:80/jython");
    }

    #[test]
    fn max_number_is_the_last_whose_sum_fits() {
        assert!(closed_form(MAX_NUMBER).is_some());
        assert_eq!(closed_form(MAX_NUMBER + 1), None);
    }

    #[test]
    fn the_first_sums_by_hand() {
        for (n, sum) in [0, 0, 1, 5, 14, 30].into_iter().enumerate() {
            assert_eq!(cpu_bound(n as u64), sum);
            assert_eq!(closed_form(n as u64), Some(sum));
        }
    }

    #[test]
    fn a_default_sum_is_larger_than_2_to_the_64() {
        assert_eq!(cpu_bound(5_000_000), 41_666_654_166_667_500_000);
        assert!(closed_form(5_000_000) > Some(u128::from(u64::MAX)));
    }

    proptest! {
        #[test]
        fn the_loop_agrees_with_the_closed_form(n in 0u64..20_000) {
            prop_assert_eq!(Some(cpu_bound(n)), closed_form(n));
        }

        // A loop past 2^32 takes too long for a test; one step does not: the next term is n * n.
        #[test]
        fn the_closed_form_grows_by_a_square(n in 0..MAX_NUMBER) {
            let step = closed_form(n + 1).zip(closed_form(n)).map(|(after, before)| after - before);
            prop_assert_eq!(step, Some(u128::from(n) * u128::from(n)));
        }
    }
}
