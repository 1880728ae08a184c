//! The session that tasks share, on reqwest.

use std::net::ToSocketAddrs;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;
use tokio::time::Instant;
use url::Url;

use super::{Redirects, no_answer_within, was_closed, within_limit};
use crate::os::error::causes;
use crate::{Error, Result};

/// A client whose downloads wait by `.await`. Its clones share their connections.
#[derive(Clone, Debug)]
pub struct AsyncSession {
    plain: Client,
    // Made for the first https page: reading the system's certificates takes milliseconds, and fails where
    // there are none.
    encrypted: Arc<OnceLock<Result<Client, String>>>,
    timeout: Duration,
    local: bool,
    idle_connections: usize,
}

/// A response whose body has not been read yet.
#[derive(Debug)]
pub struct AsyncResponse {
    response: reqwest::Response,
    timeout: Duration,
}

impl AsyncSession {
    /// A session whose downloads take at most `timeout` each, and which keeps `idle_connections` unused
    /// connections for each host; `local` if it only reads pages of the local server, for which no
    /// proxy is used.
    ///
    /// # Errors
    /// The client's, if it cannot be made.
    pub fn new(timeout: Duration, local: bool, idle_connections: usize) -> Result<Self> {
        // Fails only if a provider is installed already, which then serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = new_client(false, local, idle_connections)?;
        Ok(Self { plain, encrypted: Arc::default(), timeout, local, idle_connections })
    }

    /// Requests a page and follows its redirects. Returns as soon as the response's head is there.
    ///
    /// # Errors
    /// No connection, no answer in time, a status other than success.
    pub async fn get(&self, url: &str) -> Result<AsyncResponse> {
        let timeout = self.timeout;
        let deadline = Instant::now() + timeout;
        let mut redirects = Redirects::from(url)?;
        loop {
            let response = self.send(&redirects.page, deadline).await?;
            if redirects.end(response.status(), response.headers())? {
                return Ok(AsyncResponse { response, timeout });
            }
        }
    }

    async fn send(&self, page: &Url, deadline: Instant) -> Result<reqwest::Response> {
        let request = |client: &Client| {
            let left = deadline.saturating_duration_since(Instant::now());
            client.get(page.clone()).timeout(left).send()
        };
        let encrypted = page.scheme() == "https";
        let response = match request(self.client(encrypted)?).await {
            Err(error) if was_closed(&error) => {
                request(&new_client(encrypted, self.local, 0)?).await
            }
            response => response,
        };
        response.map_err(|error| explain(error, self.timeout))
    }

    fn client(&self, encrypted: bool) -> Result<&Client> {
        if !encrypted {
            return Ok(&self.plain);
        }
        let root_cause = |error: reqwest::Error| {
            causes(&error).last().map(ToString::to_string).unwrap_or_default()
        };
        let make = || new_client(true, self.local, self.idle_connections).map_err(root_cause);
        Ok(self.encrypted.get_or_init(make).as_ref().map_err(String::clone)?)
    }
}

fn new_client(encrypted: bool, local: bool, idle_connections: usize) -> reqwest::Result<Client> {
    let mut client = Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(AsyncResolver)
        .pool_max_idle_per_host(idle_connections)
        // A connection lives for one run, so it needs no keep-alive probes.
        .tcp_keepalive(None)
        .tcp_keepalive_interval(None)
        .tcp_keepalive_retries(None)
        .tcp_user_timeout(None);
    if local {
        client = client.no_proxy();
    }
    if !encrypted {
        client = client.tls_certs_only([]);
    }
    client.build()
}

fn explain(error: reqwest::Error, timeout: Duration) -> Error {
    // Reports name the page already.
    let error = error.without_url();
    if error.is_timeout() { no_answer_within(timeout) } else { super::explain(error.into()) }
}

impl AsyncResponse {
    /// Reads the body to its end and returns its size in bytes.
    ///
    /// # Errors
    /// A body that breaks off, takes too long, or is larger than [`super::MAX_BODY`].
    pub async fn read_to_end(mut self) -> Result<u64> {
        let mut bytes = 0;
        loop {
            let chunk =
                self.response.chunk().await.map_err(|error| explain(error, self.timeout))?;
            match chunk {
                Some(chunk) => bytes = within_limit(bytes + chunk.len() as u64)?,
                None => return Ok(bytes),
            }
        }
    }
}

/// Looks each name up in a thread of its own. The runtime's threads for that would panic if the system
/// refused one, and the runtime would wait for them at its end.
#[derive(Debug)]
struct AsyncResolver;

impl Resolve for AsyncResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (sender, receiver) = oneshot::channel();
        let host = name.as_str().to_owned();
        // Port 0 stands for the port of the URL. The sender fails if the download's time is over.
        let look_up = move || sender.send((host.as_str(), 0).to_socket_addrs());
        Box::pin(async move {
            thread::Builder::new().spawn(look_up)?;
            Ok(Box::new(receiver.await??) as Addrs)
        })
    }
}
