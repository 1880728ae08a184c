//! What the pages of the course say is so: links lead somewhere, lines that are linked to hold what
//! the link names, commands run, diffs and their sizes are the real ones, and each exercise's
//! solution does what its page promises.

mod commands;
mod exercises;
mod pages;

use std::fs;
use std::path::{Path, PathBuf};

/// A README: where it is, from the workspace's folder, and its text.
struct Page {
    path: PathBuf,
    text: String,
}

/// What stands between two fences.
struct Block {
    language: String,
    text: String,
    /// Whether it is folded away in `<details>`.
    folded: bool,
}

impl Page {
    fn folder(&self) -> &Path {
        self.path.parent().expect("a page is in a folder")
    }

    fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut open, mut folded) = (Vec::new(), None::<Block>, false);
        for line in self.text.lines() {
            match (line.strip_prefix("```"), open.take()) {
                (Some(language), None) => {
                    open = Some(Block { language: language.into(), text: String::new(), folded });
                }
                (Some(_), Some(block)) => blocks.push(block),
                (None, Some(mut block)) => {
                    block.text += line;
                    block.text += "\n";
                    open = Some(block);
                }
                (None, None) => {
                    folded = (folded || line.starts_with("<details>")) && line != "</details>"
                }
            }
        }
        assert!(open.is_none(), "{}: a fence is not closed", self.path.display());
        blocks
    }

    /// The text without what stands between fences.
    fn prose(&self) -> String {
        let parts = self.text.split("\n```").step_by(2);
        parts.collect::<Vec<_>>().join("\n")
    }
}

fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().expect("the workspace's folder")
}

/// The top page, then those of the folders.
fn pages() -> Vec<Page> {
    let folders = fs::read_dir(workspace()).expect("the workspace");
    let mut paths: Vec<PathBuf> = folders
        .map(|folder| PathBuf::from(folder.expect("a folder").file_name()).join("README.md"))
        .filter(|path| workspace().join(path).is_file())
        .collect();
    paths.sort();
    paths.insert(0, "README.md".into());
    let page = |path: PathBuf| {
        let text = fs::read_to_string(workspace().join(&path)).expect("a page");
        Page { path, text }
    };
    paths.into_iter().map(page).collect()
}

/// Copies the workspace's sources into a folder. A file that is there already and the same is left
/// alone, so that cargo does not compile it again.
fn copy_workspace(to: &Path) {
    let left_out = |name: &str| name.starts_with('.') || name == "target" || name == "__pycache__";
    copy(&workspace(), to, &left_out);
}

fn copy(from: &Path, to: &Path, left_out: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let to = to.join(&name);
        if left_out(&name.to_string_lossy()) {
            continue;
        } else if entry.path().is_dir() {
            copy(&entry.path(), &to, left_out);
        } else {
            write(&to, &fs::read(entry.path()).expect("a file"));
        }
    }
}

fn write(to: &Path, content: &[u8]) {
    if fs::read(to).ok().as_deref() != Some(content) {
        fs::write(to, content).expect("a file");
    }
}

/// The folder in which cargo has built the programs; `examples` is in there.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.parent().and_then(Path::parent).expect("a target folder").to_owned()
}
