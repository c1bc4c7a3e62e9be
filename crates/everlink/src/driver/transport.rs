//! One open WebSocket: bytes in, frames out.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use everlink_engine::{Cause, Failure, PingLevel, Timestamp, Transmit, TransportId};
use everlink_wire::ws::{Close, Decoder, Encoder, Item, Role, Text, WsError};
use everlink_wire::{Channels, Codec, Encoded, Message};
use tokio::io::{AsyncReadExt, AsyncWrite};

use super::dials::Dialed;
use super::keys::masking_keys;
use super::options::Options;
use super::renewal::Renewal;
use super::socketio::Dialog;
use super::v1::{Speech, V1};
use crate::dial::{Io, Opened};

/// An open transport. The task owns it; dropping it closes the socket.
pub(crate) struct Transport {
    pub(crate) id: TransportId,
    io: Io,
    decoder: Decoder,
    encoder: Encoder,
    pub(crate) codec: Codec,
    pub(super) speech: Speech,
    /// The dialog with a Socket.IO server.
    pub(super) dialog: Option<Box<Dialog>>,
    pub(super) renewal: Renewal,
    out: BytesMut,
    /// Where each frame of the engine ends, in bytes since the transport opened.
    ends: VecDeque<u64>,
    encoded: u64,
    written: u64,
    needs_flush: bool,
    /// We have sent a close frame, or will with the next write.
    closing: bool,
    /// Writing failed; what the peer said last is read before this is told.
    broken: Option<Ended>,
    pub(crate) paused: bool,
    /// When something last came or went; `None` if nothing ever has.
    moved: Option<Timestamp>,
    /// Something was encoded since it was last asked whether to rest.
    touched: bool,
    /// Nothing has moved for a while, and no memory is held for what may come.
    resting: bool,
}

/// Why a transport is gone.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) failure: Failure,
    pub(crate) detail: String,
    /// Whether a close frame is still to be sent, and the peer's end to be awaited.
    pub(crate) orderly: bool,
}

impl Ended {
    fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { failure: Failure::new(cause), detail: detail.into(), orderly: false }
    }
}

/// What a write has brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrote {
    /// How many frames of the engine are with the operating system now, that were not before.
    pub(crate) frames: u32,
}

impl Transport {
    pub(crate) fn new(id: TransportId, dialed: Dialed, options: &Options) -> Self {
        let Dialed { opened, endpoint, mut token, lasts } = dialed;
        let Opened { io, leftover, deflate, .. } = opened;
        let mut decoder = Decoder::new(Role::Client, options.limits);
        let mut encoder = Encoder::client(masking_keys());
        if let Some(params) = &deflate {
            decoder = decoder.with_deflate(params);
            encoder = encoder.with_deflate(&options.deflate.unwrap_or_default(), params);
        }
        if !leftover.is_empty() {
            decoder.read_buffer().extend_from_slice(&leftover);
        }
        let packet_bytes_max = options.limits.message_max;
        let dialog = options.namespace.is_some();
        let dialog = dialog.then(|| Box::new(Dialog::new(token.take(), packet_bytes_max)));
        Self {
            id,
            io,
            decoder,
            encoder,
            codec: options.codec.clone(),
            speech: Speech::new(token),
            dialog,
            renewal: Renewal::new(endpoint, lasts),
            out: BytesMut::new(),
            ends: VecDeque::new(),
            encoded: 0,
            written: 0,
            needs_flush: false,
            closing: false,
            broken: None,
            paused: false,
            moved: None,
            touched: false,
            resting: false,
        }
    }

    /// Encodes a frame of the engine behind those before it.
    pub(crate) fn encode(
        &mut self,
        frame: &Transmit<Message>,
        channels: &Channels,
        v1: Option<&V1>,
    ) {
        self.counted(|transport| transport.encode_now(frame, channels, v1));
    }

    /// Encodes a frame of the engine by a function, which may put nothing or many messages.
    pub(super) fn counted(&mut self, put: impl FnOnce(&mut Self)) {
        self.touched = true;
        let before = self.out.len();
        if !self.closing && self.broken.is_none() {
            put(self);
        }
        self.encoded += (self.out.len() - before) as u64;
        self.ends.push_back(self.encoded);
    }

    /// Puts a message into the buffer.
    pub(super) fn put(&mut self, message: &Message) {
        put_message(&mut self.encoder, &mut self.out, message);
    }

    /// Puts a text into the buffer that is written by a function.
    pub(super) fn put_packet(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut text = Vec::new();
        write(&mut text);
        if let Ok(text) = Text::try_from(Bytes::from(text)) {
            self.encoder.checked_text(&mut self.out, &text);
        }
    }

    /// Puts a ping of the protocol into the buffer.
    pub(super) fn put_ping(&mut self, number: u32) {
        let pinged = self.encoder.ping(&mut self.out, &number.to_be_bytes());
        debug_assert!(pinged.is_ok(), "four bytes fit into a ping");
    }

