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
//! - Both clients report an error in the same words if it has a name here: see `explain`.

#[cfg(feature = "async")]
mod async_session;
#[cfg(feature = "blocking")]
mod blocking_session;

#[cfg(feature = "async")]
pub use async_session::{AsyncResponse, AsyncSession};
#[cfg(feature = "blocking")]
pub use blocking_session::{Response, Session};

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderMap, LOCATION};
use rustls::CertificateError;
use url::Url;

use crate::os::error::causes;
use crate::os::limits;
use crate::{Error, Result};

/// The largest body that is read, in bytes: 64 MiB.
pub const MAX_BODY: u64 = 64 << 20;
/// How many redirects a download follows.
const MAX_REDIRECTS: usize = 10;
/// Unused connections that a blocking session keeps.
#[cfg(feature = "blocking")]
const IDLE_CONNECTIONS: usize = 10;

/// The page to request next, and how many redirects may follow.
struct Redirects {
    page: Url,
    left: usize,
}

impl Redirects {
    fn from(url: &str) -> Result<Self> {
        Ok(Self { page: Url::parse(url)?, left: MAX_REDIRECTS })
    }

    /// Whether a response has the page itself. If not, it is a redirect to the next page.
    ///
    /// # Errors
    /// Too many redirects; every other status.
    fn end(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<bool> {
        let status = status.as_u16();
        if (200..=299).contains(&status) {
            return Ok(true);
        }
        let redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
        let next = self.location(headers).filter(|_| redirect);
        self.page = next.ok_or_else(|| format!("HTTP status {status}"))?;
        let too_many = || format!("more than {MAX_REDIRECTS} redirects");
        self.left = self.left.checked_sub(1).ok_or_else(too_many)?;
        Ok(false)
    }

    fn location(&self, headers: &HeaderMap) -> Option<Url> {
        let location = str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?;
        let next = self.page.join(location).ok()?;
        let public = next.username().is_empty() && next.password().is_none();
        (matches!(next.scheme(), "http" | "https") && public).then_some(next)
    }
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

/// Whether the server closed the connection, perhaps before it received the request.
fn was_closed(error: &(dyn StdError + 'static)) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let closed = [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof];
    causes(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|cause| closed.contains(&cause.kind()))
            || cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
    })
}

/// A client's error without the names of its library, if this is an error that can happen to any
/// client.
fn explain(error: Error) -> Error {
    for cause in causes(&*error) {
        if let Some(rustls::Error::InvalidCertificate(reason)) = cause.downcast_ref() {
            return match reason {
                CertificateError::Other(reason) => format!("certificate not trusted: {reason}"),
                reason => format!("certificate not trusted: {reason}"),
            }
            .into();
        }
        if cause.downcast_ref().is_some_and(hyper::Error::is_parse) {
            return invalid_response(cause);
        }
        if let Some(cause) = cause.downcast_ref::<io::Error>()
            && cause.raw_os_error().is_some()
        {
            return limits::explain(cause).into();
        }
    }
    if was_closed(&*error) {
        return "the server closed the connection before the end of its response".into();
    }
    error
}

fn invalid_response(reason: impl fmt::Display) -> Error {
    format!("invalid response: {reason}").into()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_body_of_the_largest_size_is_read() {
        assert_eq!(within_limit(MAX_BODY).ok(), Some(MAX_BODY));
        let error = within_limit(MAX_BODY + 1).expect_err("too large");
        assert_eq!(error.to_string(), "the body is larger than 64 MiB");
    }

    fn follow(page: &str, status: u16, location: Option<&'static str>) -> Result<Option<String>> {
        let mut redirects = Redirects::from(page)?;
        let location = location.map(|location| (LOCATION, HeaderValue::from_static(location)));
        let status = StatusCode::from_u16(status)?;
        let end = redirects.end(status, &location.into_iter().collect())?;
        Ok((!end).then(|| redirects.page.to_string()))
    }

    #[test]
    fn a_location_is_resolved_against_its_page() {
        for (location, next) in [("?l=en", "http://host/lang?l=en"), ("//other", "http://other/")] {
            let followed = follow("http://host/lang", 302, Some(location)).expect("followed");
            assert_eq!(followed.as_deref(), Some(next));
        }
        for location in ["file:///etc/passwd", "data:,x", "http://[::bad/", "http://user@host/"] {
            assert!(follow("http://host/", 302, Some(location)).is_err(), "{location}");
        }
    }

    #[test]
    fn only_a_page_or_a_redirect_succeeds() {
        for status in [200, 204, 299] {
            assert!(matches!(follow("http://host/", status, Some("/next")), Ok(None)), "{status}");
        }
        for status in [100, 300, 304, 305, 306, 404, 500, 600, 999] {
            let error = follow("http://host/", status, Some("/next")).expect_err("a failure");
            assert_eq!(error.to_string(), format!("HTTP status {status}"));
        }
        assert!(follow("http://host/", 302, None).is_err(), "a redirect without a Location");
    }
}
