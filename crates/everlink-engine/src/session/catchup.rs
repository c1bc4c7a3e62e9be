//! Dialects with logs: cursors, replay before live, gaps, and what is known by its origin.

use alloc::vec::Vec;
use core::time::Duration;

use super::SELF;
use crate::engine::Engine;
use crate::failure::Cause;
use crate::frame::{ChannelId, Cursor, Epoch, Origin, Received, Transmit, TransportId, Wanted};
use crate::limits::DUPLICATES_MAX;
use crate::link::{Phase, Replay};
use crate::output::{Event, HangUp, Outcome, Output, Position};
use crate::time::Timestamp;

impl<P: Clone> Engine<P> {
    pub(crate) fn received_from_log(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        frame: Received<P>,
    ) {
        match frame {
            Received::Welcome { heartbeat, return_window, .. } => {
                self.welcomed(now, transport, heartbeat, return_window);
            }
            Received::SubscribeOk { channel, epoch, head } => {
                self.subscribe_ok(now, transport, Replay { channel, epoch, head });
            }
            Received::SubscribeErr { channel, code } => {
                if let Some(attachment) = self.link.attachment_mut(transport) {
                    attachment.requests.channel_answered(channel, false);
                }
                self.reject(channel, code);
                self.progress(now);
            }
            Received::Delivery { channel, offset, epoch, origin, payload } => {
                self.delivery(now, transport, channel, epoch, (offset, origin), payload);
            }
            Received::Gap { channel, from, to, cause, epoch } => {
                if let Some(known) = self.session.channels.get_mut(channel) {
                    let epoch = epoch.or(known.cursor.map(|cursor| cursor.epoch));
                    if let Some(epoch) = epoch {
                        known.cursor = Some(Cursor { epoch, offset: to });
                    }
                    self.tell(Event::Gap { channel, from, to, cause });
                }
                self.caught_up(now, transport, channel);
            }
            Received::Ack { channel, origin, offset } => {
                self.acknowledged(now, channel, origin, offset);
            }
            Received::Nack { channel, origin, code } => self.refused(now, channel, origin, code),
            Received::Volatile { channel, payload } => self.deliver(Some(channel), None, payload),
            Received::Retained { channel, version, payload } => {
                self.retained(channel, version, payload);
            }
            Received::Message { .. }
            | Received::RequestOk { .. }
            | Received::RequestErr { .. }
            | Received::Ping { .. }
            | Received::Pong { .. }
            | Received::Away { .. }
            | Received::Bye => {}
        }
    }

