//! How many of something can be idle at once, and what one of them costs: what the `scale_*`
//! examples measure around what they start.

use std::fmt::{self, Display};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use nix::unistd::Pid;
use serde::Serialize;

use crate::Error;
use crate::demo::seconds;
use crate::os::usage::kib;
use crate::os::{clock, limits};

/// What one more takes of the limits that an operating system sets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Need {
    /// Threads and processes alike, which Linux counts together.
    pub tasks: u64,
    /// Mappings of the program's memory.
    pub maps: u64,
    /// Memory, in bytes, the kernel's own for it included; a generous guess.
    pub bytes: u64,
    /// Address space of this process, in bytes; a generous guess, too.
    pub address_space: u64,
}

/// What was measured. "Each" is the average over all that are alive at that count.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// How many were asked for.
    pub asked: usize,
    /// The most that were alive and idle at once.
    pub reached: usize,
    /// The limit that allowed no more, with its value; "no limit" if all that were asked for ran.
    pub stopped_by: String,
    /// Wall time from the first start until all have run up to where they wait, for one.
    pub start_microseconds_each: Option<f64>,
    /// Resident memory that one adds. A page that processes share counts in equal parts.
    pub resident_bytes_each: Option<f64>,
    /// The kernel's tables of which page is where, which are not part of the resident memory.
    pub page_table_bytes_each: Option<f64>,
    /// From one of two that wake each other in turn to the other one, both otherwise alone.
    pub switch_microseconds: f64,
    /// The counts at which it was measured, growing.
    pub counts: Vec<usize>,
    /// `start_microseconds_each` at each of the counts.
    pub start_microseconds_each_by_count: Vec<Option<f64>>,
    /// `resident_bytes_each` at each of the counts.
    pub resident_bytes_each_by_count: Vec<Option<f64>>,
    /// `page_table_bytes_each` at each of the counts.
    pub page_table_bytes_each_by_count: Vec<Option<f64>>,
}

/// The middle of a sentence that begins with what was started.
impl Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} idle at once", self.reached)?;
        if let Some(start) = self.start_microseconds_each {
            write!(f, ", {start:.1} µs to start one")?;
        }
        match self.resident_bytes_each {
            Some(bytes) if bytes < 10_240.0 => write!(f, ", {bytes:.0} bytes of memory each")?,
            Some(bytes) => write!(f, ", {:.1} KiB of memory each", bytes / 1024.0)?,
            None => {}
        }
        write!(f, ", {:.2} µs for a switch", self.switch_microseconds)?;
        if self.reached < self.asked {
            write!(f, "; not {} because of {}", self.asked, self.stopped_by)?;
        }
        Ok(())
    }
}

/// The figures beside those of a thread.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// What was started.
    #[serde(flatten)]
    pub figures: Figures,
    /// How many threads were idle at once to be compared with.
    pub threads: usize,
    /// `start_microseconds_each` of threads.
    pub thread_start_microseconds_each: Option<f64>,
    /// `resident_bytes_each` of threads.
    pub thread_resident_bytes_each: Option<f64>,
    /// `switch_microseconds` of threads.
    pub thread_switch_microseconds: f64,
}

impl Compared {
    /// Whether both the time to start one and its memory compare like this with a thread's. The
    /// memory may be unknown.
    pub fn each(&self, compare: fn(f64, f64) -> bool) -> bool {
        let start = self.figures.start_microseconds_each.zip(self.thread_start_microseconds_each);
        let memory = self.figures.resident_bytes_each.zip(self.thread_resident_bytes_each);
        start.is_some_and(|(one, thread)| compare(one, thread))
            && memory.is_none_or(|(one, thread)| compare(one, thread))
    }
}

impl Figures {
    /// These, beside those of `threads`.
    pub fn beside(self, threads: &Self) -> Compared {
        Compared {
            figures: self,
            threads: threads.reached,
            thread_start_microseconds_each: threads.start_microseconds_each,
            thread_resident_bytes_each: threads.resident_bytes_each,
            thread_switch_microseconds: threads.switch_microseconds,
        }
    }
}

