//! What stands between the table of frames and the two encodings.

use super::error::Side;
use super::field::Fault;
use super::fields::Fields;
use crate::message::Message;

/// Writes one frame in one encoding.
pub(super) trait Write {
    /// Begins an object of so many fields.
    fn object(&mut self, fields: usize);
    /// Ends it.
    fn object_end(&mut self);
    /// Begins a field; its value follows.
    fn key(&mut self, key: &'static str);
    /// Begins a list of so many entries.
    fn list(&mut self, entries: usize);
    /// Begins an entry; its value follows.
    fn entry(&mut self);
    /// Ends the list.
    fn list_end(&mut self);
    /// Writes a text.
    fn text(&mut self, text: &str);
    /// Writes a number.
    fn number(&mut self, number: u64);
    /// Writes true or false.
    fn flag(&mut self, flag: bool);
    /// Writes the value of a payload.
    fn payload(&mut self, payload: &Message);
}

/// Frames that can be written.
pub(super) trait Outgoing {
    /// Writes the frame.
    fn write(&self, out: &mut impl Write);
}

/// Frames that can be read.
pub(super) trait Incoming<'a>: Sized {
    /// Who sends them.
    const SENDER: Side;

    /// Reads a frame of this type; `None` for a type that is not known.
    fn read(kind: &str, fields: &Fields<'a>) -> Option<(&'static str, Result<Self, Fault>)>;
}
