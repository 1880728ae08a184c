//! A server whose pages fail, each in its own way, and the table of what a client must report.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::NamedTempFile;

/// The size of a good page, in bytes.
pub const GOOD: u64 = 5;
/// No server listens there: the port is reserved.
pub const REFUSED: &str = "http://127.0.0.1:1/";
/// RFC 6761 promises that no such name exists.
pub const UNKNOWN: &str = "http://no-such-site.invalid/";

/// The error of a page that stalls, for a time limit of 0.7 s.
pub const STALLED: &str = "no answer within 0.7 s";

/// What a client must report for a page: the bytes read, or a part of the error.
pub type PageResult = Result<u64, &'static str>;

const SUCCESS: PageResult = Ok(GOOD);
const EMPTY: PageResult = Ok(0);

/// The pages of the plain server, and what every client must report. The paths are those of `answer`.
#[rustfmt::skip]
const PAGES: &[(&str, PageResult)] = &[
    ("/good", SUCCESS),
    ("/chunked", SUCCESS),
    ("/until-close", SUCCESS),
    ("/status/204", EMPTY),
    ("/status/299", EMPTY),
    ("/status/300", Err("HTTP status 300")),
    ("/status/304", Err("HTTP status 304")),
    ("/status/305", Err("HTTP status 305")),
    ("/status/306", Err("HTTP status 306")),
    ("/status/400", Err("HTTP status 400")),
    ("/status/404", Err("HTTP status 404")),
    ("/status/500", Err("HTTP status 500")),
    ("/status/600", Err("HTTP status 600")),
    ("/status/999", Err("HTTP status 999")),
    // A redirect without a Location.
    ("/status/302", Err("HTTP status 302")),
    ("/redirect/301?/good", SUCCESS),
    ("/redirect/302?/good", SUCCESS),
    ("/redirect/303?/good", SUCCESS),
    ("/redirect/307?../good", SUCCESS),
    ("/redirect/308?/good", SUCCESS),
    ("/redirect/300?/good", Err("HTTP status 300")),
    // Relative to this page, and not to the root.
    ("/language", SUCCESS),
    ("/redirect/302?file:///etc/passwd", Err("HTTP status 302")),
    ("/redirect/302?data:,x", Err("HTTP status 302")),
    ("/redirect/302?http://[::bad/", Err("HTTP status 302")),
    ("/redirect/302?http://user:pass@127.0.0.1/", Err("HTTP status 302")),
    // A Location with control characters: an escape sequence for a terminal, and C1 codes.
    ("/escape", Err("invalid response: ")),
    ("/c1", Err("HTTP status 302")),
    ("/hops/10", SUCCESS),
    ("/hops/11", Err("more than 10 redirects")),
    ("/reset", Err("reset")),
    ("/close", Err("closed")),
    ("/stall", Err(STALLED)),
    ("/stall-in-head", Err(STALLED)),
    ("/stall-in-body", Err(STALLED)),
    ("/short", Err("closed")),
    ("/short-chunk", Err("closed")),
    ("/not-http", Err("invalid response: ")),
    ("/wrong-length", Err("invalid response: ")),
    ("/huge-head", Err("invalid response: ")),
];

// The targets of all requests, in order.
type Requests = Arc<Mutex<Vec<String>>>;

/// A server with failing pages, which is also a proxy. It is a thread of the test.
#[derive(Debug)]
pub struct Faulty {
    plain: SocketAddr,
    good: SocketAddr,
    expired: SocketAddr,
    foreign: SocketAddr,
    authority: SocketAddr,
    trust: NamedTempFile,
    requests: Requests,
}

impl Faulty {
    /// Starts the server.
    pub fn start() -> Self {
        let (trusted, stranger) = (authority("trusted"), authority("stranger"));
        let trust = NamedTempFile::new().expect("a file");
        std::fs::write(trust.path(), trusted.pem()).expect("written");
        let requests = Requests::default();
        let record = Arc::clone(&requests);
        Self {
            plain: listen(move |stream| answer(stream, &record)),
            good: listen_tls(&trusted, 4000, IsCa::NoCa),
            expired: listen_tls(&trusted, 2001, IsCa::NoCa),
            foreign: listen_tls(&stranger, 4000, IsCa::NoCa),
            authority: listen_tls(&trusted, 4000, IsCa::Ca(BasicConstraints::Unconstrained)),
            trust,
            requests,
        }
    }

