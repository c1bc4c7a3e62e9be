//! The files of the repository, read once.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::repository;

/// Every file that git tracks or would track; the text of those that are text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) paths: Vec<String>,
    texts: BTreeMap<String, String>,
}

impl Tree {
    pub(super) fn read() -> Result<Self> {
        let paths = repository::files()?;
        let text = |path: &String| {
            let text = std::fs::read_to_string(repository::root().join(path)).ok()?;
            Some((path.clone(), text))
        };
        let texts = paths.iter().filter_map(text).collect();
        Ok(Self { paths, texts })
    }

    /// Makes a tree for a test.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let texts: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { paths: texts.keys().cloned().collect(), texts }
    }

    /// Returns path and text of each file whose name ends in one of `endings`.
    pub(super) fn texts(&self, endings: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let wanted =
            move |path: &str| endings.is_empty() || endings.iter().any(|end| path.ends_with(end));
        self.texts
            .iter()
            .filter(move |(path, _)| wanted(path))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }
}
