//! How many of something can be idle at the same time, and what one costs: the ramp of the `scale_*`
//! examples, and the threads that they compare with.

use std::fmt::{self, Display};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use nix::unistd::Pid;
use serde::Serialize;
use serde_json::{Value, json};

use crate::Result;
use crate::demo::{spawn, try_timed};
use crate::os::usage::kib;
use crate::os::{clock, limits};
use crate::report::format;

/// What one costs: the average over all that are idle at the same time. `None` means unknown.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct UnitCost {
    /// Wall time from the start to the point where it waits.
    pub start_microseconds_each: Option<f64>,
    /// Resident memory. A page that processes share counts in equal parts.
    pub resident_bytes_each: Option<f64>,
    /// The kernel's page tables, which are not part of the resident memory.
    pub page_table_bytes_each: Option<f64>,
}

/// What a ramp has measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// How many were requested.
    pub requested: usize,
    /// The most that were idle at the same time.
    pub reached: usize,
    /// What allowed no more; `no limit` if all that were requested ran.
    pub stopped_by: String,
    /// The cost of one of them.
    #[serde(flatten)]
    pub cost: UnitCost,
    /// The time from one of two that wake each other in turn to the other one.
    pub switch_microseconds: f64,
}

/// For example `500 idle at once, 34.6 µs to start one, 1.26 µs for a switch`.
impl Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} idle at once", self.reached)?;
        if let Some(start) = self.cost.start_microseconds_each {
            write!(f, ", {} to start one", format::seconds(start / 1e6))?;
        }
        if let Some(bytes) = self.cost.resident_bytes_each {
            write!(f, ", {} of memory each", format::bytes(bytes))?;
        }
        write!(f, ", {} for a switch", format::seconds(self.switch_microseconds / 1e6))?;
        if self.reached < self.requested {
            write!(f, "; not {}: {}", self.requested, self.stopped_by)?;
        }
        Ok(())
    }
}

impl Figures {
    /// Whether both costs, the time to start and the memory, compare like this with a thread's. The
    /// memory may be unknown.
    pub fn compared_with(&self, threads: &Self, compare: fn(f64, f64) -> bool) -> bool {
        let (one, thread) = (self.cost, threads.cost);
        let start = one.start_microseconds_each.zip(thread.start_microseconds_each);
        let memory = one.resident_bytes_each.zip(thread.resident_bytes_each);
        start.is_some_and(|(one, thread)| compare(one, thread))
            && memory.is_none_or(|(one, thread)| compare(one, thread))
    }

    /// These figures as JSON, with those of `threads` beside them.
    pub fn beside_threads(&self, threads: &Self) -> Value {
        let mut figures = json!(self);
        figures["threads"] = json!(threads.reached);
        figures["thread_start_microseconds_each"] = json!(threads.cost.start_microseconds_each);
        figures["thread_resident_bytes_each"] = json!(threads.cost.resident_bytes_each);
        figures["thread_switch_microseconds"] = json!(threads.switch_microseconds);
        figures
    }
}

/// The memory of a thread or process with the kernel's part, over its resident memory: an upper bound.
/// Measured by the memory that was left: 2.6 for 10,000 threads, 2.5 for 3,000 processes.
const WITH_KERNEL: f64 = 5.0;

/// Starts more and more, in batches: 100, 200, 500, 1000, ... in total, until the requested count
/// runs, the system refuses one, or a tenth of the machine's memory is left.
#[derive(Debug)]
pub struct Ramp {
    figures: Figures,
    most: usize,
    before: Option<Memory>,
    batch_start: Duration,
    starting: Duration,
}

impl Ramp {
    /// A ramp up to `requested`.
    pub fn new(requested: usize) -> Self {
        Self {
            figures: Figures { requested, stopped_by: "no limit".into(), ..Figures::default() },
            most: requested,
            before: Memory::of(&[]),
            batch_start: clock::now(),
            starting: Duration::ZERO,
        }
    }

    /// A ramp of threads with stacks of [`STACK`] bytes: up to `requested`, or as many as the limits of
    /// the system allow.
    ///
    /// # Errors
    /// A limit that leaves no room for a thread.
    pub fn of_threads(requested: usize) -> Result<Self> {
        let (most, limit) = limits::max_threads(STACK as u64)?;
        let mut ramp = Self::new(requested);
        if most < requested {
            (ramp.most, ramp.figures.stopped_by) = (most, limit.into());
        }
        Ok(ramp)
    }

