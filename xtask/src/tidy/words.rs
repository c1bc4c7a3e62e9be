//! Words that do not belong into a repository: paths of one machine, numbers of a tracker, work not done.

use anyhow::Result;
use regex::Regex;

use super::source::Tree;

/// A pattern, and what to do about it. They are split so that this file does not find itself.
const PATTERNS: [(&str, &str); 6] = [
    (concat!(r"(^|[^\w.~])/", r"(work|root|home)/"), "a path of one machine"),
    (
        concat!(r"(?i)\b(issue|ticket|pull re", r"quest)s?\s*#?\d"),
        "say the reason, not its number in a tracker",
    ),
    (concat!(r"(^|[\s(])#\d", r"+\b"), "say the reason, not its number in a tracker"),
    (concat!(r"\b(TO", r"DO|FIX", r"ME|XX", r"X|HA", r"CK)\b"), "do it, or leave it out"),
    (concat!(r"(?i)co-author", r"ed-by|generated wi", r"th"), "who wrote it is in git"),
    (
        concat!(
            r"(?i)\b(as an a",
            r"i\b|language mod",
            r"el|chat",
            r"gpt|clau",
            r"de|copi",
            r"lot)"
        ),
        "not about its making",
    ),
];

/// Text that is not ours to word, and lists of hashes.
const FOREIGN: [&str; 5] =
    ["Cargo.lock", "package-lock.json", "LICENSE-APACHE", "LICENSE-MIT", "requirements.txt"];

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (pattern, advice) in PATTERNS {
        let pattern = Regex::new(pattern)?;
        for (path, text) in tree.texts(&[]).filter(|(path, _)| !is_foreign(path)) {
            let lines = text.lines().enumerate().filter(|(_, line)| pattern.is_match(line));
            complaints.extend(
                lines.map(|(at, line)| format!("{path}:{}: {advice}: {}", at + 1, line.trim())),
            );
        }
    }
    Ok(complaints)
}

fn is_foreign(path: &str) -> bool {
    FOREIGN
        .iter()
        .any(|name| path.rsplit('/').next() == Some(name) && path != "docs/requirements.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        check(&Tree::of(&[("a.rs", line)])).unwrap().len()
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for folder in ["work", "root", "home"] {
            assert_eq!(found(&format!("open(\"/{folder}/me/x\")")), 1, "{folder}");
        }
        assert_eq!(found("https://example.org/work/x and target/home/x"), 0);
    }

    #[test]
    fn numbers_of_a_tracker_are_found() {
        assert_eq!(found(&format!("see issue{}12", " #")), 2);
        assert_eq!(found(&format!("fixes {}12", "#")), 1);
        assert_eq!(found("#[test] #!/bin/sh &#39; a#1 # 1. step"), 0);
    }

    #[test]
    fn work_not_done_is_found() {
        assert_eq!(found(&format!("// {}: later", concat!("TO", "DO"))), 1);
    }
}
