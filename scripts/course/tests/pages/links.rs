//! Links and diffs.

use std::fs;

use crate::{PROGRAMS, Page, pages, workspace};

/// The links of a page outside of its blocks: text and target.
fn links(page: &Page) -> Vec<(String, String)> {
    let prose = page.prose();
    let mut links = Vec::new();
    for (at, _) in prose.match_indices("](") {
        let text = prose[..at].rsplit_once('[').expect("a link has a text").1;
        let target = prose[at + 2..].split_once(')').expect("a link ends").0;
        links.push((text.to_owned(), target.to_owned()));
    }
    links
}

/// The anchors that GitHub gives the headings.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        text.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

/// The words between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Asserts that the linked lines contain each name of the link's text.
fn assert_lines_contain_names(link: &str, text: &str, content: &str, lines: &str) {
    let (first, last) = lines.split_once("-L").unwrap_or((lines, lines));
    let number = |digits: &str| digits.parse::<usize>().expect(link);
    let linked: Vec<&str> = content.lines().take(number(last)).collect();
    assert_eq!(linked.len(), number(last), "{link}: the file ends before");
    let linked = linked[number(first) - 1..].join("\n");
    assert!(code(text).next().is_some(), "{link} names nothing of those lines");
    for name in code(text) {
        let found = (1..).zip(content.lines()).filter(|(_, line)| line.contains(name));
        let found: Vec<usize> = found.map(|(number, _)| number).collect();
        assert!(linked.contains(name), "{link}: `{name}` is in lines {found:?}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        for (text, target) in links(&page) {
            let link = format!("{}: [{text}]({target})", page.path.display());
            if let Some(rest) = target.strip_prefix("https://") {
                let whole = !rest.contains(char::is_whitespace) && rest.contains('.');
                assert!(whole, "{link} is no address");
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = workspace().join(page.folder()).join(file);
            let content = match file {
                "" => page.text.clone(),
                _ if path.is_dir() => continue,
                _ => fs::read_to_string(&path).unwrap_or_else(|error| panic!("{link}: {error}")),
            };
            if let Some(lines) = anchor.strip_prefix('L') {
                assert_lines_contain_names(&link, &text, &content, lines);
            } else if !anchor.is_empty() {
                assert!(anchors(&content).iter().any(|it| it == anchor), "{link}: no such heading");
            }
        }
    }
}

#[test]
fn the_top_page_links_to_all_other_pages() {
    let pages = pages();
    let targets: Vec<String> = links(&pages[0]).into_iter().map(|(_, target)| target).collect();
    for page in &pages[1..] {
        let path = page.path.to_string_lossy();
        assert!(targets.iter().any(|it| *it == path), "no link to {path}");
    }
}

/// Each example of a program has a row on its page, and the page names no other.
#[test]
fn each_example_has_a_row_on_its_page() {
    for program in PROGRAMS {
        let Ok(folder) = fs::read_dir(workspace().join(program).join("examples")) else { continue };
        let page = Page::of(program);
        let rows: Vec<&str> = page.text.lines().filter(|line| line.starts_with('|')).collect();
        for file in folder {
            let path = file.expect("an example").path();
            let Some("rs") = path.extension().and_then(|it| it.to_str()) else { continue };
            let name = format!("`{}`", path.file_stem().expect("a name").to_string_lossy());
            assert!(rows.iter().any(|row| row.contains(&name)), "{program}: no row for {name}");
        }
    }
}

// Another system's `diff` may make other hunks.
#[cfg(target_os = "linux")]
#[test]
fn each_diff_to_the_baseline_is_real() {
    for program in &PROGRAMS[1..] {
        let page = Page::of(program);
        let blocks = page.blocks();
        let at =
            blocks.iter().position(|block| block.text.starts_with("diff -U1 ")).expect("a diff");
        let mut diff = std::process::Command::new("sh");
        diff.args(["-c", &blocks[at].text]).current_dir(workspace());
        let output = String::from_utf8(diff.output().expect("diff").stdout).expect("text");
        // The first two lines name the files and their times.
        let real: Vec<&str> = output.lines().skip(2).collect();
        let count = |mark| real.iter().filter(|line| line.starts_with(mark)).count();
        let size = format!("{} lines go, {} come", count('-'), count('+'));
        assert_eq!(blocks[at + 1].text, real.join("\n") + "\n", "{program}:\n{}", real.join("\n"));
        assert!(page.text.contains(&size), "{program}: the page does not say `{size}`");
    }
}
