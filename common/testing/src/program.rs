//! The tests of every program, for downloads and for sums.

use common::report::Report;
use common::workload::Workload;
use nix::sys::signal::Signal;

use super::{Ended, Running, TestProgram, end, keys, random, rounds};

/// Makes the tests that all programs share.
#[macro_export]
macro_rules! program_tests {
    ($program:expr, $workload:expr) => {
        $crate::tests!(program(&$program, $workload):
            prints_a_summary, continues_when_its_reader_leaves, survives_closed_and_full_streams,
            reports_a_file_that_is_too_large, reports_after_a_signal, leaves_no_process_when_killed,
            runs_if_its_parent_ignores_child_signals, names_unknown_arguments);
    };
}

/// Arguments for 4 items, which take a few milliseconds.
fn short(workload: Workload) -> &'static [&'static str] {
    match workload {
        Workload::Io => &["--repeat", "2", "--latency", "1"],
        Workload::Cpu => &["10", "100", "1000", "100"],
    }
}

/// Starts the program with items that take seconds together, even in parallel.
fn start_long(program: &TestProgram, workload: Workload) -> Running {
    let arguments: &[&str] = match workload {
        Workload::Io if program.name() == "sequential-baseline" => &["--repeat", "5000"],
        Workload::Io => &["--repeat", "5000", "--workers", "50"],
        Workload::Cpu => &["30000000"; 100],
    };
    program.start(arguments.iter().chain(&["--verbose"]))
}

/// The lines that `--verbose` prints, one for each finished item.
pub fn item_lines(stdout: &str) -> Vec<&str> {
    stdout.lines().filter(|line| line.contains(": sum ") || line.contains(" bytes in ")).collect()
}

/// The figure of this name in a summary.
#[track_caller]
pub fn figure<'a>(ended: &'a Ended, name: &str) -> &'a str {
    let row = ended.stdout.lines().find_map(|line| line.strip_prefix("  ")?.strip_prefix(name));
    row.unwrap_or_else(|| panic!("no {name} in {ended:?}")).trim()
}

