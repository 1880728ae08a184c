//! What the four programs share. The lesson is in the programs, not here.
//!
//! A program's life: [`Run`] reads the arguments and, for downloads, starts the local [`server`]; the
//! program does the items and `Run` keeps a record of each; `Run::execute` makes the [`report`] from
//! the records.
//!
//! | module | content |
//! | --- | --- |
//! | [`workload`] | what is downloaded and computed, and the expected answers |
//! | [`cli`] | the flags of the programs |
//! | [`run`] | one run: items, records, report |
//! | [`report`] | the report as JSON, as a summary, as a picture |
//! | [`http`], [`server`] | the clients, and the local server |
//! | [`os`] | clock, affinity, usage, limits, signals, errors, output, files |
//! | [`demo`] | what examples share |

pub mod cli;
pub mod demo;
#[cfg(any(feature = "async", feature = "blocking"))]
pub mod http;
pub mod os;
pub mod report;
pub mod run;
pub mod server;
pub mod workload;

#[cfg(feature = "async")]
pub use http::AsyncSession;
#[cfg(feature = "blocking")]
pub use http::Session;
pub use run::{Run, execute_both};
pub use workload::{Site, cpu_bound};

/// Any error of an item; `?` makes it from every library's own.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// A result whose error is an [`Error`] unless another one is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;
