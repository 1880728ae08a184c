//! `--export-markdown`: what the terminal shows, in Markdown.

use crate::growth;
use crate::results::Comparison;
use crate::tables::{self, Look};

/// The whole file.
///
/// # Errors
/// None: text can always be made.
pub fn export(comparison: &Comparison) -> Result<String, String> {
    let report = match &comparison.growth {
        Some(_) => growth::text::report(comparison, Look::Markdown),
        None => tables::report(comparison, Look::Markdown),
    };
    Ok(report + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::sample;

    #[test]
    fn as_it_is_written() {
        insta::assert_snapshot!(export(&sample::comparison()).expect("Markdown"));
    }
}
