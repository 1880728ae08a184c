//! Sessions: HTTP clients that keep their connections, set up alike for ureq and for reqwest.
//!
//! A download has a time limit from its start to its end. A body may have [`LARGEST_BODY`] bytes;
//! it is read in pieces and let go, so that memory stays flat. A proxy named by `HTTP_PROXY`,
//! `HTTPS_PROXY` or `ALL_PROXY` is used, but never for this machine's own addresses. Certificates are held
//! against the system's trust store, or `SSL_CERT_FILE` where that is set. Two things the clients do
//! not have in common: ureq has one proxy for `http` and `https`, and takes no networks, as in
//! `NO_PROXY=10.0.0.0/8`.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration::NotHappening;
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::Error;

/// The largest body that is read, in bytes: 64 MiB.
pub const LARGEST_BODY: u64 = 64 << 20;

/// Connections that a session keeps for later while nobody uses them (ureq's own default).
const IDLE_CONNECTIONS: usize = 10;

/// A session that blocks its thread while it waits. `timeout` covers one download, start to end.
///
/// # Errors
/// A proxy variable that is no proxy's address.
pub fn blocking(timeout: Duration) -> Result<Agent, Error> {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_idle_connections(IDLE_CONNECTIONS)
        .max_idle_connections_per_host(IDLE_CONNECTIONS)
        .tls_config(tls)
        .proxy(ureq_proxy()?)
        .build();
    Ok(Agent::with_parts(config, DefaultConnector::default(), NumbersAtOnce))
}

/// A name is looked up in a thread of its own, to be able to give up. ureq would do the same, but for
/// an address that is a number too, which needs no looking up and so no thread that would be counted
/// as the program's; and where the system refuses the thread, it would panic.
#[derive(Debug, Default)]
struct NumbersAtOnce;

impl Resolver for NumbersAtOnce {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let look_up = move |uri: &Uri, config: &Config| {
            let in_this_thread = NextTimeout { after: NotHappening, ..timeout };
            DefaultResolver::default().resolve(uri, config, in_this_thread)
        };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.parse::<IpAddr>().is_ok() {
            return look_up(uri, config);
        }
        let (found, finding) = mpsc::sync_channel(1);
        let (its_uri, its_config) = (uri.clone(), config.clone());
        let looking = thread::Builder::new().spawn(move || {
            // It fails when nobody waits any longer.
            let _ = found.send(look_up(&its_uri, &its_config));
        });
        match looking {
            Ok(_) => finding
                .recv_timeout(*timeout.after)
                .unwrap_or(Err(ureq::Error::Timeout(timeout.reason))),
            // Without a thread it takes as long as the system's own limit is.
            Err(_) => look_up(uri, config),
        }
    }
}

/// Reads the body to its end and returns its size in bytes.
///
/// # Errors
/// A body that breaks off, takes too long, or is larger than [`LARGEST_BODY`].
pub fn read_body(response: ureq::http::Response<ureq::Body>) -> Result<u64, Error> {
    let body = response.into_body().into_with_config().limit(u64::MAX).reader();
    let bytes = io::copy(&mut body.take(LARGEST_BODY + 1), &mut io::sink())?;
    within_limit(bytes)
}

fn within_limit(bytes: u64) -> Result<u64, Error> {
    if bytes > LARGEST_BODY {
        return Err(format!("the body is larger than {} MiB", LARGEST_BODY >> 20).into());
    }
    Ok(bytes)
}

// The first variable of these that is set and not empty.
fn variable(names: &[&str]) -> Option<(String, String)> {
    let set = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
    names.iter().filter_map(set).find(|(_, value)| !value.is_empty())
}

const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];
const ALL_PROXY: [&str; 2] = ["all_proxy", "ALL_PROXY"];
const HTTP_PROXY: [&str; 2] = ["http_proxy", "HTTP_PROXY"];
const HTTPS_PROXY: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];

// An agent of ureq has one proxy for both schemes.
fn ureq_proxy() -> Result<Option<ureq::Proxy>, Error> {
    let names = [HTTPS_PROXY, HTTP_PROXY, ALL_PROXY].concat();
    let Some((name, address)) = variable(&names) else {
        return Ok(None);
    };
    let given = ureq::Proxy::new(&address).map_err(|error| format!("{name}={address}: {error}"))?;
    let mut proxy = ureq::Proxy::builder(given.protocol()).host(given.host()).port(given.port());
    if let Some(username) = given.username() {
        proxy = proxy.username(username);
    }
    if let Some(password) = given.password() {
        proxy = proxy.password(password);
    }
    let exempt = variable(&NO_PROXY).map_or(String::new(), |(_, list)| list);
    for host in exempt.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        // Whoever names a domain means the hosts in it too.
        proxy = proxy.no_proxy(host).no_proxy(&format!("*.{}", host.trim_start_matches("*.")));
    }
    for host in ["localhost", "*.localhost", "127.*", "[::1]"] {
        proxy = proxy.no_proxy(host);
    }
    Ok(Some(proxy.build()?))
}

