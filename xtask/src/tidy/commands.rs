//! Commands and flags that a document names exist.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::CommandFactory as _;
use regex::Regex;

use super::source::Tree;
use crate::{cli, everlink};

/// A program, the word after it and the long flags after that, with the place that names them.
#[derive(Debug, PartialEq, Eq)]
struct Mention {
    place: String,
    program: &'static str,
    word: String,
    flags: Vec<String>,
}

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut mentions = Vec::new();
    for (path, text) in tree.texts(&[".md"]) {
        mentions.extend(mentioned(path, text)?);
    }
    let mut help = BTreeMap::from([("cargo xtask", own_help()), ("everlink", BTreeMap::new())]);
    let everlink_words = everlink::words()?;
    for word in mentions.iter().filter(|m| m.program == "everlink").map(|m| &m.word) {
        if everlink_words.contains(word) {
            let text = everlink::whole_help(word)?;
            help.entry("everlink").or_default().insert(word.clone(), text);
        }
    }
    Ok(mentions.iter().flat_map(|mention| judge(mention, &help[mention.program])).collect())
}

fn own_help() -> BTreeMap<String, String> {
    let mut help = BTreeMap::new();
    for word in cli::Arguments::command().get_subcommands_mut() {
        let text = word.render_long_help().to_string();
        for name in word.get_visible_aliases().chain([word.get_name()]) {
            help.insert(name.to_owned(), text.clone());
        }
    }
    help
}

fn judge(mention: &Mention, help: &BTreeMap<String, String>) -> Vec<String> {
    let Mention { place, program, word, flags } = mention;
    let Some(text) = help.get(word) else {
        return vec![format!("{place}: `{program}` has no `{word}`")];
    };
    let known =
        |flag: &&String| Regex::new(&format!(r"{flag}\b")).is_ok_and(|flag| flag.is_match(text));
    let unknown = flags.iter().filter(|flag| !known(flag));
    unknown.map(|flag| format!("{place}: `{program} {word}` has no `{flag}`")).collect()
}

/// Finds commands in fenced blocks, where a line starts with one, and in code spans.
fn mentioned(path: &str, text: &str) -> Result<Vec<Mention>> {
    let command = Regex::new(
        r"(?:^\s*\$?\s*|`|&& |[|] |\./|/)(cargo xtask|everlink) ([a-z][a-z0-9-]*)([^`|&]*)",
    )?;
    let flag = Regex::new(r"(?:^| )(--[a-z][a-z-]*)")?;
    let mut mentions = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        for found in command.captures_iter(line).filter(|_| fenced || line.contains('`')) {
            // What stands after a lone `--` goes to another program.
            let own = found[3].split(" -- ").next().unwrap_or_default();
            mentions.push(Mention {
                place: format!("{path}:{}", at + 1),
                program: if &found[1] == "everlink" { "everlink" } else { "cargo xtask" },
                word: found[2].to_owned(),
                flags: flag.captures_iter(own).map(|flag| flag[1].to_owned()).collect(),
            });
        }
    }
    Ok(mentions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_blocks_and_spans_and_not_in_prose() {
        let text = "everlink comes back\nrun `cargo xtask test` or `everlink doctor URL`\n```sh\n$ everlink sim --years 3 -- --no\n```\n";
        let found = mentioned("a.md", text).unwrap();
        let words: Vec<_> =
            found.iter().map(|m| (m.program, m.word.as_str(), m.flags.len())).collect();
        assert_eq!(
            words,
            [("cargo xtask", "test", 0), ("everlink", "doctor", 0), ("everlink", "sim", 1)]
        );
    }

    #[test]
    fn a_word_or_a_flag_that_does_not_exist_is_found() {
        let check = |line: &str| judge(&mentioned("a.md", line).unwrap()[0], &own_help());
        assert!(check("`cargo xtask test --verbose`").is_empty());
        assert!(check("`cargo xtask ci`").is_empty());
        assert_eq!(check("`cargo xtask tset`"), ["a.md:1: `cargo xtask` has no `tset`"]);
        assert_eq!(
            check("`cargo xtask test --verb`"),
            ["a.md:1: `cargo xtask test` has no `--verb`"]
        );
    }
}
