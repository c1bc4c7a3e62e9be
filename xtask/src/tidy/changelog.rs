//! The changelog has a place for what is not released yet, and says something there.

use anyhow::Result;

use super::source::Tree;

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let section = tree.text("CHANGELOG.md").and_then(|text| text.split_once("\n## Unreleased\n"));
    let Some((_, rest)) = section else {
        return Ok(vec!["CHANGELOG.md: no section `## Unreleased`".to_owned()]);
    };
    let unreleased = rest.split("\n## ").next().unwrap_or_default();
    let is_empty = !unreleased.lines().any(|line| line.starts_with("- "));
    let released = rest.contains("\n## ");
    Ok(if is_empty && !released {
        vec!["CHANGELOG.md: nothing under `## Unreleased`".to_owned()]
    } else {
        vec![]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Tree::of(&[("CHANGELOG.md", text)])).unwrap().len()
    }

    #[test]
    fn a_changelog_without_the_section_is_found() {
        assert_eq!(found("# Changelog\n\n## 1.0.0\n- x\n"), 1);
    }

    #[test]
    fn before_the_first_release_the_section_must_say_something() {
        assert_eq!(found("# Changelog\n\n## Unreleased\n\n"), 1);
        assert_eq!(found("# Changelog\n\n## Unreleased\n\n- x\n"), 0);
        assert_eq!(found("# Changelog\n\n## Unreleased\n\n## 1.0.0\n\n- x\n"), 0);
    }
}
