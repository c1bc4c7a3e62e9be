//! A text message: shared bytes, known to be UTF-8.

use std::fmt;

use bytes::Bytes;

/// Text in shared bytes, checked to be UTF-8 when it was made.
///
/// Cloning and [`into_bytes`](Self::into_bytes) cost nothing. A text that came whole in one frame
/// shares the read buffer's memory, so whoever keeps small texts for long should copy them.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Bytes);

impl Text {
    /// Wraps bytes that the decoder has checked already.
    pub(crate) fn from_checked(bytes: Bytes) -> Self {
        debug_assert!(simdutf8::basic::from_utf8(&bytes).is_ok());
        Self(bytes)
    }

    /// Returns the text as a string.
    ///
    /// This checks the bytes again, at several GB/s, because safe code has no other way from bytes
    /// to `str`; parsers that take bytes should be given [`as_bytes`](Self::as_bytes).
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "every constructor has checked the bytes")]
    pub fn as_str(&self) -> &str {
        simdutf8::basic::from_utf8(&self.0).expect("a Text is checked when it is made")
    }

    /// Returns the bytes, which are valid UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the shared bytes, to make slices of them.
    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Returns the shared bytes, without copying.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the text has no characters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Bytes> for Text {
    type Error = TextError;

    fn try_from(bytes: Bytes) -> Result<Self, TextError> {
        match simdutf8::compat::from_utf8(&bytes) {
            Ok(_) => Ok(Self(bytes)),
            Err(error) => Err(TextError { valid_up_to: error.valid_up_to() }),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }
}

impl From<Text> for Bytes {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// These bytes are not a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not UTF-8 from byte {valid_up_to} on")]
#[non_exhaustive]
pub struct TextError {
    /// How many bytes from the start are valid.
    pub valid_up_to: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utf8_becomes_a_text() {
        let text = Text::try_from(Bytes::from_static("grüß".as_bytes())).unwrap();
        assert_eq!(text, "grüß");
        assert_eq!(format!("{text} {text:?}"), "grüß \"grüß\"");
        let error = Text::try_from(Bytes::from_static(b"ab\xff")).unwrap_err();
        assert_eq!(error.to_string(), "not UTF-8 from byte 2 on");
    }
}
