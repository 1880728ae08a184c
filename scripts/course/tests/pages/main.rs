//! Checks the pages: links lead somewhere, linked lines contain the names in the link, commands run,
//! diffs are real, and each exercise can be solved as its page says.

mod commands;
mod exercises;
mod links;

use std::fs;
use std::path::{Path, PathBuf};

/// The pages that teach, each in the folder of its program.
const PROGRAMS: [&str; 4] = ["sequential-baseline", "threads-io", "async-io", "multiproc-cpu"];

/// A page: its path from the workspace's folder, and its text.
struct Page {
    path: PathBuf,
    text: String,
}

/// The text between two fences.
struct Block {
    language: String,
    text: String,
}

impl Page {
    fn folder(&self) -> &Path {
        self.path.parent().expect("a page is in a folder")
    }

    fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut open) = (Vec::new(), None::<Block>);
        for line in self.text.lines() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(language), None) => {
                    open = Some(Block { language: language.into(), text: String::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a fence is not closed", self.path.display());
        blocks
    }

    /// The text outside of the fences.
    fn prose(&self) -> String {
        let parts = self.text.split("\n```").step_by(2);
        parts.collect::<Vec<_>>().join("\n")
    }

    /// The page of a program.
    fn of(program: &str) -> Self {
        let path = Path::new(program).join("README.md");
        let text = fs::read_to_string(workspace().join(&path)).expect("a page");
        Self { path, text }
    }
}

fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().expect("the workspace's folder")
}

/// All pages, the top page first.
fn pages() -> Vec<Page> {
    let folders = PROGRAMS.iter().chain(&["common", "scripts"]).map(Path::new);
    let mut paths: Vec<PathBuf> = folders.map(|folder| folder.join("README.md")).collect();
    paths.insert(0, "README.md".into());
    paths.push("common/TEACHING.md".into());
    let page = |path: PathBuf| {
        let text = fs::read_to_string(workspace().join(&path)).expect("a page");
        Page { path, text }
    };
    paths.into_iter().map(page).collect()
}

/// Copies the workspace's sources into a folder. A file that is there already and the same is not
/// touched, so that cargo does not compile it again. A file that is no longer in the workspace goes.
fn copy_workspace(to: &Path) {
    let excluded = |name: &str| name.starts_with('.') || name == "target" || name == "__pycache__";
    copy(&workspace(), to, &excluded);
}

fn copy(from: &Path, to: &Path, excluded: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).expect("a folder");
    for old in fs::read_dir(to).expect("a folder") {
        let old = old.expect("an entry").path();
        let name = old.file_name().expect("a name");
        if old.is_file() && !from.join(name).exists() {
            fs::remove_file(&old).expect("a file");
        }
    }
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let to = to.join(&name);
        if excluded(&name.to_string_lossy()) {
            continue;
        } else if entry.path().is_dir() {
            copy(&entry.path(), &to, excluded);
        } else {
            write(&to, &fs::read(entry.path()).expect("a file"));
        }
    }
}

fn write(to: &Path, content: &[u8]) {
    if fs::read(to).ok().as_deref() != Some(content) {
        fs::write(to, content).expect("a file");
    }
    // A script stays executable.
    #[cfg(unix)]
    if content.starts_with(b"#!") {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(to, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
}

/// The folder of the programs that cargo has built; `examples` is in it.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.parent().and_then(Path::parent).expect("a target folder").to_owned()
}