    fn welcomed(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        heartbeat: Option<(Duration, Duration)>,
        return_window: Option<Duration>,
    ) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        attachment.welcomed = true;
        if let Some((interval, timeout)) = heartbeat {
            attachment.liveness.retime(now, interval, timeout);
        }
        if let Some(window) = return_window {
            self.link.retry.set_return_window(window);
        }
        // Everything that the greeting asked for counts as replaying until it is answered.
        self.extend_greeting(now);
        self.progress(now);
    }

    /// A channel is attached; what lies between the cursor and the head is replayed now.
    fn subscribe_ok(&mut self, now: Timestamp, transport: TransportId, replay: Replay) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        if !attachment.requests.channel_answered(replay.channel, true) {
            return;
        }
        attachment.replaying.push(replay);
        let channel = replay.channel;
        if let Some(known) = self.session.channels.get_mut(channel) {
            let (epoch, head) = (replay.epoch, replay.head);
            known.cursor.get_or_insert(Cursor { epoch, offset: head });
        }
        self.tell(Event::Subscribed { channel });
        self.tell_resubscribed(transport);
        self.extend_greeting(now);
        self.caught_up(now, transport, channel);
    }

    /// Rule: offset `o` only after `o - 1` of the same epoch.
    fn delivery(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        channel: ChannelId,
        epoch: Option<Epoch>,
        (offset, origin): (u64, Origin),
        payload: P,
    ) {
        let Some(known) = self.session.channels.get_mut(channel) else {
            return;
        };
        if !known.wanted {
            return;
        }
        let Some(cursor) = known.cursor else { return };
        let epoch = epoch.unwrap_or(cursor.epoch);
        let next = Cursor { epoch, offset };
        if epoch == cursor.epoch && offset <= cursor.offset {
            return self.duplicate(now, transport, channel);
        }
        if epoch != cursor.epoch || offset > cursor.offset + 1 {
            return self.hole(now, transport, channel);
        }
        known.cursor = Some(next);
        let is_new = known.is_new_origin(origin);
        if is_new {
            self.deliver(Some(channel), Some(Position { epoch, offset, origin }), payload);
        } else {
            self.drop_duplicate(Some(channel));
        }
        self.caught_up(now, transport, channel);
    }

    /// Copies are dropped; from one transport beyond measure they are a fault of the peer.
    fn duplicate(&mut self, now: Timestamp, transport: TransportId, channel: ChannelId) {
        self.drop_duplicate(Some(channel));
        let overlaps = self.link.successor.is_some();
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        if overlaps {
            return;
        }
        attachment.duplicates += 1;
        if attachment.duplicates >= DUPLICATES_MAX {
            self.drop_primary(now, Cause::PeerProtocolError, HangUp::Close(1002));
        }
    }

    /// Something is missing: asks again from the cursor. Only a gap frame may move it over a hole.
    fn hole(&mut self, now: Timestamp, transport: TransportId, channel: ChannelId) {
        let from = self.session.channels.get(channel).and_then(|known| known.cursor);
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        if attachment.holes.contains(&channel) || !attachment.may_transmit(now) {
            return;
        }
        attachment.holes.push(channel);
        let request = attachment.requests.ask_again(channel);
        attachment.transmitted(now, 0, None);
        let channels: Vec<Wanted> = alloc::vec![Wanted { channel, from }];
        let frame = Transmit::Subscribe { request, channels };
        self.outputs.push_back(Output::Transmit { transport, frame });
    }

    /// The cursor of a channel moved: its replay may be complete.
    fn caught_up(&mut self, now: Timestamp, transport: TransportId, channel: ChannelId) {
        let cursor = self.session.channels.get(channel).and_then(|known| known.cursor);
        let Some(cursor) = cursor else { return };
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        if !attachment.holes.is_empty() {
            attachment.holes.retain(|hole| *hole != channel);
        }
        if attachment.replaying.is_empty() && attachment.requests.is_complete() {
            return;
        }
        let reached = |replay: &Replay| {
            replay.channel == channel
                && cursor.epoch == replay.epoch
                && cursor.offset >= replay.head
        };
        attachment.replaying.retain(|replay| !reached(replay));
        self.extend_greeting(now);
        self.progress(now);
    }

    /// Catch-up that goes on is no silence.
    fn extend_greeting(&mut self, now: Timestamp) {
        if let Phase::Attaching { deadline, .. } = &mut self.link.phase {
            *deadline = now.after(self.config.settings.greeting_timeout);
        }
    }

    fn acknowledged(&mut self, now: Timestamp, channel: ChannelId, origin: Origin, offset: u64) {
        if origin.producer != SELF {
            return;
        }
        let transmitted = self.session.channels.get(channel).map_or(0, |known| known.transmitted);
        if origin.sequence > transmitted {
            return self.drop_primary(now, Cause::PeerProtocolError, HangUp::Close(1002));
        }
        let settled = self.session.outbox.settle_through(channel, origin.sequence);
        if !settled.is_empty() {
            self.tell_settled(settled, Outcome::Acknowledged { offset });
            self.pump_outbox(now);
        }
    }

    fn refused(&mut self, now: Timestamp, channel: ChannelId, origin: Origin, code: u32) {
        if origin.producer != SELF {
            return;
        }
        let Some(id) = self.session.outbox.sent_message(channel, origin.sequence) else {
            return;
        };
        if self.session.outbox.settle(id) {
            self.tell(Event::Settled { first: id, last: id, outcome: Outcome::Refused { code } });
            self.tell_room();
            self.pump_outbox(now);
        }
    }

    /// A retained value is told when it is newer than the one told before.
    fn retained(&mut self, channel: ChannelId, version: u64, payload: P) {
        let known = self.session.channels.get_or_insert(channel);
        if known.retained.is_some_and(|told| told >= version) {
            return;
        }
        known.retained = Some(version);
        self.deliver(Some(channel), None, payload);
    }
}
