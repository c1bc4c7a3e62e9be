//! Dialects with logs: cursors, replay before live, gaps, and what is known by its origin.

use core::time::Duration;

use super::{Answered, SELF};
use crate::engine::Engine;
use crate::failure::{Cause, Failure};
use crate::frame::{ChannelId, Cursor, Epoch, GapCause, Origin, Received, TransportId, ValueKey};
use crate::limits::DUPLICATES_MAX;
use crate::link::{Hole, Phase, Replay};
use crate::output::{Event, HangUp, Outcome, Position};
use crate::time::{Span, Timestamp};

impl<P: Clone> Engine<P> {
    pub(crate) fn received_from_log(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        frame: Received<P>,
    ) {
        match frame {
            Received::Welcome {
                heartbeat, return_window, backoff_max, origin_ttl, rate, ..
            } => {
                self.session.origin_ttl = origin_ttl.map(Span::of);
                let (window, cap) = (return_window.map(Span::of), backoff_max.map(Span::of));
                self.link.retry.welcomed(window, cap);
                self.welcomed(now, transport, heartbeat, rate);
            }
            Received::Entered { silence_max, recovered } => {
                self.entered(now, transport, silence_max, recovered);
            }
            Received::Answer { id } => self.answered(now, id),
            Received::SubscribeOk { channel, epoch, head } => {
                self.subscribe_ok(now, transport, Replay { channel, epoch, head });
            }
            Received::SubscribeErr { channel, code } => {
                if let Some(attachment) = self.link.attachment_mut(transport) {
                    attachment.requests.channel_answered(channel, false);
                    attachment.forget(channel);
                }
                self.reject(channel, code);
                self.progress(now);
            }
            Received::Delivery { channel, offset, epoch, origin, payload } => {
                self.delivery(now, transport, channel, epoch, (offset, origin), payload);
            }
            Received::Gap { channel, from, to, cause, epoch } => {
                self.gap(now, transport, channel, epoch, (from, to, cause));
            }
            Received::Ack { channel, origin, offset } => {
                self.acknowledged(now, transport, channel, origin, offset);
            }
            Received::Nack { channel, origin, code } => self.refused(now, channel, origin, code),
            Received::Volatile { channel, key, payload } => {
                if self.session.channels.get(channel).is_some_and(|known| known.is_read()) {
                    self.stats.received += 1;
                    self.tell(Event::Volatile { channel, key, payload });
                }
            }
            Received::Retained { channel, key, version, payload } => {
                self.retained(channel, key, version, payload);
            }
            Received::Page { request, channel, page } => {
                self.page(transport, request, channel, page);
            }
            Received::ReadErr { request, code } => self.read_refused(transport, request, code),
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
        rate: Option<u32>,
    ) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        attachment.welcomed = true;
        if let Some((interval, timeout)) = heartbeat {
            attachment.liveness.retime(now, Span::of(interval), Span::of(timeout));
        }
        if let Some(rate) = rate {
            attachment.paced(rate);
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
        let Replay { channel, epoch, head } = replay;
        let answered = attachment.requests.channel_answered(channel, true);
        let known = self.session.channels.get_mut(channel).filter(|known| known.is_read());
        let Some(known) = known.filter(|_| answered != Answered::Unasked) else {
            return self.progress(now);
        };
        let cursor = *known.cursor.get_or_insert(Cursor { epoch, offset: head });
        if cursor.epoch != epoch {
            known.forget_versions();
        }
        attachment.set_epoch(channel, epoch);
        attachment.replaying.retain(|other| other.channel != channel);
        attachment.replaying.push(replay);
        if answered == Answered::First {
            self.tell(Event::Subscribed { channel });
            self.tell_resubscribed(transport);
        } else if let Some(hole) = attachment.holes.iter_mut().find(|hole| hole.channel == channel)
        {
            hole.answered = true;
        }
        self.extend_greeting(now);
        self.caught_up(now, transport, channel);
    }

    /// A range will not come. It moves the cursor where it follows what was read, and only forwards.
    fn gap(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        channel: ChannelId,
        epoch: Option<Epoch>,
        (from, to, cause): (u64, u64, GapCause),
    ) {
        let alone = self.link.successor.is_none();
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        let known = self.session.channels.get_mut(channel).filter(|known| known.is_read());
        let Some((known, cursor)) = known.and_then(|known| known.cursor.map(|at| (known, at)))
        else {
            return;
        };
        let epoch = epoch.or_else(|| attachment.epoch(channel)).unwrap_or(cursor.epoch);
        // A log that lost its end and kept its epoch, as a restored copy does: what it has now comes
        // again, and what was delivered before is known by its origin. With two transports, and right
        // after one took over, the cursor may simply be further than the one that asked.
        let overtaken = !alone || attachment.excused > 0;
        let rewinds = !overtaken && cause == GapCause::Epoch && to < cursor.offset;
        let mut from = from;
        if epoch == cursor.epoch && !rewinds {
            if to <= cursor.offset {
                return;
            }
            if from > cursor.offset.saturating_add(1) {
                return self.hole(now, transport, channel);
            }
            from = cursor.offset.saturating_add(1);
        } else {
            known.forget_versions();
        }
        known.cursor = Some(Cursor { epoch, offset: to });
        attachment.set_epoch(channel, epoch);
        self.close_holes(channel);
        self.tell(Event::Gap { channel, from, to, cause, epoch });
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
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        let known = self.session.channels.get_mut(channel).filter(|known| known.is_read());
        let Some((known, cursor)) = known.and_then(|known| known.cursor.map(|at| (known, at)))
        else {
            return;
        };
        let epoch = epoch.or_else(|| attachment.epoch(channel)).unwrap_or(cursor.epoch);
        let next = Cursor { epoch, offset };
        if epoch == cursor.epoch && offset <= cursor.offset {
            return self.duplicate(now, transport, channel);
        }
        if epoch != cursor.epoch || offset > cursor.offset.saturating_add(1) {
            return self.hole(now, transport, channel);
        }
        known.cursor = Some(next);
        let is_new = known.is_new_origin(origin);
        self.link.excuse_copy(transport);
        self.close_holes(channel);
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
        if attachment.excused > 0 {
            attachment.excused -= 1;
            return;
        }
        if overlaps {
            return;
        }
        attachment.duplicates += 1;
        if attachment.duplicates >= DUPLICATES_MAX {
            self.break_off(now, transport);
        }
    }

    /// Something is missing: asks again from the cursor. Only a gap frame may move it over a hole; a
    /// peer that has replayed and leaves it out again is at fault, and must not be waited for.
    fn hole(&mut self, now: Timestamp, transport: TransportId, channel: ChannelId) {
        let deadline = now.plus(self.config.settings.greeting_timeout);
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        // What was on its way before the question says nothing.
        if attachment.requests.is_asked_again(channel) {
            return;
        }
        match attachment.holes.iter().find(|hole| hole.channel == channel) {
            Some(Hole { answered: true, .. }) => self.break_off(now, transport),
            Some(Hole { answered: false, .. }) => {}
            None => {
                attachment.holes.push(Hole { channel, answered: false, deadline });
                attachment.requests.again(channel);
                self.pump(now);
            }
        }
    }

    /// The cursor of a channel moved: what was missing has come.
    fn close_holes(&mut self, channel: ChannelId) {
        self.each_attachment(|attachment| {
            attachment.holes.retain(|hole| hole.channel != channel);
        });
    }

    /// A peer broke the protocol on this transport.
    fn break_off(&mut self, now: Timestamp, transport: TransportId) {
        let failure = Failure::new(Cause::PeerProtocolError);
        self.hang_up(now, transport, HangUp::Close(1002));
        if self.link.primary_transport() == Some(transport) {
            self.primary_gone(now, failure, None);
        } else {
            self.successor_gone(now, failure);
        }
    }

    /// The cursor of a channel moved: its replay may be complete.
    fn caught_up(&mut self, now: Timestamp, transport: TransportId, channel: ChannelId) {
        let cursor = self.session.channels.get(channel).and_then(|known| known.cursor);
        let Some(cursor) = cursor else { return };
        let reached = |replay: &Replay| {
            replay.channel == channel
                && cursor.epoch == replay.epoch
                && cursor.offset >= replay.head
        };
        // The cursor is the session's: what it has reached, it has reached on every transport.
        let (mut was_awaited, mut was_replaying) = (false, false);
        self.each_attachment(|attachment| {
            was_awaited |= !attachment.replaying.is_empty();
            was_replaying |= attachment.transport == transport
                && attachment.replaying.iter().any(|replay| replay.channel == channel);
            attachment.replaying.retain(|replay| !reached(replay));
        });
        if was_replaying {
            self.extend_greeting(now);
        }
        if was_awaited {
            self.progress(now);
        }
    }

    /// Catch-up that goes on is no silence.
    fn extend_greeting(&mut self, now: Timestamp) {
        if let Phase::Attaching { deadline, moved, .. } = &mut self.link.phase {
            *deadline = now.plus(self.config.settings.greeting_timeout);
            *moved = now;
        }
    }

    fn acknowledged(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        channel: ChannelId,
        origin: Origin,
        offset: u64,
    ) {
        if !self.config.dialect.acknowledges {
            return;
        }
        let known = self.session.channels.get(channel);
        let transmitted = match known.and_then(|known| known.transmitted(origin.producer)) {
            Some(transmitted) => transmitted,
            None if origin.producer == SELF => 0,
            None => return,
        };
        if origin.sequence > transmitted {
            return self.break_off(now, transport);
        }
        let settled = self.session.outbox.settle_through(channel, origin);
        if !settled.is_empty() {
            self.tell_settled(settled, Outcome::Acknowledged { offset });
            self.pump_outbox(now);
        }
    }

    fn refused(&mut self, now: Timestamp, channel: ChannelId, origin: Origin, code: u32) {
        if !self.config.dialect.acknowledges {
            return;
        }
        let Some(id) = self.session.outbox.sent_message(channel, origin) else {
            return;
        };
        if self.session.outbox.settle(id) {
            self.tell(Event::Settled { first: id, last: id, outcome: Outcome::Refused { code } });
            self.tell_room();
            self.pump_outbox(now);
        }
    }

    /// A retained value is told when it is newer than the one told before.
    fn retained(&mut self, channel: ChannelId, key: ValueKey, version: u64, payload: P) {
        let known = self.session.channels.get_mut(channel).filter(|known| known.is_read());
        let Some(known) = known else {
            return;
        };
        if known.is_new_version(key, version) {
            self.stats.received += 1;
            self.tell(Event::Retained { channel, key, version, payload });
        }
    }
}
