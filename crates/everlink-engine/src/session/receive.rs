//! From the transport to the application: every frame belongs to the transport it came on.

use super::{Held, Refusal};
use crate::engine::Engine;
use crate::failure::{Cause, Failure};
use crate::frame::{ChannelId, Received, Transmit, TransportId};
use crate::output::{Event, HangUp, Output, Position};
use crate::time::{Span, Timestamp};

impl<P: Clone> Engine<P> {
    /// A frame came; from a transport that we left it is dropped here, in one place.
    pub(crate) fn received(&mut self, now: Timestamp, transport: TransportId, frame: Received<P>) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        if let Received::Pong { level, nonce, window } = frame {
            if let Some(window) = window {
                self.link.retry.set_return_window(Span::of(window));
            }
            return self.ponged(now, transport, level, nonce);
        }
        if let Received::Ping { .. } = frame {
            // Life, but no data: a server that only pings may have lost its feed.
            attachment.liveness.pinged(now);
        } else {
            attachment.liveness.heard(now, true);
        }
        self.relax(now);
        // A successor may have been dropped by that: its frame has no voice any more.
        if self.link.attachment_mut(transport).is_none() {
            return;
        }
        match frame {
            Received::Message { channel, key, payload } => {
                self.message(now, transport, channel, key, payload);
            }
            Received::Ping { nonce } => self.answer_ping(now, transport, nonce),
            Received::RequestOk { request } => self.request_ok(now, transport, request),
            Received::RequestErr { request, code } => {
                self.request_err(now, transport, request, code);
            }
            Received::Away { slot, endpoint, .. } => self.away(now, transport, slot, endpoint),
            Received::Bye => self.bye(now, transport),
            Received::Pong { .. } => {}
            Received::Welcome { .. }
            | Received::Entered { .. }
            | Received::Answer { .. }
            | Received::Delivery { .. }
            | Received::Ack { .. }
            | Received::Nack { .. }
            | Received::SubscribeOk { .. }
            | Received::SubscribeErr { .. }
            | Received::Gap { .. }
            | Received::Volatile { .. }
            | Received::Retained { .. }
            | Received::Page { .. }
            | Received::ReadErr { .. } => self.received_from_log(now, transport, frame),
        }
    }

    /// A message as it is: delivered, unless the other transport of an overlap has or will.
    fn message(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        channel: Option<ChannelId>,
        key: Option<u64>,
        payload: P,
    ) {
        if self.session.overlap.is_none() {
            return self.deliver(channel, None, payload);
        }
        let is_successor = self.link.successor_transport() == Some(transport);
        self.overlapping(is_successor, channel, key, payload);
        self.successor_progress(now);
    }

    fn overlapping(
        &mut self,
        is_successor: bool,
        channel: Option<ChannelId>,
        key: Option<u64>,
        payload: P,
    ) {
        let Some(overlap) = &mut self.session.overlap else {
            return;
        };
        let handed_over = overlap.until.is_some();
        match (is_successor, key) {
            // Copies cannot be told apart: until the hand-over only the old transport speaks.
            (true, None) => {}
            (true, Some(key)) => overlap.hold(Held { channel, key, payload }),
            (false, Some(key)) if handed_over && overlap.is_duplicate(key) => {
                self.drop_duplicate(channel);
            }
            (false, key) => {
                if let Some(key) = key.filter(|_| !handed_over) {
                    overlap.delivered(channel, key);
                }
                self.deliver(channel, None, payload);
            }
        }
    }

    pub(crate) fn drop_duplicate(&mut self, channel: Option<ChannelId>) {
        self.stats.duplicates += 1;
        self.tell(Event::DuplicateDropped { channel });
    }

    pub(crate) fn deliver(
        &mut self,
        channel: Option<ChannelId>,
        position: Option<Position>,
        payload: P,
    ) {
        self.stats.received += 1;
        self.tell(Event::Message { channel, position, payload });
    }

    fn answer_ping(&mut self, now: Timestamp, transport: TransportId, nonce: Option<u32>) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        // A flood of pings is not answered beyond what the pipe holds: it is bounded.
        if !attachment.pipe.has_room() {
            return;
        }
        attachment.transmitted(now, 0, None);
        self.outputs.push_back(Output::Transmit { transport, frame: Transmit::Pong { nonce } });
    }

    fn request_ok(&mut self, now: Timestamp, transport: TransportId, request: u32) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        let channels = attachment.requests.request_confirmed(request);
        if self.config.dialect.has_sessions() {
            self.session.recovery.confirms(request, &channels);
        }
        for channel in channels {
            self.tell(Event::Subscribed { channel });
        }
        self.tell_resubscribed(transport);
        self.progress(now);
    }

    fn request_err(&mut self, now: Timestamp, transport: TransportId, request: u32, code: u32) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        match attachment.requests.request_refused(request) {
            Refusal::Channel(channel) => self.reject(channel, code),
            Refusal::Split | Refusal::Ignored => {}
        }
        self.tell_resubscribed(transport);
        self.progress(now);
    }

    /// A channel is refused: told, and not asked for again by itself.
    pub(crate) fn reject(&mut self, channel: ChannelId, code: u32) {
        if let Some(known) = self.session.channels.get_mut(channel).filter(|known| known.wanted) {
            known.refused = true;
            self.tell(Event::SubscriptionRejected { channel, code });
        }
    }

    fn bye(&mut self, now: Timestamp, transport: TransportId) {
        if self.link.primary_transport() == Some(transport) {
            self.close(now);
        } else {
            let failure = Failure::new(Cause::Replaced);
            self.hang_up(now, transport, HangUp::Close(1000));
            self.successor_gone(now, failure);
        }
    }
}
