//! `--scaling`: the marginal cost of a worker, from a few workers to as many as the machine allows.

pub mod fit;
pub mod measure;
