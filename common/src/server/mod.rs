//! The local test server: two pages with a set latency, in a process of its own.
//!
//! In the program's own process, its threads, memory and context switches would count as the program's.
//! It listens on the loopback interface only, on a port that the system chooses, and speaks HTTP/1.1 with
//! keep-alive.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /jython` | after 60 ms, a page of 20,480 bytes |
//! | `GET /dice` | after 30 ms, a page of 32 bytes |
//! | `GET /dice?latency=5` | the same after 5 ms (0 to 60,000) |
//! | any other page, method or query | 404, 405, 400, at once |
//!
//! Stated limits: a request's head has at most 16 KiB and 64 headers and must be complete within
//! 10 s; a body is not read; 20,000 connections at once, further ones wait.

use std::convert::Infallible;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_timer::Delay;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore};

use crate::os::{affinity, limits, output};
use crate::workload::{MAX_LATENCY, PAGES};

/// The first argument with which any of the programs becomes the local server.
pub const SUBCOMMAND: &str = "serve-sites";

/// How long the server polls for another request before its thread sleeps.
const BUSY_POLL: Duration = Duration::from_micros(200);
/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 16_384;
/// Connections served at once.
const CONNECTIONS: usize = 20_000;
/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The longest time a request's head may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A running local server. It ends when this is dropped, and also when the process that holds it
/// ends in any way, because it watches a pipe that only that process holds open.
#[derive(Debug)]
pub struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts the server: this same program once more, with [`SUBCOMMAND`] as its argument.
    ///
    /// # Errors
    /// A sentence that says what failed, when the process cannot be started or does not answer.
    pub fn start() -> Result<Self, String> {
        let failed = |error| {
            let why = limits::explain(&error);
            format!("the local server cannot be started: {why}")
        };
        let program = std::env::current_exe().map_err(failed)?;
        let mut process = Command::new(program)
            .arg(SUBCOMMAND)
            // By default glibc reserves 64 MiB for each thread, too much for a low `ulimit -v`.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C at a terminal goes to a whole process group. In a group of its own the server goes
            // on, so that downloads in progress can finish.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
        }
        match line.trim().strip_prefix("http://").map(str::parse) {
            Some(Ok(address)) => Ok(Self { process, address }),
            _ => {
                let _ = process.kill();
                let _ = process.wait();
                Err("the local server ended before it listened: see its message above".into())
            }
        }
    }

    /// The id of its process.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Becomes the local server if the first argument is [`SUBCOMMAND`], and does not return then.
///
/// Prints where it listens, serves until its standard input ends, and exits.
pub fn serve_if_requested() {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == SUBCOMMAND) {
        let error = serve();
        let why = limits::explain(&error);
        output::eprint_line(&format!("error: the local server ended: {why}"));
        process::exit(1);
    }
}

// Returns only when the server cannot be set up.
fn serve() -> io::Error {
    limits::raise_open_file_limit();
    // By default the kernel may wake a thread 50 microseconds late.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_timerslack(1);
    // Otherwise the scheduler sometimes puts the server on the core of the measured program, although
    // another core is idle.
    affinity::pin_to_last_core();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return error,
    };
    runtime.block_on(async {
        match set_up().await {
            Ok(listener) => accept(listener).await,
            Err(error) => error,
        }
    })
}

// Everything that can fail comes before the address is printed.
async fn set_up() -> io::Result<TcpListener> {
    let (listener, address) = listen()?;
    // The read ends when the parent has ended, however it ends: the system then closes the other end.
    thread::Builder::new().spawn(|| {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        process::exit(0);
    })?;
    // The timer starts a thread at its first use, and panics if the system refuses it. This thread is
    // refused in its place.
    let _ = thread::Builder::new().spawn(|| ())?.join();
    Delay::new(Duration::ZERO).await;
    output::print_line(&format!("http://{address}"));
    Ok(listener)
}

fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn accept(listener: TcpListener) -> io::Error {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let bodies = bodies();
    let busy = Arc::new(Notify::new());
    tokio::spawn(busy_poll(Arc::clone(&busy)));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return io::Error::other("the permits for connections are gone");
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files: new connections wait in the backlog until another one ends.
            Delay::new(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        busy.notify_one();
        let (bodies, busy) = (bodies.clone(), Arc::clone(&busy));
        let answers = service_fn(move |request| {
            busy.notify_one();
            answer(request, bodies.clone())
        });
        let connection = http.serve_connection(TokioIo::new(stream), answers);
        tokio::spawn(async move {
            // A client that leaves early or sends an invalid request affects only its own connection.
            let _ = connection.await;
            drop(permit);
        });
    }
}

// Keeps the thread awake while requests come in quick succession. Otherwise each request would wake it,
// and the kernel would do that work in the client's time.
async fn busy_poll(busy: Arc<Notify>) {
    loop {
        busy.notified().await;
        let since = Instant::now();
        while since.elapsed() < BUSY_POLL {
            tokio::task::yield_now().await;
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    bodies: [Bytes; 2],
) -> Result<Response<Full<Bytes>>, Infallible> {
    let received = Instant::now();
    let (status, body) = match page(&request) {
        Ok((latency, page)) => {
            // Tokio's own timer counts in whole milliseconds, which is too coarse here.
            Delay::new(latency.saturating_sub(received.elapsed())).await;
            (StatusCode::OK, bodies[page].clone())
        }
        Err(status) => (status, Bytes::from(format!("{status}\n"))),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let html = header::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    Ok(response)
}

// The latency of the requested page, and its position in `PAGES`.
fn page<B>(request: &Request<B>) -> Result<(Duration, usize), StatusCode> {
    let path = request.uri().path();
    let page = PAGES.iter().position(|page| page.path == path).ok_or(StatusCode::NOT_FOUND)?;
    if request.method() != Method::GET {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let latency = match request.uri().query() {
        None => PAGES[page].latency,
        Some(query) => query
            .strip_prefix("latency=")
            .and_then(|milliseconds| milliseconds.parse().ok().map(Duration::from_millis))
            .filter(|latency| *latency <= MAX_LATENCY)
            .ok_or(StatusCode::BAD_REQUEST)?,
    };
    Ok((latency, page))
}

// The bodies of `PAGES`.
fn bodies() -> [Bytes; 2] {
    let line = "<p>Jython runs Python on the Java platform. It has no global lock.</p>\n";
    let lines = line.repeat(PAGES[0].size as usize / line.len());
    let texts = [format!("<!doctype html>\n{lines}"), "<p>The die shows 4.</p>".into()];
    [0, 1].map(|page| padded(&texts[page], PAGES[page].size))
}

// Exactly `size` bytes: cut or filled with spaces, a line feed last.
fn padded(text: &str, size: u64) -> Bytes {
    let size = size as usize - 1;
    format!("{text:size$.size$}\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(uri: &str) -> Result<(Duration, usize), StatusCode> {
        page(&Request::get(uri).body(()).expect("request"))
    }

    #[test]
    fn pages_have_the_size_they_promise() {
        for (body, page) in bodies().iter().zip(PAGES) {
            assert_eq!(body.len() as u64, page.size);
            assert!(body.starts_with(b"<") && body.ends_with(b"\n"), "{body:?}");
        }
    }

    #[test]
    fn a_page_takes_what_it_is_asked_to() {
        assert_eq!(get("/jython"), Ok((Duration::from_millis(60), 0)));
        assert_eq!(get("/dice"), Ok((Duration::from_millis(30), 1)));
        assert_eq!(get("/dice?latency=0"), Ok((Duration::ZERO, 1)));
    }

    #[test]
    fn nothing_else_is_served() {
        for uri in ["/", "/jython/", "/../etc/passwd", "/dice/../jython", "/JYTHON", "//dice"] {
            assert_eq!(get(uri), Err(StatusCode::NOT_FOUND), "{uri}");
        }
        for uri in
            ["/dice?", "/dice?latency=", "/dice?latency=-1", "/dice?latency=60001", "/dice?x=1"]
        {
            assert_eq!(get(uri), Err(StatusCode::BAD_REQUEST), "{uri}");
        }
        let post = Request::post("/dice").body(()).expect("request");
        assert_eq!(page(&post), Err(StatusCode::METHOD_NOT_ALLOWED));
    }
}
