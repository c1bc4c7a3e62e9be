//! A peer that keeps sessions, pings by itself and answers what it is sent: a server of Socket.IO.

use everlink_engine::{ChannelId, Received, Transmit, TransportId};

use crate::agenda::Due;
use crate::world::Core;

/// The tag of the next event; other tags are transports that are pinged.
const PUSH: u32 = 0;

/// How such a peer behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// The mean time between two events; 0 is none.
    pub(crate) pace: u64,
    /// How many rooms events are for.
    pub(crate) channels: u32,
    /// Whether sessions can go on at all.
    pub(crate) recovers: bool,
    /// Whether a client that is back before its loss was noticed gets its session, or a fresh one.
    pub(crate) takes_over: bool,
    /// One in so many sessions is forgotten before its client is back.
    pub(crate) forgets_in: u64,
    pub(crate) ping_interval: u64,
    pub(crate) ping_timeout: u64,
}

/// What the peer keeps of a client.
#[derive(Debug)]
struct Session {
    number: u64,
    /// The transport that carries it, if it has one.
    transport: Option<TransportId>,
    rooms: Vec<ChannelId>,
    /// Events for it that the client may not have.
    events: Vec<(ChannelId, u64)>,
    /// When the client last answered a ping.
    heard: u64,
}

/// The peer.
#[derive(Debug)]
pub(crate) struct Sessions {
    manner: Manner,
    /// At most two: the client's, and one that it left behind.
    sessions: Vec<Session>,
    /// Which session was said to the client on which of its last transports.
    said: Vec<(TransportId, u64)>,
    /// The session that the client believes to be in.
    known: Option<u64>,
    /// The last event that the client has.
    position: u64,
    last_session: u64,
    last_event: u64,
}

impl Sessions {
    pub(crate) fn new(manner: Manner) -> Self {
        Self {
            manner,
            sessions: Vec::new(),
            said: Vec::new(),
            known: None,
            position: 0,
            last_session: 0,
            last_event: 0,
        }
    }

    pub(crate) fn start(&mut self, core: &mut Core) {
        if self.manner.pace > 0 {
            let delay = core.dice.waiting(self.manner.pace);
            core.later(delay, Due::Peer(PUSH));
        }
    }

    pub(crate) fn hush(&mut self) {
        self.manner.pace = 0;
    }

    pub(crate) fn lost(&mut self, transport: TransportId) {
        for session in &mut self.sessions {
            if session.transport == Some(transport) {
                session.transport = None;
            }
        }
    }

    /// The process dies, and all sessions with it.
    pub(crate) fn forget(&mut self) {
        self.sessions.clear();
    }

    /// The client was let in by what came on a transport; returns its session.
    pub(crate) fn entered(&mut self, transport: TransportId) -> Option<u64> {
        let said = self.said.iter().find(|(on, _)| *on == transport);
        let session = said.map(|(_, session)| *session);
        self.known = session.or(self.known);
        session
    }

    /// The client has an event.
    pub(crate) fn delivered(&mut self, event: u64) {
        self.position = event;
        for session in &mut self.sessions {
            session.events.retain(|(_, number)| *number > event);
        }
    }

    /// The client has left for good, and forgotten its session.
    pub(crate) fn farewell(&mut self) {
        self.known = None;
    }

    /// Returns the rooms of the client's session, if it is in one.
    pub(crate) fn rooms(&self) -> Option<Vec<ChannelId>> {
        let session = self.sessions.iter().find(|session| Some(session.number) == self.known)?;
        let mut rooms = session.rooms.clone();
        rooms.sort_unstable();
        session.transport.map(|_| rooms)
    }

    pub(crate) fn due(&mut self, core: &mut Core, tag: u32) {
        if tag == PUSH {
            return self.push(core);
        }
        let transport = TransportId(tag);
        let Manner { ping_interval, ping_timeout, .. } = self.manner;
        let Some(session) = self.sessions.iter().find(|s| s.transport == Some(transport)) else {
            return;
        };
        if core.now - session.heard > ping_interval + ping_timeout {
            self.lost(transport);
            return core.peer_leaves(transport, crate::network::Down::End);
        }
        core.say(transport, Received::Ping { nonce: None });
        core.later(ping_interval, Due::Peer(tag));
    }

