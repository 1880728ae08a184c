//! The interpreter of the Python programs. `scripts/compare.sh` installs their packages into a virtual
//! environment and names its interpreter; here only its fitness is checked.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use crate::model::{Interpreter, Python};
use crate::process::{Processes, TimeLimit};

/// The interpreter if no other one is named.
pub const DEFAULT: &str = "python3";
/// The variable with the interpreter of the virtual environment.
pub const VARIABLE: &str = "COMPARE_PYTHON";

/// The longest that the interpreter may take to answer.
const LIMIT: TimeLimit = TimeLimit { time: Duration::from_secs(60), hint: "" };

/// Prints what [`Interpreter`] has. A package that is not made for an interpreter without a GIL turns
/// the GIL on again.
const PROBE: &str = "import json, sys
if sys.version_info < (3, 11): sys.exit('it is Python %d.%d' % sys.version_info[:2])
gil = getattr(sys, '_is_gil_enabled', lambda: True)
alone = gil()
import aiohttp, requests
print(json.dumps({'version': '.'.join(map(str, sys.version_info[:3])), 'executable': sys.executable,
    'gil': alone, 'gil_with_packages': gil(), 'interpreters': sys.version_info >= (3, 14),
    'packages': 'requests %s, aiohttp %s' % (requests.__version__, aiohttp.__version__)}))";

/// Checks whether `python` can run the Python programs.
pub fn find(python: &OsStr, processes: &Processes) -> Python {
    probe(python, processes).map_or_else(
        |why| {
            Python::Missing(format!(
                "'{}': {why}. They need Python 3.11 or later (--python-bin) and the packages that \
                 scripts/compare.sh installs.",
                python.display()
            ))
        },
        Python::Interpreter,
    )
}

fn probe(python: &OsStr, processes: &Processes) -> Result<Interpreter, String> {
    let mut probe = command(python);
    probe.args(["-c", PROBE]);
    let finished = processes.run(probe, LIMIT)?;
    if let Err(reason) = finished.outcome {
        let stderr = String::from_utf8_lossy(&finished.stderr);
        let last = stderr.trim_end().lines().last().map(str::to_owned);
        return Err(last.unwrap_or(reason));
    }
    serde_json::from_slice(&finished.stdout).map_err(|_| "it is not a Python interpreter".into())
}

/// A command for an interpreter that ignores the user's own modules.
pub fn command(python: &OsStr) -> Command {
    let mut command = Command::new(python);
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command
}
