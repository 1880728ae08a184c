//! The pictures of the program.

use assert_cmd::cargo::cargo_bin;
use testing::Program;

testing::picture_tests!(
    Program::new(cargo_bin!("async-io"), &[]),
    ["--repeat", "4", "--latency", "5", "--workers", "2"]
);
