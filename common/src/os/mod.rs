//! What the programs need from the operating system. These modules import nothing else of the project.

pub mod affinity;
pub mod clock;
pub mod error;
pub mod file;
pub mod limits;
pub mod output;
pub mod signals;
pub mod usage;
