//! Sites that fail, each in its own way.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::NamedTempFile;
use tokio::net::TcpSocket;

/// The ways in which a site fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens.
    Refuses,
    /// Its name does not resolve.
    Unknown,
    /// The connection is reset after the request.
    Resets,
    /// Takes the request and never answers.
    StallsBeforeHeader,
    /// Sends a header and a piece of the body, and no more.
    StallsInBody,
    /// Ends before the body has the length that the header promised.
    TooShort,
    /// Sends a body that never ends.
    Endless,
    /// Sends what is not HTTP.
    Rubbish,
    /// Redirects to itself.
    Circle,
    /// Sends a header of 10 MB.
    HugeHeader,
    /// 404.
    NotFound,
    /// 500.
    Broken,
    /// The certificate has expired.
    Expired,
    /// The certificate was issued by somebody whom nobody trusts.
    Foreign,
}

use Fault::*;

impl Fault {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Refuses,
        Unknown,
        Resets,
        StallsBeforeHeader,
        StallsInBody,
        TooShort,
        Endless,
        Rubbish,
        Circle,
        HugeHeader,
        NotFound,
        Broken,
        Expired,
        Foreign,
    ];

    /// Words of which one at least stands in a message that tells the cause. Each HTTP client has
    /// its own.
    pub fn causes(self) -> &'static [&'static str] {
        match self {
            Refuses => &["refused"],
            // A resolver that is out of reach may also take longer than the time limit.
            Unknown => &["lookup", "resolve", "not known", "timeout", "timed out"],
            Resets => &["reset"],
            StallsBeforeHeader | StallsInBody => &["timeout", "timed out"],
            TooShort => &["disconnected", "end of file", "before message completed"],
            Endless => &["larger than 64 MiB", "timeout", "timed out"],
            Rubbish => &["invalid HTTP", "http parse", "protocol"],
            Circle => &["too many redirects"],
            HugeHeader => &["header", "too large"],
            NotFound => &["404"],
            Broken => &["500"],
            Expired => &["expired"],
            Foreign => &["UnknownIssuer", "unknown issuer"],
        }
    }
}

/// A server with all these sites, and one that is well. It is a thread of the test.
#[derive(Debug)]
pub struct Faulty {
    plain: SocketAddr,
    good: SocketAddr,
    expired: SocketAddr,
    foreign: SocketAddr,
    // Bound and not listening: nobody else gets this port, and nobody can connect to it.
    refusing: TcpSocket,
    trust: NamedTempFile,
}

impl Faulty {
    /// Starts the server.
    pub fn start() -> Self {
        let refusing = TcpSocket::new_v4().expect("socket");
        refusing.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("port");
        let (trusted, stranger) = (authority("trusted"), authority("stranger"));
        let trust = NamedTempFile::new().expect("file");
        std::fs::write(trust.path(), trusted.pem()).expect("certificate");
        Self {
            plain: listen(answer),
            good: listen_tls(&trusted, 4000),
            expired: listen_tls(&trusted, 2001),
            foreign: listen_tls(&stranger, 4000),
            refusing,
            trust,
        }
    }

    /// A site that fails like this.
    pub fn url(&self, fault: Fault) -> String {
        let Self { plain, expired, foreign, .. } = self;
        match fault {
            Refuses => format!("http://{}/", self.refusing.local_addr().expect("address")),
            // RFC 6761 promises that there is no such name.
            Unknown => "http://no-such-site.invalid/".into(),
            Expired => format!("https://localhost:{}/good", expired.port()),
            Foreign => format!("https://localhost:{}/good", foreign.port()),
            other => format!("http://{plain}/{other:?}"),
        }
    }

    /// A site that is well, of [`GOOD`] bytes.
    pub fn good(&self) -> String {
        format!("http://{}/good", self.plain)
    }

    /// The same by its name.
    pub fn good_by_name(&self) -> String {
        format!("http://localhost:{}/good", self.plain.port())
    }

    /// The same, encrypted, with a certificate that is trusted through [`Faulty::trust`].
    pub fn good_and_encrypted(&self) -> String {
        format!("https://localhost:{}/good", self.good.port())
    }

    /// The certificates to trust, for `SSL_CERT_FILE`.
    pub fn trust(&self) -> &Path {
        self.trust.path()
    }
}

/// The size of the good site's body, in bytes.
pub const GOOD: usize = 5;

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("key");
    CertifiedIssuer::self_signed(params, key).expect("certificate")
}

fn listen(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("port");
    let address = listener.local_addr().expect("address");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // An error is the client's leave.
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn listen_tls(issuer: &CertifiedIssuer<'_, KeyPair>, until_year: i32) -> SocketAddr {
    let mut params = CertificateParams::new(vec!["localhost".into()]).expect("name");
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(until_year, 1, 1);
    let key = KeyPair::generate().expect("key");
    let certificate = params.signed_by(&key, issuer).expect("certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .expect("certificate");
    let config = Arc::new(config);
    listen(move |stream| {
        let tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        answer(StreamOwned::new(tls, stream))
    })
}

fn answer(mut stream: impl Read + Write) -> io::Result<()> {
    while let Some(path) = request(&mut stream)? {
        let fault = Fault::ALL.iter().find(|fault| path == format!("/{fault:?}"));
        let head: &[u8] = b"HTTP/1.1 200 OK\r\n";
        match fault {
            // Whatever has been sent after the head is still unread when the stream is closed,
            // and so the system resets the connection.
            Some(Resets) => return Ok(()),
            Some(StallsBeforeHeader) => return until_left(stream),
            Some(StallsInBody) => {
                stream.write_all(&[head, b"content-length: 1000\r\n\r\npiece"].concat())?;
                stream.flush()?;
                return until_left(stream);
            }
            Some(TooShort) => {
                return stream.write_all(&[head, b"content-length: 1000\r\n\r\npiece"].concat());
            }
            Some(Endless) => {
                stream.write_all(&[head, b"\r\n"].concat())?;
                loop {
                    stream.write_all(&[b'x'; 1 << 16])?;
                }
            }
            Some(Rubbish) => return stream.write_all(b"\0\xFF rubbish \r\n\r\n\r\n"),
            Some(Circle) => stream.write_all(
                b"HTTP/1.1 302 Found\r\nlocation: /Circle\r\ncontent-length: 0\r\n\r\n",
            )?,
            Some(HugeHeader) => {
                stream.write_all(&[head, b"x: "].concat())?;
                stream.write_all(&vec![b'x'; 10_000_000])?;
                return stream.write_all(b"\r\ncontent-length: 0\r\n\r\n");
            }
            Some(NotFound) => {
                stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
            }
            Some(Broken) => stream
                .write_all(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")?,
            Some(Refuses | Unknown | Expired | Foreign) | None => {
                let body = [b'x'; GOOD];
                let length = format!("content-length: {GOOD}\r\n\r\n");
                stream.write_all(&[head, length.as_bytes(), &body].concat())?;
            }
        }
        stream.flush()?;
    }
    Ok(())
}

// The path that is asked for; `None` once the client has left.
fn request(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
        // The rest stays unread for the reset.
        if head.starts_with(b"GET /Resets") {
            break;
        }
    }
    let head = String::from_utf8_lossy(&head);
    Ok(head.split(' ').nth(1).map(str::to_owned))
}

fn until_left(mut stream: impl Read) -> io::Result<()> {
    io::copy(&mut stream, &mut io::sink()).map(drop)
}