    fn encode_now(&mut self, frame: &Transmit<Message>, channels: &Channels, v1: Option<&V1>) {
        let is_application = !matches!(frame, Transmit::Ping { level: PingLevel::Protocol, .. });
        if let Some(v1) = v1.filter(|_| is_application) {
            if let Some(message) = self.speech.say(frame, channels, v1) {
                put_message(&mut self.encoder, &mut self.out, &message);
            }
            return;
        }
        match self.codec.encode(frame, channels) {
            Encoded::Message(message) => put_message(&mut self.encoder, &mut self.out, message),
            Encoded::Text(text) => self.encoder.text(&mut self.out, text),
            Encoded::Ping(number) => self.put_ping(number),
            Encoded::Nothing => {}
        }
    }

    /// Says something that the engine does not count.
    pub(super) fn say(&mut self, message: &Message) {
        if !self.closing && self.broken.is_none() {
            self.touched = true;
            self.append(|encoder, out| put_message(encoder, out, message));
        }
    }

    /// The peer broke the rules of the dialect: closes, and returns the end.
    pub(super) fn breaks(&mut self, cause: Cause, code: u16, detail: String) -> Ended {
        self.close(code);
        Ended { orderly: true, ..Ended::new(cause, detail) }
    }

    /// Begins the closing hand-shake (RFC 6455, section 7.1.2).
    pub(crate) fn close(&mut self, code: u16) {
        if self.closing {
            return;
        }
        let closed = self.append(|encoder, out| encoder.close(out, Some((code, ""))).is_ok());
        debug_assert!(closed, "the engine closes with codes that may be sent");
        self.closing = true;
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Answers a ping, unless the peer sends more of them than it reads answers.
    pub(crate) fn pong(&mut self, payload: &Bytes) {
        if self.closing || self.out.len() > PONG_BACKLOG_MAX {
            return;
        }
        self.append(|encoder, out| encoder.pong(out, payload).is_ok());
    }

    /// Returns what the peer sent next, from bytes that are here already.
    pub(crate) fn next_item(&mut self) -> Result<Option<Item>, Ended> {
        match self.decoder.next_item() {
            Ok(Some(Item::Close(close))) => Err(self.peer_closed(close)),
            Ok(item) => Ok(item),
            Err(error) => Err(self.peer_broke_rules(&error)),
        }
    }

    /// Reads what has come. `Ready(Ok)` says how much; an end is an error.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Ended>> {
        match self.poll_io(cx) {
            Poll::Ready(Ok(0)) => {
                Poll::Ready(Err(Ended::new(Cause::EndedAbruptly, self.abrupt_end())))
            }
            Poll::Ready(Ok(count)) => Poll::Ready(Ok(count)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(io_ended("read", &error))),
            Poll::Pending => match self.broken.take() {
                Some(ended) => Poll::Ready(Err(ended)),
                None => Poll::Pending,
            },
        }
    }

    /// Something came or went at this time.
    pub(crate) fn moved(&mut self, now: Timestamp) {
        self.moved = Some(now);
        self.resting = false;
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.resting
    }

    /// Gives back what an idle connection does not need, once it has been idle for a while.
    pub(crate) fn rest(&mut self, now: Timestamp) {
        if std::mem::take(&mut self.touched) {
            return self.moved(now);
        }
        // Whether TLS holds something back can be found out only by reading.
        let can = matches!(self.io, Io::Tcp(_)) && self.out.is_empty();
        if self.resting || !can || self.moved.is_some_and(|moved| now.since(moved) < REST_AFTER) {
            return;
        }
        self.decoder.release();
        self.encoder.release();
        self.out = BytesMut::new();
        self.ends.shrink_to_fit();
        self.resting = true;
    }

    /// Returns whether part of a frame or of a message is here.
    pub(crate) fn is_in_message(&self) -> bool {
        self.decoder.is_partial()
    }

    /// Returns why writing failed, for a transport that is not read now.
    pub(crate) fn take_broken(&mut self) -> Option<Ended> {
        self.broken.take()
    }

