//! The exercises: each solution is a diff on its page. All are applied to a copy of the workspace
//! and built there at once, as examples; then each one is run and looked at.
//!
//! The copy has another version, so that cargo takes its packages for others than the workspace's
//! and leaves those as they are built. What comes from the registry is the same and not built
//! again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use common::testing::{Ended, Program, skip, works};
use serde_json::Value;

use crate::{Page, built, copy_workspace, pages, write};

const PROGRAMS: [&str; 4] = ["sequential-baseline", "threads-io", "async-io", "multiproc-cpu"];

/// Few downloads, and quick ones, but long enough that they overlap if they can.
const DOWNLOADS: [&str; 5] = ["--json", "--repeat", "10", "--latency", "20"];

fn solutions(page: &Page) -> Vec<String> {
    let solutions = page.blocks().into_iter().filter(|block| block.language == "diff");
    solutions.filter(|block| block.folded).map(|block| block.text).collect()
}

/// The folder with all solutions, built; `None` where a tool for it is missing.
static SOLVED: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    if !works(&["patch", "--version"]) {
        return None;
    }
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("course");
    copy_workspace(&copy);
    let manifest = copy.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    write(&manifest, text.replace("\nversion = \"0.1.0\"", "\nversion = \"0.0.0\"").as_bytes());
    for page in pages() {
        let examples = copy.join(page.folder()).join("examples");
        if examples.is_dir() {
            fs::remove_dir_all(&examples).expect("a folder");
        }
        for (number, solution) in (1..).zip(solutions(&page)) {
            fs::create_dir_all(&examples).expect("a folder");
            let example =
                examples.join(format!("{}.rs", name(&page.folder().to_string_lossy(), number)));
            patched(&copy, &solution, &example);
        }
    }
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--workspace", "--examples", "--offline"]).current_dir(&copy);
    build.env("CARGO_TARGET_DIR", built().parent().expect("a target folder"));
    // What cargo tells this test of its package would make build scripts run again.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"].iter().any(|start| name.starts_with(start))
        {
            build.env_remove(&variable);
        }
    }
    let output = build.output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(built().join("examples"))
});

// A program by itself, not by its bare number: all examples are built into one folder.
fn name(program: &str, number: usize) -> String {
    format!("solved_{program}_{number}")
}

/// Applies a solution, which names the file that it changes, and writes the outcome to `to`.
fn patched(copy: &Path, solution: &str, to: &Path) {
    let file = solution.lines().find_map(|line| line.strip_prefix("--- a/")).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let diff = folder.path().join("solution.diff");
    fs::write(&diff, solution).expect("a file");
    let mut patch = Command::new("patch");
    patch.args(["--batch", "--fuzz=0", "-o"]).arg(to).arg(copy.join(file)).arg(&diff);
    let output = patch.output().expect("patch");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{solution}\n{said}");
}

/// Runs a solution; `None`, and the test is skipped, where it cannot be built.
#[track_caller]
fn solved(program: &str, number: usize, arguments: &[&str]) -> Option<Ended> {
    let Some(folder) = &*SOLVED else {
        skip("`patch` is missing");
        return None;
    };
    let path: &Path = Box::leak(folder.join(name(program, number)).into_boxed_path());
    let mut command = Program::new(path, &[]).command();
    // Some are made to panic, which must not take its time to tell where.
    command.args(arguments).env("RUST_BACKTRACE", "0");
    Some(common::testing::end(command))
}

/// The spans of a report as (worker, start, end), in the order in which they began.
fn spans(report: &Value) -> Vec<(u64, f64, f64)> {
    let number = |span: &Value, key: &str| span[key].as_f64().expect("a number");
    let spans = report["spans"].as_array().expect("spans").iter();
    let mut spans: Vec<_> = spans
        .map(|span| {
            let worker = span["worker"].as_u64().expect("a worker");
            (worker, number(span, "start_seconds"), number(span, "end_seconds"))
        })
        .collect();
    spans.sort_by(|one, other| one.1.total_cmp(&other.1));
    spans
}

/// The most items that were on their way at once.
fn most_at_once(report: &Value) -> usize {
    let spans = spans(report);
    let at_once =
        |moment: f64| spans.iter().filter(|span| span.1 <= moment && moment < span.2).count();
    spans.iter().map(|span| at_once(span.1)).max().expect("spans")
}

fn workers_seen(report: &Value) -> BTreeSet<u64> {
    spans(report).into_iter().map(|(worker, ..)| worker).collect()
}

#[test]
fn each_page_has_three_exercises_and_their_solutions() {
    for page in pages().iter().filter(|page| PROGRAMS.iter().any(|it| page.folder().ends_with(it)))
    {
        let exercises = page.text.lines().filter(|line| line.starts_with("### Exercise ")).count();
        assert_eq!((exercises, solutions(page).len()), (3, 3), "{}", page.path.display());
    }
}

