//! What a machine can make again is not in the repository; lock files are the exception.

use anyhow::Result;

use super::source::Tree;

const FOLDERS: [&str; 6] = ["node_modules", "target", "dist", "__pycache__", "pkg", "generated"];
const ENDINGS: [&str; 8] =
    [".wasm", ".whl", ".pyc", ".profraw", ".rlib", ".so", ".min.js", ".snap.new"];

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let made = tree.paths.iter().filter(|path| is_made(path));
    Ok(made.map(|path| format!("{path}: made by a machine; git rm it and ignore it")).collect())
}

fn is_made(path: &str) -> bool {
    path.split('/').any(|part| FOLDERS.contains(&part))
        || ENDINGS.iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_leaves_is_found_and_lock_files_are_not() {
        let tree = Tree::of(&[
            ("Cargo.lock", ""),
            ("src/target.rs", ""),
            ("web/dist/index.js", ""),
            ("web/engine.wasm", ""),
            ("web/src/engine/generated/shapes.ts", ""),
        ]);
        assert_eq!(check(&tree).unwrap().len(), 3);
    }
}
