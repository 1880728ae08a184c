//! The three ways to count of `examples/race_condition.rs`, in every order in which two threads can
//! take their steps. The model checker (loom) runs the code once for each order, so the result does
//! not depend on the scheduler.

use std::collections::BTreeSet;
use std::sync::{Arc as Shared, Mutex as StdMutex};

use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// The steps of one run, in the order in which they were taken.
type Steps = Shared<StdMutex<Vec<String>>>;

fn note(steps: &Steps, thread: char, step: &str, value: u64) {
    let mut steps = steps.lock().expect("steps");
    steps.push(format!("{thread} {step} {value}"));
}

/// Every order in which two threads `a` and `b` can run, each calling `add_one` once: the steps, and
/// the final value of `x`.
fn every_order<X: 'static>(
    new: fn() -> X,
    add_one: fn(&X, &Steps, char),
    total: fn(&X) -> u64,
) -> BTreeSet<(Vec<String>, u64)> {
    let orders = Shared::new(StdMutex::new(BTreeSet::new()));
    let found = Shared::clone(&orders);
    loom::model(move || {
        let steps = Steps::default();
        let x = Arc::new(new());
        let a = thread::spawn({
            let (x, steps) = (Arc::clone(&x), Shared::clone(&steps));
            move || add_one(&x, &steps, 'a')
        });
        add_one(&x, &steps, 'b');
        a.join().expect("a thread of the model");
        let steps = std::mem::take(&mut *steps.lock().expect("steps"));
        found.lock().expect("orders").insert((steps, total(&x)));
    });
    std::mem::take(&mut *orders.lock().expect("orders"))
}

fn totals(orders: &BTreeSet<(Vec<String>, u64)>) -> BTreeSet<u64> {
    orders.iter().map(|(_, total)| *total).collect()
}

fn load_store(x: &AtomicU64, steps: &Steps, thread: char) {
    let read = x.load(Relaxed);
    note(steps, thread, "reads", read);
    x.store(read + 1, Relaxed);
    note(steps, thread, "writes", read + 1);
}

#[test]
fn load_store_loses_an_update_in_some_orders() {
    let orders = every_order(|| AtomicU64::new(0), load_store, |x| x.load(Relaxed));
    assert_eq!(totals(&orders), BTreeSet::from([1, 2]));
    let losing = ["b reads 0", "a reads 0", "a writes 1", "b writes 1"].map(String::from);
    assert!(orders.contains(&(losing.to_vec(), 1)), "{orders:#?}");
}

#[test]
fn fetch_add_loses_no_update_in_any_order() {
    let orders = every_order(
        || AtomicU64::new(0),
        |x, steps, thread| {
            let before = x.fetch_add(1, Relaxed);
            note(steps, thread, "adds to", before);
        },
        |x| x.load(Relaxed),
    );
    assert!(orders.len() > 1, "each thread comes first in some order: {orders:#?}");
    assert_eq!(totals(&orders), BTreeSet::from([2]));
}

#[test]
fn a_mutex_loses_no_update_in_any_order() {
    let orders = every_order(
        || (Mutex::new(()), AtomicU64::new(0)),
        |(lock, x), steps, thread| {
            let _held = lock.lock();
            load_store(x, steps, thread);
        },
        |(_, x)| x.load(Relaxed),
    );
    assert!(orders.len() > 1, "each thread comes first in some order: {orders:#?}");
    assert_eq!(totals(&orders), BTreeSet::from([2]));
}
