//! Limits of the operating system that many downloads at once run into.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files that a program has open besides its connections: standard streams, the site server's
/// pipes, the runtime's own, certificates while they are read.
const OTHER_FILES: u64 = 32;

/// Raises the limit on open files as far as the process may, and returns how many connections
/// fit under it; `None` where the limit cannot be read.
pub fn connections() -> Option<usize> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    // macOS refuses "unlimited" here; its own ceiling is 10,240 (OPEN_MAX).
    let wanted = if cfg!(target_os = "macos") {
        hard.min(10_240)
    } else {
        hard
    };
    let raised = wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok();
    let files = if raised { wanted } else { soft };
    usize::try_from(files.saturating_sub(OTHER_FILES)).ok()
}

/// The limits that a refused process or thread may be due to, with their values.
pub fn processes() -> String {
    let value = |resource| match getrlimit(resource) {
        Ok((nix::sys::resource::RLIM_INFINITY, _)) => "unlimited".into(),
        Ok((soft, _)) => soft.to_string(),
        Err(_) => "unknown".to_owned(),
    };
    format!(
        "limits: processes and threads (ulimit -u) {}, memory in bytes (ulimit -v) {}, open files (ulimit -n) {}",
        value(Resource::RLIMIT_NPROC),
        value(Resource::RLIMIT_AS),
        value(Resource::RLIMIT_NOFILE),
    )
}
