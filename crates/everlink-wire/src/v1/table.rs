//! The table of frames as text, for the documentation.

use std::fmt::Write as _;

use super::error::{Accepted, Side};
use super::frames;
use super::kind::Kind;

/// A frame, as the documentation shows it.
#[derive(Debug)]
pub(super) struct FrameRow {
    pub(super) kind: &'static str,
    pub(super) sender: Side,
    pub(super) about: &'static str,
    pub(super) fields: Vec<FieldRow>,
}

/// A field, as the documentation shows it.
#[derive(Debug)]
pub(super) struct FieldRow {
    key: &'static str,
    about: &'static str,
    presence: Presence,
    accepts: Accepted,
    /// What each entry is, of a list of plain values.
    entry: Option<Accepted>,
    inner: Vec<Self>,
}

#[derive(Clone, Copy, Debug)]
enum Presence {
    Required,
    Optional,
    /// One of two fields.
    Either,
}

impl FieldRow {
    pub(super) fn new<K: Kind>(key: &'static str, about: &'static str, optional: bool) -> Self {
        let presence = if optional { Presence::Optional } else { Presence::Required };
        Self { key, about, presence, accepts: K::ACCEPTS, entry: K::ENTRY, inner: K::inner() }
    }

    pub(super) const fn either(key: &'static str, about: &'static str, accepts: Accepted) -> Self {
        Self { key, about, presence: Presence::Either, accepts, entry: None, inner: Vec::new() }
    }

    fn print(&self, within: &str, page: &mut String) {
        let presence = match self.presence {
            Presence::Required => "yes",
            Presence::Optional => "no",
            Presence::Either => "`d` or `x`",
        };
        let (key, about) = (self.key, self.about.trim());
        let accepts = match self.entry {
            Some(entry) => format!("{}, each {entry}", self.accepts),
            None => self.accepts.to_string(),
        };
        line(page, format_args!("| `{within}{key}` | {presence} | {accepts} | {about} |"));
        for field in &self.inner {
            field.print(&format!("{within}{key}."), page);
        }
    }
}

/// Returns every frame with its fields, in Markdown.
#[must_use]
pub fn frame_tables() -> String {
    let mut page = String::new();
    for frame in frames::rows() {
        line(&mut page, format_args!("### `{}` from the {}\n", frame.kind, frame.sender));
        line(&mut page, format_args!("{}\n", frame.about.trim()));
        if frame.fields.is_empty() {
            continue;
        }
        page.push_str("| field | required | accepted | meaning |\n|---|---|---|---|\n");
        for field in &frame.fields {
            field.print("", &mut page);
        }
        page.push('\n');
    }
    page
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let written = writeln!(page, "{text}");
    debug_assert!(written.is_ok(), "a String takes all");
}
