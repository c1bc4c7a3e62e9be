//! The phases of a link. Each owns its data and deadlines, so that a stale timer cannot exist.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::liveness::Liveness;
use super::pipe::{Carried, Pipe};
use crate::config::Config;
use crate::failure::Failure;
use crate::frame::{ChannelId, Epoch, MessageId, TransportId};
use crate::server::{RateLimit, TokenBucket};
use crate::session::Requests;
use crate::time::{Span, Timestamp};
use crate::window::Window;

/// Where the link stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Not wanted.
    Closed,
    /// A delay before the next attempt.
    Waiting {
        until: Timestamp,
        /// The server or a budget forbids an attempt before; no event of the platform shortens that.
        not_before: Timestamp,
    },
    /// An attempt is under way.
    Dialing(Dialing),
    /// The transport is open; greeting, proof and catch-up are under way.
    Attaching {
        attachment: Attachment,
        deadline: Timestamp,
        /// When it last came further.
        moved: Timestamp,
    },
    /// The connection stands.
    Up(Up),
    /// Given up.
    Error { failure: Failure, since: Timestamp },
}

/// An attempt under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Dialing {
    pub(crate) transport: TransportId,
    pub(crate) started: Timestamp,
    pub(crate) deadline: Timestamp,
}

/// A connection that stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Up {
    pub(crate) attachment: Attachment,
    /// Since when the connection stands, whatever transport carries it.
    pub(crate) since: Timestamp,
    /// Whether it has proved itself.
    pub(crate) stable: bool,
    /// When it reaches its age.
    pub(crate) renew_at: Option<Timestamp>,
}

/// The transport that is to take over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Successor {
    pub(crate) why: Move,
    pub(crate) stage: Stage,
}

/// Why a successor is dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Move {
    /// The connection reaches its age, or the server asked us to go.
    Planned,
    /// Something looks wrong; if the old transport shows life, the successor is dropped.
    Suspicion,
}

/// How far a successor is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Dialing(Dialing),
    Open { attachment: Box<Attachment>, deadline: Timestamp, step: Step },
}

/// What the hand-over to an open successor waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// It has not all it needs.
    Attaching,
    /// Both transports must bring the same message on every channel; or, once that is waited for long
    /// enough, on each that brings any.
    Joining { every: bool },
    /// The old transport is drained, up to the answer of the ping with this number.
    Draining(u32),
}

/// An open transport and everything that dies with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attachment {
    pub(crate) transport: TransportId,
    pub(crate) liveness: Liveness,
    pub(crate) pipe: Pipe,
    pub(crate) requests: Requests,
    /// The greeting was answered, or the dialect has none.
    pub(crate) welcomed: bool,
    /// The dialect resumes: it has caught up only when every channel is answered and replayed.
    resumes: bool,
    /// The next thing on it must be a heartbeat's answer: it is the test of an open breaker.
    pub(crate) on_trial: bool,
    /// Channels whose replay has not reached the head, sorted.
    pub(crate) replaying: Vec<Replay>,
    /// Holes that were asked for again and are not filled yet.
    pub(crate) holes: Vec<Hole>,
    /// The epoch that holds on this transport for each channel, sorted by channel.
    epochs: Vec<(ChannelId, Epoch)>,
    /// Duplicates of a resuming peer.
    pub(crate) duplicates: u32,
    /// Messages that another transport delivered since this one was attached: their copies are no fault.
    pub(crate) excused: u64,
    pub(crate) doubt: Doubt,
    pub(crate) rate: Option<Window>,
    /// What the peer itself said that it bears.
    pub(crate) pace: Option<TokenBucket>,
}

/// A channel's replay on one transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Replay {
    pub(crate) channel: ChannelId,
    pub(crate) epoch: Epoch,
    pub(crate) head: u64,
}

/// A hole in a channel's offsets. Only what is missing, or a gap, closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hole {
    pub(crate) channel: ChannelId,
    /// Whether the peer has confirmed that it replays from the cursor.
    pub(crate) answered: bool,
    /// When the peer has had time enough.
    pub(crate) deadline: Timestamp,
}

/// Messages that were sent and that no pong has vouched for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Doubt {
    /// What was sent before each open ping and after the one before it, by the ping's number.
    before_pings: Vec<(u32, (MessageId, MessageId))>,
    after_pings: Option<(MessageId, MessageId)>,
}

