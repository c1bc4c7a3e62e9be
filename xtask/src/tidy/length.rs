//! A file of more than 500 lines wants splitting, by noun, or a reason.

use anyhow::Result;

use super::source::Tree;

const LINES_MAX: usize = 500;
const ENDINGS: [&str; 8] = [".rs", ".ts", ".tsx", ".js", ".py", ".sh", ".md", ".toml"];

/// Files that may be longer, each with its reason.
const REASONS: [(&str, &str); 0] = [];

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints: Vec<String> = tree.texts(&ENDINGS).filter_map(too_long).collect();
    let gone = REASONS.iter().filter(|(path, _)| tree.text(path).is_none());
    complaints
        .extend(gone.map(|(path, _)| format!("{path}: has a reason to be long, and is gone")));
    Ok(complaints)
}

fn too_long((path, text): (&str, &str)) -> Option<String> {
    let lines = text.lines().count();
    let excused = REASONS.iter().any(|(known, _)| *known == path);
    (lines > LINES_MAX && !excused)
        .then(|| format!("{path}: {lines} lines; split it by noun, at most {LINES_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_one_line_too_long_is_found() {
        let (edge, over) = ("x\n".repeat(LINES_MAX), "x\n".repeat(LINES_MAX + 1));
        let found = check(&Tree::of(&[("edge.rs", &edge), ("over.rs", &over)])).unwrap();
        assert_eq!(found, ["over.rs: 501 lines; split it by noun, at most 500"]);
    }
}
