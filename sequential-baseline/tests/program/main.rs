//! The baseline as a whole program: in one binary, so that its two workloads are tested at the same time.

mod cpu;
mod io;
