//! Environment variables that a document names are read somewhere.

use anyhow::Result;
use regex::Regex;

use super::source::Tree;

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let ours = Regex::new(r"\b(?:EVERLINK|WSGGPY|WEBSOCKET|NEXT_PUBLIC)_[A-Z0-9_]+\b")?;
    let mut complaints = Vec::new();
    for (path, text) in tree.texts(&[".md"]) {
        for (at, line) in text.lines().enumerate() {
            let unknown = ours.find_iter(line).filter(|name| !is_read(tree, name.as_str()));
            complaints.extend(
                unknown.map(|name| format!("{path}:{}: nothing reads {}", at + 1, name.as_str())),
            );
        }
    }
    Ok(complaints)
}

fn is_read(tree: &Tree, name: &str) -> bool {
    tree.texts(&[".rs", ".ts", ".tsx", ".py", ".sh"]).any(|(_, text)| text.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_nothing_reads_is_found() {
        let (known, unknown) = (concat!("EVERLINK", "_URL"), concat!("EVERLINK", "_NONE"));
        let page = format!("{known}\n{unknown}\n");
        let tree = Tree::of(&[("a.md", &page), ("a.rs", known)]);
        assert_eq!(check(&tree).unwrap(), [format!("a.md:2: nothing reads {unknown}")]);
    }
}
