//! The progress bar: what runs now, and for how long the comparison will still take.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// How often the bar is drawn. Drawing costs CPU time that the programs could have, so: seldom.
const TICK: Duration = Duration::from_secs(1);

/// A bar on standard error; nothing where that is no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    end: Arc<Mutex<Option<Instant>>>,
}

impl Progress {
    /// Shows a bar from now on.
    pub fn start() -> Self {
        let bar = ProgressBar::new(1);
        let end = Arc::new(Mutex::new(None));
        let shown = Arc::clone(&end);
        let left = move |_: &ProgressState, to: &mut dyn std::fmt::Write| {
            let end = shown.lock().ok().and_then(|end| *end);
            let _ = match end.map(|end: Instant| end.saturating_duration_since(Instant::now())) {
                Some(left) => write!(to, "about {:.0} s left", left.as_secs_f64().ceil()),
                None => Ok(()),
            };
        };
        // The template is a constant: if it were wrong, the default one would do.
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {left}  {msg}") {
            bar.set_style(style.with_key("left", left));
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, end }
    }

    /// Says what runs now, how much is done, and how much is still to do, both in seconds.
    pub fn show(&self, now: &str, done: f64, left: f64) {
        if let Ok(mut end) = self.end.lock() {
            *end = Duration::try_from_secs_f64(left)
                .ok()
                .and_then(|left| Instant::now().checked_add(left));
        }
        self.bar.set_length(((done + left) * 1000.0) as u64);
        self.bar.set_position((done * 1000.0) as u64);
        self.bar.set_message(now.to_owned());
    }

    /// Says what runs now, while it is not known yet how long it takes.
    pub fn show_warm_up(&self, now: &str) {
        if let Ok(mut end) = self.end.lock() {
            *end = None;
        }
        self.bar.set_message(now.to_owned());
    }

    /// Writes a line on standard error without tearing the bar.
    pub fn complain(&self, line: &str) {
        self.bar.suspend(|| common::out::complain(line));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