#[test]
fn baseline_1_sums_that_wait_as_well() {
    let arguments = ["cpu", "--json", "10", "20", "30", "40"];
    let Some(ended) = solved("sequential-baseline", 1, &arguments) else { return };
    let report = ended.with_code(0).json();
    assert!(report["voluntary_switches"].as_u64() >= Some(4), "one for each wait: {report}");
    assert_eq!(report["answer"][0], "285");
}

#[test]
fn baseline_2_downloads_that_compute_as_well() {
    let arguments = [&["io"], &DOWNLOADS[..]].concat();
    let Some(ended) = solved("sequential-baseline", 2, &arguments) else { return };
    let said = ended.with_code(0).stdout;
    let bytes = u128::from(common::sites::expected_bytes(10));
    let sums = 20 * common::sums::closed_form(5_000_000).expect("it fits");
    // A number of JSON as serde_json reads it is not as large as that.
    assert!(said.contains(&format!("\"answer\":{},", bytes + sums)), "{said}");
}

#[test]
fn baseline_3_two_halves_at_once() {
    let Some(ended) = solved("sequential-baseline", 3, &["cpu", "--json"]) else { return };
    let report = ended.with_code(0).json();
    let halves: Vec<u64> = [[0; 10], [1; 10]].concat();
    let spans = report["spans"].as_array().expect("spans").iter();
    assert_eq!(
        spans.map(|span| span["worker"].as_u64().expect("worker")).collect::<Vec<_>>(),
        halves
    );
    let numbers: Vec<u64> = common::sums::default_numbers().collect();
    assert_eq!(report["answer"], Value::from(common::testing::cpu::answer(&numbers)));
}

#[test]
fn threads_1_a_lock_held_through_the_download() {
    let Some(ended) = solved("threads-io", 1, &DOWNLOADS) else { return };
    let report = ended.with_code(0).json();
    assert_eq!(report["workers"], 5);
    assert_eq!(most_at_once(&report), 1);
}

#[test]
fn threads_2_a_thread_for_each_download() {
    let Some(ended) = solved("threads-io", 2, &DOWNLOADS) else { return };
    let report = ended.with_code(0).json();
    assert_eq!(report["workers"], 20);
    assert!(most_at_once(&report) > 5);
}

#[test]
fn threads_3_a_worker_that_dies() {
    let Some(ended) = solved("threads-io", 3, &DOWNLOADS) else { return };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report = ended.json();
    assert_eq!(report["failed"], 1);
    let errors = report["spans"].as_array().expect("spans").iter().map(|span| &span["error"]);
    let errors: Vec<_> = errors.filter(|error| !error.is_null()).collect();
    assert_eq!(errors, ["lost: no worker reported it"]);
    assert!(ended.stderr.contains(": lost: no worker reported it\n"), "{ended:?}");
}

#[test]
fn tasks_1_a_task_that_blocks_the_thread() {
    let Some(ended) = solved("async-io", 1, &DOWNLOADS) else { return };
    let report = ended.with_code(0).json();
    // Each sleep is a switch of the only thread.
    assert!(report["voluntary_switches"].as_u64() >= Some(20), "{report}");
    assert_eq!(report["threads"].as_u64().unwrap_or(1), 1);
}

#[test]
fn tasks_2_each_awaited_before_the_next_is_made() {
    let Some(ended) = solved("async-io", 2, &DOWNLOADS) else { return };
    let report = ended.with_code(0).json();
    assert_eq!(report["workers"], 20);
    assert_eq!(most_at_once(&report), 1);
}

#[test]
fn tasks_3_five_at_once() {
    let Some(ended) = solved("async-io", 3, &DOWNLOADS) else { return };
    let report = ended.with_code(0).json();
    assert_eq!(report["workers"], 5);
    assert_eq!(most_at_once(&report), 5);
    assert_eq!(report["threads"].as_u64().unwrap_or(1), 1);
}

#[test]
fn processes_1_a_number_that_kills() {
    let Some(ended) = solved("multiproc-cpu", 1, &["--json"]) else { return };
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report = ended.json();
    assert_eq!(report["failed"], 1);
    assert_eq!(report["answer"][7], Value::Null);
    assert_eq!(ended.stderr.matches("note: worker ").count(), 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("error: 5000007: given up"), "{}", ended.stderr);
}

#[test]
fn processes_2_a_count_that_stays_in_the_workers() {
    let Some(ended) = solved("multiproc-cpu", 2, &["--quiet"]) else { return };
    let said = ended.with_code(0).stdout;
    assert!(said.contains("sums done, as the parent counts: 0\n"), "{said}");
    assert!(said.contains("20, 0 failed"), "{said}");
}

#[test]
fn processes_3_more_workers_than_cores() {
    let arguments = ["--json", "--workers", "20"];
    let Some(ended) = solved("multiproc-cpu", 3, &arguments) else { return };
    let report = ended.with_code(0).json();
    assert_eq!(report["processes"], 21);
    assert_eq!(workers_seen(&report).len(), 20, "each worker has one number");
}
