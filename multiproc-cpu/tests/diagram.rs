//! Its pictures.

use assert_cmd::cargo::cargo_bin;
use common::testing::Program;

common::picture_tests!(
    Program::new(cargo_bin!("multiproc-cpu"), &[]),
    ["--workers", "2", "1", "10", "100", "1000", "10000", "100000", "1000000", "10"]
);
