//! Links and diffs.

use std::fs;

use crate::{Page, pages, workspace};

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

/// What GitHub makes of a heading.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        text.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        for (text, target) in links(&page) {
            let said = format!("{}: [{text}]({target})", page.path.display());
            if let Some(rest) = target.strip_prefix("https://") {
                let whole = !rest.contains(char::is_whitespace) && rest.contains('.');
                assert!(whole, "{said} is no address");
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = workspace().join(page.folder()).join(file);
            let content = match file {
                "" => page.text.clone(),
                _ if path.is_dir() => continue,
                _ => fs::read_to_string(&path).unwrap_or_else(|error| panic!("{said}: {error}")),
            };
            if let Some(lines) = anchor.strip_prefix('L') {
                let (first, last) = lines.split_once("-L").unwrap_or((lines, lines));
                let number = |digits: &str| digits.parse::<usize>().expect(&said);
                let linked: Vec<&str> = content.lines().take(number(last)).collect();
                assert_eq!(linked.len(), number(last), "{said}: the file ends before");
                let linked = linked[number(first) - 1..].join("\n");
                assert!(code(&text).next().is_some(), "{said} names nothing of those lines");
                for name in code(&text) {
                    let stands = (1..).zip(content.lines()).filter(|(_, line)| line.contains(name));
                    let stands: Vec<usize> = stands.map(|(number, _)| number).collect();
                    assert!(linked.contains(name), "{said}: `{name}` is in lines {stands:?}");
                }
            } else if !anchor.is_empty() {
                assert!(anchors(&content).iter().any(|it| it == anchor), "{said}: no such heading");
            }
        }
    }
}

#[test]
fn each_option_has_a_page_and_the_path_leads_there() {
    let top = &pages()[0];
    let targets: Vec<String> = links(top).into_iter().map(|(_, target)| target).collect();
    for name in ["sequential-baseline", "threads-io", "async-io", "multiproc-cpu"] {
        let page = format!("{name}/README.md");
        assert!(targets.contains(&page), "no link to {page}");
        assert!(workspace().join(&page).is_file(), "{page} is missing");
    }
}

// Another system's `diff` may make other hunks.
#[cfg(target_os = "linux")]
#[test]
fn every_diff_shown_is_the_real_one() {
    let mut shown = 0;
    for page in pages() {
        let blocks = page.blocks();
        for (command, diff) in blocks.iter().zip(&blocks[1..]) {
            if diff.language != "diff" || diff.folded {
                continue;
            }
            let mut diff_of = std::process::Command::new("sh");
            diff_of.args(["-c", &command.text]).current_dir(workspace());
            let output = diff_of.output().expect("diff");
            let real = String::from_utf8(output.stdout).expect("text");
            // The first two lines name the files and when they were changed.
            let real: Vec<&str> = real.lines().skip(2).collect();
            let said = format!("{}: {}", page.path.display(), command.text);
            assert_eq!(diff.text, real.join("\n") + "\n", "{said} prints:\n{}", real.join("\n"));
            let count = |mark| real.iter().filter(|line| line.starts_with(mark)).count();
            let size = format!("{} lines go, {} come", count('-'), count('+'));
            assert!(page.text.contains(&size), "{said}: the page does not say `{size}`");
            shown += 1;
        }
    }
    assert_eq!(shown, 3, "one for each option");
}
