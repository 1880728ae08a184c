//! Errors with their causes, as text.

use std::error::Error;
use std::{io, iter};

use super::limits;

/// An error and its causes, outermost first.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        // An `io::Error` is transparent: its source is the source of the error within.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(within) => Some(within as _),
            None => error.source(),
        }
    })
}

/// An error for a person: one of the operating system with the limits that may be the reason, another one
/// with its causes.
pub fn explain(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let refusal = error.downcast_ref().map(limits::explain);
    refusal.unwrap_or_else(|| with_causes(error))
}

/// An error and its causes as text. A cause that its error repeats is left out.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).fold(String::new(), |text, cause| match &text[..] {
        "" => cause,
        _ if text.contains(&cause) => text,
        _ => format!("{text}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Caused(&'static str, Option<Box<Caused>>);

    impl fmt::Display for Caused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Caused {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_follow_their_error_without_repetition() {
        let inner = Caused("refused", None);
        let middle = Caused("connection refused", Some(Box::new(inner)));
        let outer = Caused("no answer", Some(Box::new(middle)));
        assert_eq!(with_causes(&outer), "no answer: connection refused");
    }
}
