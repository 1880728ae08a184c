//! Names become addresses in a thread of their own, so that a slow name server holds nothing up.
//!
//! Both clients would start such threads themselves, but panic if the system refuses one, and the
//! runtime of tasks would wait for them at its end.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

/// Looks `host` up in a new thread, which calls `deliver` with its addresses.
///
/// # Errors
/// The operating system's, if it refuses the thread.
pub(super) fn look_up(
    host: String,
    port: u16,
    deliver: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static,
) -> io::Result<()> {
    let work = move || deliver((host.as_str(), port).to_socket_addrs().map(Iterator::collect));
    thread::Builder::new().spawn(work).map(drop)
}
