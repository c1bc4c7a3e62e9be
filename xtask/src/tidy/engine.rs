//! The engine is pure: no standard library, no unsafe code, no serialisation.
//!
//! `cargo xtask wasm` proves the first by building for a target that has no `std`; this says it sooner and
//! names the line.

use anyhow::{Context as _, Result};
use regex::Regex;

use super::source::Tree;

const ROOT: &str = "crates/everlink-engine/src/lib.rs";
const MANIFEST: &str = "crates/everlink-engine/Cargo.toml";

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let root = tree.text(ROOT).with_context(|| format!("{ROOT} is missing"))?;
    let attributes = ["#![no_std]", "#![forbid(unsafe_code)]"];
    let missing = attributes.iter().filter(|attribute| !root.contains(**attribute));
    let mut complaints: Vec<String> =
        missing.map(|attribute| format!("{ROOT}: lacks {attribute}")).collect();
    for (path, text) in tree.texts(&[".rs"]) {
        if path.starts_with("crates/everlink-engine/src/") {
            complaints.extend(impure_lines(path, text)?);
        }
    }
    let manifest = tree.text(MANIFEST).with_context(|| format!("{MANIFEST} is missing"))?;
    if manifest.lines().any(|line| line.starts_with("serde")) {
        complaints.push(format!(
            "{MANIFEST}: the engine carries payloads and never reads them: no serde"
        ));
    }
    Ok(complaints)
}

fn impure_lines(path: &str, text: &str) -> Result<Vec<String>> {
    let impure = Regex::new(r"\bstd::|\bextern crate std\b|\bserde\b")?;
    // Tests run where there is a standard library; they stand last in a file, or in files of their own.
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    if path.contains("/tests") || path.ends_with("_test.rs") {
        return Ok(Vec::new());
    }
    let lines = code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let found = lines.filter(|(_, line)| impure.is_match(line));
    Ok(found
        .map(|(at, line)| format!("{path}:{}: not in the engine: {}", at + 1, line.trim()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_root(code: &str) -> Vec<String> {
        let root = format!("#![no_std]\n#![forbid(unsafe_code)]\n{code}");
        check(&Tree::of(&[(ROOT, &root), (MANIFEST, "[dependencies]\n")])).unwrap()
    }

    #[test]
    fn the_standard_library_is_found_in_code_and_not_in_comments_or_tests() {
        assert_eq!(check_root("use std::time::Instant;").len(), 1);
        assert!(check_root("use core::time::Duration;\n// not std::time").is_empty());
        assert!(check_root("#[cfg(test)]\nmod tests { use std::vec; }").is_empty());
    }

    #[test]
    fn a_root_that_allows_std_or_unsafe_code_is_found() {
        let found = check(&Tree::of(&[(ROOT, "#![no_std]"), (MANIFEST, "")])).unwrap();
        assert_eq!(found, [format!("{ROOT}: lacks #![forbid(unsafe_code)]")]);
    }

    #[test]
    fn serde_is_found_in_the_manifest() {
        let tree = Tree::of(&[
            (ROOT, "#![no_std]\n#![forbid(unsafe_code)]"),
            (MANIFEST, "[dependencies]\nserde.workspace = true"),
        ]);
        assert_eq!(check(&tree).unwrap().len(), 1);
    }
}
