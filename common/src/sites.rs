//! What is downloaded: the two sites, and how long the local ones take.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use url::{Host, Url};

/// A page of the local site server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path.
    pub path: &'static str,
    /// How long the server takes to answer, unless it is asked for another time.
    pub latency: Duration,
    /// The size of its body, in bytes.
    pub size: u64,
}

/// The two pages, in the order in which they are read.
pub const PAGES: [Page; 2] = [
    Page { path: "/jython", latency: Duration::from_millis(60), size: 20_480 },
    Page { path: "/dice", latency: Duration::from_millis(30), size: 32 },
];

/// How often the list of sites is read, unless `--repeat` says otherwise.
pub const REPEAT: usize = 80;

/// The longest `--latency`: one minute.
pub const LONGEST_LATENCY: Duration = Duration::from_secs(60);

/// Bytes that `repeat` rounds over the local pages read.
pub fn expected_bytes(repeat: usize) -> u64 {
    repeat as u64 * PAGES.iter().map(|page| page.size).sum::<u64>()
}

/// One download to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Where it is.
    pub url: String,
    /// What a local page is set to take; `None` for a real site.
    pub latency: Option<Duration>,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The two local pages, each taking `latency` if one is given.
pub fn local(server: SocketAddr, latency: Option<Duration>) -> Vec<Site> {
    PAGES
        .iter()
        .map(|page| {
            let query =
                latency.map_or(String::new(), |asked| format!("?latency={}", asked.as_millis()));
            Site {
                url: format!("http://{server}{}{query}", page.path),
                latency: Some(latency.unwrap_or(page.latency)),
            }
        })
        .collect()
}

/// A real site.
pub fn real(url: &Url) -> Site {
    Site { url: url.to_string(), latency: None }
}

/// Whether a URL names this machine itself, so that no proxy may come between.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_by_name_and_by_number() {
        for (url, loopback) in [
            ("http://localhost:80/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://example.org/localhost", false),
            ("http://10.0.0.1/", false),
            ("http://[2001:db8::1]/", false),
        ] {
            assert_eq!(is_loopback(&url.parse().expect(url)), loopback, "{url}");
        }
    }

    #[test]
    fn a_round_reads_both_pages() {
        assert_eq!([0, 1, 80].map(expected_bytes), [0, 20_512, 1_640_960]);
    }

    #[test]
    fn a_latency_stands_in_the_url() {
        let server = "127.0.0.1:80".parse().expect("address");
        let sites = local(server, Some(Duration::from_millis(7)));
        assert_eq!(sites[1].url, "http://127.0.0.1:80/dice?latency=7");
        assert_eq!(sites[1].latency, Some(Duration::from_millis(7)));
        assert_eq!(local(server, None)[0].url, "http://127.0.0.1:80/jython");
    }
}
