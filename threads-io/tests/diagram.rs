//! Its pictures.

use assert_cmd::cargo::cargo_bin;
use common::testing::Program;

common::picture_tests!(
    Program::new(cargo_bin!("threads-io"), &[]),
    ["--repeat", "4", "--latency", "5", "--workers", "2"]
);
