//! What can be wrong with a frame.

use std::fmt;

use super::Encoding;
use super::limits::{DEPTH_MAX, FIELDS_MAX};

/// Longest part of a value that an error repeats, in bytes, with escapes. So an error in words is short
/// enough for the `why` of a frame, [`WHY_BYTES_MAX`](super::WHY_BYTES_MAX).
const EXCERPT_BYTES_MAX: usize = 40;

/// Who sends a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client: what it sends is a request.
    Client,
    /// The server: what it sends is a reply.
    Server,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// A frame that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct V1Error {
    /// Who sent it.
    pub sender: Side,
    /// How it was encoded.
    pub encoding: Encoding,
    /// Its type, where that is known.
    pub frame: Option<&'static str>,
    /// Where in it: a field, or a field and a field of what stands in it.
    pub field: [Option<&'static str>; 2],
    /// What is wrong.
    pub problem: Problem,
}

impl V1Error {
    pub(super) const fn new(sender: Side, encoding: Encoding, problem: Problem) -> Self {
        Self { sender, encoding, frame: None, field: [None, None], problem }
    }

    pub(super) const fn of_frame(mut self, frame: &'static str) -> Self {
        self.frame = Some(frame);
        self
    }

    /// Returns the code with which the receiver should close the connection.
    ///
    /// What is not JSON or CBOR at all is 1007, the wrong kind of message 1003, a greeting that is too
    /// long 1009 (RFC 6455, section 7.4.1). Any other wrong frame of a client is 4400, which only a
    /// server sends; a client that finds the server wrong closes with 1002.
    #[must_use]
    pub const fn close_code(&self) -> u16 {
        match (&self.problem, self.sender) {
            (Problem::MessageKind, _) => 1003,
            (Problem::TooLong { .. }, _) => 1009,
            (problem, _) if problem.is_syntax() => 1007,
            (_, Side::Client) => 4400,
            (_, Side::Server) => 1002,
        }
    }

    /// Returns the family of the problem in one word, for metrics and for the test vectors.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        self.problem.class()
    }
}

/// At most [`WHY_BYTES_MAX`](super::WHY_BYTES_MAX) bytes.
impl fmt::Display for V1Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from the {}: ", self.encoding, self.sender)?;
        if let Some(frame) = self.frame {
            write!(f, "`{frame}` ")?;
        }
        match self.field {
            [Some(field), Some(inner)] => write!(f, "field `{field}.{inner}` ")?,
            [Some(field), None] => write!(f, "field `{field}` ")?,
            [None, _] => {}
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for V1Error {}

/// What is wrong with a frame or a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A text message where binary ones are agreed on, or the other way round.
    #[error(
        "wrong kind of message; accepted: text for everlink.v1.json, binary for everlink.v1.cbor"
    )]
    MessageKind,
    /// Not JSON or CBOR.
    #[error("broken from byte {at} on")]
    Syntax {
        /// Where it stops to make sense.
        at: usize,
    },
    /// There is more behind the frame.
    #[error("bytes behind the frame, from byte {at} on")]
    Trailing {
        /// Where the frame ends.
        at: usize,
    },
    /// A CBOR text that is not UTF-8, or a JSON one with half of a surrogate pair.
    #[error("a text that is not Unicode")]
    Unicode,
    /// A CBOR item without a length of its own (RFC 8949, section 3.2).
    #[error("an item of indefinite length; accepted: definite lengths")]
    Indefinite,
    /// A payload that is not JSON.
    #[error("a payload that is not JSON from byte {at} on")]
    PayloadSyntax {
        /// Where in the payload.
        at: usize,
    },
    /// Lists and objects are nested too deep.
    #[error("nested deeper than {DEPTH_MAX}")]
    TooDeep,
    /// The frame is too long for its type.
    #[error("{bytes} bytes; accepted: at most {bytes_max}")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// The type is not known, or not one that this side sends.
    #[error("unknown type {found:?}")]
    UnknownFrame {
        /// The beginning of it.
        found: String,
    },
    /// A field is missing.
    #[error("is missing; accepted: {accepted}")]
    Missing {
        /// What must stand there.
        accepted: Accepted,
    },
    /// A value of the wrong type.
    #[error("is {found}; accepted: {accepted}")]
    WrongType {
        /// What stands there.
        found: Found,
        /// What must stand there.
        accepted: Accepted,
    },
    /// A key stands twice in one object.
    #[error("the key {key:?} stands twice")]
    Duplicate {
        /// The beginning of it.
        key: String,
    },
    /// An object has too many fields.
    #[error("more than {FIELDS_MAX} fields in one object")]
    TooManyFields,
    /// A number outside its range.
    #[error("is {found}; accepted: {accepted}")]
    Range {
        /// The number.
        found: String,
        /// What must stand there.
        accepted: Accepted,
    },
    /// A text that is empty or too long.
    #[error("has {bytes} bytes; accepted: {accepted}")]
    Length {
        /// How long it is.
        bytes: usize,
        /// What must stand there.
        accepted: Accepted,
    },
    /// A list with too few or too many entries.
    #[error("too few or too many entries; accepted: {accepted}")]
    Count {
        /// What must stand there.
        accepted: Accepted,
    },
    /// A word that is not one of those that are known.
    #[error("is {found:?}; accepted: {accepted}")]
    Word {
        /// The beginning of it.
        found: String,
        /// What must stand there.
        accepted: Accepted,
    },
    /// Both `d` and `x`, or neither.
    #[error("has {found} of the fields `d` and `x`; accepted: exactly one")]
    Payload {
        /// `both` or `neither`.
        found: &'static str,
    },
    /// One of two fields that belong together.
    #[error("is missing beside `{beside}`; accepted: both or neither")]
    Unpaired {
        /// The field that stands there.
        beside: &'static str,
    },
    /// Not base64 (RFC 4648, section 4, with padding).
    #[error("is not base64; accepted: {}", Accepted::Base64)]
    Base64,
}

