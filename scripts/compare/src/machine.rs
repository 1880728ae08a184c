//! The machine that the figures are from.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

use httpdate::fmt_http_date;
use nix::sys::utsname::uname;

use crate::model::Machine;

/// This machine.
#[expect(clippy::disallowed_methods, reason = "it is a date, not a duration")]
pub fn this() -> Machine {
    let compiler = env!("COMPILER");
    let mac = cfg!(target_os = "macos");
    let name = uname().ok();
    Machine {
        cpus: std::thread::available_parallelism().ok().map(usize::from),
        model: if mac { output("sysctl", &["-n", "machdep.cpu.brand_string"]) } else { cpu() },
        architecture: std::env::consts::ARCH,
        system: if mac { output("sw_vers", &["-productVersion"]) } else { distribution() },
        kernel: name.map(|name| name.release().to_string_lossy().into_owned()),
        compiler: Some(compiler.to_owned()).filter(|compiler| !compiler.is_empty()),
        date: fmt_http_date(SystemTime::now()),
    }
}

fn cpu() -> Option<String> {
    value(&fs::read_to_string("/proc/cpuinfo").ok()?, "model name", ':')
}

fn distribution() -> Option<String> {
    value(&fs::read_to_string("/etc/os-release").ok()?, "PRETTY_NAME", '=')
}

/// The first value of `key` in lines of keys and values.
fn value(text: &str, key: &str, separator: char) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(separator));
    let (_, value) = lines.find(|(found, _)| found.trim() == key)?;
    Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_keys() {
        let info = "processor\t: 0\nmodel name\t: Example 3000\nmodel name\t: other\n";
        assert_eq!(value(info, "model name", ':').as_deref(), Some("Example 3000"));
        assert_eq!(
            value("A=1\nPRETTY_NAME=\"OS 1\"\n", "PRETTY_NAME", '=').as_deref(),
            Some("OS 1")
        );
        assert_eq!(value(info, "model", ':'), None);
    }

    #[test]
    fn this_machine_has_cpus_and_a_kernel() {
        let machine = this();
        assert!(machine.cpus.is_some_and(|cpus| cpus > 0) && machine.kernel.is_some());
    }
}
