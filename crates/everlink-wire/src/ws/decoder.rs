//! Bytes to messages.

use bytes::BytesMut;

use super::assembly::Assembly;
use super::buffer::ReadBuffer;
use super::deflate::{DeflateParams, Inflater};
use super::header::{Expected, Header, Opcode};
use super::utf8::Utf8Stream;
use super::{Close, Item, Limits, Role, Text, WsError, mask};

/// Turns what a peer sends into messages, and refuses whatever breaks RFC 6455 or RFC 7692.
///
/// A message that comes whole in one frame is not copied: its bytes share the read buffer. Text is
/// checked while it arrives, so that an invalid one fails at its first bad byte.
///
/// After an error, and after a close frame, the decoder takes nothing more (RFC 6455, sections
/// 7.1.7 and 5.5.1).
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    limits: Limits,
    buffer: ReadBuffer,
    frame: Option<Frame>,
    message: Option<Assembly>,
    /// Boxed, because most connections have none.
    inflater: Option<Box<Inflater>>,
    end: Option<End>,
}

impl Decoder {
    /// Creates a decoder for one connection, from the first byte after the opening handshake.
    #[must_use]
    pub fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            limits,
            buffer: ReadBuffer::new(role),
            frame: None,
            message: None,
            inflater: None,
            end: None,
        }
    }

    /// Accepts compressed messages, with the parameters that the handshake agreed on.
    #[must_use]
    pub fn with_deflate(mut self, params: &DeflateParams) -> Self {
        self.inflater = Some(Box::new(Inflater::new(params.inflate_takes_over(self.role))));
        self
    }

    /// Returns the buffer to append what was read to; it has room for a sensible read.
    ///
    /// Only append: what is in the buffer may be half decoded, and a driver that takes bytes away
    /// gets wrong messages. Bytes that came together with the handshake's response are appended
    /// here too. Right after [`release`](Self::release) the decoder holds no buffer at all, so a
    /// driver that can wait for readability should do so before it asks for one.
    ///
    /// # Cancel safety
    ///
    /// A read into this buffer may be dropped at any time: what it has appended stays, and
    /// [`next_item`](Self::next_item) never waits.
    #[must_use]
    pub fn read_buffer(&mut self) -> &mut BytesMut {
        let missing = self.frame.as_ref().map_or(0, |frame| frame.payload_len - frame.taken);
        self.buffer.with_room(missing)
    }

    /// Returns the next message or control frame, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// The peer broke the protocol or exceeded a limit; every later call returns the same error.
    pub fn next_item(&mut self) -> Result<Option<Item>, WsError> {
        self.buffer.observe_read();
        if self.end.is_none() {
            match self.decode() {
                Ok(Some(item)) => return Ok(Some(item)),
                Ok(None) => {}
                Err(error) => self.fail(error),
            }
        }
        match &self.end {
            None => {
                self.rest();
                Ok(None)
            }
            Some(End::Closed) => {
                self.buffer.clear();
                Ok(None)
            }
            Some(End::Failed(error)) => {
                self.buffer.clear();
                Err(error.clone())
            }
        }
    }

    /// Gives back the read buffer while it is empty; the next read allocates it again, small.
    ///
    /// For connections that have gone quiet. Without it the next read gets as much room as the
    /// reads before it made use of, up to 16 KiB; between reads the decoder keeps at most 2 KiB.
    pub fn release(&mut self) {
        self.buffer.release();
    }

    /// Changes the bounds, for instance after authentication. Holds from the next frame on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Returns whether the peer has stopped in the middle of a frame or a message.
    ///
    /// An end of the stream is never clean without a close frame; this tells how unclean it was.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.frame.is_some() || self.message.is_some() || self.buffer.len() > 0
    }

    /// Returns whether a close frame has come: nothing more will.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.end, Some(End::Closed))
    }

    fn decode(&mut self) -> Result<Option<Item>, WsError> {
        loop {
            let Some(mut frame) = self.take_frame()? else {
                return Ok(None);
            };
            let progress = if frame.streams {
                self.take_streamed(&mut frame)?
            } else {
                self.take_whole(&mut frame)?
            };
            match progress {
                Progress::Item(item) => return Ok(Some(item)),
                Progress::FrameDone => {}
                Progress::NeedBytes => {
                    self.frame = Some(frame);
                    return Ok(None);
                }
            }
        }
    }

    /// Returns the frame in progress, or starts the next one.
    fn take_frame(&mut self) -> Result<Option<Frame>, WsError> {
        if let Some(frame) = self.frame.take() {
            return Ok(Some(frame));
        }
        let expected = Expected {
            role: self.role,
            deflate: self.inflater.is_some(),
            in_message: self.message.is_some(),
        };
        let Some(header) = Header::parse(self.buffer.as_slice(), expected)? else {
            return Ok(None);
        };
        let frame = self.start_frame(&header)?;
        self.buffer.advance(header.len);
        Ok(Some(frame))
    }

    fn start_frame(&mut self, header: &Header) -> Result<Frame, WsError> {
        let len = header.payload_len;
        let frame = Frame {
            fin: header.fin,
            opcode: header.opcode,
            mask: header.mask,
            payload_len: usize::try_from(len).unwrap_or(usize::MAX),
            taken: 0,
            utf8: Utf8Stream::default(),
            streams: !(header.opcode.is_control() || is_whole_message(header)),
        };
        if header.opcode.is_control() {
            return Ok(frame);
        }
        if len > self.limits.frame_max as u64 {
            return Err(WsError::FrameTooLarge { len, max: self.limits.frame_max });
        }
        if !frame.streams {
            if len > self.limits.message_max as u64 {
                return Err(WsError::MessageTooLarge { max: self.limits.message_max });
            }
            return Ok(frame);
        }
        self.message
            .get_or_insert_with(|| Assembly::new(header.opcode == Opcode::Text, header.compressed))
            .begin_fragment(len, &self.limits)?;
        Ok(frame)
    }

    /// Moves payload that is there into the message under construction.
    fn take_streamed(&mut self, frame: &mut Frame) -> Result<Progress, WsError> {
        let Some(message) = &mut self.message else {
            return Ok(Progress::FrameDone);
        };
        let len = self.buffer.len().min(frame.payload_len - frame.taken);
        let payload = &mut self.buffer.as_mut_slice()[..len];
        if let Some(key) = frame.mask {
            mask::apply(payload, key, frame.taken);
        }
        let frame_done = frame.taken + len == frame.payload_len;
        match &mut self.inflater {
            Some(inflater) if message.is_compressed() => {
                message.inflate(payload, frame.fin && frame_done, inflater, &self.limits)?;
            }
            Some(_) | None => message.push(payload, &self.limits)?,
        }
        self.buffer.advance(len);
        frame.taken += len;
        match (frame_done, frame.fin, self.message.take()) {
            (true, true, Some(message)) => message.finish().map(Progress::Item),
            (done, _, message) => {
                self.message = message;
                Ok(if done { Progress::FrameDone } else { Progress::NeedBytes })
            }
        }
    }

    /// Unmasks and checks payload where it lies; splits it off when it is complete.
    fn take_whole(&mut self, frame: &mut Frame) -> Result<Progress, WsError> {
        let available = self.buffer.len().min(frame.payload_len);
        let fresh = &mut self.buffer.as_mut_slice()[frame.taken.min(available)..available];
        if let Some(key) = frame.mask {
            mask::apply(fresh, key, frame.taken);
        }
        let complete = available == frame.payload_len;
        if frame.opcode == Opcode::Text && !frame.accepts_text(fresh, complete) {
            return Err(WsError::TextInvalid);
        }
        frame.taken = available;
        if !complete {
            return Ok(Progress::NeedBytes);
        }
        let payload = self.buffer.split(frame.payload_len);
        let item = match frame.opcode {
            Opcode::Text => Item::Text(Text::from_checked(payload)),
            Opcode::Binary | Opcode::Continuation => Item::Binary(payload),
            Opcode::Ping => Item::Ping(payload),
            Opcode::Pong => Item::Pong(payload),
            Opcode::Close => {
                let close = Close::parse(payload)?;
                self.end = Some(End::Closed);
                Item::Close(close)
            }
        };
        Ok(Progress::Item(item))
    }

    /// Lets go of everything that only a living connection needs.
    fn fail(&mut self, error: WsError) {
        self.buffer.clear();
        self.frame = None;
        self.message = None;
        self.inflater = None;
        self.end = Some(End::Failed(error));
    }

    /// Everything that came is decoded: drops what can be made again.
    fn rest(&mut self) {
        self.buffer.rest();
        if self.message.is_none()
            && let Some(inflater) = &mut self.inflater
        {
            inflater.rest();
        }
    }
}