/// The time of one switch, in microseconds, when `play` goes to and fro that many times.
///
/// # Errors
/// Those of `play`.
pub fn switch_microseconds(play: impl FnOnce(u32) -> Result<(), Error>) -> Result<f64, Error> {
    const ROUNDS: u32 = 10_000;
    let (played, wall) = seconds(|| play(ROUNDS));
    played?;
    Ok(wall * 1e6 / f64::from(2 * ROUNDS))
}

/// A growth on its way: how many more to start, again and again, with the clock running meanwhile.
#[derive(Debug)]
pub struct Growing {
    figures: Figures,
    up_to: usize,
    before: Option<Memory>,
    began: Duration,
    starting: Duration,
}

impl Growing {
    /// Up to `asked` of them. Fewer where a limit is nearer: a limit is named, never filled up,
    /// because others live under it too.
    pub fn new(asked: usize, need: Need) -> Self {
        let (up_to, stopped_by) = room(asked, need, &limits_in_force(need));
        let stopped_by = stopped_by.unwrap_or("no limit".into());
        Self {
            figures: Figures { asked, stopped_by, ..Figures::default() },
            up_to,
            before: Memory::of(&[]),
            began: clock::now(),
            starting: Duration::ZERO,
        }
    }

    /// How many more to start now; `None` when there are enough. The clock runs from here.
    pub fn more(&mut self) -> Option<usize> {
        let reached = self.figures.reached;
        let next = next_count(reached).min(self.up_to);
        self.began = clock::now();
        (next > reached).then(|| next - reached)
    }

    /// That `alive` of them are idle now, in this process and in `children`. The clock stops.
    pub fn idle(&mut self, alive: usize, children: &[Pid]) {
        self.starting += clock::now().saturating_sub(self.began);
        if alive == 0 {
            return;
        }
        let figures = &mut self.figures;
        let each = |total: f64| total / alive as f64;
        let memory = Memory::of(children).zip(self.before);
        let added = |figure: fn(&Memory) -> u64| {
            memory.map(|(after, before)| each(figure(&after) as f64 - figure(&before) as f64))
        };
        figures.reached = alive;
        figures.start_microseconds_each = Some(each(self.starting.as_secs_f64() * 1e6));
        figures.resident_bytes_each = added(|memory| memory.resident);
        figures.page_table_bytes_each = added(|memory| memory.page_tables);
        figures.counts.push(alive);
        figures.start_microseconds_each_by_count.push(figures.start_microseconds_each);
        figures.resident_bytes_each_by_count.push(figures.resident_bytes_each);
        figures.page_table_bytes_each_by_count.push(figures.page_table_bytes_each);
    }

    /// That the system refused one more: those that run are the last.
    pub fn refused(&mut self, why: &io::Error) {
        self.up_to = 0;
        self.figures.stopped_by = limits::explain(why);
    }

