//! The session that blocks its thread while it waits, on ureq.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::{self, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration::NotHappening;
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use url::Url;

use super::{
    IDLE_CONNECTIONS, MAX_BODY, Redirects, invalid_response, no_answer_within, was_closed,
    within_limit,
};
use crate::os::clock;
use crate::{Error, Result};

/// A client that blocks its thread while it waits. Keeps its connections for further downloads.
#[derive(Debug)]
pub struct Session {
    agent: Agent,
    timeout: Duration,
}

/// A response whose body has not been read yet.
#[derive(Debug)]
pub struct Response {
    response: http::Response<ureq::Body>,
    timeout: Duration,
}

impl Session {
    /// A session whose downloads take at most `timeout` each; `local` if it only reads pages of the
    /// local server, for which no proxy is used.
    pub fn new(timeout: Duration, local: bool) -> Self {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let mut config = Agent::config_builder()
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(tls);
        if local {
            config = config.proxy(None);
        }
        let agent =
            Agent::with_parts(config.build(), DefaultConnector::default(), BlockingResolver);
        Self { agent, timeout }
    }

    /// Requests a page and follows its redirects. Returns as soon as the response's head is there.
    ///
    /// # Errors
    /// No connection, no answer in time, a status other than success.
    pub fn get(&self, url: &str) -> Result<Response> {
        let deadline = clock::now() + self.timeout;
        let mut redirects = Redirects::from(url)?;
        loop {
            let response = self.send(&redirects.page, deadline)?;
            if redirects.end(response.status(), response.headers())? {
                return Ok(Response { response, timeout: self.timeout });
            }
        }
    }

    fn send(&self, page: &Url, deadline: Duration) -> Result<http::Response<ureq::Body>> {
        let request = |max_idle_age| {
            let left = deadline.saturating_sub(clock::now());
            let request = self.agent.get(page.as_str()).config().timeout_global(Some(left));
            request.max_idle_age(max_idle_age).build().call()
        };
        let response = match request(self.timeout) {
            // An age of zero allows no kept connection.
            Err(ureq::Error::Io(error)) if was_closed(&error) => request(Duration::ZERO),
            response => response,
        };
        response.map_err(|error| explain(error, self.timeout))
    }
}

fn explain(error: ureq::Error, timeout: Duration) -> Error {
    match error {
        ureq::Error::Timeout(_) => no_answer_within(timeout),
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => invalid_response(error),
        ureq::Error::Io(error) => super::explain(error.into()),
        error => error.into(),
    }
}

impl Response {
    /// Reads the body to its end and returns its size in bytes.
    ///
    /// # Errors
    /// A body that breaks off, takes too long, or is larger than [`MAX_BODY`].
    pub fn read_to_end(self) -> Result<u64> {
        let body = self.response.into_body().into_with_config().limit(u64::MAX).reader();
        let bytes = io::copy(&mut body.take(MAX_BODY + 1), &mut io::sink())
            .map_err(|error| explain(ureq::Error::from(error), self.timeout))?;
        within_limit(bytes)
    }
}

/// Looks names up in a thread, to keep the time limit. An IP address needs no thread, which would count as
/// one of the program's. The library's own resolver panics if the system refuses the thread.
#[derive(Debug)]
struct BlockingResolver;

impl Resolver for BlockingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let is_address =
            uri.host().unwrap_or_default().trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let (uri, config) = (uri.clone(), config.clone());
        let look_up = move || {
            let in_this_thread = NextTimeout { after: NotHappening, ..timeout };
            DefaultResolver::default().resolve(&uri, &config, in_this_thread)
        };
        if is_address {
            return look_up();
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        // The sender fails if the download's time is over.
        thread::Builder::new().spawn(move || sender.send(look_up()).is_ok())?;
        receiver.recv_timeout(*timeout.after).unwrap_or(Err(ureq::Error::Timeout(timeout.reason)))
    }
}
