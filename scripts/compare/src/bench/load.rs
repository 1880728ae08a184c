//! How much of the CPUs other programs take while the comparison measures. Linux only: elsewhere it is
//! unknown.

use std::fs;
use std::time::Instant;

use common::os::usage::Usage;
use nix::unistd::{SysconfVar, sysconf};

/// CPU time until a moment, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    moment: Instant,
    /// The CPUs of the machine.
    cpus: f64,
    /// CPU time in which the machine was not idle, including what the hypervisor gave to others.
    busy: f64,
    /// CPU time of the harness, its programs and the local server.
    own: f64,
}

impl Load {
    /// The load until now; `server` is the process id of the local server, if there is one.
    pub fn now(server: Option<u32>) -> Option<Self> {
        let (cpus, busy) = machine(&fs::read_to_string("/proc/stat").ok()?, tick()?)?;
        let usage = Usage::now()?;
        let server = server.map_or(Some(0.0), cpu_seconds)?;
        let own = usage.user_seconds + usage.system_seconds + server;
        Some(Self { moment: Instant::now(), cpus, busy, own })
    }

    /// The share of all CPUs that others took from `earlier` until now, from 0 to 1.
    pub fn others_since(&self, earlier: &Self) -> Option<f64> {
        let elapsed = self.moment.duration_since(earlier.moment).as_secs_f64();
        let others = (self.busy - earlier.busy) - (self.own - earlier.own);
        // A tick is 10 ms: a shorter time has no share.
        (elapsed >= 0.1).then(|| (others / elapsed / self.cpus).clamp(0.0, 1.0))
    }
}

fn tick() -> Option<f64> {
    Some(1.0 / sysconf(SysconfVar::CLK_TCK).ok()?? as f64)
}

/// The CPUs in `/proc/stat` and their busy time in seconds: user, nice, system, irq, softirq and steal.
/// The time of guests is part of user and nice (proc_stat(5)).
fn machine(stat: &str, tick: f64) -> Option<(f64, f64)> {
    let cpus = stat.lines().filter(|line| line.starts_with("cpu")).count().checked_sub(1)?;
    let times = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let times: Vec<f64> = times.map(str::parse).collect::<Result<_, _>>().ok()?;
    let busy = [0, 1, 2, 5, 6, 7].map(|position| times.get(position).copied().unwrap_or(0.0));
    Some((cpus as f64, busy.iter().sum::<f64>() * tick)).filter(|(cpus, _)| *cpus > 0.0)
}

/// The fields of `/proc/PID/stat` after the name, which may have blanks: the state is the first.
pub fn stat(process: &str) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

/// CPU time of a process until now, in seconds.
pub fn cpu_seconds(process: u32) -> Option<f64> {
    let fields = stat(&process.to_string())?;
    // utime and stime are the fields 14 and 15 of proc_pid_stat(5), the state is field 3.
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks * tick()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn busy_time_is_all_but_idle_and_waiting() {
        let stat = "cpu  10 20 30 1000 2000 40 50 60 70 80\ncpu0 1 2\ncpu1 3 4\nintr 5\n";
        let (cpus, busy) = machine(stat, 0.01).expect("known");
        assert!(cpus == 2.0 && (busy - 2.1).abs() < 1e-9, "{busy}");
        assert_eq!(machine("", 0.01), None);
        assert_eq!(machine("cpu  1 2 3\n", 0.01), None, "no CPU");
    }

    #[test]
    fn own_time_is_not_that_of_others() {
        let now = Instant::now();
        let load = |seconds: u64, busy, own| Load {
            moment: now + Duration::from_secs(seconds),
            cpus: 2.0,
            busy,
            own,
        };
        let earlier = load(0, 100.0, 10.0);
        let share = |busy, own| load(10, busy, own).others_since(&earlier).expect("known");
        assert!((share(110.0, 15.0) - 0.25).abs() < 1e-9);
        assert_eq!(share(105.0, 16.0), 0.0, "ticks of different clocks differ");
        assert_eq!(earlier.others_since(&earlier), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn cpu_time_of_this_process_grows() {
        let now = || cpu_seconds(std::process::id()).expect("known");
        let before = now();
        while now() <= before {
            common::cpu_bound(1_000_000);
        }
        assert_eq!(cpu_seconds(u32::MAX / 2), None);
        assert!(Load::now(Some(std::process::id())).is_some());
    }
}
