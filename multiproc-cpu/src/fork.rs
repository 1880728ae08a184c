//! `fork` with its dangers fenced off. The only module of the project with `unsafe` in it.
#![allow(
    unsafe_code,
    reason = "fork, signal dispositions and shared memory are unsafe by nature; see each block"
)]

use std::io;
use std::num::NonZero;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use common::usage;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid};

/// On which side of the fork this is.
pub enum Forked {
    /// The process that forked, and its child's id.
    Parent(Pid),
    /// The new process. It runs on with a copy of the parent's memory.
    Child(Child),
}

/// What a new process may do: its work, and end.
pub struct Child(());

impl Child {
    /// Does `work` and ends the process: with exit code 0, or 101 if `work` panics.
    pub fn end_after(self, work: impl FnOnce()) -> ! {
        let done = catch_unwind(AssertUnwindSafe(work));
        process::exit(if done.is_ok() { 0 } else { 101 })
    }
}

/// Splits this process in two. The child is killed when its parent ends in any way, and leaves
/// Ctrl-C to its parent.
///
/// # Errors
/// When this process has more than one thread, where the system tells; and when it refuses.
pub fn split() -> io::Result<Forked> {
    if let Some(threads @ 2..) = usage::threads() {
        return Err(io::Error::other(format!(
            "fork needs a process with one thread, this one has {threads}"
        )));
    }
    let parent = getpid();
    // SAFETY: a child has only the thread that forked, so that a lock held by another thread would
    // stay locked in it for ever. There is no other thread, as was just seen; where the system does
    // not tell, there is at most the one of `end_with`, which holds no lock.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => Ok(Forked::Parent(child)),
        Ok(ForkResult::Child) => {
            end_with(parent);
            reset_signals();
            Ok(Forked::Child(Child(())))
        }
        Err(error) => Err(error.into()),
    }
}

fn reset_signals() {
    for (number, handler) in
        [(Signal::SIGINT, SigHandler::SigIgn), (Signal::SIGTERM, SigHandler::SigDfl)]
    {
        // SAFETY: both dispositions are the system's own: no code of ours runs in a handler.
        // It cannot fail for these two signals.
        let _ = unsafe { signal(number, handler) };
    }
}

// The kernel sends SIGKILL when the parent ends, which also ends a child that computes.
#[cfg(target_os = "linux")]
fn end_with(parent: Pid) {
    let armed = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    // The parent may have ended before that.
    if armed.is_err() || getppid() != parent {
        process::exit(1);
    }
}

// Without such a signal, a thread of the child looks five times a second. A child that is stopped
// sees it when it is woken.
#[cfg(not(target_os = "linux"))]
fn end_with(parent: Pid) {
    let watch = move || {
        while getppid() == parent {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        process::exit(1);
    };
    if std::thread::Builder::new().spawn(watch).is_err() {
        process::exit(1);
    }
}

const SIZE: NonZero<usize> = NonZero::new(size_of::<AtomicU64>()).expect("not empty");

/// A number that a process shares with the children it forks from now on.
pub struct SharedCounter(NonNull<AtomicU64>);

impl SharedCounter {
    /// `value`, in a mapping that `fork` does not copy.
    ///
    /// # Errors
    /// When the system has no memory for it.
    pub fn new(value: u64) -> io::Result<Self> {
        let (access, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping, at an address that the system chooses, takes no memory of anyone.
        let memory = unsafe { mmap_anonymous(None, SIZE, access, flags) }?.cast();
        // SAFETY: the mapping is as large as the number, begins at a page's start, and is nobody
        // else's yet.
        unsafe { memory.write(AtomicU64::new(value)) };
        Ok(Self(memory))
    }
}

impl Deref for SharedCounter {
    type Target = AtomicU64;

    fn deref(&self) -> &AtomicU64 {
        // SAFETY: it lives until `drop`, and all processes access it as an atomic only.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for SharedCounter {
    fn drop(&mut self) {
        // SAFETY: this is the mapping of `new`, and no reference into it outlives its owner.
        // Unmapping it cannot fail.
        let _ = unsafe { munmap(self.0.cast(), SIZE.get()) };
    }
}
