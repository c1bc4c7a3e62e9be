//! An open WebSocket: frames in both directions over a socket.

use super::orders::Cut;
use crate::fake::limits::CLOSE_TIME_MAX;
use crate::socket;
use bytes::{Buf, Bytes, BytesMut};
use everlink_wire::ws::{Decoder, Encoder, Item, Limits, Role, WsError};
use std::fmt;
use std::io;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Frames that wait to be written.
pub(crate) struct Frames {
    encoder: Encoder,
    out: BytesMut,
}

/// One open WebSocket.
pub(crate) struct Pipe {
    stream: TcpStream,
    decoder: Decoder,
    pub(crate) frames: Frames,
}

/// The peer has gone, in one way or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// We close, with this code and reason.
    Close(u16, &'static str),
    /// We close without a word.
    Fin,
    /// We reset.
    Reset,
    /// The peer closed, or broke the protocol, and was answered.
    Answered,
    /// The peer has gone.
    Gone,
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self { encoder: Encoder::server(), out: BytesMut::new() }
    }

    /// Returns how many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.encoder.text(&mut self.out, text);
    }

    /// Adds a frame that was encoded once for many.
    pub(crate) fn encoded(&mut self, frame: &Bytes) {
        self.out.extend_from_slice(frame);
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) {
        let fits = self.encoder.ping(&mut self.out, payload);
        fits.expect("a time in digits is shorter than 125 bytes");
    }

    pub(crate) fn pong(&mut self, payload: &[u8]) {
        let fits = self.encoder.pong(&mut self.out, payload);
        fits.expect("the decoder lets no longer ping through than fits into a pong");
    }

    /// Answers a close frame with its own code (RFC 6455, section 5.5.1).
    pub(crate) fn close_echo(&mut self, code: Option<u16>) {
        let echo = self.encoder.close(&mut self.out, code.map(|code| (code, "")));
        echo.expect("the decoder lets no other code through than may be sent");
    }

    fn close(&mut self, code: u16, reason: &str) {
        let valid = self.encoder.close(&mut self.out, Some((code, reason)));
        valid.expect("codes of rules and commands were checked, and reasons are short");
    }
}

#[cfg(test)]
impl Frames {
    /// Takes what waits, as a client reads it.
    pub(crate) fn take(&mut self) -> Vec<Item> {
        let mut decoder = Decoder::new(Role::Client, Limits::default());
        decoder.read_buffer().extend_from_slice(&self.out.split());
        std::iter::from_fn(|| decoder.next_item().expect("our own frames are right")).collect()
    }
}

impl Pipe {
    /// Takes over a socket after its upgrade, with what came behind the request.
    pub(crate) fn new(stream: TcpStream, first: &Bytes) -> Self {
        let mut decoder = Decoder::new(Role::Server, Limits::default());
        decoder.read_buffer().extend_from_slice(first);
        Self { stream, decoder, frames: Frames::new() }
    }

    /// Sets the longest message that is taken.
    pub(crate) fn message_bytes_max(&mut self, bytes: usize) {
        let limits = Limits { frame_max: bytes, message_max: bytes, ..Limits::default() };
        self.decoder.set_limits(limits);
    }

    /// Returns the next frame that has come, if any; a breach of the protocol is answered.
    pub(crate) fn next_item(&mut self) -> Result<Option<Item>, Ending> {
        self.decoder.next_item().map_err(|error| self.broken(&error))
    }

    fn broken(&mut self, error: &WsError) -> Ending {
        tracing::debug!(%error, "fake server: the client broke the protocol");
        self.frames.encoder.close_for(&mut self.frames.out, error);
        Ending::Answered
    }

    /// Writes what the socket takes at once, then waits until something came or went; cancel safe.
    pub(crate) async fn moved(&mut self) -> Result<(), Gone> {
        self.write()?;
        let wanted = match self.frames.len() {
            0 => Interest::READABLE,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
        let ready = self.stream.ready(wanted).await.map_err(|_| Gone)?;
        if ready.is_writable() {
            self.write()?;
        }
        if ready.is_readable() {
            self.read()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Gone> {
        while self.frames.len() > 0 {
            match self.stream.try_write(&self.frames.out) {
                Ok(count) => self.frames.out.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return Err(Gone),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Gone> {
        match self.stream.try_read_buf(self.decoder.read_buffer()) {
            Ok(0) => Err(Gone),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(Gone),
        }
    }

    /// Ends the connection.
    pub(crate) async fn end(mut self, ending: Ending) {
        match ending {
            Ending::Gone => return,
            Ending::Reset => return socket::reset(&self.stream),
            Ending::Close(code, reason) => self.frames.close(code, reason),
            Ending::Fin | Ending::Answered => {}
        }
        // A peer that takes nothing is not waited for longer; it loses what it did not read.
        drop(timeout(CLOSE_TIME_MAX, self.flush()).await);
        socket::close(&self.stream);
        // Dropped now, bytes on their way here would be answered by RST, which could overtake the end.
        drop(timeout(CLOSE_TIME_MAX, socket::drain(&self.stream)).await);
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        self.write()?;
        while self.frames.len() > 0 {
            self.stream.writable().await.map_err(|_| Gone)?;
            self.write()?;
        }
        Ok(())
    }
}

impl From<Cut> for Ending {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Close(code) => Self::Close(code, ""),
            Cut::Fin => Self::Fin,
            Cut::Reset => Self::Reset,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close(code, "") => write!(f, "closed with {code}"),
            Self::Close(code, reason) => write!(f, "closed with {code}, {reason}"),
            Self::Fin => f.write_str("closed without a close frame"),
            Self::Reset => f.write_str("reset"),
            Self::Answered => f.write_str("the client closed"),
            Self::Gone => f.write_str("the client is gone"),
        }
    }
}

impl From<Gone> for Ending {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}
