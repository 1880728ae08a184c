//! The harness as a whole program: in one binary, so that these tests run at the same time.

mod built;
mod comparison;
mod own_program;
mod python;
mod report;
mod script;
