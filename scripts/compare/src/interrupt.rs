//! Ctrl-C and SIGTERM: the comparison ends early and shows what it has.
//!
//! The first signal is noted and passed on to the program that runs; what was measured is printed
//! and written out. A second one ends everything at once.

use std::collections::HashSet;
use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::children::Children;

/// How often, after the first signal, it is looked for programs that still run.
const LOOK: Duration = Duration::from_millis(50);

/// Which signal has asked the comparison to end, if one has.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Watches for SIGINT and SIGTERM from now on, in a thread that sleeps until one comes.
    ///
    /// # Errors
    /// The operating system's, when a signal handler cannot be set or the thread is refused.
    pub fn watch(children: Children) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        // If they are set to be ignored, which is inherited, the ends of programs cannot be seen.
        flag::register(SIGCHLD, Arc::default())?;
        let interrupt = Self::default();
        let noted = Arc::clone(&interrupt.0);
        thread::Builder::new().spawn(move || {
            let Some(first) = signals.forever().next().and_then(|signal| u8::try_from(signal).ok())
            else {
                return;
            };
            noted.store(first, Ordering::Relaxed);
            let mut told = HashSet::new();
            loop {
                // A program may be on its way into life just now, so one look is not enough.
                children.ask_to_end(&mut told);
                thread::sleep(LOOK);
                if let Some(second) = signals.pending().next() {
                    children.kill();
                    process::exit(128 + second);
                }
            }
        })?;
        Ok(interrupt)
    }

    /// The number of the signal that came, if one has.
    pub fn signal(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&signal| signal > 0)
    }
}