    /// Writes what is encoded, as far as the system takes it.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Wrote> {
        if self.broken.is_some() {
            return Poll::Pending;
        }
        let before = self.written;
        let done = self.write_out(cx);
        if self.written == before && !done {
            return Poll::Pending;
        }
        let settled = if self.needs_flush { 0 } else { self.take_ends() };
        if self.out.is_empty() {
            self.encoder.release();
            if self.out.capacity() > OUT_KEPT_BYTES {
                self.out = BytesMut::new();
            }
        }
        if settled == 0 && self.written == before {
            return Poll::Pending;
        }
        Poll::Ready(Wrote { frames: settled })
    }

    /// Gives up the socket, with what is still to be written.
    pub(crate) fn into_rest(self) -> (Io, BytesMut) {
        (self.io, self.out)
    }

    /// Reads into the decoder's buffer.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if (self.resting || self.moved.is_none())
            && let Io::Tcp(stream) = &self.io
        {
            // Asked first, since a read needs a buffer.
            ready!(stream.poll_read_ready(cx))?;
        }
        pin!(self.io.read_buf(self.decoder.read_buffer())).poll(cx)
    }

    /// Returns whether everything is written that there was; an error is kept for the reader.
    fn write_out(&mut self, cx: &mut Context<'_>) -> bool {
        while !self.out.is_empty() {
            match Pin::new(&mut self.io).poll_write(cx, &self.out) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.out.advance(count);
                    self.written += count as u64;
                    self.needs_flush = true;
                }
                Poll::Ready(result) => {
                    let error = result.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                    self.fail(cx, &error);
                    return true;
                }
                Poll::Pending => return false,
            }
        }
        if self.needs_flush {
            match Pin::new(&mut self.io).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.needs_flush = false,
                Poll::Ready(Err(error)) => self.fail(cx, &error),
                Poll::Pending => return false,
            }
        }
        true
    }

    fn fail(&mut self, cx: &Context<'_>, error: &io::Error) {
        self.out.clear();
        self.needs_flush = true;
        self.broken.get_or_insert_with(|| io_ended("write", error));
        cx.waker().wake_by_ref();
    }

    /// Counts the frames that are written.
    fn take_ends(&mut self) -> u32 {
        let mut frames = 0;
        while self.ends.front().is_some_and(|end| *end <= self.written) {
            self.ends.pop_front();
            frames += 1;
        }
        frames
    }

    /// Appends a frame that the engine does not count.
    fn append<T>(&mut self, act: impl FnOnce(&mut Encoder, &mut BytesMut) -> T) -> T {
        let before = self.out.len();
        let result = act(&mut self.encoder, &mut self.out);
        self.encoded += (self.out.len() - before) as u64;
        result
    }

    /// The peer closes; its code is echoed (RFC 6455, section 5.5.1).
    fn peer_closed(&mut self, close: Option<Close>) -> Ended {
        let code = close.as_ref().map(|close| close.code);
        if !self.closing {
            self.append(|encoder, out| encoder.close(out, code.map(|code| (code, ""))).is_ok());
            self.closing = true;
        }
        let detail = match &close {
            None => "the peer closed without a code".to_owned(),
            Some(close) if close.reason.is_empty() => {
                format!("the peer closed with code {}", close.code)
            }
            Some(close) => format!("the peer closed with code {}: {:?}", close.code, close.reason),
        };
        let cause = Cause::Closed(code.unwrap_or(CODE_NONE));
        let mut ended = Ended { orderly: true, ..Ended::new(cause, detail) };
        ended.failure.retry_after = self.speech.hint();
        ended
    }

    fn peer_broke_rules(&mut self, error: &WsError) -> Ended {
        if !self.closing {
            self.append(|encoder, out| encoder.close_for(out, error));
            self.closing = true;
        }
        let cause = match error.close_code() {
            1007 => Cause::PeerDataInvalid,
            1009 => Cause::PeerMessageTooBig,
            _ => Cause::PeerProtocolError,
        };
        Ended { orderly: true, ..Ended::new(cause, format!("the peer sent: {error}")) }
    }

    fn abrupt_end(&self) -> &'static str {
        if self.decoder.is_partial() {
            "the stream ended in the middle of a message"
        } else {
            "the stream ended without a close frame"
        }
    }
}

fn put_message(encoder: &mut Encoder, out: &mut BytesMut, message: &Message) {
    match message {
        Message::Text(text) => encoder.checked_text(out, text),
        Message::Binary(bytes) => encoder.binary(out, bytes),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of errors are not a closed set")]
fn io_ended(what: &str, error: &io::Error) -> Ended {
    use io::ErrorKind as Kind;
    let cause = match error.kind() {
        Kind::UnexpectedEof => Cause::EndedAbruptly,
        Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::NetworkDown => Cause::Unreachable,
        Kind::OutOfMemory | Kind::PermissionDenied => Cause::Local,
        _ => Cause::Reset,
    };
    Ended::new(cause, format!("{what}: {error}"))
}

/// Stands for a close frame without a code (RFC 6455, section 7.1.5).
const CODE_NONE: u16 = 1005;

/// Pings are not answered while more than this waits to be written.
const PONG_BACKLOG_MAX: usize = 64 * 1024;

/// A connection that has been idle for so long holds no buffers.
const REST_AFTER: Duration = Duration::from_secs(2);

/// A write buffer that has become larger is given back when it is empty.
const OUT_KEPT_BYTES: usize = 16 * 1024;
