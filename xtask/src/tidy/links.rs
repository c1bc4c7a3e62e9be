//! Links between documents lead somewhere.

use std::path::Path;

use anyhow::Result;
use regex::Regex;

use super::source::Tree;

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let link = Regex::new(r"\]\(([^)\s]+)\)")?;
    let mut complaints = Vec::new();
    for (path, text) in tree.texts(&[".md"]) {
        for (at, line) in text.lines().enumerate() {
            let targets = link.captures_iter(line).map(|found| found[1].to_owned());
            let broken =
                targets.filter(|target| !is_elsewhere(target) && !resolves(tree, path, target));
            complaints.extend(broken.map(|target| format!("{path}:{}: no {target}", at + 1)));
        }
    }
    Ok(complaints)
}

fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

fn resolves(tree: &Tree, from: &str, target: &str) -> bool {
    let (file, anchor) =
        target.split_once('#').map_or((target, None), |(file, it)| (file, Some(it)));
    let path = if file.is_empty() { from.to_owned() } else { joined(from, file) };
    let folder = format!("{}/", path.trim_end_matches('/'));
    match (tree.text(&path), anchor) {
        (Some(text), Some(anchor)) => headings(text).any(|heading| heading == anchor),
        (Some(_), None) => true,
        (None, _) => tree.paths.iter().any(|path| path.starts_with(&folder)),
    }
}

/// Follows `file` from the folder of `from`.
fn joined(from: &str, file: &str) -> String {
    let mut parts: Vec<&str> = Path::new(from)
        .parent()
        .map_or("", |folder| folder.to_str().unwrap_or(""))
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn headings(text: &str) -> impl Iterator<Item = String> {
    let titles = text.lines().filter(|line| line.starts_with('#'));
    titles.map(|line| anchor_of(line.trim_start_matches('#').trim()))
}

fn anchor_of(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(target: &str) -> usize {
        let page = format!("see [it]({target})\n");
        let files =
            [("docs/a.md", page.as_str()), ("README.md", "# First steps, now\n"), ("src/x.rs", "")];
        check(&Tree::of(&files)).unwrap().len()
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        assert_eq!(found("../READYOU.md"), 1);
        assert_eq!(found("../README.md"), 0);
        assert_eq!(found("../src"), 0);
        assert_eq!(found("https://example.org/x"), 0);
    }

    #[test]
    fn a_link_to_a_heading_that_is_gone_is_found() {
        assert_eq!(found("../README.md#first-steps-now"), 0);
        assert_eq!(found("../README.md#last-steps"), 1);
    }
}
