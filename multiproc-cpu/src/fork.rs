//! `fork` with its dangers contained. The only module of the project with `unsafe` in it.
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

use common::os::usage;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{self, ForkResult, Pid, getpid, getppid};

/// The two sides of a fork.
pub enum Forked {
    /// The process that forked, and its child's id.
    Parent(Pid),
    /// The new process, which continues with a copy of the parent's memory.
    Child(Child),
}

/// The new process. It can do its work and exit, and nothing else.
pub struct Child(());

impl Child {
    /// Does `work` and exits: with code 0, or 101 if `work` panics.
    pub fn run_and_exit(self, work: impl FnOnce()) -> ! {
        let done = catch_unwind(AssertUnwindSafe(work));
        process::exit(if done.is_ok() { 0 } else { 101 })
    }
}

/// Forks this process. The child ends when its parent ends, however it ends. It ignores Ctrl-C, which its
/// parent handles.
///
/// # Errors
/// This process has more than one thread, which is known on Linux only; an error of the operating system.
pub fn fork() -> io::Result<Forked> {
    if let Some(threads @ 2..) = usage::threads() {
        return Err(io::Error::other(format!(
            "fork needs a process with one thread, this one has {threads}"
        )));
    }
    let parent = getpid();
    // SAFETY: the child has only the thread that forked, so a lock that another thread holds would
    // stay locked in it for ever. There is no other thread, as checked above; if the number is unknown,
    // there is at most the one of `die_with_parent`, which holds no lock.
    match unsafe { unistd::fork() } {
        Ok(ForkResult::Parent { child }) => Ok(Forked::Parent(child)),
        Ok(ForkResult::Child) => {
            die_with_parent(parent);
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
        // SAFETY: both dispositions are the system's own, so no code of this program runs in a
        // handler. The call cannot fail for these two signals.
        let _ = unsafe { signal(number, handler) };
    }
}

// The kernel sends SIGKILL when the parent ends, also to a child that computes.
#[cfg(target_os = "linux")]
fn die_with_parent(parent: Pid) {
    let armed = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    // The parent may have ended before that.
    if armed.is_err() || getppid() != parent {
        process::exit(1);
    }
}

// Without such a signal a thread of the child checks five times a second. A stopped child checks when
// it continues.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(parent: Pid) {
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
    /// A counter that starts at `value`, in memory that `fork` does not copy.
    ///
    /// # Errors
    /// An error of the operating system, if it has no memory left.
    pub fn new(value: u64) -> io::Result<Self> {
        let (access, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping at an address that the system chooses overlaps no other memory.
        let memory = unsafe { mmap_anonymous(None, SIZE, access, flags) }?.cast();
        // SAFETY: the mapping is as large as the number, aligned to a page, and not shared yet.
        unsafe { memory.write(AtomicU64::new(value)) };
        Ok(Self(memory))
    }
}

impl Deref for SharedCounter {
    type Target = AtomicU64;

    fn deref(&self) -> &AtomicU64 {
        // SAFETY: the mapping lives until `drop`, and all processes access it as an atomic only.
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
