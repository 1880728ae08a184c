//! How an example tells what it has shown: to a person in a few lines, to a program as JSON.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::out;

/// The flag that every example has besides its own.
#[derive(Args, Clone, Debug, Default)]
pub struct Output {
    /// Print one JSON object, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// What an example has shown. Its fields are the keys of the JSON object.
#[derive(Clone, Debug, Serialize)]
pub struct Shown<F> {
    /// The ids of the claims that it is about, such as `C09`.
    pub claim: &'static [&'static str],
    /// Whether they hold in this run: computed from the figures by the example's rule.
    pub holds: bool,
    /// Named numbers, with their units in the names. One that cannot be had is `null`.
    pub figures: F,
    /// The figures in one sentence.
    pub said: String,
}

impl<F: Serialize> Shown<F> {
    /// Prints it. The exit code is 0 also where the claim does not hold: that is a result.
    pub fn print(&self, output: &Output) -> ExitCode {
        let figures = match serde_json::to_value(self) {
            Ok(shown) if output.json => {
                out::say(&shown.to_string());
                return ExitCode::SUCCESS;
            }
            Ok(mut shown) => shown["figures"].take(),
            Err(error) => {
                out::complain(&format!(
                    "error: the figures cannot be written as JSON: {error}"
                ));
                return ExitCode::FAILURE;
            }
        };
        for (name, figure) in figures.as_object().into_iter().flatten() {
            out::say(&format!("  {name:<40} {}", readable(figure)));
        }
        out::say(&self.said);
        let verdict = if self.holds { "holds" } else { "does not hold" };
        out::say(&format!("{} {verdict} in this run.", self.claim.join(", ")));
        ExitCode::SUCCESS
    }
}

fn readable(figure: &Value) -> String {
    match figure {
        Value::Null => "unknown".into(),
        Value::Number(number) => match number.as_f64() {
            Some(value) if number.is_f64() && value.abs() < 1000.0 => format!("{value:.4}"),
            Some(value) if number.is_f64() => format!("{value:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
