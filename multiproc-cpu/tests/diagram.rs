//! The pictures of the program.

use assert_cmd::cargo::cargo_bin;
use testing::TestProgram;

testing::picture_tests!(
    TestProgram::new(cargo_bin!("multiproc-cpu"), &[]),
    ["--workers", "2", "1", "10", "100", "1000", "10000", "100000", "1000000", "10"]
);
