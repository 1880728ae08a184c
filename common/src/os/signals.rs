//! Ctrl-C and SIGTERM, without a thread.
//!
//! The first signal is recorded: no new item begins, the finished ones are reported, and the exit
//! code is 128 plus the signal's number. The second one ends the program at once.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

static RECEIVED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Handles SIGINT and SIGTERM from now on.
///
/// # Errors
/// An error of the operating system, if it refuses a signal handler.
pub fn watch() -> io::Result<()> {
    let armed = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the default action off, and turns it on.
        flag::register_conditional_default(signal, Arc::clone(&armed))?;
        flag::register(signal, Arc::clone(&armed))?;
        flag::register_usize(signal, Arc::clone(&RECEIVED), signal as usize)?;
    }
    handle_sigchld()?;
    // By default this signal kills a program that writes beyond a limit on file sizes. With a handler
    // the write is an error.
    flag::register(SIGXFSZ, Arc::default())?;
    Ok(())
}

/// The number of the signal that interrupted the program, if [`watch`] has seen one.
pub fn received() -> Option<u8> {
    u8::try_from(RECEIVED.load(Ordering::Relaxed)).ok().filter(|signal| *signal > 0)
}

/// Undoes an inherited "ignore SIGCHLD", under which the system forgets how children ended and what
/// they used.
///
/// # Errors
/// An error of the operating system, if it refuses the signal handler.
pub fn handle_sigchld() -> io::Result<()> {
    flag::register(SIGCHLD, Arc::default()).map(drop)
}
