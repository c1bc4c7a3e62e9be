//! A configuration file: TOML or JSON, as a flat list of keys.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::json::Node;
use super::keys::{CLIENT_KEYS, ClientKey};
use super::problem::{Problem, Source};

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// One key of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileEntry {
    /// With dots for tables.
    pub(super) key: String,
    pub(super) node: Node,
    pub(super) place: Option<(usize, usize)>,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<String, Problem> {
    let unreadable = |detail: String| Problem::Unreadable { path: path.to_owned(), detail };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable("larger than that".to_owned()));
    }
    Ok(text)
}

/// Parses the text of a file; the end of its name says how.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<FileEntry>, Problem> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("toml") => parse_toml(path, text),
        Some("json") => parse_json(path, text),
        _ => {
            let detail = "its name tells no format".to_owned();
            Err(Problem::Unreadable { path: path.to_owned(), detail })
        }
    }
}

fn parse_toml(path: &Path, text: &str) -> Result<Vec<FileEntry>, Problem> {
    let table = DeTable::parse(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start));
        syntax(path, place, error.message())
    })?;
    let mut entries = Vec::new();
    toml_table("", table.get_ref(), text, &mut entries);
    // The parser sorts by name; people read from top to bottom.
    entries.sort_by_key(|entry| entry.place);
    Ok(entries)
}

fn toml_table(prefix: &str, table: &DeTable<'_>, text: &str, entries: &mut Vec<FileEntry>) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        if let DeValue::Table(inner) = value.get_ref()
            && is_group(&key)
        {
            toml_table(&format!("{key}."), inner, text, entries);
        } else {
            let place = Some(place(text, name.span().start));
            entries.push(FileEntry { key, node: toml_node(value), place });
        }
    }
}

fn toml_node(value: &Spanned<DeValue<'_>>) -> Node {
    match value.get_ref() {
        DeValue::String(text) => Node::Scalar(text.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(
                |_| Node::Other(number.to_string()),
                |number| Node::Scalar(number.to_string()),
            ),
        DeValue::Float(number) => Node::Scalar(number.as_str().to_owned()),
        DeValue::Boolean(value) => Node::Scalar(value.to_string()),
        DeValue::Datetime(time) => Node::Other(time.to_string()),
        DeValue::Array(items) => Node::List(items.iter().map(toml_node).collect()),
        DeValue::Table(table) => {
            let pairs =
                table.iter().map(|(name, value)| (name.get_ref().to_string(), toml_node(value)));
            Node::Table(pairs.collect())
        }
    }
}

fn parse_json(path: &Path, text: &str) -> Result<Vec<FileEntry>, Problem> {
    let node = serde_json::from_str(text).map_err(|error| {
        let place = (error.line() > 0).then(|| (error.line(), error.column().max(1)));
        let text = error.to_string();
        syntax(path, place, text.split(" at line ").next().unwrap_or(&text))
    })?;
    let Node::Table(table) = node else {
        return Err(syntax(path, Some((1, 1)), "accepted: one object, {\"key\": value, …}"));
    };
    let mut entries = Vec::new();
    json_table("", table, &mut entries);
    Ok(entries)
}

fn json_table(prefix: &str, table: Vec<(String, Node)>, entries: &mut Vec<FileEntry>) {
    for (name, node) in table {
        let key = format!("{prefix}{name}");
        match node {
            Node::Table(inner) if is_group(&key) => json_table(&format!("{key}."), inner, entries),
            Node::Scalar(_) | Node::List(_) | Node::Table(_) | Node::Other(_) => {
                entries.push(FileEntry { key, node, place: None });
            }
        }
    }
}

/// Whether a table is a group of keys, such as `tls`, and not one value, such as `headers`.
fn is_group(key: &str) -> bool {
    let in_group =
        |known: &ClientKey| known.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    CLIENT_KEYS.iter().any(in_group)
}

fn syntax(path: &Path, place: Option<(usize, usize)>, detail: &str) -> Problem {
    let from = Source::File { path: path.to_owned(), place };
    Problem::Syntax { from, detail: detail.trim_end().to_owned() }
}

/// Line and column of a byte, both from 1; the column counts characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    (line, column)
}
