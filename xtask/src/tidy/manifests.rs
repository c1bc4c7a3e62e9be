//! Every crate takes the lints, the version and the licence of the workspace.

use anyhow::Result;

use super::source::Tree;

const INHERITED: [&str; 4] = [
    "[lints]\nworkspace = true",
    "version.workspace = true",
    "license.workspace = true",
    "rust-version.workspace = true",
];

/// What a crate with lints of its own must still have: unsafe code only where it says why.
const OWN: &str = "unsafe_code = \"deny\"";

/// Crates with lints of their own, each with why.
const OWN_LINTS: [(&str, &str); 1] =
    [("crates/everlink-wasm/Cargo.toml", "the name of an export is unsafe to choose")];

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let manifests = tree.texts(&["/Cargo.toml"]).filter(|(path, _)| !path.starts_with("fuzz/"));
    let lacks = |(path, text): (&str, &str)| {
        let excused = OWN_LINTS.iter().any(|(own, _)| *own == path) && text.contains(OWN);
        let inherits = |line: &&&str| text.contains(**line) || (excused && **line == INHERITED[0]);
        let missing: Vec<_> = INHERITED.iter().filter(|line| !inherits(line)).collect();
        (!missing.is_empty()).then(|| format!("{path}: lacks {missing:?}"))
    };
    Ok(manifests.filter_map(lacks).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_the_lints_of_the_workspace_is_found() {
        let good = INHERITED.join("\n");
        let bad = good.replace("[lints]", "");
        let tree = Tree::of(&[("crates/a/Cargo.toml", &good), ("crates/b/Cargo.toml", &bad)]);
        let found = check(&tree).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/b/Cargo.toml: lacks [\"[lints]"), "{found:?}");
    }
}
