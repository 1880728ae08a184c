//! Sessions: HTTP clients that keep their connections. One blocks its thread (ureq), one is for tasks
//! (reqwest); both follow the rules of this module.
//!
//! - A download has one time limit from its start to its end, redirects included.
//! - A status of 2xx is a success; a redirect to an http or https page is followed, at most ten times.
//! - A body has at most [`MAX_BODY`] bytes. It is read in pieces, so that memory stays flat.
//! - A server may close a kept connection at any time. A request that received no answer is sent
//!   once more, on a new connection.
//! - Certificates are checked against the system's trust store, or `SSL_CERT_FILE` if it is set.
//! - Requests to the local server ignore proxy variables; all others use the client's own rules.

#[cfg(feature = "async")]
mod async_session;
#[cfg(feature = "blocking")]
mod blocking_session;
mod resolve;

#[cfg(feature = "async")]
pub use async_session::{AsyncResponse, AsyncSession};
#[cfg(feature = "blocking")]
pub use blocking_session::{Response, Session};

use std::time::Duration;

use url::Url;

use crate::{Error, Result};

/// The largest body that is read, in bytes: 64 MiB.
pub const MAX_BODY: u64 = 64 << 20;
/// How many redirects a download follows.
const MAX_REDIRECTS: usize = 10;
/// Unused connections that a blocking session keeps.
#[cfg(feature = "blocking")]
const IDLE_CONNECTIONS: usize = 10;

/// Where a response with this status leads: `None` if it is the page itself, or the next page.
///
/// # Errors
/// Every other status.
fn next_page(page: &Url, status: u16, location: Option<&[u8]>) -> Result<Option<Url>> {
    let redirect = || {
        let location = str::from_utf8(location?).ok()?;
        let next = page.join(location).ok()?;
        matches!(next.scheme(), "http" | "https").then_some(next)
    };
    match status {
        200..=299 => Ok(None),
        301 | 302 | 303 | 307 | 308 if let Some(next) = redirect() => Ok(Some(next)),
        _ => Err(format!("HTTP status {status}").into()),
    }
}

fn too_many_redirects() -> Error {
    format!("more than {MAX_REDIRECTS} redirects").into()
}

fn no_answer_within(timeout: Duration) -> Error {
    format!("no answer within {} s", timeout.as_secs_f64()).into()
}

fn within_limit(bytes: u64) -> Result<u64> {
    if bytes > MAX_BODY {
        return Err(format!("the body is larger than {} MiB", MAX_BODY >> 20).into());
    }
    Ok(bytes)
}

/// Refuses proxy variables that no client here can use: anything but an http or https URL.
fn check_proxy_variables() -> Result<()> {
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        for name in [name.to_lowercase(), name.to_owned()] {
            let Ok(value) = std::env::var(&name) else { continue };
            let with_scheme =
                if value.contains("://") { value.clone() } else { format!("http://{value}") };
            let usable = Url::parse(&with_scheme)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !value.is_empty() && !usable {
                return Err(format!(
                    "{name}={value} is not an http or https proxy; unset it or set another"
                )
                .into());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_the_largest_size_is_read() {
        assert_eq!(within_limit(MAX_BODY).ok(), Some(MAX_BODY));
        let error = within_limit(MAX_BODY + 1).expect_err("too large");
        assert_eq!(error.to_string(), "the body is larger than 64 MiB");
    }

    #[test]
    fn a_location_is_resolved_against_its_page() {
        let page = "http://host/lang".parse().expect("a page");
        let next = |status, location: &str| {
            next_page(&page, status, Some(location.as_bytes())).ok().flatten().map(String::from)
        };
        assert_eq!(next(302, "?l=en").as_deref(), Some("http://host/lang?l=en"));
        assert_eq!(next(308, "https://other/").as_deref(), Some("https://other/"));
        for location in ["file:///etc/passwd", "data:,x", "http://[::bad/"] {
            assert!(next_page(&page, 302, Some(location.as_bytes())).is_err(), "{location}");
        }
    }

    #[test]
    fn only_a_page_or_a_redirect_succeeds() {
        let page = "http://host/".parse().expect("a page");
        for status in [200, 204, 299] {
            assert!(matches!(next_page(&page, status, None), Ok(None)), "{status}");
        }
        for status in [100, 300, 304, 305, 306, 404, 500, 600, 999] {
            let error = next_page(&page, status, Some(b"/next")).expect_err("a failure");
            assert_eq!(error.to_string(), format!("HTTP status {status}"));
        }
        assert!(next_page(&page, 302, None).is_err(), "a redirect without a Location");
    }
}