    /// The URL of a page of the plain server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.plain)
    }

    /// The URL of a good page, by the server's name.
    pub fn by_name(&self) -> String {
        format!("http://localhost:{}/good", self.plain.port())
    }

    /// The plain pages, with what a client must report for each.
    pub fn plain(&self) -> Vec<(String, PageResult)> {
        let pages = PAGES.iter().map(|(path, expected)| (self.url(path), *expected));
        let others = [
            (self.by_name(), SUCCESS),
            (REFUSED.to_owned(), Err("refused")),
            (UNKNOWN.to_owned(), Err("lookup")),
        ];
        pages.chain(others).collect()
    }

    /// The encrypted pages, with what a client that trusts [`Faulty::trust`] must report for each.
    pub fn encrypted(&self) -> Vec<(String, PageResult)> {
        let url = |host: &str, server: SocketAddr| format!("https://{host}:{}/good", server.port());
        vec![
            (url("localhost", self.good), SUCCESS),
            (url("localhost", self.expired), Err("certificate expired: ")),
            (url("localhost", self.foreign), Err("certificate not trusted: ")),
            (url("localhost", self.authority), Err("certificate not trusted: ")),
            (url("127.0.0.1", self.good), Err("certificate not trusted: ")),
        ]
    }

    /// The certificates to trust, for `SSL_CERT_FILE`.
    pub fn trust(&self) -> &Path {
        self.trust.path()
    }

    /// The targets of the requests that the plain server has received.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a certificate")
}

fn listen(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // An error means that the client has gone.
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn listen_tls(issuer: &CertifiedIssuer<'_, KeyPair>, until_year: i32, is_ca: IsCa) -> SocketAddr {
    let mut params = CertificateParams::new(vec!["localhost".into()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(until_year, 1, 1);
    params.is_ca = is_ca;
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key);
    let config = Arc::new(config.expect("a certificate"));
    listen(move |stream| {
        let tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        answer(StreamOwned::new(tls, stream), &Requests::default())
    })
}

// Answers the requests of one connection.
fn answer(mut stream: impl Read + Write, requests: &Requests) -> io::Result<()> {
    let mut answered = 0;
    while let Some(path) = request(&mut stream)? {
        requests.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
        match &*path {
            // The end of the request is unread, so that the system resets the connection.
            "/reset" | "/close" => return Ok(()),
            "/close-second" if answered > 0 => return Ok(()),
            "/stall" => return until_left(stream),
            "/stall-in-head" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nx: ")?;
                return until_left(stream);
            }
            "/stall-in-body" => {
                send(&mut stream, "200", "content-length: 9", b"piece")?;
                return until_left(stream);
            }
            "/short" => return send(&mut stream, "200", "content-length: 9", b"piece"),
            "/short-chunk" => {
                return send(&mut stream, "200", "transfer-encoding: chunked", b"9\r\npiece");
            }
            "/chunked" => {
                let body = b"2\r\npi\r\n3\r\nece\r\n0\r\n\r\n";
                send(&mut stream, "200", "transfer-encoding: chunked", body)?;
            }
            "/until-close" => return send(&mut stream, "200", "connection: close", b"piece"),
            "/not-http" => return stream.write_all(b"\0\xFF rubbish \r\n\r\n\r\n"),
            "/wrong-length" => return send(&mut stream, "200", "content-length: -1", b"piece"),
            "/huge-head" => {
                return send(&mut stream, "200", &format!("x: {}", "x".repeat(1_000_000)), b"");
            }
            "/endless" => {
                send(&mut stream, "200", "connection: close", b"")?;
                loop {
                    stream.write_all(&[b'x'; 1 << 16])?;
                }
            }
            "/language" => redirect(&mut stream, "302", "?l=en")?,
            "/escape" => redirect(&mut stream, "302", "/\u{1b}[31m")?,
            "/c1" => stream.write_all(
                b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: \x9b31m\r\n\r\n",
            )?,
            path if path.starts_with("/hops/") => match path[6..].parse() {
                Ok(0) | Err(_) => good(&mut stream)?,
                Ok(left) => redirect(&mut stream, "302", &format!("/hops/{}", left - 1))?,
            },
            path if path.starts_with("/status/") => {
                send(&mut stream, &path[8..], "content-length: 0", b"")?;
            }
            path if path.starts_with("/redirect/") => {
                let (status, to) = path[10..].split_once('?').unwrap_or((&path[10..], ""));
                redirect(&mut stream, status, to)?;
            }
            "/good" | "/language?l=en" | "/close-second" => good(&mut stream)?,
            // This server is also a proxy, which answers by itself.
            path if path.starts_with("http://") => good(&mut stream)?,
            path if path.ends_with(":80") => send(&mut stream, "200", "x: y", b"")?,
            "/" => good(&mut stream)?,
            _ => send(&mut stream, "404", "content-length: 0", b"")?,
        }
        answered += 1;
    }
    Ok(())
}

fn good(stream: &mut impl Write) -> io::Result<()> {
    send(stream, "200", "content-length: 5", b"piece")
}

fn redirect(stream: &mut impl Write, status: &str, to: &str) -> io::Result<()> {
    send(stream, status, &format!("content-length: 0\r\nlocation: {to}"), b"")
}

fn send(stream: &mut impl Write, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status} Reason\r\n{headers}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    stream.flush()
}

// The path of the next request; `None` once the client has gone.
fn request(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
        if head.starts_with(b"GET /reset ") {
            break;
        }
    }
    let head = String::from_utf8_lossy(&head);
    Ok(head.split(' ').nth(1).map(str::to_owned))
}

fn until_left(mut stream: impl Read) -> io::Result<()> {
    io::copy(&mut stream, &mut io::sink()).map(drop)
}
