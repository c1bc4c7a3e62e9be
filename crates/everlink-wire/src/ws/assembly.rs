//! A message that comes in fragments, or compressed, or both.

use bytes::Bytes;

use super::deflate::Inflater;
use super::utf8::Utf8Stream;
use super::{Item, Limits, Text, WsError};

/// A message under construction, checked while it grows.
#[derive(Debug)]
pub(crate) struct Assembly {
    compressed: bool,
    /// Present for text.
    utf8: Option<Utf8Stream>,
    data: Vec<u8>,
    /// Payload announced so far, on the wire.
    wire_len: u64,
    empty_fragments: u32,
}

impl Assembly {
    pub(crate) fn new(is_text: bool, compressed: bool) -> Self {
        Self {
            compressed,
            utf8: is_text.then(Utf8Stream::default),
            data: Vec::new(),
            wire_len: 0,
            empty_fragments: 0,
        }
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Takes note of the next fragment before any of its payload is taken.
    pub(crate) fn begin_fragment(&mut self, len: u64, limits: &Limits) -> Result<(), WsError> {
        if len == 0 {
            self.empty_fragments += 1;
            if self.empty_fragments > limits.empty_fragments_max {
                return Err(WsError::EmptyFragments { max: limits.empty_fragments_max });
            }
        }
        // No compressor needs more than this, even if it flushes after every few bytes. Without
        // the bound, blocks that inflate to nothing would never end.
        let factor = if self.compressed { 2 } else { 1 };
        self.wire_len = self.wire_len.saturating_add(len);
        if self.wire_len > (limits.message_max as u64).saturating_mul(factor) {
            return Err(WsError::MessageTooLarge { max: limits.message_max });
        }
        Ok(())
    }

    /// Adds plain payload.
    pub(crate) fn push(&mut self, payload: &[u8], limits: &Limits) -> Result<(), WsError> {
        // `begin_fragment` has bounded the sum.
        reserve_bounded(&mut self.data, payload.len(), limits.message_max);
        self.data.extend_from_slice(payload);
        self.check_text(payload.len())
    }

    /// Adds compressed payload; `fin` says that it is the message's last.
    pub(crate) fn inflate(
        &mut self,
        payload: &[u8],
        fin: bool,
        inflater: &mut Inflater,
        limits: &Limits,
    ) -> Result<(), WsError> {
        let before = self.data.len();
        inflater.inflate(payload, &mut self.data, limits.message_max)?;
        if fin {
            inflater.finish(&mut self.data, limits.message_max)?;
        }
        self.check_text(self.data.len() - before)
    }

    /// Turns the finished message into an item.
    pub(crate) fn finish(mut self) -> Result<Item, WsError> {
        if self.data.capacity() / 2 > self.data.len() {
            self.data.shrink_to_fit();
        }
        let data = Bytes::from(self.data);
        match self.utf8 {
            None => Ok(Item::Binary(data)),
            Some(utf8) if utf8.is_complete() => Ok(Item::Text(Text::from_checked(data))),
            Some(_) => Err(WsError::TextInvalid),
        }
    }

    /// Checks the last `len` bytes.
    fn check_text(&mut self, len: usize) -> Result<(), WsError> {
        let start = self.data.len() - len;
        let valid = match &mut self.utf8 {
            Some(utf8) => utf8.push(&self.data[start..]),
            None => true,
        };
        if valid { Ok(()) } else { Err(WsError::TextInvalid) }
    }
}

/// Makes room by doubling, but never beyond `max` in all, unless `additional` alone asks for it.
pub(crate) fn reserve_bounded(data: &mut Vec<u8>, additional: usize, max: usize) {
    if data.capacity() - data.len() < additional {
        let doubled = data.capacity().saturating_mul(2).min(max);
        let wanted = doubled.max(data.len() + additional);
        data.reserve_exact(wanted - data.len());
    }
}