/// Runs a program with `--json` and these arguments. Asserts the keys, which other programs rely on,
/// and what holds for the report on every successful run.
#[track_caller]
pub fn report(program: &TestProgram, arguments: &[&str]) -> Report {
    let mut command = program.command();
    command.arg("--json").args(arguments);
    let ended = end(command).with_code(0);
    let json = ended.json();
    let promised = "answer failed involuntary_context_switches items lower_bound_seconds \
        peak_memory_bytes processes program ready_seconds spans strategy system_seconds threads \
        user_seconds voluntary_context_switches wall_seconds workers workload";
    assert_eq!(keys(&json).join(" "), promised);
    let span_keys = "end_seconds error index name start_seconds worker";
    assert_eq!(keys(&json["spans"][0]).join(" "), span_keys);

    let report = ended.report();
    assert_eq!((report.program.as_str(), report.failed), (program.name(), 0));
    assert!(report.lower_bound_seconds <= Some(report.wall_seconds), "{report:?}");
    assert!(report.peak_memory_bytes > Some(0) && report.user_seconds >= Some(0.0), "{report:?}");
    for (index, span) in report.spans.iter().enumerate() {
        assert_eq!((span.index, &span.error), (index, &None));
        assert!(0.0 <= span.start_seconds && span.start_seconds <= span.end_seconds, "{span:?}");
        assert!(span.end_seconds <= report.wall_seconds, "{span:?}");
        assert!(span.worker.is_none_or(|worker| worker < report.workers), "{span:?}");
    }
    assert_eq!(report.spans.len(), report.items);
    report
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn prints_a_summary(program: &TestProgram, workload: Workload) {
    for (flag, lines) in [("--quiet", 0), ("--verbose", 4)] {
        let ended = end(with(program, workload, flag)).with_code(0);
        assert_eq!(ended.stderr, "");
        assert_eq!(item_lines(&ended.stdout).len(), lines, "{}", ended.stdout);
        assert_eq!(figure(&ended, "items"), "4, 0 failed");
        for name in ["wall time", "lower bound", "efficiency", "CPU time", "context switches"] {
            assert!(figure(&ended, name).starts_with(|c: char| c.is_ascii_digit()), "{ended:?}");
        }
        let percent = figure(&ended, "efficiency").strip_suffix(" %").expect("a percentage");
        assert!(percent.parse::<f64>().is_ok_and(|percent| percent <= 100.0), "{percent}");
        let known = figure(&ended, "threads").starts_with(|c: char| c.is_ascii_digit());
        assert_eq!(known, cfg!(target_os = "linux"));
        assert_eq!(ended.stdout.contains("+---"), flag != "--quiet", "a diagram");
    }
}

fn with(program: &TestProgram, workload: Workload, flag: &str) -> std::process::Command {
    let mut command = program.command();
    command.args(short(workload)).arg(flag);
    command
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn continues_when_its_reader_leaves(program: &TestProgram, workload: Workload) {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace.json");
    let mut command = program.prefixed(&["sh", "-c", "{ \"$0\" \"$@\"; echo $? >&2; } | head -1"]);
    command.args(short(workload)).arg("--verbose").arg("--trace").arg(&trace);
    let ended = end(command).with_code(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    assert_eq!(ended.stderr, format!("trace written to {}\n0\n", trace.display()));
    assert!(trace.exists());
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn reports_a_file_that_is_too_large(program: &TestProgram, workload: Workload) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = program.after("ulimit -f 0");
    let trace = folder.path().join("trace.json");
    command.args(short(workload)).arg("--json").arg("--trace").arg(&trace);
    let ended = end(command).with_code(1);
    assert_eq!(ended.report().failed, 0, "the results are printed");
    let error = format!("error: cannot write {}: File too large", trace.display());
    assert!(ended.stderr.starts_with(&error), "{ended:?}");
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0, "no temporary file is left");
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn survives_closed_and_full_streams(program: &TestProgram, workload: Workload) {
    for flag in ["--verbose", "--json"] {
        let ended = |redirection: &str| {
            let mut command = program.after(&format!("exec {redirection}"));
            command.args(short(workload)).arg(flag);
            end(command)
        };
        for redirection in [">&-", "2>&-", "<&- >&- 2>&-"] {
            ended(redirection).with_code(0);
        }
        if cfg!(target_os = "linux") {
            ended("2>/dev/full").with_code(0);
            let full = ended(">/dev/full").with_code(1);
            assert!(full.stderr.contains("cannot write to standard output"), "{full:?}");
        }
    }
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn reports_after_a_signal(program: &TestProgram, workload: Workload) {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut running = start_long(program, workload);
        running.line();
        if signal == Signal::SIGINT {
            running.signal_group(signal);
        } else {
            running.signal(signal);
        }
        let ended = running.end().with_code(code);
        let done = item_lines(&ended.stdout).len();
        let (failed, items) = figure(&ended, "items").split_once(", ").map_or_else(
            || panic!("{ended:?}"),
            |(items, failed)| (failed.replace(" failed", ""), items.to_owned()),
        );
        assert_eq!(items.parse::<usize>().ok(), failed.parse().ok().map(|left: usize| left + done));
        let not_done = format!(
            "interrupted by signal {}: {failed} of {items} items not done\n",
            signal as i32
        );
        assert_eq!(ended.stderr, not_done);
    }
}

/// Kills the program at random moments of its first 30 ms.
pub fn leaves_no_process_when_killed(program: &TestProgram, workload: Workload) {
    for _ in 0..rounds() {
        let running = start_long(program, workload);
        std::thread::sleep(std::time::Duration::from_micros(random(30_000)));
        running.signal(Signal::SIGKILL);
        assert_eq!(running.end().code, None);
    }
}

/// A parent that ignores SIGCHLD makes the system forget how children ended, unless they undo it.
pub fn runs_if_its_parent_ignores_child_signals(program: &TestProgram, workload: Workload) {
    let mut command = program.after("trap '' CHLD");
    command.args(short(workload)).arg("--quiet");
    assert_eq!(end(command).with_code(0).stderr, "");
}

#[expect(missing_docs, reason = "the name is the description")]
pub fn names_unknown_arguments(program: &TestProgram, _: Workload) {
    program.refuses(["--no-such-flag"], &["'--no-such-flag'"]);
    program.refuses(["--quiet=yes"], &["--quiet", "'yes'"]);
    program.refuses(["--quiet", "--verbose"], &["--quiet", "--verbose"]);
}
