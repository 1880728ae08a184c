//! The plain `x = x + 1`, shared by two threads, does not compile.
//!
//! This is why `examples/race_condition.rs` spells out the read and the write as two atomic
//! operations: the compiler refuses the plain update, however the threads share `x`. (With `move` it
//! compiles, and each thread counts on its own copy.)
//!
//! Two threads cannot both borrow `x` mutably (E0499):
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
//! A `Cell` can be changed through a shared borrow, but threads must not share it (E0277):
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
//! A global variable can be changed only in an `unsafe` block (E0133):
//!
//! ```compile_fail,E0133
//! static mut X: u64 = 0;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| X = X + 1);
//!     scope.spawn(|| X = X + 1);
//! });
//! ```
//!
//! The compiler accepts one atomic operation that reads and writes, as here, or a lock around both:
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
