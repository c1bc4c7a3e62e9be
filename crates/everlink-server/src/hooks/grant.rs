//! What a user may do, for patterns of channels.

use std::fmt;
use std::ops::BitOr;
use std::sync::Arc;

/// What one can do in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Read what is published from now on, and what was missed.
    Read,
    /// Publish messages that are stored.
    Publish,
    /// Send values that are not stored.
    Volatile,
    /// Read pages of history.
    History,
    /// Say what a conversation's AI worker does.
    Status,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Volatile => "send volatile values",
            Self::History => "read history",
            Self::Status => "set the status",
        })
    }
}

/// A set of [`Operation`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Operations(u8);

impl Operations {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// [`Operation::Read`].
    pub const READ: Self = Self(1);
    /// [`Operation::Publish`].
    pub const PUBLISH: Self = Self(2);
    /// [`Operation::Volatile`].
    pub const VOLATILE: Self = Self(4);
    /// [`Operation::History`].
    pub const HISTORY: Self = Self(8);
    /// [`Operation::Status`].
    pub const STATUS: Self = Self(16);
    /// Everything.
    pub const ALL: Self = Self(31);

    /// Returns whether an operation is in the set.
    #[must_use]
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & Self::of(operation).0 != 0
    }

    /// Makes the set of one operation.
    #[must_use]
    pub const fn of(operation: Operation) -> Self {
        match operation {
            Operation::Read => Self::READ,
            Operation::Publish => Self::PUBLISH,
            Operation::Volatile => Self::VOLATILE,
            Operation::History => Self::HISTORY,
            Operation::Status => Self::STATUS,
        }
    }
}

impl BitOr for Operations {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Allows operations in the channels that match a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pattern: Arc<str>,
    operations: Operations,
}

impl Grant {
    /// Makes a grant; see [`pattern_matches`] for the pattern.
    #[must_use]
    pub fn new(pattern: impl Into<Arc<str>>, operations: Operations) -> Self {
        Self { pattern: pattern.into(), operations }
    }

    /// Returns whether it allows this.
    #[must_use]
    pub fn allows(&self, channel: &str, operation: Operation) -> bool {
        self.operations.contains(operation) && pattern_matches(&self.pattern, channel)
    }
}

/// Returns whether a name matches a pattern, in which each `*` stands for any number of characters.
#[must_use]
pub fn pattern_matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_and_nothing_else_does() {
        for (pattern, name, expected) in [
            ("room", "room", true),
            ("room", "rooms", false),
            ("room:*", "room:1", true),
            ("room:*", "room", false),
            ("*", "", true),
            ("*:typing", "a:b:typing", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("ab*ba", "aba", false),
            ("", "x", false),
        ] {
            assert_eq!(pattern_matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_grant_allows_its_operations_only() {
        let grant = Grant::new("room:*", Operations::READ | Operations::HISTORY);
        assert!(grant.allows("room:1", Operation::History));
        assert!(!grant.allows("room:1", Operation::Publish));
        assert!(!grant.allows("other", Operation::Read));
    }
}