impl Attachment {
    pub(crate) fn new(now: Timestamp, transport: TransportId, config: &Config) -> Self {
        let rate = config.dialect.rate;
        Self {
            transport,
            liveness: Liveness::new(now, &config.settings, &config.dialect),
            pipe: Pipe::default(),
            requests: Requests::default(),
            welcomed: !config.dialect.greets,
            resumes: config.dialect.resumes,
            on_trial: false,
            replaying: Vec::new(),
            holes: Vec::new(),
            epochs: Vec::new(),
            duplicates: 0,
            excused: 0,
            doubt: Doubt::default(),
            pace: None,
            // Of each period one frame is kept back for a heartbeat and one for the answer to a ping of the
            // peer's, neither of which waits; and the peer counts what arrives: frames that left apart can
            // arrive together.
            rate: rate.map(|rate| {
                let frames = usize::from(rate.frames).saturating_sub(2).max(1);
                let period = Span::of(rate.period);
                Window::new(frames, period + period / 4)
            }),
        }
    }

    /// Returns whether a frame may be sent now.
    pub(crate) fn may_transmit(&self, now: Timestamp) -> bool {
        self.pipe.has_room() && self.free_at() <= now
    }

    /// Returns when the rates allow for the next frame; a time in the past says at once.
    pub(crate) fn free_at(&self) -> Timestamp {
        let rate = self.rate.as_ref().map_or(Timestamp::ZERO, Window::free_at);
        rate.max(self.pace.map_or(Timestamp::ZERO, |pace| pace.ready_at(1)))
    }

    /// The peer says how many frames a second it bears: no more than that are sent, a quarter of a
    /// second's at once.
    pub(crate) fn paced(&mut self, per_second: u32) {
        let limit = RateLimit::new(per_second, per_second.div_ceil(PACE_SHARE));
        self.pace = limit.map(TokenBucket::new);
    }

    /// Takes note of a frame that is handed over now.
    pub(crate) fn transmitted(&mut self, now: Timestamp, bytes: u32, message: Option<Carried>) {
        if let Some(rate) = &mut self.rate {
            rate.count(now);
        }
        if let Some(pace) = &mut self.pace {
            pace.owe(now, 1);
        }
        if let Some(Carried::Queued(id) | Carried::Volatile(id)) = message {
            self.doubt.sent(id);
        }
        self.pipe.push(now, bytes, message);
    }

    /// Returns the epoch of a channel as this transport named it.
    pub(crate) fn epoch(&self, channel: ChannelId) -> Option<Epoch> {
        let at = self.epochs.binary_search_by_key(&channel, |(channel, _)| *channel).ok()?;
        self.epochs.get(at).map(|(_, epoch)| *epoch)
    }

    pub(crate) fn set_epoch(&mut self, channel: ChannelId, epoch: Epoch) {
        match self.epochs.binary_search_by_key(&channel, |(channel, _)| *channel) {
            Ok(at) => self.epochs[at].1 = epoch,
            Err(at) => self.epochs.insert(at, (channel, epoch)),
        }
    }

    /// Forgets a channel that is not wanted or was refused: nothing waits for it any more.
    pub(crate) fn forget(&mut self, channel: ChannelId) {
        self.replaying.retain(|replay| replay.channel != channel);
        self.holes.retain(|hole| hole.channel != channel);
        self.epochs.retain(|(known, _)| *known != channel);
    }

    pub(crate) fn has_caught_up(&self) -> bool {
        let attached = !self.resumes || self.requests.is_complete();
        self.welcomed && !self.on_trial && self.replaying.is_empty() && attached
    }
}

impl Doubt {
    fn sent(&mut self, id: MessageId) {
        self.after_pings = Some(self.after_pings.map_or((id, id), |(first, _)| (first, id)));
    }

    /// A ping follows what was sent so far.
    pub(crate) fn pinged(&mut self, nonce: u32) {
        let Some((first, last)) = self.after_pings.take() else {
            return;
        };
        let is_full = self.before_pings.len() >= DOUBTS_MAX;
        match self.before_pings.last_mut() {
            // The newer of two stands for both: that vouches later, and never too early.
            Some((ping, range)) if is_full => (*ping, range.1) = (nonce, last),
            Some(_) | None => self.before_pings.push((nonce, (first, last))),
        }
    }

    /// A ping was answered: what was sent before it has arrived.
    pub(crate) fn ponged(&mut self, nonce: u32) {
        while self.before_pings.first().is_some_and(|(ping, _)| *ping <= nonce) {
            self.before_pings.remove(0);
        }
    }

    pub(crate) fn range(&self) -> Option<(MessageId, MessageId)> {
        let mut open = self.before_pings.iter().map(|(_, range)| *range).chain(self.after_pings);
        let (first, last) = open.next()?;
        Some((first, open.last().map_or(last, |(_, last)| last)))
    }
}

/// Part of a second's frames that may be sent at once: what the peer saves up for its clients it does not say.
const PACE_SHARE: u32 = 4;

/// Most open pings for which it is kept apart what was sent before each.
const DOUBTS_MAX: usize = 4;
