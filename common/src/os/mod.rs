//! What the programs need from the operating system. Nothing here knows the rest of the project.

pub mod affinity;
pub mod clock;
pub mod file;
pub mod limits;
pub mod output;
pub mod signals;
pub mod usage;