    /// The figures, completed by the time of a switch.
    pub fn end(self, switch_microseconds: f64) -> Figures {
        Figures { switch_microseconds, ..self.figures }
    }
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

// Memory of this process and its children together, in bytes.
#[derive(Clone, Copy, Debug)]
struct Memory {
    resident: u64,
    page_tables: u64,
}

impl Memory {
    // Linux: `Pss` counts a page that several processes share in equal parts, so that a sum over
    // processes counts it once (`Documentation/filesystems/proc.rst` of the kernel). `Pss_Anon`
    // leaves the program's file out, whose share changes when somebody else starts or ends it.
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

fn number(file: impl AsRef<Path>) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[derive(Clone, Debug)]
struct Limit {
    name: String,
    value: u64,
    used: u64,
    need: fn(&Need) -> u64,
}

// How many fit under all limits, a twentieth of each left to others, and the one that is nearest
// if it allows fewer than were asked for.
fn room(asked: usize, need: Need, limits: &[Limit]) -> (usize, Option<String>) {
    let fit = |limit: &Limit| {
        let free = (limit.value - limit.value / 20).saturating_sub(limit.used);
        free.checked_div((limit.need)(&need))
    };
    let nearest = limits
        .iter()
        .filter_map(|limit| Some((usize::try_from(fit(limit)?).ok()?, limit)))
        .min_by_key(|(count, _)| *count);
    match nearest {
        Some((count, Limit { name, value, used, .. })) if count < asked => {
            (count, Some(format!("{name}, {value} with {used} taken")))
        }
        _ => (asked, None),
    }
}

// Those that can be read; on another system than Linux none can, and starting one more fails.
fn limits_in_force(need: Need) -> Vec<Limit> {
    let tasks: fn(&Need) -> u64 = |need| need.tasks;
    let maps: fn(&Need) -> u64 = |need| need.maps;
    let bytes: fn(&Need) -> u64 = |need| need.bytes;
    let mut limits = Vec::new();
    let mut limit = |name: &str, value: Option<u64>, used: Option<u64>, need| {
        if let (Some(value), Some(used)) = (value, used) {
            let name = name.to_owned();
            limits.push(Limit { name, value, used, need });
        }
    };
    let soft = |resource| match getrlimit(resource) {
        Ok((soft, _)) if soft != RLIM_INFINITY => Some(soft),
        _ => None,
    };
    // `RLIMIT_NPROC` does not bind the superuser (man 2 getrlimit).
    let own = soft(Resource::RLIMIT_NPROC).filter(|_| user() != Some(0));
    limit("ulimit -u", own, own.and_then(|_| own_tasks()), tasks);
    for name in ["threads-max", "pid_max"] {
        let value = number(format!("/proc/sys/kernel/{name}"));
        limit(&format!("kernel.{name}"), value, all_tasks(), tasks);
    }
    let used = fs::read_to_string("/proc/self/maps").map(|maps| maps.lines().count() as u64);
    limit("vm.max_map_count", number("/proc/sys/vm/max_map_count"), used.ok(), maps);
    let cores = thread::available_parallelism().map_or(1, usize::from) as u64;
    let size = kib("/proc/self/status", "VmSize:").map(|kib| kib * 1024 + arenas(need, cores));
    limit("ulimit -v in bytes", soft(Resource::RLIMIT_AS), size, |need| need.address_space);
    let available = kib("/proc/meminfo", "MemAvailable:").map(|kib| kib * 1024);
    limit("available memory in bytes", available, Some(0), bytes);
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    for (controller, value, used, need) in [
        ("pids", "pids.max", "pids.current", tasks),
        ("memory", "memory.max", "memory.current", bytes),
        ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", bytes),
    ] {
        for group in control_groups(controller, &groups) {
            let group = Path::new(&group);
            limit(
                &format!("the control group's {value}"),
                number(group.join(value)),
                number(group.join(used)),
                need,
            );
        }
    }
    limits
}

// Bytes of address space that the C library reserves: 64 MiB for the memory of each of the first
// threads, eight a core (`HEAP_MAX_SIZE` and `narenas_limit` in glibc's `malloc/arena.c`).
fn arenas(need: Need, cores: u64) -> u64 {
    if need.maps > 0 { (8 * cores) << 26 } else { 0 }
}

// Threads and processes of the whole machine: the number behind the slash in `/proc/loadavg`.
fn all_tasks() -> Option<u64> {
    let load = fs::read_to_string("/proc/loadavg").ok()?;
    let running = load.split_whitespace().nth(3)?;
    running.split_once('/')?.1.parse().ok()
}

fn user() -> Option<u32> {
    Some(fs::metadata("/proc/self").ok()?.uid())
}

// Threads of all processes of this user; see `usage::threads` for the count of links.
fn own_tasks() -> Option<u64> {
    let user = user()?;
    let tasks = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let task = fs::metadata(entry.ok()?.path().join("task")).ok()?;
        (task.uid() == user).then(|| task.nlink().saturating_sub(2))
    });
    Some(tasks.sum())
}

