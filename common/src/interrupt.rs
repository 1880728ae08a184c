//! Ctrl-C and SIGTERM, without a thread of their own.
//!
//! The first signal is noted: no new item is begun, what is done is reported, and the exit code
//! is 128 plus the signal's number. A second one ends the program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::flag;

/// Which signal has asked the program to end, if one has.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Watches for SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// The operating system's, when a signal handler cannot be set.
    pub fn watch() -> io::Result<Self> {
        let noted = Arc::new(AtomicUsize::new(0));
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the shutdown disarmed, and arms it.
            flag::register_conditional_default(signal, Arc::clone(&armed))?;
            flag::register(signal, Arc::clone(&armed))?;
            flag::register_usize(signal, Arc::clone(&noted), signal as usize)?;
        }
        // Whoever started this program may have set children's ends to be ignored, which is
        // inherited: then the system forgets what they used, and how they ended.
        flag::register(SIGCHLD, Arc::default())?;
        Ok(Self(noted))
    }

    /// The number of the signal that came, if one has.
    pub fn signal(&self) -> Option<u8> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(signal).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_is_noted() {
        assert_eq!(Interrupt::default().signal(), None);
        let interrupt = Interrupt::watch().expect("handlers");
        assert_eq!(interrupt.signal(), None);
        signal_hook::low_level::raise(SIGTERM).expect("a signal");
        assert_eq!(interrupt.signal(), Some(SIGTERM as u8));
    }
}
