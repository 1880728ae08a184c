//! A run in a process of its own, where no other run has left threads or memory; and its cost.

use std::io::pipe;

use common::summary::Item;
use common::{Error, Run, Span, limits, span};
use nix::sys::wait::waitpid;
use serde_json::Value;

use pool::fork::{self, Forked};

/// What a run took, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Wall time of the whole work.
    pub wall_seconds: f64,
    /// CPU time of its process and of the workers that it has waited for.
    pub cpu_seconds: Option<f64>,
}

/// Does `work` for `run` in a new process, and tells what it took.
///
/// # Errors
/// Those of `work`, and an item that failed; those of [`fork::split`]; a process that ended without
/// a report.
pub fn cost<T: Item>(
    run: &Run<T>,
    work: impl FnOnce(&Run<T>) -> Result<Vec<Span>, Error>,
) -> Result<Cost, Error> {
    of_report(&apart(|| Ok(serde_json::to_value(run.measure(|| work(run))?)?))?)
}

fn of_report(report: &Value) -> Result<Cost, Error> {
    if report["failed"] != 0 {
        return Err(format!("{} of {} items failed", report["failed"], report["items"]).into());
    }
    let figure = |name: &str| report[name].as_f64();
    Ok(Cost {
        wall_seconds: figure("wall_seconds").ok_or("a report without a wall time")?,
        cpu_seconds: figure("user_seconds").zip(figure("system_seconds")).map(|(u, s)| u + s),
    })
}

/// Does `work` in a new process and brings back what it returns.
///
/// # Errors
/// Those of `work`, as a sentence; those of [`fork::split`]; a process that ended without a result.
pub fn apart(work: impl FnOnce() -> Result<Value, Error>) -> Result<Value, Error> {
    let (result, result_end) = pipe()?;
    let child = match fork::split()? {
        Forked::Parent(child) => child,
        Forked::Child(child) => child.end_after(|| {
            let sent = work().map_err(|why| {
                why.downcast_ref().map_or_else(|| span::causes(&*why), limits::named)
            });
            // It fails when the parent has gone: then nobody is left to tell.
            let _ = serde_json::to_writer(result_end, &sent);
        }),
    };
    drop(result_end);
    let sent = serde_json::from_reader::<_, Result<Value, String>>(result);
    let status = waitpid(child, None)?;
    let sent = sent.map_err(|_| format!("process {child} ended without a result: {status:?}"))?;
    Ok(sent?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cost_is_read_off_the_report() {
        let mut report = json!({
            "items": 3, "failed": 0, "wall_seconds": 2.0, "user_seconds": 0.5,
            "system_seconds": 0.25,
        });
        let cost = of_report(&report).expect("a cost");
        assert_eq!((cost.wall_seconds, cost.cpu_seconds), (2.0, Some(0.75)));

        report["system_seconds"] = Value::Null;
        assert_eq!(of_report(&report).expect("a cost").cpu_seconds, None);

        report["failed"] = 2.into();
        let error = of_report(&report).expect_err("a failure").to_string();
        assert_eq!(error, "2 of 3 items failed");
    }

    // The runner of tests has threads, which `fork` must not have: what is left is to see that.
    #[cfg(target_os = "linux")]
    #[test]
    fn several_threads_are_refused() {
        let refused = apart(|| Ok(Value::Null)).expect_err("threads");
        assert!(refused.to_string().contains("one thread"), "{refused}");
    }
}