impl Problem {
    pub(super) fn unknown_frame(found: &str) -> Self {
        Self::UnknownFrame { found: excerpt(found) }
    }

    /// Returns whether the bytes make no sense, whatever the frame.
    const fn is_syntax(&self) -> bool {
        matches!(
            self,
            Self::Syntax { .. }
                | Self::Trailing { .. }
                | Self::Unicode
                | Self::Indefinite
                | Self::PayloadSyntax { .. }
        )
    }

    /// Returns the family in one word.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::MessageKind => "message_kind",
            Self::Syntax { .. } => "syntax",
            Self::Trailing { .. } => "trailing",
            Self::Unicode => "unicode",
            Self::Indefinite => "indefinite",
            Self::PayloadSyntax { .. } => "payload_syntax",
            Self::TooDeep => "too_deep",
            Self::TooLong { .. } => "too_long",
            Self::UnknownFrame { .. } => "unknown_frame",
            Self::Missing { .. } => "missing",
            Self::WrongType { .. } => "wrong_type",
            Self::Duplicate { .. } => "duplicate",
            Self::TooManyFields => "too_many_fields",
            Self::Range { .. } => "range",
            Self::Length { .. } => "length",
            Self::Count { .. } => "count",
            Self::Word { .. } => "word",
            Self::Payload { .. } => "payload",
            Self::Unpaired { .. } => "unpaired",
            Self::Base64 => "base64",
        }
    }
}

/// Returns the beginning of a text from the other side, short enough for a log.
pub(crate) fn excerpt(text: &str) -> String {
    let mut room = EXCERPT_BYTES_MAX;
    let fits = |letter: &char| {
        let bytes = letter.escape_debug().map(char::len_utf8).sum();
        let left = room.checked_sub(bytes);
        room = left.unwrap_or(0);
        left.is_some()
    };
    text.chars().take_while(fits).collect()
}

/// What stands in a frame, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Found {
    /// Nothing.
    Null,
    /// True or false.
    Flag,
    /// A whole number.
    Number,
    /// A number with a fraction or an exponent; in CBOR a float, whatever its value.
    Fraction,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A list.
    List,
    /// An object.
    Object,
    /// A CBOR tag or simple value.
    Other,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Flag => "true or false",
            Self::Number => "a whole number",
            Self::Fraction => "a number with a fraction or an exponent",
            Self::Text => "a text",
            Self::Bytes => "bytes",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Other => "a tag or a simple value",
        })
    }
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepted {
    /// Text of so many bytes of UTF-8.
    Text(usize, usize),
    /// A whole number in this range.
    Number(u64, u64),
    /// Milliseconds, a whole number in this range.
    Millis(u64, u64),
    /// True or false.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of so many entries.
    List(usize, usize),
    /// An object.
    Object,
    /// Any JSON value; in CBOR a text that holds one.
    Json,
    /// Base64.
    Base64,
    /// Bytes.
    Bytes,
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Text(0, max) => write!(f, "text of at most {max} bytes"),
            Self::Text(min, max) => write!(f, "text of {min} to {max} bytes"),
            Self::Number(min, max) => write!(f, "whole number, {min} to {}", Largest(max)),
            Self::Millis(min, max) => write!(f, "whole milliseconds, {min} to {}", Largest(max)),
            Self::Flag => f.write_str("true or false"),
            Self::Word(words) => write!(f, "one of {}", words.join(", ")),
            Self::List(min, max) if min == max => write!(f, "list of {max} entries"),
            Self::List(min, max) => write!(f, "list of {min} to {max} entries"),
            Self::Object => f.write_str("object"),
            Self::Json => f.write_str("any JSON value; in CBOR a text that holds one"),
            Self::Base64 => f.write_str("base64 with padding"),
            Self::Bytes => f.write_str("base64 with padding; in CBOR bytes"),
        }
    }
}

/// Says the larger bounds as powers of two.
struct Largest(u64);

impl fmt::Display for Largest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_add(1) {
            Some(next) if next.is_power_of_two() && self.0 > 0xFFFF => {
                write!(f, "2^{} - 1", next.trailing_zeros())
            }
            _ => write!(f, "{}", self.0),
        }
    }
}