    /// Something happens in a room: every session in it is told, now or when its client is back.
    fn push(&mut self, core: &mut Core) {
        let Manner { pace, channels, recovers, .. } = self.manner;
        if pace == 0 {
            return;
        }
        self.last_event += 1;
        let (channel, payload) =
            (ChannelId(core.dice.below(u64::from(channels.max(1))) as u32), self.last_event);
        for session in &mut self.sessions {
            if !session.rooms.contains(&channel) {
                continue;
            }
            if session.transport.is_some() || recovers {
                session.events.push((channel, payload));
                core.judge.will_come(session.number, payload);
            }
            if let Some(transport) = session.transport {
                core.say(transport, event(channel, payload));
            }
        }
        let delay = core.dice.waiting(pace);
        core.later(delay, Due::Peer(PUSH));
    }

    pub(crate) fn received(
        &mut self,
        core: &mut Core,
        transport: TransportId,
        frame: &Transmit<u64>,
    ) {
        if let Transmit::Hello { .. } = frame {
            return self.hello(core, transport);
        }
        let session = self.sessions.iter_mut().find(|s| s.transport == Some(transport));
        let Some(session) = session else { return };
        match frame {
            Transmit::Message { id, .. } => {
                core.arrived(*id);
                core.say(transport, Received::Answer { id: *id });
            }
            Transmit::Subscribe { request, channels } => {
                for wanted in channels {
                    if !session.rooms.contains(&wanted.channel) {
                        session.rooms.push(wanted.channel);
                    }
                }
                core.say(transport, Received::RequestOk { request: *request });
            }
            Transmit::Unsubscribe { request, channels } => {
                session.rooms.retain(|room| !channels.contains(room));
                core.say(transport, Received::RequestOk { request: *request });
            }
            Transmit::Ping { level, nonce } => {
                let (level, nonce) = (*level, Some(*nonce));
                core.say(transport, Received::Pong { level, nonce, window: None });
            }
            Transmit::Pong { .. } => session.heard = core.now,
            Transmit::Bye => {
                let number = session.number;
                self.sessions.retain(|session| session.number != number);
            }
            Transmit::Hello { .. }
            | Transmit::Publish { .. }
            | Transmit::Volatile { .. }
            | Transmit::Read { .. } => {}
        }
    }

    /// A client asks to be let in, with the session that it knows.
    fn hello(&mut self, core: &mut Core, transport: TransportId) {
        let Manner { recovers, takes_over, forgets_in, ping_interval, ping_timeout, .. } =
            self.manner;
        let known = self.known;
        let before = self.sessions.iter().position(|session| Some(session.number) == known);
        let is_kept = before
            .is_some_and(|at| recovers && (takes_over || self.sessions[at].transport.is_none()));
        let recovered = is_kept && !core.dice.one_in(forgets_in);
        let number = if recovered { known.unwrap_or_default() } else { self.last_session + 1 };
        if self.said.len() >= SAID_MAX {
            self.said.remove(0);
        }
        self.said.push((transport, number));
        match before.filter(|_| recovered) {
            Some(at) => {
                let session = &mut self.sessions[at];
                if let Some(old) = session.transport.replace(transport) {
                    core.peer_leaves(old, crate::network::Down::End);
                }
                session.heard = core.now;
            }
            None => {
                self.last_session = number;
                // What nobody can come back to is forgotten.
                self.sessions.retain(|session| Some(session.number) == known);
                self.sessions.push(Session {
                    number,
                    transport: Some(transport),
                    rooms: Vec::new(),
                    events: Vec::new(),
                    heard: core.now,
                });
            }
        }
        let silence = std::time::Duration::from_nanos(ping_interval + ping_timeout);
        core.say(transport, Received::Entered { silence_max: Some(silence), recovered });
        let missed = before.filter(|_| recovered).map(|at| self.sessions[at].events.clone());
        for (channel, payload) in missed.unwrap_or_default() {
            if payload > self.position {
                core.say(transport, event(channel, payload));
            }
        }
        core.later(ping_interval, Due::Peer(transport.0));
    }
}

/// Transports that may be on their way at once, and more.
const SAID_MAX: usize = 16;

const fn event(channel: ChannelId, payload: u64) -> Received<u64> {
    Received::Message { channel: Some(channel), key: None, payload }
}
