//! The plain `x = x + 1`, shared by two threads, does not compile.
//!
//! This is why the race of `examples/race_condition.rs` takes an effort to write in Rust: that
//! example has to spell out the read and the write as two atomic operations. The compiler refuses
//! the plain version, whichever way the threads are made to share `x`. (With `move` it compiles, and
//! each of them counts on a copy of its own.)
//!
//! Two threads cannot both borrow `x` to change it (E0499):
//!
//! ```compile_fail,E0499
//! let mut x = 0u64;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| x = x + 1);
//!     scope.spawn(|| x = x + 1);
//! });
//! assert_eq!(x, 2);
//! ```
//!
//! A cell, which may be changed through a shared borrow, may not be shared with a thread (E0277):
//!
//! ```compile_fail,E0277
//! let x = std::cell::Cell::new(0u64);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| x.set(x.get() + 1));
//!     scope.spawn(|| x.set(x.get() + 1));
//! });
//! assert_eq!(x.get(), 2);
//! ```
//!
//! A plain global variable can be changed only by code that takes the blame with `unsafe` (E0133):
//!
//! ```compile_fail,E0133
//! static mut X: u64 = 0;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| X = X + 1);
//!     scope.spawn(|| X = X + 1);
//! });
//! ```
//!
//! What it accepts is one operation that reads and writes, here, or a lock around the two:
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//! let x = AtomicU64::new(0);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| x.fetch_add(1, Ordering::Relaxed));
//!     scope.spawn(|| x.fetch_add(1, Ordering::Relaxed));
//! });
//! assert_eq!(x.into_inner(), 2);
//! ```