#[cfg(feature = "nonblocking")]
pub use nonblocking::{nonblocking, read_body_async};

#[cfg(feature = "nonblocking")]
mod nonblocking {
    use std::collections::HashSet;
    use std::thread;

    use reqwest::{Client, NoProxy, Proxy, Url};

    use crate::{Site, limits};

    use super::{
        ALL_PROXY, Duration, Error, HTTP_PROXY, HTTPS_PROXY, NO_PROXY, variable, within_limit,
    };

    /// A session for tasks. `timeout` covers one download, start to end.
    ///
    /// # Errors
    /// A proxy variable that is no proxy's address; a trust store that cannot be read; no thread for
    /// names.
    pub fn nonblocking(timeout: Duration, sites: &[Site]) -> Result<Client, Error> {
        // Fails only where a provider is installed already, which then serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A runtime panics where the system refuses its first thread for names.
        if sites.iter().any(|site| Url::parse(&site.url).is_ok_and(|url| url.domain().is_some())) {
            let refused = |why| {
                let limits = limits::named(&why);
                format!("no thread can be started to look names up: {limits}")
            };
            let _ = thread::Builder::new().spawn(|| ()).map_err(refused)?.join();
        }
        let mut client = Client::builder()
            .timeout(timeout)
            .http1_only()
            .no_proxy()
            // Kept for later as far as the limit on open files goes: a connection that is closed
            // instead holds its file a little longer, while the next one is opened already.
            .pool_max_idle_per_host(
                limits::downloads(sites, limits::ROOM_OF_A_TASK).0 / hosts(sites),
            )
            // A connection lives for one run: nothing is won by probing whether it still does.
            .tcp_keepalive(None)
            .tcp_keepalive_interval(None)
            .tcp_keepalive_retries(None)
            .tcp_user_timeout(None);
        for (names, proxy) in [
            (HTTPS_PROXY, Proxy::https as fn(String) -> reqwest::Result<Proxy>),
            (HTTP_PROXY, Proxy::http),
            (ALL_PROXY, Proxy::all),
        ] {
            if let Some((name, address)) = variable(&names) {
                let proxy =
                    proxy(address.clone()).map_err(|error| format!("{name}={address}: {error}"))?;
                let exempt = variable(&NO_PROXY).map_or(String::new(), |(_, list)| list + ",");
                let exempt = NoProxy::from_string(&(exempt + "localhost,127.0.0.0/8,::1"));
                client = client.proxy(proxy.no_proxy(exempt));
            }
        }
        // Reading the system's certificates takes milliseconds, and the site server's pages,
        // which are not encrypted and redirect nowhere, need none.
        if sites.iter().all(|site| site.latency.is_some()) {
            client = client.tls_certs_only([]);
        }
        Ok(client.build()?)
    }

    pub(super) fn hosts(sites: &[Site]) -> usize {
        let urls: HashSet<&str> = sites.iter().map(|site| site.url.as_str()).collect();
        let host = |url| Some(Url::parse(url).ok()?.host_str()?.to_owned());
        urls.into_iter().filter_map(host).collect::<HashSet<_>>().len().max(1)
    }

    /// [`super::read_body`] for tasks.
    ///
    /// # Errors
    /// An answer of 4xx or 5xx, and those of [`super::read_body`].
    pub async fn read_body_async(response: reqwest::Response) -> Result<u64, Error> {
        let mut response = response.error_for_status()?;
        if response.status().is_redirection() {
            return Err(format!("{}, without saying where to", response.status()).into());
        }
        let mut bytes = 0;
        while let Some(piece) = response.chunk().await? {
            bytes = within_limit(bytes + piece.len() as u64)?;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_counts() {
        let path = std::env::var("PATH").expect("a path");
        assert_eq!(variable(&["NEVER_SET_ANYWHERE", "PATH"]), Some(("PATH".into(), path)));
        assert_eq!(variable(&["NEVER_SET_ANYWHERE"]), None);
    }

    #[cfg(feature = "nonblocking")]
    #[test]
    fn hosts_are_counted_once() {
        let hosts = |urls: &[&str]| {
            let site = |url: &&str| crate::Site { url: (*url).into(), latency: None };
            nonblocking::hosts(&urls.iter().map(site).collect::<Vec<_>>())
        };
        assert_eq!(hosts(&[]), 1, "it is divided by");
        assert_eq!(hosts(&["http://a/1", "http://a/2", "http://a/1"]), 1);
        assert_eq!(hosts(&["http://a/1", "http://b/1", "http://a/2", "http://c/"]), 3);
    }

    #[test]
    fn a_body_of_the_largest_size_is_read() {
        assert_eq!(within_limit(LARGEST_BODY).ok(), Some(LARGEST_BODY));
        let error = within_limit(LARGEST_BODY + 1).expect_err("too large");
        assert_eq!(error.to_string(), "the body is larger than 64 MiB");
    }
}
