//! What carries a connection: a WebSocket alone, or a session of Engine.IO.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use everlink_engine::Timestamp;
use everlink_wire::ws::{Item, WsError};

use super::wire::Wire;
use crate::engineio::{Breach as EngineBreach, Session};
use crate::speech::{Closed, Payload};

/// What carries a connection.
#[expect(
    clippy::large_enum_variant,
    reason = "most are WebSockets, which should cost no second allocation"
)]
pub(crate) enum Socket {
    WebSocket(Wire),
    EngineIo(Box<Session>),
}

/// What came.
pub(crate) enum Came {
    Item(Item),
    /// The client ends the session, and not yet what carries it.
    Bye,
}

/// The client breaks the rules of what carries it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Breach {
    #[error("RFC 6455: {0}")]
    WebSocket(#[from] WsError),
    #[error(transparent)]
    EngineIo(#[from] EngineBreach),
}

impl Breach {
    pub(crate) const fn close_code(&self) -> u16 {
        match self {
            Self::WebSocket(error) => error.close_code(),
            Self::EngineIo(breach) => breach.close_code(),
        }
    }
}

impl Socket {
    /// A turn begins; news of time comes with [`tick`](Self::tick).
    pub(crate) const fn begin_turn(&mut self, now: Timestamp) {
        if let Self::EngineIo(session) = self {
            session.begin_turn(now);
        }
    }

    /// Does what is due. Returns whether the client has been silent for too long, which it cannot be while
    /// nothing is read.
    pub(crate) fn tick(&mut self, reads: bool) -> bool {
        match self {
            Self::WebSocket(_) => false,
            Self::EngineIo(session) => session.tick(reads),
        }
    }

    /// Returns when to [`tick`](Self::tick).
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        match self {
            Self::WebSocket(_) => None,
            Self::EngineIo(session) => Some(session.poll_timeout()),
        }
    }

    /// Returns whether it is a WebSocket now.
    pub(crate) const fn has_wire(&mut self) -> bool {
        self.wire().is_some()
    }

    /// Takes larger messages from now on: its client is known.
    pub(crate) fn admit(&mut self, frame_max: usize) {
        match self {
            Self::WebSocket(wire) => wire.admit(frame_max),
            // The handshake has told the client how large they may be.
            Self::EngineIo(_) => {}
        }
    }

    /// Returns what came next, from what is here already.
    pub(crate) fn next_item(&mut self) -> Result<Option<Came>, Breach> {
        match self {
            Self::WebSocket(wire) => Ok(wire.next_item()?.map(Came::Item)),
            Self::EngineIo(session) => Ok(session.next_item()?),
        }
    }

    /// Reads what has come; 0 is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self {
            Self::WebSocket(wire) => wire.poll_read(cx),
            Self::EngineIo(session) => session.poll_read(cx),
        }
    }

    /// Returns how it ended, after a read or a write has failed.
    pub(crate) fn lost(&self) -> Closed {
        match self {
            Self::WebSocket(_) => Closed::Lost,
            Self::EngineIo(session) => session.lost(),
        }
    }

    pub(crate) fn say(&mut self, payload: &Payload) {
        if let Payload::Several(payloads) = payload {
            return payloads.iter().for_each(|payload| self.say(payload));
        }
        match self {
            Self::WebSocket(wire) => wire.say(payload),
            Self::EngineIo(session) => session.say(payload),
        }
    }

    /// Returns whether frames that are encoded for all may be sent here.
    pub(crate) const fn shares(&self) -> bool {
        match self {
            Self::WebSocket(wire) => wire.shares(),
            Self::EngineIo(session) => session.shares(),
        }
    }

    /// Appends a frame that others send too, where that may be.
    pub(crate) fn push(&mut self, frame: &Bytes) {
        if let Some(wire) = self.wire() {
            wire.push(frame);
        }
    }

    /// Appends frames that others send too, where that may be.
    pub(crate) fn push_run(&mut self, frames: Bytes) {
        if let Some(wire) = self.wire() {
            wire.push_run(frames);
        }
    }

    /// Answers a ping of a WebSocket.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        if let Some(wire) = self.wire() {
            wire.pong(payload);
        }
    }

    /// Says that it ends; nothing may follow. Returns whether the client answers that.
    pub(crate) fn close(&mut self, close: Option<(u16, &str)>) -> bool {
        match self {
            Self::WebSocket(wire) => {
                wire.close(close);
                true
            }
            Self::EngineIo(session) => session.close(close),
        }
    }

    /// Says that it ends because the client breaks its rules. Returns as [`close`](Self::close).
    pub(crate) fn close_for(&mut self, breach: &Breach) -> bool {
        if let (Breach::WebSocket(error), Self::WebSocket(wire)) = (breach, &mut *self) {
            wire.close_for(error);
            return true;
        }
        self.close(Some((breach.close_code(), &breach.to_string())))
    }

    /// Writes what waits, as far as it is taken. Returns how much that was.
    pub(crate) fn write(&mut self, cx: &mut Context<'_>) -> io::Result<usize> {
        match self {
            Self::WebSocket(wire) => wire.write(cx),
            Self::EngineIo(session) => session.write(cx),
        }
    }

    /// Says that nothing follows, as far as that can be said at once.
    pub(crate) fn shutdown(&mut self, cx: &mut Context<'_>) {
        if let Some(wire) = self.wire() {
            wire.shutdown(cx);
        }
    }

    /// Returns how much waits to be written.
    pub(crate) fn waiting(&self) -> usize {
        match self {
            Self::WebSocket(wire) => wire.waiting(),
            Self::EngineIo(session) => session.waiting(),
        }
    }

    /// Returns whether it takes less than it is given. Between two polls something always waits.
    pub(crate) fn is_congested(&self) -> bool {
        match self {
            Self::WebSocket(wire) => wire.waiting() > 0,
            Self::EngineIo(session) => session.is_congested(),
        }
    }

    /// Gives back what an idle connection does not need.
    pub(crate) fn rest(&mut self) {
        match self {
            Self::WebSocket(wire) => wire.rest(),
            Self::EngineIo(session) => session.rest(),
        }
    }

    const fn wire(&mut self) -> Option<&mut Wire> {
        match self {
            Self::WebSocket(wire) => Some(wire),
            Self::EngineIo(session) => session.wire(),
        }
    }
}