// The folders of a process's group and of all groups around it, each of which may have limits, in
// both versions of control groups, from its `/proc/PID/cgroup` (man 7 cgroups).
fn control_groups(controller: &str, groups: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let root = match controllers {
            "" => "/sys/fs/cgroup".to_owned(),
            list if list.split(',').any(|name| name == controller) => {
                format!("/sys/fs/cgroup/{controller}")
            }
            _ => continue,
        };
        found.extend(Path::new(path).ancestors().map(|path| format!("{root}{}", path.display())));
    }
    found
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn counts_grow_by_steps_of_one_two_five() {
        let mut counts = vec![next_count(0)];
        while counts.len() < 7 {
            counts.push(next_count(counts[counts.len() - 1]));
        }
        assert_eq!(counts, [100, 200, 500, 1000, 2000, 5000, 10_000]);
        assert_eq!(next_count(150), 200, "a count in between");
    }

    #[test]
    fn a_growth_ends_at_what_was_asked_for() {
        let mut growing = Growing::new(250, Need::default());
        let mut alive = 0;
        while let Some(more) = growing.more() {
            alive += more;
            growing.idle(alive, &[]);
        }
        let figures = growing.end(0.0);
        assert_eq!(figures.counts, [100, 200, 250]);
        assert_eq!((figures.reached, figures.stopped_by.as_str()), (250, "no limit"));
    }

    #[test]
    fn a_refusal_ends_it_by_name() {
        let mut growing = Growing::new(1000, Need::default());
        assert_eq!(growing.more(), Some(100));
        growing.refused(&io::Error::from_raw_os_error(Errno::EAGAIN as i32));
        growing.idle(60, &[]);
        assert_eq!(growing.more(), None);
        let figures = growing.end(0.0);
        assert_eq!(figures.reached, 60);
        assert!(figures.stopped_by.contains("(ulimit -u)"), "{}", figures.stopped_by);
    }

    #[test]
    fn as_a_sentence() {
        let mut figures = Figures { reached: 500, asked: 500, ..Figures::default() };
        figures.switch_microseconds = 1.256;
        assert_eq!(figures.to_string(), "500 idle at once, 1.26 µs for a switch");
        figures.start_microseconds_each = Some(34.56);
        for (bytes, said) in
            [(447.6, "448 bytes"), (10_239.0, "10239 bytes"), (10_240.0, "10.0 KiB")]
        {
            figures.resident_bytes_each = Some(bytes);
            let said = format!("500 idle at once, 34.6 µs to start one, {said} of memory each");
            assert!(figures.to_string().starts_with(&said), "{figures}");
        }
        assert!(!figures.to_string().contains("because"), "{figures}");
        (figures.asked, figures.stopped_by) = (501, "a limit".into());
        assert!(figures.to_string().ends_with("; not 501 because of a limit"), "{figures}");
    }

    #[test]
    fn start_and_memory_are_both_compared() {
        let each = |start, memory| {
            let of = |start, memory| Figures {
                start_microseconds_each: start,
                resident_bytes_each: memory,
                ..Figures::default()
            };
            of(start, memory).beside(&of(Some(10.0), Some(10.0))).each(|one, thread| one > thread)
        };
        assert!(each(Some(11.0), Some(11.0)) && each(Some(11.0), None));
        assert!(!each(Some(9.0), Some(11.0)) && !each(Some(11.0), Some(9.0)));
        assert!(!each(None, Some(11.0)) && !each(Some(9.0), None));
    }

    #[test]
    fn a_switch_and_a_start_are_shares_of_the_time() {
        const LONG: Duration = Duration::from_millis(40);
        let wait = |times| {
            assert_eq!(times, 10_000);
            thread::sleep(LONG);
            Ok(())
        };
        let (switch, outer) = seconds(|| switch_microseconds(wait).expect("a time"));
        // There and back again: two for each time.
        let played = switch * 20_000.0 / 1e6;
        assert!(LONG.as_secs_f64() <= played && played <= outer, "{played} {outer}");
        assert!(switch_microseconds(|_| Err("refused".into())).is_err());

        let (figures, outer) = seconds(|| {
            let mut growing = Growing::new(100, Need::default());
            growing.more();
            thread::sleep(LONG);
            growing.idle(100, &[]);
            growing.end(2.5)
        });
        assert_eq!(figures.switch_microseconds, 2.5);
        let started = figures.start_microseconds_each.expect("a time") * 100.0 / 1e6;
        assert!(LONG.as_secs_f64() <= started && started <= outer, "{started} {outer}");
    }

    #[test]
    fn the_nearest_limit_is_named_and_not_filled() {
        let limit = |name: &str, value, need| Limit { name: name.into(), value, used: 10, need };
        let limits = [
            limit("far", 2_000, |need| need.tasks),
            limit("near", 1_000, |need| need.maps),
            limit("not needed", 1, |need| need.bytes),
        ];
        let need = Need { tasks: 1, maps: 4, ..Need::default() };
        let why = Some("near, 1000 with 10 taken".to_owned());
        assert_eq!(room(500, need, &limits), (235, why));
        assert_eq!(room(235, need, &limits), (235, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_sees_what_is_touched() {
        const SIZE: u64 = 64 << 20;
        let block = std::hint::black_box(vec![1u8; SIZE as usize]);
        let after = Memory::of(&[]).expect("memory");
        // As if it were a child of its own.
        let twice = Memory::of(&[Pid::this()]).expect("memory");
        drop(block);
        // Other tests take and give memory meanwhile: no more is sure.
        assert!(after.resident >= SIZE && twice.resident >= 2 * SIZE, "{after:?} {twice:?}");
        for tables in [after.page_tables, twice.page_tables] {
            assert!(tables % 1024 == 0 && (4096..SIZE).contains(&tables), "{tables}");
        }
    }

    // What was there before is large, and what comes is small, beside what other tests take
    // meanwhile.
    #[cfg(target_os = "linux")]
    #[test]
    fn only_memory_that_was_added_counts() {
        const MIB: f64 = 1024.0 * 1024.0;
        let before = std::hint::black_box(vec![1u8; 256 << 20]);
        let mut growing = Growing::new(64, Need::default());
        growing.more();
        let added = std::hint::black_box(vec![1u8; 64 << 20]);
        growing.idle(64, &[]);
        drop((before, added));
        let figures = growing.end(0.0);
        let resident = figures.resident_bytes_each.expect("memory");
        assert_eq!(resident * 64.0 % 1024.0, 0.0, "the kernel counts in KiB: {resident}");
        let resident = resident / MIB;
        assert!((-1.5..3.5).contains(&resident), "{resident} MiB each, of 64 that have one");
        let tables = figures.page_table_bytes_each.expect("memory") * 64.0;
        assert!(tables < 768.0 * 1024.0, "{tables} bytes of page tables");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn tasks_are_counted_by_user_and_in_all() {
        let id = std::process::Command::new("id").arg("-u").output().expect("id");
        assert_eq!(user().expect("user").to_string(), String::from_utf8_lossy(&id.stdout).trim());
        // The thread of this test, and the one that started it; others come and go meanwhile.
        let (own, all) = (own_tasks().expect("own"), all_tasks().expect("all"));
        assert!((2..all + 1000).contains(&own), "{own} of {all}");
        assert!(all >= 2, "{all}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn limits_can_be_read() {
        let limits = limits_in_force(Need::default());
        for name in ["kernel.threads-max", "vm.max_map_count"] {
            let limit = limits.iter().find(|limit| limit.name == name).expect(name);
            assert!(limit.used > 0 && limit.used < limit.value, "{limit:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_limit_takes_its_own_part_of_the_need() {
        let need = Need { tasks: 1, maps: 2, bytes: 3, address_space: 4 };
        let limits = limits_in_force(need);
        let named = |name: &str| limits.iter().find(|limit| limit.name == name).expect("a limit");
        for (name, part) in
            [("kernel.threads-max", 1), ("kernel.pid_max", 1), ("vm.max_map_count", 2)]
        {
            let file = name.replace('.', "/");
            let limit = named(name);
            assert_eq!(
                ((limit.need)(&need), Some(limit.value)),
                (part, number("/proc/sys/".to_owned() + &file))
            );
        }
        let available = named("available memory in bytes");
        assert_eq!(((available.need)(&need), available.used), (3, 0));
        assert!((1 << 20..1 << 50).contains(&available.value), "{available:?}");
        for limit in limits.iter().filter(|limit| limit.name.starts_with("the control group's")) {
            let part = if limit.name.ends_with("pids.max") { 1 } else { 3 };
            assert_eq!((limit.need)(&need), part, "{limit:?}");
        }
        // The superuser's tasks have no such limit.
        let own = limits.iter().any(|limit| limit.name == "ulimit -u");
        assert!(!own || user() != Some(0));
    }

    // Where there is such a limit already, that one is looked at.
    #[cfg(target_os = "linux")]
    #[test]
    fn address_space_counts_where_it_is_limited() {
        let (before, hard) = getrlimit(Resource::RLIMIT_AS).expect("a limit");
        let set = before == RLIM_INFINITY;
        if set {
            // More than any test takes: the others do not notice.
            nix::sys::resource::setrlimit(Resource::RLIMIT_AS, 1 << 46, hard).expect("set");
        }
        let read = |maps| {
            let need = Need { maps, address_space: 4, ..Need::default() };
            let mut limits = limits_in_force(need).into_iter();
            let limit = limits.find(|limit| limit.name.starts_with("ulimit -v")).expect("a limit");
            assert_eq!((limit.need)(&need), 4);
            limit
        };
        let (without, with) = (read(0), read(1));
        if set {
            nix::sys::resource::setrlimit(Resource::RLIMIT_AS, before, hard).expect("set");
            assert_eq!(without.value, 1 << 46);
            let unlimited = limits_in_force(Need::default());
            assert!(unlimited.iter().all(|limit| !limit.name.starts_with("ulimit -v")));
        }
        assert!((1 << 24..1 << 40).contains(&without.used), "{without:?}");
        assert!((1 << 29..1 << 45).contains(&with.used), "{with:?}");
        let arenas = [(0, 2), (1, 2), (5, 4)]
            .map(|(maps, cores)| arenas(Need { maps, ..Need::default() }, cores) >> 20);
        assert_eq!(arenas, [0, 1024, 2048]);
    }

    #[test]
    fn control_groups_lie_within_each_other() {
        let two = "0::/user.slice/job\n";
        let within =
            ["/user.slice/job", "/user.slice", "/"].map(|path| format!("/sys/fs/cgroup{path}"));
        assert_eq!(
            [control_groups("pids", two), control_groups("memory", two)],
            [within.clone(), within]
        );
        let one = "5:cpu,pids:/job\n4:memory:/job\n1:name=systemd:/job\nrubbish\n";
        assert_eq!(
            control_groups("pids", one),
            ["/sys/fs/cgroup/pids/job", "/sys/fs/cgroup/pids/"]
        );
        assert_eq!(control_groups("memory", one)[0], "/sys/fs/cgroup/memory/job");
        assert_eq!(control_groups("io", one), [""; 0]);
    }

    #[test]
    fn figures_are_read_from_lines_and_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "VmPeak: 9 kB\nVmPTE:\t   24 kB\n").expect("written");
        let read = |name| kib(&file.to_string_lossy(), name);
        assert_eq!((read("VmPTE:"), read("VmSize:")), (Some(24), None));
        assert_eq!(number(&file), None);
        fs::write(&file, "4096\n").expect("written");
        assert_eq!((number(&file), number(folder.path())), (Some(4096), None));
    }
}
