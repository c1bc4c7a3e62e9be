//! One open WebSocket: bytes in, frames out.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use everlink_wire::Message;
use everlink_wire::ws::{
    CLOSE_REASON_MAX, Decoder, DeflateConfig, DeflateParams, Encoder, Item, Limits, Role, WsError,
};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, ReadBuf};

use super::out::{Out, SLICES_MAX};
use crate::speech::Payload;
use crate::upgrade::Io;

/// A WebSocket with its codec.
pub(crate) struct Wire {
    io: Io,
    decoder: Decoder,
    encoder: Encoder,
    compresses: bool,
    out: Out,
    needs_flush: bool,
    /// No buffer is held: readiness is asked before one is made.
    resting: bool,
}

impl Wire {
    pub(crate) fn new(
        io: Io,
        leftover: &Bytes,
        message_max: usize,
        deflate: Option<(&DeflateConfig, &DeflateParams)>,
    ) -> Self {
        let mut decoder = Decoder::new(Role::Server, limits(message_max));
        let mut encoder = Encoder::server();
        if let Some((config, params)) = deflate {
            decoder = decoder.with_deflate(params);
            encoder = encoder.with_deflate(config, params);
        }
        if !leftover.is_empty() {
            decoder.read_buffer().extend_from_slice(leftover);
        }
        Self {
            io,
            decoder,
            encoder,
            compresses: deflate.is_some(),
            out: Out::default(),
            needs_flush: false,
            resting: true,
        }
    }

    /// Takes larger messages from now on: its client is known.
    pub(crate) fn admit(&mut self, frame_max: usize) {
        self.decoder.set_limits(limits(frame_max));
    }

    /// Returns what came next, from bytes that are here already.
    pub(crate) fn next_item(&mut self) -> Result<Option<Item>, WsError> {
        self.decoder.next_item()
    }

    /// Reads what has come; 0 is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.resting {
            return self.poll_read_resting(cx);
        }
        pin!(self.io.read_buf(self.decoder.read_buffer())).poll(cx)
    }

    /// Reads without a buffer that waits for it.
    fn poll_read_resting(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::uninit(); RESTING_READ];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
        self.decoder.read_buffer().extend_from_slice(buffer.filled());
        self.resting = false;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    pub(crate) fn say(&mut self, payload: &Payload) {
        let buffer = self.out.buffer();
        match payload {
            Payload::Text(text) => self.encoder.text(buffer, text),
            Payload::Binary(bytes) => self.encoder.binary(buffer, bytes),
            Payload::Ping(nonce) => {
                let pinged = self.encoder.ping(buffer, &nonce.to_be_bytes());
                debug_assert!(pinged.is_ok(), "four bytes fit into a ping");
            }
            // Said one by one.
            Payload::Several(_) | Payload::Nothing => {}
        }
    }

    /// Says a text that has something in front.
    pub(crate) fn say_text(&mut self, prefix: &str, text: &str) {
        self.encoder.prefixed_text(self.out.buffer(), prefix, text);
    }

    /// Says a message as it is.
    pub(crate) fn say_message(&mut self, message: &Message) {
        match message {
            Message::Text(text) => self.encoder.checked_text(self.out.buffer(), text),
            Message::Binary(bytes) => self.encoder.binary(self.out.buffer(), bytes),
        }
    }

    /// Returns whether frames that are encoded for all may be sent here: a connection that compresses
    /// encodes for itself.
    pub(crate) const fn shares(&self) -> bool {
        !self.compresses
    }

    pub(crate) fn push(&mut self, frame: &Bytes) {
        self.out.push(frame);
    }

    /// Appends frames that others send too.
    pub(crate) fn push_run(&mut self, frames: Bytes) {
        self.out.push_run(frames);
    }

    /// Answers a ping, unless the peer sends more of them than it reads answers.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        if self.out.len() < PONG_BACKLOG_MAX {
            let ponged = self.encoder.pong(self.out.buffer(), payload);
            debug_assert!(ponged.is_ok(), "what fits into a ping fits into a pong");
        }
    }

    /// Appends a close frame (RFC 6455, section 5.5.1); nothing may follow it.
    pub(crate) fn close(&mut self, close: Option<(u16, &str)>) {
        let close =
            close.map(|(code, why)| (code, &why[..why.floor_char_boundary(CLOSE_REASON_MAX)]));
        if self.encoder.close(self.out.buffer(), close).is_err() {
            let closed = self.encoder.close(self.out.buffer(), None);
            debug_assert!(closed.is_ok(), "a close frame without a code is always right");
        }
    }

    /// Appends the close frame that answers a breach of RFC 6455.
    pub(crate) fn close_for(&mut self, error: &WsError) {
        self.encoder.close_for(self.out.buffer(), error);
    }

    /// Writes what waits, as far as the system takes it. Returns how much that was.
    pub(crate) fn write(&mut self, cx: &mut Context<'_>) -> io::Result<usize> {
        let mut total = 0;
        while !self.out.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let count = self.out.slices(&mut slices);
            match self.io.poll_write(cx, &slices[..count]) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.out.advance(written);
                    self.needs_flush = true;
                    total += written;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        if self.needs_flush
            && let Poll::Ready(flushed) = self.io.poll_flush(cx)
        {
            flushed?;
            self.needs_flush = false;
        }
        if self.out.is_empty() {
            self.encoder.release();
        }
        Ok(total)
    }

    /// Says that nothing follows, as far as that can be said at once.
    pub(crate) fn shutdown(&mut self, cx: &mut Context<'_>) {
        self.io.shutdown(cx);
    }

    /// Returns how much waits to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Gives back what an idle connection does not need.
    pub(crate) fn rest(&mut self) {
        self.out.rest();
        self.decoder.release();
        self.resting = true;
    }
}

fn limits(bytes: usize) -> Limits {
    Limits { frame_max: bytes, message_max: bytes, ..Limits::default() }
}

/// Most that is read at first after a rest.
const RESTING_READ: usize = 512;

/// Pings are not answered while more than this waits to be written.
const PONG_BACKLOG_MAX: usize = 64 * 1024;
