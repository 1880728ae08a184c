//! `--export-markdown`: what the terminal shows, in Markdown.

use crate::results::Comparison;
use crate::tables::{self, Look};

/// The whole file.
///
/// # Errors
/// None: text can always be made.
pub fn export(comparison: &Comparison) -> Result<String, String> {
    Ok(tables::report(comparison, Look::Markdown) + "\n")
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
