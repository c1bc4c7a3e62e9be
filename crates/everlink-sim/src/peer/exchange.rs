//! An exchange: SUBSCRIBE batches with ids, a strict rate limit, numbered events, and an end at 24 h.

use std::collections::VecDeque;

use everlink_engine::{ChannelId, Received, Transmit, TransportId, Wanted};

use crate::agenda::Due;
use crate::world::Core;

/// Channels from this number on are refused.
pub(crate) const REFUSED_FROM: u32 = 1000;

const SECOND: u64 = 1_000_000_000;
const AGE_MAX: u64 = 24 * 3600 * SECOND;
const FRAMES_A_SECOND: usize = 5;
/// The tag of the next event; other tags are transports that reach their age.
const PUSH: u32 = 0;

#[derive(Debug)]
struct Session {
    transport: TransportId,
    channels: Vec<ChannelId>,
    /// When its last frames came.
    recent: VecDeque<u64>,
}

/// The exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    sessions: Vec<Session>,
    /// The mean time between two events of the market; 0 is none.
    pub(crate) pace: u64,
    /// How many channels it has.
    pub(crate) channels: u32,
    /// The number of the last event.
    pub(crate) events: u64,
}

impl Exchange {
    pub(crate) fn new(pace: u64, channels: u32) -> Self {
        Self { sessions: Vec::new(), pace, channels, events: 0 }
    }

    pub(crate) fn start(&mut self, core: &mut Core) {
        if self.pace > 0 {
            let delay = core.dice.waiting(self.pace);
            core.later(delay, Due::Peer(PUSH));
        }
    }

    pub(crate) fn opened(&mut self, core: &mut Core, transport: TransportId) {
        self.sessions.push(Session {
            transport,
            channels: Vec::new(),
            recent: VecDeque::with_capacity(FRAMES_A_SECOND + 1),
        });
        core.later(AGE_MAX, Due::Peer(transport.0));
    }

    pub(crate) fn lost(&mut self, transport: TransportId) {
        self.sessions.retain(|session| session.transport != transport);
    }

    pub(crate) fn forget(&mut self) {
        self.sessions.clear();
    }

    pub(crate) fn due(&mut self, core: &mut Core, tag: u32) {
        if tag == PUSH {
            return self.push(core);
        }
        let transport = TransportId(tag);
        if self.sessions.iter().any(|session| session.transport == transport) {
            self.lost(transport);
            core.peer_closes(transport, 1001);
        }
    }

    /// Something happens on the market: every subscriber of the channel is told.
    fn push(&mut self, core: &mut Core) {
        if self.pace == 0 {
            return;
        }
        self.events += 1;
        let channel = ChannelId(core.dice.below(u64::from(self.channels.max(1))) as u32);
        let (key, payload) = (Some(self.events), self.events);
        for session in &self.sessions {
            if session.channels.contains(&channel) {
                let channel = Some(channel);
                core.say(session.transport, Received::Message { channel, key, payload });
            }
        }
        let delay = core.dice.waiting(self.pace);
        core.later(delay, Due::Peer(PUSH));
    }

    pub(crate) fn received(
        &mut self,
        core: &mut Core,
        transport: TransportId,
        frame: Transmit<u64>,
    ) {
        let sessions = &mut self.sessions;
        let Some(session) = sessions.iter_mut().find(|known| known.transport == transport) else {
            return;
        };
        session.recent.retain(|at| core.now - at < SECOND);
        session.recent.push_back(core.now);
        if session.recent.len() > FRAMES_A_SECOND {
            self.lost(transport);
            core.figures.rate_limited += 1;
            core.peer_closes(transport, 1008);
            return;
        }
        match frame {
            Transmit::Subscribe { request, channels } => {
                session.subscribe(core, request, &channels);
            }
            Transmit::Unsubscribe { request, channels } => {
                session.channels.retain(|known| !channels.contains(known));
                core.say(transport, Received::RequestOk { request });
            }
            Transmit::Message { id, .. } => core.arrived(id),
            Transmit::Ping { level, nonce } => {
                core.say(transport, Received::Pong { level, nonce: Some(nonce), window: None });
            }
            Transmit::Publish { .. }
            | Transmit::Volatile { .. }
            | Transmit::Read { .. }
            | Transmit::Hello { .. }
            | Transmit::Pong { .. }
            | Transmit::Bye => {}
        }
    }
}

impl Session {
    /// A batch is taken as a whole or refused as a whole.
    fn subscribe(&mut self, core: &mut Core, request: u32, wanted: &[Wanted]) {
        if wanted.iter().any(|wanted| wanted.channel.0 >= REFUSED_FROM) {
            return core.say(self.transport, Received::RequestErr { request, code: 2 });
        }
        for wanted in wanted {
            if !self.channels.contains(&wanted.channel) {
                self.channels.push(wanted.channel);
            }
        }
        core.say(self.transport, Received::RequestOk { request });
    }
}
