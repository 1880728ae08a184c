//! The report for a person: one line for each figure.

use std::fmt;

use crate::report::{Answer, Report, format};
use crate::workload::Strategy;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |figure: Option<String>| figure.unwrap_or_else(|| "unknown".into());
        let seconds = |figure: Option<f64>| known(figure.map(format::seconds));
        let count = |figure: Option<u64>| known(figure.map(|count| count.to_string()));
        let (workers, how_many) = match self.strategy {
            Strategy::Tasks => ("in flight", format!("at most {} tasks", self.workers)),
            _ => ("workers", self.workers.to_string()),
        };
        let rows = [
            ("items", format!("{}, {} failed", self.items, self.failed)),
            (workers, how_many),
            ("wall time", format!("{} (start-up excluded)", format::seconds(self.wall_seconds))),
            ("lower bound", seconds(self.lower_bound_seconds)),
            ("efficiency", known(self.efficiency().map(format::percent))),
            (
                "CPU time",
                format!(
                    "{} user, {} system",
                    seconds(self.user_seconds),
                    seconds(self.system_seconds)
                ),
            ),
            ("ready time", self.ready_text()),
            (
                "context switches",
                format!(
                    "{} voluntary, {} involuntary",
                    count(self.voluntary_context_switches),
                    count(self.involuntary_context_switches)
                ),
            ),
            ("peak memory", known(self.peak_memory_bytes.map(|bytes| format::bytes(bytes as f64)))),
            ("threads", count(self.threads)),
            ("processes", count(self.processes)),
            ("answer", self.answer_text()),
        ];
        write!(f, "{}: {}", self.program, self.title())?;
        for (name, figure) in rows {
            write!(f, "\n  {name:<16} {figure}")?;
        }
        Ok(())
    }
}

impl Report {
    /// What was done and how, such as `160 downloads by 5 threads`.
    pub fn title(&self) -> String {
        let plural = |count: usize, name: &str, ending: &str| match count {
            1 => format!("1 {name}"),
            _ => format!("{count} {name}{ending}"),
        };
        let items = plural(self.items, self.workload.item(), "s");
        match self.strategy {
            Strategy::Sequential => format!("{items}, one after another"),
            Strategy::Threads => format!("{items} by {}", plural(self.workers, "thread", "s")),
            Strategy::Tasks => {
                let threads =
                    if self.threads.is_none_or(|count| count == 1) { " on one thread" } else { "" };
                format!("{items} by {}{threads}", plural(self.items, "task", "s"))
            }
            Strategy::Processes => {
                format!("{items} by {}", plural(self.workers, "worker process", "es"))
            }
        }
    }

    fn ready_text(&self) -> String {
        match self.ready_seconds {
            None => "unknown".into(),
            Some(seconds) => {
                let resource =
                    if self.strategy == Strategy::Tasks { "the thread" } else { "a CPU" };
                format!("waited {} for {resource}", format::seconds(seconds))
            }
        }
    }

    fn answer_text(&self) -> String {
        let known = |sum: &Option<String>| sum.clone().unwrap_or_else(|| "unknown".into());
        match &self.answer {
            Answer::Bytes(bytes) => format!("{bytes} bytes read"),
            Answer::Sums(sums) => match &sums[..] {
                [] => "none".into(),
                [only] => known(only),
                [first, .., last] => format!("{} to {}", known(first), known(last)),
            },
        }
    }
}
