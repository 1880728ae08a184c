//! The picture of a race condition: one lost update of this run.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::in_threads;
use crate::Result;
use crate::os::clock;
use crate::report::timeline::{State, Timeline};

/// How often each of two threads updates the number.
const UPDATES: usize = 10_000;

/// One update: the value that was read, and the moments before the read, after it, and after the write.
#[derive(Clone, Copy, Debug)]
struct Update {
    read: u64,
    moments: [Duration; 3],
}

/// Two threads read a number and write the next one, until both have read the same value: one of the
/// two updates is lost. Draws these two. If that does not happen within a second, the rows are empty.
///
/// # Errors
/// A thread that the system refuses.
pub fn lost_update() -> Result<Timeline> {
    let end = clock::now() + Duration::from_secs(1);
    let mut lost = None;
    while lost.is_none() && clock::now() < end {
        let (x, start) = (AtomicU64::new(0), clock::now() + Duration::from_millis(1));
        let updates = in_threads(2, |_| {
            while clock::now() < start {}
            (0..UPDATES).map(|_| update(&x)).collect::<Vec<_>>()
        })?;
        lost = overlap(&updates[0], &updates[1]);
    }
    Ok(draw(lost))
}

fn update(x: &AtomicU64) -> Update {
    let start = clock::now();
    let read = black_box(x.load(Relaxed));
    let between = clock::now();
    x.store(read + 1, Relaxed);
    Update { read, moments: [start, between, clock::now()] }
}

/// The shortest two updates, one of each thread, that read the same value before either writes.
fn overlap(first: &[Update], second: &[Update]) -> Option<[Update; 2]> {
    let mut candidates = second.iter().peekable();
    let pairs = first.iter().filter_map(|one| {
        while candidates.next_if(|other| other.moments[2] <= one.moments[0]).is_some() {}
        let other = candidates.peek()?;
        let overlap = other.moments[1] < one.moments[2] && one.moments[1] < other.moments[2];
        (overlap && other.read == one.read).then_some([*one, **other])
    });
    let length = |update: &Update| update.moments[2] - update.moments[0];
    pairs.min_by_key(|pair| length(&pair[0]) + length(&pair[1]))
}

fn draw(updates: Option<[Update; 2]>) -> Timeline {
    let mut timeline = Timeline::new("race_condition", "One lost update of this run");
    let rows = ["thread A", "thread B"].map(|label| timeline.row(label));
    timeline.explain(State::Running, "a read or a write of x");
    timeline.order = Some("the order of the steps".into());
    let mut steps = Vec::new();
    for (row, Update { read, moments }) in rows.into_iter().zip(updates.into_iter().flatten()) {
        steps.push((moments[1], row, format!("reads {read}")));
        steps.push((moments[2], row, format!("writes {}", read + 1)));
    }
    steps.sort();
    for (position, (_, row, step)) in steps.iter().enumerate() {
        timeline.block(*row, State::Running, position as f64, position as f64 + 1.0, step);
    }
    timeline
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(read: u64, nanoseconds: [u64; 3]) -> Update {
        Update { read, moments: nanoseconds.map(Duration::from_nanos) }
    }

    #[test]
    fn two_updates_overlap_if_they_read_the_same_value_at_the_same_time() {
        let first = [update(0, [0, 10, 20]), update(1, [20, 30, 40])];
        let found = |second: &[Update]| overlap(&first, second).map(|pair| pair[1].read);
        assert_eq!(found(&[update(1, [25, 35, 45])]), Some(1));
        assert_eq!(found(&[update(0, [5, 6, 7]), update(1, [25, 35, 45])]), Some(1));
        assert_eq!(found(&[update(2, [25, 35, 45])]), None, "another value");
        assert_eq!(found(&[update(1, [50, 60, 70])]), None, "later");
        assert_eq!(found(&[]), None);
        let short = [update(0, [5, 6, 18]), update(1, [25, 26, 35])];
        assert_eq!(found(&short), Some(1), "the shortest pair");
    }

    #[test]
    fn the_picture_shows_two_reads_and_two_writes() {
        let pair = [update(41, [10, 20, 40]), update(41, [15, 25, 50])];
        let timeline = draw(Some(pair));
        let steps = timeline.rows.iter().flat_map(|row| &row.blocks);
        let positions: Vec<f64> = steps.map(|block| block.start).collect();
        assert_eq!(positions, [0.0, 2.0, 1.0, 3.0]);
        let names = |row: usize| -> Vec<&str> {
            timeline.rows[row].blocks.iter().map(|block| block.name.as_str()).collect()
        };
        assert_eq!([names(0), names(1)], [["reads 41", "writes 42"]; 2]);
        assert_eq!(draw(None).count(), 0);
        assert_eq!(lost_update().expect("threads").rows.len(), 2);
    }
}
