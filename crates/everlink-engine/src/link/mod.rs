//! Level one: one transport, its successor during a planned move, and the way back after a loss.

mod backoff;
mod dialing;
mod handover;
mod heartbeat;
mod liveness;
mod loss;
mod phase;
mod pipe;
mod retry;

pub(crate) use phase::{Attachment, Hole, Phase, Replay, Stage, Successor};
pub(crate) use pipe::{Carried, Pipe, Unwritten};
pub(crate) use retry::{Decision, Retry};

use alloc::vec::Vec;

use crate::config::Config;
use crate::frame::{MessageId, TransportId};
use crate::limits::LEAVING_MAX;
use crate::quality::Meter;
use crate::server::Last;
use crate::state::ConnectionState;
use crate::time::Timestamp;

/// A transport in its closing hand-shake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Leaving {
    pub(crate) transport: TransportId,
    /// When it is abandoned.
    pub(crate) until: Timestamp,
    /// Messages that it carried and that nothing has vouched for: in doubt unless the peer, which
    /// reads in order, answers our close frame.
    pub(crate) doubt: Option<(MessageId, MessageId)>,
}

/// The link's memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Link {
    pub(crate) phase: Phase,
    pub(crate) successor: Option<Successor>,
    /// Transports in their closing hand-shake.
    pub(crate) leaving: Vec<Leaving>,
    pub(crate) retry: Retry,
    pub(crate) meter: Meter,
    /// The state that was told last.
    pub(crate) told: ConnectionState,
    /// Whether the connection stood since it was last asked for.
    pub(crate) established: bool,
    /// Whether the first dial of this outage was made.
    pub(crate) retrying: bool,
    /// When the connection was last lost.
    pub(crate) lost_at: Timestamp,
    /// When the server wants us back, after it asked us to go.
    pub(crate) slot: Option<Timestamp>,
    /// Where the server wants us then, if not at one of the endpoints.
    pub(crate) elsewhere: Option<u16>,
    /// How the connection that was lost last ended; `None` once another one stands.
    pub(crate) last: Option<Last>,
    /// When an event of the platform last shortened a delay.
    pub(crate) nudged: Option<Timestamp>,
    last_transport: u32,
}

impl Link {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            phase: Phase::Closed,
            successor: None,
            leaving: Vec::new(),
            retry: Retry::new(config),
            meter: Meter::default(),
            told: ConnectionState::Closed,
            established: false,
            retrying: false,
            lost_at: Timestamp::ZERO,
            slot: None,
            elsewhere: None,
            last: None,
            nudged: None,
            last_transport: 0,
        }
    }

    pub(crate) fn next_transport(&mut self) -> TransportId {
        self.last_transport += 1;
        TransportId(self.last_transport)
    }

    /// Returns the state that the phase amounts to.
    pub(crate) fn state(&self) -> ConnectionState {
        match self.phase {
            Phase::Closed => ConnectionState::Closed,
            Phase::Error { .. } => ConnectionState::Error,
            Phase::Up(_) => ConnectionState::Connected,
            Phase::Waiting { .. } | Phase::Dialing(_) | Phase::Attaching { .. } => {
                match (self.established, self.retrying) {
                    (_, true) => ConnectionState::Reconnecting,
                    (true, false) => ConnectionState::Disconnected,
                    (false, false) => ConnectionState::Connecting,
                }
            }
        }
    }

    /// Lets a transport finish its closing hand-shake; returns one that must be abandoned for it.
    pub(crate) fn leave(&mut self, transport: TransportId, until: Timestamp) -> Option<Leaving> {
        let crowded = self.leaving.len() >= LEAVING_MAX;
        let oldest = crowded.then(|| self.leaving.remove(0));
        self.leaving.push(Leaving { transport, until, doubt: None });
        oldest
    }

    /// Returns the opened transport that carries the connection.
    pub(crate) fn primary_mut(&mut self) -> Option<&mut Attachment> {
        match &mut self.phase {
            Phase::Up(up) => Some(&mut up.attachment),
            Phase::Attaching { attachment, .. } => Some(attachment),
            Phase::Closed | Phase::Waiting { .. } | Phase::Dialing(_) | Phase::Error { .. } => None,
        }
    }

    /// Returns the opened transport with this number.
    pub(crate) fn attachment_mut(&mut self, transport: TransportId) -> Option<&mut Attachment> {
        if let Some(Successor { stage: Stage::Open { attachment, .. }, .. }) = &mut self.successor
            && attachment.transport == transport
        {
            return Some(attachment);
        }
        let primary = match &mut self.phase {
            Phase::Up(up) => Some(&mut up.attachment),
            Phase::Attaching { attachment, .. } => Some(attachment),
            Phase::Closed | Phase::Waiting { .. } | Phase::Dialing(_) | Phase::Error { .. } => None,
        };
        primary.filter(|attachment| attachment.transport == transport)
    }

    /// A message was delivered on `transport`: its copy on a successor that is attached already is
    /// no fault of the peer.
    pub(crate) fn excuse_copy(&mut self, transport: TransportId) {
        if let Some(Successor { stage: Stage::Open { attachment, .. }, .. }) = &mut self.successor
            && attachment.transport != transport
        {
            attachment.excused = attachment.excused.saturating_add(1);
        }
    }

    /// Returns the transport of the connection, dialed or open.
    pub(crate) fn primary_transport(&self) -> Option<TransportId> {
        match &self.phase {
            Phase::Up(up) => Some(up.attachment.transport),
            Phase::Attaching { attachment, .. } => Some(attachment.transport),
            Phase::Dialing(dialing) => Some(dialing.transport),
            Phase::Closed | Phase::Waiting { .. } | Phase::Error { .. } => None,
        }
    }

    pub(crate) fn successor_transport(&self) -> Option<TransportId> {
        self.successor.as_ref().map(|successor| match &successor.stage {
            Stage::Dialing(dialing) => dialing.transport,
            Stage::Open { attachment, .. } => attachment.transport,
        })
    }
}
