//! The machine that the figures are from.

use std::time::SystemTime;

use httpdate::fmt_http_date;
use serde::Serialize;
use sysinfo::{CpuRefreshKind, System};

/// What a reader has to know of a machine to judge its timings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    /// Processors that a program may use here: control groups and affinity are respected.
    pub processors: Option<usize>,
    /// The processor's name as its maker gives it.
    pub model: Option<String>,
    /// `x86_64`, `aarch64`, ...
    pub architecture: String,
    /// The operating system and its version.
    pub system: Option<String>,
    /// The kernel's version.
    pub kernel: Option<String>,
    /// The compiler that built the programs, and its version.
    pub compiler: Option<String>,
    /// When the comparison began, as HTTP writes it.
    pub date: String,
}

impl Machine {
    /// This machine.
    #[expect(clippy::disallowed_methods, reason = "a date is told, no duration measured")]
    pub fn this() -> Self {
        let model = System::new().ok().and_then(|mut system| {
            system.refresh_cpu_list(CpuRefreshKind::nothing());
            system.cpus().first().map(|cpu| cpu.brand().trim().to_owned())
        });
        Self {
            processors: std::thread::available_parallelism().ok().map(usize::from),
            model: model.filter(|model| !model.is_empty()),
            architecture: System::cpu_arch(),
            system: System::long_os_version().ok(),
            kernel: System::kernel_version().ok(),
            compiler: Some(env!("COMPILER").to_owned()).filter(|compiler| !compiler.is_empty()),
            date: fmt_http_date(SystemTime::now()),
        }
    }

    /// What is known of it, by name.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".into());
        vec![
            ("processors", or_unknown(&self.processors.map(|number| number.to_string()))),
            ("model", format!("{} ({})", or_unknown(&self.model), self.architecture)),
            ("system", or_unknown(&self.system)),
            ("kernel", or_unknown(&self.kernel)),
            ("compiler", or_unknown(&self.compiler)),
            ("date", self.date.clone()),
        ]
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".into());
        let processors = match self.processors {
            Some(1) => "1 processor".into(),
            Some(processors) => format!("{processors} processors"),
            None => "an unknown number of processors".into(),
        };
        let (model, system) = (or_unknown(&self.model), or_unknown(&self.system));
        let kernel = or_unknown(&self.kernel);
        write!(f, "{processors} ({model}, {}),\n{system}, kernel {kernel}", self.architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said_to_be_unknown() {
        let machine = Machine {
            processors: None,
            model: None,
            architecture: "riscv64".into(),
            system: None,
            kernel: Some("6.1".into()),
            compiler: None,
            date: String::new(),
        };
        let said = "an unknown number of processors (unknown, riscv64),\nunknown, kernel 6.1";
        assert_eq!(machine.to_string(), said);
    }

    #[test]
    fn this_machine_is_known() {
        let machine = Machine::this();
        assert!(machine.processors.is_some_and(|processors| processors > 0));
        assert!(!machine.architecture.is_empty());
    }
}
