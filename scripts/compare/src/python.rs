//! `--python`: the interpreter of the Python programs, with their packages in a virtual environment.
//!
//! The environment is made once for each interpreter and each state of `requirements.txt`, beside the
//! builds in cargo's target folder. It is made under a temporary name and then renamed, so that what
//! has its name is whole, also where two comparisons make it at once.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::limits;
use serde::{Deserialize, Serialize};
use tempfile::Builder;

use crate::children::{Children, Deadline};
use crate::progress::Progress;

/// What is used where none is named.
pub const USUAL: &str = "python3";

/// The longest that making an environment or installing the packages may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Tells an interpreter, in any version of the language.
const WHICH: &str = "import json, sys; print(json.dumps({
    'version': '.'.join(map(str, sys.version_info[:3])), 'build': sys.version,
    'executable': sys.executable, 'new_enough': sys.version_info[:2] >= (3, 11)}))";

/// Loads the packages. One that is not made for an interpreter without a GIL turns it on again.
const WITH_PACKAGES: &str = "import json, sys
gil = getattr(sys, '_is_gil_enabled', lambda: True)
alone = gil()
import aiohttp, requests
print(json.dumps({'version': '.'.join(map(str, sys.version_info[:3])), 'executable': sys.executable,
    'gil': alone, 'gil_with_packages': gil(),
    'packages': 'requests %s, aiohttp %s' % (requests.__version__, aiohttp.__version__)}))";

/// What became of the wish for Python programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Python {
    /// They can run.
    Interpreter(Interpreter),
    /// They cannot: why, and what they need.
    Missing(String),
}

/// An interpreter that has the packages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Interpreter {
    /// Where it is.
    pub executable: PathBuf,
    /// Its version: `3.14.0`.
    pub version: String,
    /// The packages and their versions.
    pub packages: String,
    /// Whether it has a global lock that lets one thread run at a time.
    pub gil: bool,
    /// The same once the packages are loaded, as they are for the downloads.
    pub gil_with_packages: bool,
}

impl Interpreter {
    /// A command that is to be completed. The user's own modules are not among those that it finds.
    pub fn command(&self) -> Command {
        interpreter(self.executable.as_os_str())
    }

    /// What it is, in a sentence for each thing.
    pub fn said(&self) -> String {
        let Self { version, packages, .. } = self;
        let gil = match (self.gil, self.gil_with_packages) {
            (true, _) => "on",
            (false, false) => "off",
            (false, true) => "off, and on with these packages",
        };
        format!("Python {version} with {packages}. Its GIL is {gil}.")
    }
}

impl Python {
    /// The interpreter, if there is one.
    pub fn interpreter(&self) -> Option<&Interpreter> {
        match self {
            Self::Interpreter(interpreter) => Some(interpreter),
            Self::Missing(_) => None,
        }
    }

    /// What is to be said of it.
    pub fn said(&self) -> String {
        match self {
            Self::Interpreter(interpreter) => interpreter.said(),
            Self::Missing(why) => format!("The Python programs were not run: {why}"),
        }
    }
}

/// Makes sure that there is an environment of `python` with what `scripts` needs, below `folder`.
pub fn prepare(
    python: &OsStr,
    scripts: &Path,
    folder: &Path,
    children: &Children,
    progress: &Progress,
) -> Python {
    let maker = Maker { python, scripts, folder, children, progress };
    maker.interpreter().map_or_else(Python::Missing, Python::Interpreter)
}

// Of the interpreter that was named.
#[derive(Deserialize)]
struct Which {
    version: String,
    build: String,
    executable: PathBuf,
    new_enough: bool,
}

struct Maker<'a> {
    python: &'a OsStr,
    scripts: &'a Path,
    folder: &'a Path,
    children: &'a Children,
    progress: &'a Progress,
}

