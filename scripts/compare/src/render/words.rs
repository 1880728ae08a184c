//! Sentences that several documents share.

use serde::Serialize;
use serde_json::json;

use crate::model::{Comparison, Interpreter, Machine};
use crate::render::Element;
use crate::render::number::{known, percent};

/// A machine in words.
pub fn machine(machine: &Machine) -> String {
    let unknown = |text: &Option<String>| known(text.as_ref(), |text| text.clone());
    let cpus = match machine.cpus {
        Some(1) => "1 CPU".into(),
        cpus => format!("{} CPUs", known(cpus, |cpus| cpus.to_string())),
    };
    let (model, system) = (unknown(&machine.model), unknown(&machine.system));
    let kernel = unknown(&machine.kernel);
    format!("{cpus} ({model}, {}), {system}, kernel {kernel}", machine.architecture)
}

/// A Python interpreter in words.
pub fn python(interpreter: &Interpreter) -> String {
    let Interpreter { version, packages, .. } = interpreter;
    let gil = match (interpreter.gil, interpreter.gil_with_packages) {
        (true, _) => "on",
        (false, false) => "off",
        (false, true) => "off, and on with these packages",
    };
    format!("Python {version} with {packages}. Its GIL is {gil}.")
}

/// The name that the exports have for it, with blanks.
pub fn name(of: impl Serialize) -> String {
    json!(of).as_str().unwrap_or_default().replace('_', " ")
}

/// A note if a signal ended the comparison early.
pub fn interrupted(comparison: &Comparison) -> Option<String> {
    let signal = comparison.interrupted_by?;
    Some(format!("Interrupted by signal {signal}: these are the results until then."))
}

/// The beginning of a document: its title, and the machine that it is from.
pub fn heading(title: &str, comparison: &Comparison) -> Vec<Element> {
    let mut elements: Vec<Element> = busy(comparison).map(Element::Text).into_iter().collect();
    elements.push(Element::Heading(1, title.into()));
    elements.push(Element::Text(format!("Measured on {}.", machine(&comparison.machine))));
    elements
}

/// A warning if others took more than a tenth of the CPUs.
pub fn busy(comparison: &Comparison) -> Option<String> {
    let share = percent(comparison.busy()?);
    Some(format!(
        "Busy machine: other programs took {share} of the CPUs while this was measured. Close them and \
         compare again."
    ))
}
