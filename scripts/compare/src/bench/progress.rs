//! The progress bar on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar is drawn. Drawing takes CPU time from the programs.
const TICK: Duration = Duration::from_secs(1);
/// The length of the whole bar.
const LENGTH: u64 = 1000;

/// A bar on standard error; nothing where that is not a terminal.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows a bar from now on.
    pub fn start() -> Self {
        let bar = ProgressBar::new(LENGTH);
        // The template is a constant: if it were wrong, the default style would be used.
        if let Ok(style) = ProgressStyle::with_template("{elapsed:>4} {bar:20} {msg}") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self(bar)
    }

    /// Shows what runs now, and which share of the current step is done.
    pub fn show(&self, now: &str, done: f64) {
        self.0.set_position((done * LENGTH as f64) as u64);
        self.0.set_message(now.to_owned());
    }

    /// Prints a line on standard error above the bar.
    pub fn eprint_line(&self, line: &str) {
        self.0.suspend(|| common::os::output::eprint_line(line));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
