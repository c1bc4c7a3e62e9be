//! What a type looks like in words, as data: the TypeScript side is a table printed from it.

use everlink_engine::{
    ConfigError, ConnectionInfo, ConnectionState, Cursor, Input, InputError, Output,
};

use crate::words::Handle;

/// How a value is written in words. Exhaustive on purpose: what prints it must know all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One word: a whole number from 0 to this.
    Whole(u64),
    /// One word: any number.
    Fraction,
    /// One word: milliseconds.
    Time,
    /// One word: 0 or 1.
    Flag,
    /// One word: the number of a payload.
    Payload,
    /// A count, then so many bytes in ASCII, a word each.
    Text,
    /// One word: which of these.
    Word(&'static [&'static str]),
    /// 0, or 1 and the value.
    Option(&'static Self),
    /// A count, then so many values.
    List(&'static Self),
    /// The fields, in this order.
    Record(&'static [Field]),
    /// Which of these, then its fields.
    Union(&'static [Variant]),
}

/// A field and its shape.
pub type Field = (&'static str, Shape);

/// One of several, and its fields.
pub type Variant = (&'static str, &'static [Field]);

/// A type that is written in words.
pub trait Shaped {
    /// How.
    const SHAPE: Shape;
}

/// The largest whole number that a word holds exactly, and every one below it.
pub const WHOLE_MAX: u64 = (1 << 53) - 1;

/// Returns the shape of everything that crosses as a whole, by the name that TypeScript has for it.
#[must_use]
pub fn shapes() -> [(&'static str, Shape); 9] {
    [
        ("options", crate::options::Options::SHAPE),
        ("input", Input::<Handle>::SHAPE),
        ("output", Output::<Handle>::SHAPE),
        ("deadline", crate::output::Deadline::SHAPE),
        ("info", ConnectionInfo::SHAPE),
        ("state", ConnectionState::SHAPE),
        ("cursor", Option::<Cursor>::SHAPE),
        ("inputError", InputError::SHAPE),
        ("configError", ConfigError::SHAPE),
    ]
}
