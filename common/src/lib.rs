//! What the four programs share and none of them teaches.
//!
//! A program's life is: [`run::Run`] reads the arguments and, for downloads, starts the
//! [`server`]; the program makes one list of [`span::Span`]s, one for each download or sum;
//! [`run::Run::report`] reads everything off that list: the [`summary`], the JSON object, the
//! failures, the exit code.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`args`] | the flags of the programs |
//! | [`run`] | one run: what was asked, and the report at its end |
//! | [`span`] | one item: worker, start, end, outcome |
//! | [`sites`], [`server`], [`session`] | what is downloaded, from where, and how |
//! | [`sums`] | what is computed, and the closed form it is held against |
//! | [`usage`], [`clock`], [`cores`], [`limits`] | what the operating system knows of the process |
//! | [`summary`], [`out`] | what a person or a program sees |
//! | [`schedule`], [`diagram`], [`svg`], [`trace`] | the run as pictures |
//! | [`file`](mod@file) | files that are written whole or not at all |
//! | [`interrupt`] | Ctrl-C and SIGTERM |
//! | [`example`] | how an example tells what it has shown |
//! | `testing` | for tests of whole programs, behind the feature of that name |
//! | [`scale`] | how many of something can be idle at once |

pub mod args;
pub mod clock;
pub mod cores;
pub mod diagram;
pub mod example;
pub mod file;
pub mod interrupt;
pub mod limits;
pub mod out;
pub mod run;
pub mod scale;
pub mod schedule;
pub mod server;
pub mod session;
pub mod sites;
pub mod span;
pub mod summary;
pub mod sums;
pub mod svg;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
pub mod usage;

pub use run::Run;
pub use session::read_body;
#[cfg(feature = "nonblocking")]
pub use session::read_body_async;
pub use sites::Site;
pub use span::Span;
pub use sums::cpu_bound;

/// Anything that can go wrong with one item; `?` makes it from every library's own error.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
