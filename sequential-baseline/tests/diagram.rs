//! The pictures of the program.

use assert_cmd::cargo::cargo_bin;
use testing::TestProgram;

mod io {
    use super::*;

    testing::picture_tests!(
        TestProgram::new(cargo_bin!("sequential-baseline"), &["io"]),
        ["--repeat", "4", "--latency", "5"]
    );
}

mod cpu {
    use super::*;

    testing::picture_tests!(
        TestProgram::new(cargo_bin!("sequential-baseline"), &["cpu"]),
        ["1", "10", "100", "1000", "10000", "100000", "1000000", "10"]
    );
}

#[test]
fn a_picture_shows_one_workload() {
    let program = TestProgram::new(cargo_bin!("sequential-baseline"), &[]);
    for option in ["--diagram", "--trace"] {
        program.refuses([option, "/dev/null"], &["sequential-baseline io --diagram"]);
    }
}
