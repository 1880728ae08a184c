//! Notes which compiler builds the harness: the programs are built with it in one go.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = env::var_os("RUSTC").map(|rustc| Command::new(rustc).arg("--version").output());
    let version = compiler.and_then(Result::ok).and_then(|out| String::from_utf8(out.stdout).ok());
    println!("cargo::rustc-env=COMPILER={}", version.unwrap_or_default().trim());
}
