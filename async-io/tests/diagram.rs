//! The pictures of the program.

use assert_cmd::cargo::cargo_bin;
use testing::TestProgram;

testing::picture_tests!(
    TestProgram::new(cargo_bin!("async-io"), &[]),
    ["--repeat", "4", "--latency", "5", "--workers", "2"]
);