/// A frame whose header is read.
#[derive(Debug)]
struct Frame {
    fin: bool,
    opcode: Opcode,
    mask: Option<[u8; 4]>,
    payload_len: usize,
    /// Payload that is unmasked and checked.
    taken: usize,
    /// State of the check, for a text in one frame that comes in several reads.
    utf8: Utf8Stream,
    /// Whether the payload goes to the message under construction, instead of staying in place.
    streams: bool,
}

impl Frame {
    /// Checks the next piece of text; `complete` says that it is the last.
    fn accepts_text(&mut self, fresh: &[u8], complete: bool) -> bool {
        if self.taken == 0 && complete {
            return simdutf8::basic::from_utf8(fresh).is_ok();
        }
        self.utf8.push(fresh) && (!complete || self.utf8.is_complete())
    }
}

enum Progress {
    Item(Item),
    FrameDone,
    NeedBytes,
}

#[derive(Debug)]
enum End {
    Closed,
    Failed(WsError),
}

fn is_whole_message(header: &Header) -> bool {
    header.fin && !header.compressed && header.opcode != Opcode::Continuation
}

#[cfg(test)]
mod tests {
    use super::Decoder;
    use crate::ws::{DeflateConfig, Encoder, Limits, Role};

    #[test]
    fn an_idle_connection_needs_little_beside_its_buffer() {
        assert!(size_of::<Decoder>() <= 256, "{}", size_of::<Decoder>());
        assert!(size_of::<Encoder>() <= 64, "{}", size_of::<Encoder>());
    }

    #[test]
    fn without_takeover_an_idle_decoder_holds_no_window() {
        let config = DeflateConfig::builder().server_no_context_takeover(true).build().unwrap();
        let params = config.answer(&config.offer()).unwrap().unwrap();
        let mut decoder = Decoder::new(Role::Client, Limits::default()).with_deflate(&params);
        // "Hello" in two fragments (RFC 7692, section 7.2.3.1).
        decoder.read_buffer().extend_from_slice(&[0x41, 3, 0xf2, 0x48, 0xcd]);
        assert_eq!(decoder.next_item(), Ok(None));
        assert!(decoder.inflater.as_ref().unwrap().holds_memory(), "in the middle of a message");
        decoder.read_buffer().extend_from_slice(&[0x80, 4, 0xc9, 0xc9, 0x07, 0x00]);
        assert!(matches!(decoder.next_item(), Ok(Some(_))));
        assert_eq!(decoder.next_item(), Ok(None));
        assert!(!decoder.inflater.as_ref().unwrap().holds_memory());
    }
}
