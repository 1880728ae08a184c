//! Downloads by bare epoll: how one thread waits for 160 sockets, without a runtime and without an
//! HTTP library. A row of `scripts/compare.sh --peers`: the least that the downloads can cost.
//!
//! This is what a runtime does for `async-io`: each socket is registered, the thread sleeps until the
//! kernel has data for one of them, and only that download goes on. A task keeps a download's state in
//! its variables; here it is a struct.
//!
//! It is short rather than complete: http only, no `--timeout`, and a site that refuses the connection
//! ends the run. epoll is part of Linux.
#![cfg_attr(not(target_os = "linux"), allow(dead_code, unused_imports))]

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use common::{Result, Run, Site, os::clock, report::Record};
use nix::errno::Errno;
#[cfg(target_os = "linux")]
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

struct Download {
    start: Duration,
    stream: TcpStream,
    response: Vec<u8>,
}

impl Download {
    fn start(site: &Site) -> Result<Self> {
        let start = clock::now();
        let page = site.url.strip_prefix("http://").and_then(|page| page.split_once('/'));
        let (host, path) = page.ok_or("this program reads http pages only")?;
        // On one machine a connection takes microseconds. Only the response takes long.
        let mut stream = TcpStream::connect(host)?;
        write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        stream.set_nonblocking(true)?;
        Ok(Self { start, stream, response: Vec::new() })
    }

    /// Reads what has arrived. Returns the size of the body, or `None` if more is to come.
    fn advance(&mut self) -> Result<Option<u128>> {
        match self.stream.read_to_end(&mut self.response) {
            Ok(_) => Ok(Some(body_bytes(&self.response)?)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

pub(crate) fn body_bytes(response: &[u8]) -> Result<u128> {
    if !response.starts_with(b"HTTP/1.1 200 ") {
        return Err("the status of the response is not 200".into());
    }
    let head = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    Ok((response.len() - head.ok_or("the head is incomplete")? - 4) as u128)
}

#[cfg(target_os = "linux")]
fn download_all_sites(run: &Run<Site>) -> Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let mut sites = run.items();
    let mut downloads = HashMap::new();
    let mut events = [EpollEvent::empty(); 64];
    loop {
        // 1. Start downloads, and register each socket with the number of its site.
        while downloads.len() < run.workers
            && let Some(site) = sites.next()
        {
            let download = Download::start(&site)?;
            let event = EpollEvent::new(EpollFlags::EPOLLIN, site.index() as u64);
            epoll.add(&download.stream, event)?;
            downloads.insert(site.index(), download);
        }
        if downloads.is_empty() {
            return Ok(());
        }
        // 2. Sleep until a socket has something to read. A signal ends the sleep early.
        let ready = match epoll.wait(&mut events, 10_000u16) {
            Ok(0) => return Err("no answer within 10 s".into()),
            Ok(ready) => ready,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        // 3. Let the downloads of these sockets advance. A closed socket leaves epoll by itself.
        for index in events[..ready].iter().map(|event| event.data() as usize) {
            let download = downloads.get_mut(&index).ok_or("an event without a download")?;
            let outcome = match download.advance() {
                Ok(None) => continue,
                Ok(Some(bytes)) => Ok(bytes),
                Err(error) => Err(error.to_string()),
            };
            run.record(Record::new(index, None, download.start, outcome));
            downloads.remove(&index);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn download_all_sites(_: &Run<Site>) -> Result<()> {
    Err("this system has no epoll".into())
}

fn main() -> ExitCode {
    Run::tasks("bare_epoll").execute(download_all_sites)
}
