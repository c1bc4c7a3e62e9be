//! Sessions that the peer keeps: what need not be asked for again when one goes on, and what must be.

use alloc::vec::Vec;
use core::time::Duration;

use super::Requests;
use crate::engine::Engine;
use crate::frame::{ChannelId, MessageId, TransportId};
use crate::limits::CHANNELS_MAX;
use crate::output::{Event, Outcome};
use crate::time::{Span, Timestamp};

/// What is known of the session that the peer keeps, across transports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Recovery {
    /// The peer has let us in since the connection was asked for.
    entered: bool,
    /// Channels that the peer has confirmed in this session, sorted.
    confirmed: Vec<ChannelId>,
    /// Channels given up, where the peer has not confirmed it: a session that goes on has them still.
    given_up: Vec<GivenUp>,
}

/// A channel that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct GivenUp {
    channel: ChannelId,
    /// Which request of the present transport says so.
    request: Option<u32>,
}

impl Recovery {
    /// A channel is wanted that was not.
    pub(crate) fn wants(&mut self, channel: ChannelId) {
        self.given_up.retain(|other| other.channel != channel);
    }

    /// A channel is not wanted any more.
    pub(crate) fn gives_up(&mut self, channel: ChannelId) {
        if let Ok(at) = self.confirmed.binary_search(&channel) {
            self.confirmed.remove(at);
        }
        self.given_up.retain(|other| other.channel != channel);
        // Beyond the bound the oldest stays subscribed in a session that goes on.
        if self.given_up.len() >= CHANNELS_MAX {
            self.given_up.remove(0);
        }
        self.given_up.push(GivenUp { channel, request: None });
    }

    /// Giving up is said by this request.
    pub(crate) fn says(&mut self, request: u32, channels: &[ChannelId]) {
        for given_up in &mut self.given_up {
            if channels.contains(&given_up.channel) {
                given_up.request = Some(request);
            }
        }
    }

    /// The peer confirmed a request, which asked for these channels.
    pub(crate) fn confirms(&mut self, request: u32, channels: &[ChannelId]) {
        self.given_up.retain(|other| other.request != Some(request));
        for channel in channels {
            if let Err(at) = self.confirmed.binary_search(channel) {
                self.confirmed.insert(at, *channel);
            }
        }
    }

    /// The peer has let us in; returns whether it had before.
    fn enters(&mut self, recovered: bool) -> bool {
        if !recovered {
            self.confirmed.clear();
            self.given_up.clear();
        }
        for given_up in &mut self.given_up {
            given_up.request = None;
        }
        core::mem::replace(&mut self.entered, true)
    }
}

impl<P: Clone> Engine<P> {
    /// The peer has let us in, with the session of before or with a fresh one.
    pub(crate) fn entered(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        silence_max: Option<Duration>,
        recovered: bool,
    ) {
        if !self.config.dialect.has_sessions() {
            return;
        }
        let attachment = self.link.attachment_mut(transport);
        let Some(attachment) = attachment.filter(|attachment| !attachment.welcomed) else {
            return;
        };
        attachment.welcomed = true;
        if let Some(silence_max) = silence_max.filter(|_| self.config.dialect.pinged) {
            attachment.liveness.expect_pings(now, Span::of(silence_max));
        }
        let is_return = self.session.recovery.enters(recovered);
        let Recovery { confirmed, given_up, .. } = &self.session.recovery;
        let wanted = self.session.channels.wanted().map(|wanted| wanted.channel);
        attachment.requests = Requests::default();
        attachment
            .requests
            .begin(wanted.filter(|channel| confirmed.binary_search(channel).is_err()));
        for given_up in given_up {
            attachment.requests.unsubscribe(given_up.channel);
        }
        if is_return {
            self.tell(Event::Resumed { recovered });
        }
        self.progress(now);
    }

    /// A message that asked for it is answered.
    pub(crate) fn answered(&mut self, now: Timestamp, id: MessageId) {
        if self.config.dialect.has_answers() && self.session.outbox.settle_asked(id) {
            let outcome = Outcome::Acknowledged { offset: 0 };
            self.tell(Event::Settled { first: id, last: id, outcome });
            self.tell_room();
            self.pump_outbox(now);
        }
    }
}
