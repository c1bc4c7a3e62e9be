//! The other side: scripted peers, one for each dialect.

mod echo;
mod exchange;
mod log;
mod resume;
mod sessions;

pub(crate) use echo::Echo;
pub(crate) use exchange::Exchange;
pub(crate) use resume::{Manner, Resume, payload_of};
pub(crate) use sessions::{Manner as SessionManner, Sessions};

use everlink_engine::{Transmit, TransportId};

use crate::world::Core;

/// A peer.
#[derive(Debug)]
pub(crate) enum Peer {
    Echo(Echo),
    Exchange(Exchange),
    Resume(Box<Resume>),
    Sessions(Sessions),
}

impl Peer {
    /// Starts the peer's own work.
    pub(crate) fn start(&mut self, core: &mut Core) {
        match self {
            Self::Echo(_) => {}
            Self::Exchange(exchange) => exchange.start(core),
            Self::Resume(resume) => resume.start(core),
            Self::Sessions(sessions) => sessions.start(core),
        }
    }

    pub(crate) fn opened(&mut self, core: &mut Core, transport: TransportId) {
        match self {
            Self::Echo(_) | Self::Sessions(_) => {}
            Self::Exchange(exchange) => exchange.opened(core, transport),
            Self::Resume(resume) => resume.opened(transport),
        }
    }

    pub(crate) fn received(
        &mut self,
        core: &mut Core,
        transport: TransportId,
        frame: Transmit<u64>,
    ) {
        match self {
            Self::Echo(echo) => echo.received(core, transport, &frame),
            Self::Exchange(exchange) => exchange.received(core, transport, frame),
            Self::Resume(resume) => resume.received(core, transport, frame),
            Self::Sessions(sessions) => sessions.received(core, transport, &frame),
        }
    }

    pub(crate) fn lost(&mut self, transport: TransportId) {
        match self {
            Self::Echo(_) => {}
            Self::Exchange(exchange) => exchange.lost(transport),
            Self::Resume(resume) => resume.lost(transport),
            Self::Sessions(sessions) => sessions.lost(transport),
        }
    }

    pub(crate) fn due(&mut self, core: &mut Core, tag: u32) {
        match self {
            Self::Echo(_) => {}
            Self::Exchange(exchange) => exchange.due(core, tag),
            Self::Resume(resume) => resume.due(core, tag),
            Self::Sessions(sessions) => sessions.due(core, tag),
        }
    }

    /// The client has taken frames from a connection: there may be room for more.
    pub(crate) fn drained(&mut self, core: &mut Core, transport: TransportId) {
        if let Self::Resume(resume) = self {
            resume.drained(core, transport);
        }
    }

    /// Nothing more happens by itself.
    pub(crate) fn hush(&mut self) {
        match self {
            Self::Echo(_) => {}
            Self::Exchange(exchange) => exchange.pace = 0,
            Self::Resume(resume) => resume.hush(),
            Self::Sessions(sessions) => sessions.hush(),
        }
    }

    /// The process dies and starts again.
    pub(crate) fn crash(&mut self, core: &mut Core, durable: bool) {
        match self {
            Self::Echo(_) => {}
            Self::Exchange(exchange) => exchange.forget(),
            Self::Resume(resume) => resume.crash(core, durable),
            Self::Sessions(sessions) => sessions.forget(),
        }
        core.peer_dies();
    }

    /// The oldest half of every log expires.
    pub(crate) fn expire(&mut self) {
        if let Self::Resume(resume) = self {
            resume.expire();
        }
    }
}