    /// How many to start now; `None` at the end. The clock runs from here to [`Ramp::record`].
    pub fn next_batch(&mut self) -> Option<usize> {
        let reached = self.figures.reached;
        let UnitCost { resident_bytes_each, page_table_bytes_each, .. } = self.figures.cost;
        if let (Some(resident), Some(tables), Some(free)) =
            (resident_bytes_each, page_table_bytes_each, free_memory())
        {
            let each = WITH_KERNEL * (resident + tables).max(1.0);
            let fitting = reached.saturating_add((free as f64 / each) as usize);
            if fitting < next_count(reached).min(self.most) {
                self.most = fitting;
                self.figures.stopped_by = "only a tenth of the memory is left".into();
            }
        }
        self.batch_start = clock::now();
        let batch = next_count(reached).min(self.most).saturating_sub(reached);
        (batch > 0).then_some(batch)
    }

    /// Records that `alive` are idle now, in this process and in `children`. The clock stops.
    pub fn record(&mut self, alive: usize, children: &[Pid]) {
        self.starting += clock::now().saturating_sub(self.batch_start);
        if alive == 0 {
            return;
        }
        let each = |total: f64| total / alive as f64;
        let memory = Memory::of(children).zip(self.before);
        let added = |part: fn(&Memory) -> u64| {
            memory.map(|(after, before)| each(part(&after) as f64 - part(&before) as f64))
        };
        self.figures.reached = alive;
        self.figures.cost = UnitCost {
            start_microseconds_each: Some(each(self.starting.as_secs_f64() * 1e6)),
            resident_bytes_each: added(|memory| memory.resident),
            page_table_bytes_each: added(|memory| memory.page_tables),
        };
    }

    /// Ends the ramp because the system refused to start one more.
    pub fn stop(&mut self, error: &io::Error) {
        self.most = 0;
        self.figures.stopped_by = limits::explain(error);
    }

    /// The figures, completed by the time of a switch: `ping_pong` switches there and back that many times.
    ///
    /// # Errors
    /// Those of `ping_pong`.
    pub fn finish(self, ping_pong: impl FnOnce(u32) -> Result<()>) -> Result<Figures> {
        const ROUNDS: u32 = 10_000;
        let ((), seconds) = try_timed(|| ping_pong(ROUNDS))?;
        let switch_microseconds = seconds * 1e6 / f64::from(2 * ROUNDS);
        Ok(Figures { switch_microseconds, ..self.figures })
    }
}

/// For [`Ramp::record`], if no child process waits.
pub const NO_CHILDREN: &[Pid] = &[];

/// The size of an idle thread's stack: so small that the kernel never gives it one huge page of 2 MiB.
pub const STACK: usize = 64 << 10;

/// The figures of `count` idle threads, to compare with.
///
/// # Errors
/// A thread that the system refuses.
pub fn idle_threads(count: usize) -> Result<Figures> {
    let mut ramp = Ramp::of_threads(count)?;
    if ramp.most < count {
        return Err(format!("{} does not allow {count} threads", ramp.figures.stopped_by).into());
    }
    let (gate, arrived) = (Mutex::new(()), AtomicUsize::new(0));
    thread::scope(|scope| {
        let closed = gate.lock();
        for _ in 0..count {
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
                arrived.fetch_add(1, Ordering::Relaxed);
                drop(gate.lock());
            })?;
        }
        while arrived.load(Ordering::Relaxed) < count {
            thread::yield_now();
        }
        ramp.record(count, NO_CHILDREN);
        drop(closed);
        Ok::<_, crate::Error>(())
    })?;
    ramp.finish(threads_ping_pong)
}

/// Two threads wake each other in turn: each sleeps until the other one has sent a message.
///
/// # Errors
/// A thread that the system refuses.
pub fn threads_ping_pong(rounds: u32) -> Result<()> {
    let (ping, pings) = mpsc::sync_channel(1);
    let (pong, pongs) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        spawn(scope, move || pings.iter().try_for_each(|()| pong.send(())))?;
        for _ in 0..rounds {
            ping.send(())?;
            pongs.recv()?;
        }
        drop(ping);
        Ok(())
    })
}

// 100, 200, 500, 1000, ...: three counts for each power of ten.
fn next_count(reached: usize) -> usize {
    let mut count = 100;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if count > reached {
            break;
        }
        count = (count as f64 * factor) as usize;
    }
    count
}

// Bytes that can be used until a tenth of the machine's memory is left; `None` if unknown.
fn free_memory() -> Option<u64> {
    let bytes = |name| Some(kib("/proc/meminfo", name)? * 1024);
    Some(bytes("MemAvailable:")?.saturating_sub(bytes("MemTotal:")? / 10))
}

// Memory of this process and of its children together, in bytes.
#[derive(Clone, Copy, Debug)]
struct Memory {
    resident: u64,
    page_tables: u64,
}

