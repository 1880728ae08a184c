//! How many cores there are, and on which one a process runs. The scheduler decides that well, except for
//! a process that has just started. Only Linux lets a process choose; elsewhere the choice does nothing.

/// How many cores this process may use, affinity and control group respected; 1 if the system does not
/// report it.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Pins this process to the last core that it may use, if there is more than one.
pub fn pin_to_last_core() {
    #[cfg(target_os = "linux")]
    linux::allow_one(|cores| cores.len().checked_sub(1).filter(|last| *last > 0));
}

/// Moves this process, which has just started, to a core: process 0 to the first, process 1 to the
/// second, and so on. Then the scheduler may move it again. Without this it may wait for milliseconds
/// behind another process, with a core idle, until the scheduler next balances the load.
pub fn start_on_core(number: usize) {
    #[cfg(target_os = "linux")]
    if let Some(before) = linux::allow_one(|cores| number.checked_rem(cores.len())) {
        linux::allow(&before);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = number;
}

#[cfg(target_os = "linux")]
mod linux {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;

    // 0 is the calling process.
    const THIS: Pid = Pid::from_raw(0);

    // Allows this process only one core: `choose` gets the cores that it may use, and returns a position
    // among them. Returns the cores that were allowed before, if that has changed.
    pub(super) fn allow_one(choose: impl FnOnce(&[usize]) -> Option<usize>) -> Option<CpuSet> {
        let before = sched_getaffinity(THIS).ok()?;
        let allowed = |core: &usize| before.is_set(*core).unwrap_or(false);
        let cores: Vec<usize> = (0..CpuSet::count()).filter(allowed).collect();
        let mut only = CpuSet::new();
        only.set(cores[choose(&cores)?]).ok()?;
        sched_setaffinity(THIS, &only).ok()?;
        Some(before)
    }

    pub(super) fn allow(cores: &CpuSet) {
        // If they are no longer allowed, the process stays on its core.
        let _ = sched_setaffinity(THIS, cores);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;

    use super::*;

    // The cores that the calling thread may use: the system keeps them for each thread.
    fn allowed() -> Vec<usize> {
        let set = sched_getaffinity(Pid::from_raw(0)).expect("affinity");
        (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect()
    }

    #[test]
    fn a_pinned_process_has_only_the_last_core() {
        let before = allowed();
        pin_to_last_core();
        assert_eq!(allowed(), before[before.len() - 1..]);
    }

    #[test]
    fn one_core_is_allowed_and_then_all_again() {
        let before = allowed();
        let set = linux::allow_one(|cores| Some(cores.len() - 1)).expect("a change");
        assert_eq!(allowed(), before[before.len() - 1..]);
        linux::allow(&set);
        assert_eq!(allowed(), before);
        assert!(linux::allow_one(|_| None).is_none());
        assert_eq!(allowed(), before);
    }

    #[test]
    fn a_process_that_starts_on_a_core_may_move_afterwards() {
        let before = allowed();
        for number in 0..2 * before.len() {
            start_on_core(number);
            assert_eq!(allowed(), before);
        }
    }
}
