//! The end of a run: the report on the terminal and in files, and the exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Run;
use crate::cli::Output;
use crate::os::error::explain;
use crate::os::output::{self, eprint_line, print_line, print_raw};
use crate::os::{file, signals};
use crate::report::svg::{self, View};
use crate::report::terminal::{self, Canvas};
use crate::report::timeline::Timeline;
use crate::report::{LOST, Report, trace};
use crate::workload::WorkItem;
use crate::{Error, Result};

impl<T: WorkItem> Run<T> {
    /// Runs the program's own part and prints the report. Returns the exit code: 0; 1 if an item
    /// failed or a file could not be written; 128 plus the signal's number after a signal.
    ///
    /// The run is never freed, so `work` may give it to tasks that outlive the function.
    pub fn execute(mut self, work: impl FnOnce(&'static Self) -> Result<()>) -> ExitCode
    where
        T: 'static,
    {
        let server = self._server.take();
        let run: &'static Self = Box::leak(Box::new(self));
        let report = run.report(work);
        drop(server);
        match report {
            Ok(report) => run.print(report),
            Err(error) => {
                eprint_line(&format!("error: {}", explain(&*error)));
                ExitCode::FAILURE
            }
        }
    }

    fn print(&self, mut report: Report) -> ExitCode {
        // Each other failure was printed when its item ended.
        for span in report.spans.iter().filter(|span| span.error.as_deref() == Some(LOST)) {
            eprint_line(&format!("error: {}: {LOST}", span.name));
        }
        let timeline = Timeline::of(&report);
        let written = self.write_pictures(&timeline);
        if !self.output.details {
            report.remove_details();
        }
        if self.output.json {
            print_raw(&serde_json::to_string(&report).expect("a report is JSON"));
        } else {
            let canvas = Canvas::stdout();
            print_line(&canvas.fit(report.to_string()));
            if !self.output.quiet {
                print_raw(&terminal::draw(&timeline, canvas));
            }
        }
        for error in &written {
            eprint_line(&format!("error: {error}"));
        }
        if let Some(signal) = signals::received() {
            let Report { failed, items, .. } = report;
            eprint_line(&format!(
                "interrupted by signal {signal}: {failed} of {items} items not done"
            ));
            return ExitCode::from(128 + signal);
        }
        ExitCode::from(u8::from(report.failed > 0 || !written.is_empty() || output::failed()))
    }

    // Returns an error for each file that could not be written.
    fn write_pictures(&self, timeline: &Timeline) -> Vec<Error> {
        let write = |what: &str, path: &PathBuf, text: String| {
            file::replace(path, &text)?;
            eprint_line(&format!("{what} written to {}", path.display()));
            Ok::<_, Error>(())
        };
        let Output { diagram, trace, .. } = &self.output;
        let svg = |path| write("diagram", path, svg::draw(timeline, View::WHOLE));
        let trace_json = |path| write("trace", path, trace::draw(timeline));
        let written = [diagram.as_ref().map(svg), trace.as_ref().map(trace_json)];
        written.into_iter().flatten().filter_map(Result::err).collect()
    }
}