impl Memory {
    // Linux: `Pss` counts a page that processes share in equal parts, so that the sum counts it once.
    // `Pss_Anon` leaves out the program's file, which other processes may share too.
    fn of(children: &[Pid]) -> Option<Self> {
        let mut sum = Self { resident: 0, page_tables: 0 };
        for pid in children.iter().chain([&Pid::this()]) {
            let shares = format!("/proc/{pid}/smaps_rollup");
            sum.resident += kib(&shares, "Pss_Anon:").or_else(|| kib(&shares, "Pss:"))? * 1024;
            sum.page_tables += kib(&format!("/proc/{pid}/status"), "VmPTE:")? * 1024;
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    fn no_switch(_: u32) -> Result<()> {
        Ok(())
    }

    #[test]
    fn counts_grow_in_steps_of_one_two_five() {
        let counts = [0, 100, 200, 500, 1000, 2000, 5000].map(next_count);
        assert_eq!(counts, [100, 200, 500, 1000, 2000, 5000, 10_000]);
        assert_eq!(next_count(150), 200, "a count in between");
    }

    #[test]
    fn a_ramp_ends_at_the_requested_count() {
        let mut ramp = Ramp::new(250);
        let mut alive = vec![0];
        while let Some(batch) = ramp.next_batch() {
            alive.push(alive[alive.len() - 1] + batch);
            ramp.record(alive[alive.len() - 1], &[]);
        }
        assert_eq!(alive, [0, 100, 200, 250]);
        let figures = ramp.finish(no_switch).expect("figures");
        assert_eq!((figures.reached, figures.stopped_by.as_str()), (250, "no limit"));
    }

    #[test]
    fn a_refusal_ends_the_ramp_and_is_named() {
        let mut ramp = Ramp::new(1000);
        assert_eq!(ramp.next_batch(), Some(100));
        ramp.stop(&io::Error::from_raw_os_error(Errno::EAGAIN as i32));
        ramp.record(60, &[]);
        assert_eq!(ramp.next_batch(), None);
        let figures = ramp.finish(no_switch).expect("figures");
        assert_eq!(figures.reached, 60);
        assert!(figures.stopped_by.contains("(ulimit -u)"), "{}", figures.stopped_by);
    }

    #[test]
    fn a_tenth_of_the_memory_is_left() {
        let mut ramp = Ramp::new(1000);
        ramp.record(100, &[]);
        // As if each had taken more than all of the free memory.
        ramp.figures.cost.resident_bytes_each = Some(1e18);
        ramp.figures.cost.page_table_bytes_each = Some(0.0);
        if free_memory().is_some() {
            assert_eq!(ramp.next_batch(), None);
            assert_eq!(ramp.figures.stopped_by, "only a tenth of the memory is left");
        }
    }

    #[test]
    fn figures_are_half_a_sentence() {
        let mut figures = Figures { reached: 500, requested: 500, ..Figures::default() };
        figures.switch_microseconds = 1.256;
        assert_eq!(figures.to_string(), "500 idle at once, 1.26 µs for a switch");
        figures.cost.start_microseconds_each = Some(34.56);
        figures.cost.resident_bytes_each = Some(9780.0);
        let start = "500 idle at once, 34.6 µs to start one, 9.55 KiB of memory each, 1.26 µs";
        assert!(figures.to_string().starts_with(start), "{figures}");
        (figures.requested, figures.stopped_by) = (501, "a limit".into());
        assert!(figures.to_string().ends_with("; not 501: a limit"), "{figures}");
    }

    #[test]
    fn start_and_memory_are_both_compared() {
        let each = |start, memory| {
            let figures = |start_microseconds_each, resident_bytes_each| {
                let cost = UnitCost {
                    start_microseconds_each,
                    resident_bytes_each,
                    ..UnitCost::default()
                };
                Figures { cost, ..Figures::default() }
            };
            let thread = figures(Some(10.0), Some(10.0));
            figures(start, memory).compared_with(&thread, |one, thread| one > thread)
        };
        assert!(each(Some(11.0), Some(11.0)) && each(Some(11.0), None));
        assert!(!each(Some(9.0), Some(11.0)) && !each(Some(11.0), Some(9.0)));
        assert!(!each(None, Some(11.0)) && !each(Some(9.0), None));
    }

    #[test]
    fn a_switch_is_half_of_a_round_and_may_fail() {
        let play = |rounds| {
            assert_eq!(rounds, 10_000);
            thread::sleep(Duration::from_millis(40));
            Ok(())
        };
        let switch = Ramp::new(1).finish(play).expect("figures").switch_microseconds;
        assert!(switch >= 2.0, "{switch}");
        assert!(Ramp::new(1).finish(|_| Err("refused".into())).is_err());
    }
}