impl Maker<'_> {
    fn interpreter(&self) -> Result<Interpreter, String> {
        let name = self.python.display();
        let needed = "they need Python 3.11 or later, and --python-bin names one";
        let which = self.ask(interpreter(self.python).args(["-c", WHICH]));
        let which = which.map_err(|why| format!("'{name}' {why}: {needed}"))?;
        let which: Which = serde_json::from_slice(&which.stdout)
            .map_err(|_| format!("'{name}' does not answer as Python does: {needed}"))?;
        if !which.new_enough {
            return Err(format!("'{name}' is Python {}: {needed}", which.version));
        }
        let requirements = self.scripts.join("requirements.txt");
        let wanted = fs::read_to_string(&requirements)
            .map_err(|error| format!("'{}' cannot be read: {error}", requirements.display()))?;
        let place = self.folder.join(format!("{}-{:016x}", which.version, {
            let mut hasher = DefaultHasher::new();
            (&which.build, &which.executable, wanted).hash(&mut hasher);
            hasher.finish()
        }));
        if let Ok(interpreter) = self.with_packages(&place) {
            return Ok(interpreter);
        }
        self.make(&place, &requirements)?;
        self.with_packages(&place).map_err(|why| {
            format!("the packages in '{}' cannot be used: it {why}", place.display())
        })
    }

    fn with_packages(&self, place: &Path) -> Result<Interpreter, String> {
        let python = executable(place);
        let told = self.ask(interpreter(python.as_os_str()).args(["-c", WITH_PACKAGES]))?;
        serde_json::from_slice(&told.stdout).map_err(|_| "tells nothing of them".into())
    }

    fn make(&self, place: &Path, requirements: &Path) -> Result<(), String> {
        let unwritable = |error| format!("'{}' cannot be written: {error}", self.folder.display());
        fs::create_dir_all(self.folder).map_err(unwritable)?;
        let new = Builder::new().prefix(".new-").tempdir_in(self.folder).map_err(unwritable)?;
        self.progress.show_warm_up("installing the packages of the Python programs");
        let mut venv = interpreter(self.python);
        self.ask(venv.args(["-m", "venv"]).arg(new.path())).map_err(|why| {
            let name = self.python.display();
            format!("'{name} -m venv' {why}: they need its module venv (Debian: python3-venv)")
        })?;
        let mut pip = interpreter(executable(new.path()).as_os_str());
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
        self.ask(pip.arg("--requirement").arg(requirements)).map_err(|why| {
            let file = requirements.display();
            format!("pip, for '{file}', {why}: they need a package registry that pip reaches")
        })?;
        // Another comparison may have been faster; else what is there is damaged.
        if fs::rename(new.path(), place).is_ok() || self.with_packages(place).is_ok() {
            return Ok(());
        }
        fs::remove_dir_all(place).and_then(|()| fs::rename(new.path(), place)).map_err(unwritable)
    }

    // What a command answers; the error is what it did instead.
    fn ask(&self, command: &mut Command) -> Result<Output, String> {
        let unstarted = |error| format!("cannot be started ({})", limits::named(&error));
        let deadline = Deadline::start(self.children, LIMIT).map_err(unstarted)?;
        self.children.join(command);
        let output = command.stdin(Stdio::null()).output();
        let too_long = deadline.stop();
        let output = output.map_err(unstarted)?;
        match output.status.success() {
            _ if too_long => Err(format!("took longer than {} seconds", LIMIT.as_secs())),
            false => Err(format!("failed ({})", reason(&output))),
            true => Ok(output),
        }
    }
}

fn interpreter(python: &OsStr) -> Command {
    let mut command = Command::new(python);
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command
}

fn executable(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

// The line that says most: pip's last error, or else the last one; venv says it on standard output.
fn reason(output: &Output) -> String {
    let said = [&output.stderr, &output.stdout].map(|said| String::from_utf8_lossy(said));
    let error = said[0].lines().rev().find_map(|line| line.strip_prefix("ERROR: "));
    let last = || said[0].trim_end().lines().last().or_else(|| said[1].trim_start().lines().next());
    error.or_else(last).map_or(output.status.to_string(), |line| line.trim().to_owned())
}
