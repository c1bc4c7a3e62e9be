//! Names, as numbers: what a text is in a real server.

/// A name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Name {
    /// A channel, a client or a producer.
    Number(u32),
    /// Words of the session itself.
    Words(&'static str),
}

impl Name {
    /// Returns its number; words have none that anybody asks for.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Words(_) => u32::MAX,
        }
    }
}

impl From<&'static str> for Name {
    fn from(words: &'static str) -> Self {
        Self::Words(words)
    }
}
