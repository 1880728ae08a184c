//! Ctrl-C and SIGTERM, without a thread.
//!
//! The first signal is recorded: no new item begins, the finished ones are reported, and the exit
//! code is 128 plus the signal's number. The second one ends the program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

/// The signal that asked the program to end, if one did.
#[derive(Clone, Debug, Default)]
pub struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// Handles SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// The operating system's, if it refuses a signal handler.
    pub fn watch() -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the default action off, and turns it on.
            flag::register_conditional_default(signal, Arc::clone(&armed))?;
            flag::register(signal, Arc::clone(&armed))?;
            flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
        }
        handle_sigchld()?;
        // By default this signal kills a program that writes beyond a limit on file sizes. With a
        // handler the write is an error.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(Self(received))
    }

    /// The number of the signal, if one came.
    pub fn received(&self) -> Option<u8> {
        u8::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|signal| *signal > 0)
    }
}

/// Undoes an inherited "ignore SIGCHLD", under which the system forgets how children ended and what
/// they used.
///
/// # Errors
/// The operating system's, if it refuses the signal handler.
pub fn handle_sigchld() -> io::Result<()> {
    flag::register(SIGCHLD, Arc::default()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_is_recorded() {
        assert_eq!(Signals::default().received(), None);
        let signals = Signals::watch().expect("handlers");
        assert_eq!(signals.received(), None);
        signal_hook::low_level::raise(SIGTERM).expect("a signal");
        assert_eq!(signals.received(), Some(SIGTERM as u8));
    }
}
