//! From the session to the transport: requests first, then messages, as far as there is room.

use alloc::vec::Vec;

use super::Runs;
use super::requests::Batch;
use crate::dialect::SubscriptionRules;
use crate::engine::Engine;
use crate::frame::{ChannelId, Cursor, Transmit, TransportId, Wanted};
use crate::input::{InputError, Outgoing};
use crate::limits::CHANNELS_MAX;
use crate::link::{Attachment, Carried, Phase, Pipe, Stage, Successor, Unwritten};
use crate::output::{Event, Outcome, Output};
use crate::server::Last;
use crate::time::Timestamp;

impl<P: Clone> Engine<P> {
    /// [`Input::Subscribe`](crate::Input::Subscribe).
    pub(crate) fn subscribe(
        &mut self,
        now: Timestamp,
        channel: ChannelId,
        from: Option<Cursor>,
    ) -> Result<(), InputError> {
        if self.config.dialect.subscriptions.is_none() {
            return Err(InputError::NoSubscriptions { dialect: self.config.dialect.name });
        }
        let is_new = self.session.channels.get(channel).is_none_or(|channel| !channel.wanted);
        if !self.session.channels.has_room_for(channel) {
            return Err(InputError::TooManyChannels { channels_max: CHANNELS_MAX });
        }
        let known = self.session.channels.get_or_insert(channel);
        let ask = (is_new || known.refused) && !known.paused;
        known.wanted = true;
        known.refused = false;
        if is_new {
            known.cursor = from;
            if self.config.dialect.has_sessions() {
                self.session.recovery.wants(channel);
            }
        }
        if ask {
            self.each_attachment(|attachment| attachment.requests.subscribe(channel));
            self.progress(now);
        }
        Ok(())
    }

    /// [`Input::Unsubscribe`](crate::Input::Unsubscribe).
    pub(crate) fn unsubscribe(&mut self, now: Timestamp, channel: ChannelId) {
        let Some(known) = self.session.channels.get_mut(channel).filter(|known| known.wanted)
        else {
            return;
        };
        known.wanted = false;
        self.session.channels.unread(channel);
        if self.config.dialect.has_sessions() {
            self.session.recovery.gives_up(channel);
        }
        self.each_attachment(|attachment| {
            attachment.requests.unsubscribe(channel);
            attachment.forget(channel);
        });
        self.progress(now);
    }

    /// [`Input::Pause`](crate::Input::Pause).
    pub(crate) fn pause(&mut self, now: Timestamp, channel: ChannelId) {
        let resumes = self.config.dialect.resumes;
        let known = self.session.channels.get_mut(channel).filter(|known| known.is_read());
        let Some(known) = known.filter(|_| resumes) else {
            return;
        };
        known.paused = true;
        let refused = known.refused;
        self.each_attachment(|attachment| {
            if !refused {
                attachment.requests.unsubscribe(channel);
            }
            attachment.forget(channel);
        });
        self.progress(now);
    }

    /// [`Input::Resume`](crate::Input::Resume).
    pub(crate) fn resume(&mut self, now: Timestamp, channel: ChannelId) {
        let known = self.session.channels.get_mut(channel).filter(|known| known.paused);
        let Some(known) = known else {
            return;
        };
        known.paused = false;
        if !known.refused {
            self.each_attachment(|attachment| attachment.requests.resume(channel));
            self.progress(now);
        }
    }

    pub(crate) fn each_attachment(&mut self, mut act: impl FnMut(&mut Attachment)) {
        if let Some(Successor { stage: Stage::Open { attachment, .. }, .. }) =
            &mut self.link.successor
        {
            act(attachment);
        }
        if let Some(attachment) = self.link.primary_mut() {
            act(attachment);
        }
    }

    /// Greets with every desired channel that fits; the rest is asked for afterwards. Where a session may
    /// go on, which channels must be asked for is known only when the peer has let us in.
    pub(crate) fn greet(&mut self, now: Timestamp, attachment: &mut Attachment) {
        let batch_max = match self.config.dialect.subscriptions {
            Some(rules) if !self.config.dialect.has_sessions() => rules.batch_max,
            Some(_) | None => 0,
        };
        let mut wanted = self.session.channels.wanted();
        let channels: Vec<Wanted> = wanted.by_ref().take(usize::from(batch_max)).collect();
        attachment.requests.begin(wanted.map(|wanted| wanted.channel));
        attachment.requests.greeted(channels.iter().map(|wanted| wanted.channel).collect());
        attachment.transmitted(now, 0, None);
        let transport = attachment.transport;
        let attempts = self.link.retry.retries;
        let last = self.link.last.map(|last| Last { attempts, ..last });
        let frame = Transmit::Hello { channels, last };
        self.outputs.push_back(Output::Transmit { transport, frame });
    }

    /// Hands over what may be sent now.
    pub(crate) fn pump(&mut self, now: Timestamp) {
        if let Some(transport) = self.link.primary_transport() {
            self.pump_requests(now, transport);
        }
        if let Some(transport) = self.link.successor_transport() {
            self.pump_requests(now, transport);
        }
        self.pump_outbox(now);
    }

    fn pump_requests(&mut self, now: Timestamp, transport: TransportId) {
        let Some(SubscriptionRules { batch_max, confirmed }) = self.config.dialect.subscriptions
        else {
            return;
        };
        while let Some(attachment) = self.link.attachment_mut(transport) {
            if !attachment.welcomed || !attachment.may_transmit(now) {
                break;
            }
            let Some(batch) = attachment.requests.next_batch(batch_max, confirmed) else {
                break;
            };
            attachment.transmitted(now, 0, None);
            if self.config.dialect.has_sessions() && !batch.subscribe {
                self.session.recovery.says(batch.request, &batch.channels);
            }
            let frame = self.request(batch);
            self.outputs.push_back(Output::Transmit { transport, frame });
        }
        self.tell_resubscribed(transport);
    }

    fn request(&self, batch: Batch) -> Transmit<P> {
        let Batch { request, subscribe, channels } = batch;
        if !subscribe {
            return Transmit::Unsubscribe { request, channels };
        }
        let from = |id| self.session.channels.get(id).and_then(|channel| channel.cursor);
        let wanted = |channel| Wanted { channel, from: from(channel) };
        Transmit::Subscribe { request, channels: channels.into_iter().map(wanted).collect() }
    }

    /// Tells once that everything asked for on a transport is confirmed.
    pub(crate) fn tell_resubscribed(&mut self, transport: TransportId) {
        let Some(attachment) = self.link.attachment_mut(transport) else {
            return;
        };
        if attachment.requests.confirmed > 0 && attachment.requests.is_complete() {
            let channels = core::mem::take(&mut attachment.requests.confirmed);
            self.tell(Event::Resubscribed { channels });
        }
    }

    /// Hands over messages while the connection stands and there is room.
    pub(crate) fn pump_outbox(&mut self, now: Timestamp) {
        if self.is_draining() {
            return;
        }
        let acknowledges = self.config.dialect.acknowledges;
        let remembered = self.session.origin_ttl;
        let mut forgotten = Runs::default();
        let Phase::Up(up) = &mut self.link.phase else {
            return;
        };
        let attachment = &mut up.attachment;
        let transport = attachment.transport;
        while attachment.may_transmit(now) && !attachment.requests.has_next() {
            let Some((entry, sent_ago)) = self.session.outbox.next_to_send(now) else {
                break;
            };
            let (id, channel, payload) = (entry.id, entry.channel, entry.payload.clone());
            let (kept, asks) = (entry.is_kept(), !acknowledges && entry.is_kept());
            let frame = match channel {
                Some(channel) if acknowledges => Transmit::Publish {
                    id,
                    channel,
                    origin: entry.origin(),
                    before: entry.before,
                    payload,
                },
                Some(_) | None => Transmit::Message { id, channel, payload },
            };
            let is_forgotten = acknowledges && sent_ago > remembered && remembered.is_some();
            if is_forgotten || (asks && sent_ago.is_some()) {
                forgotten.push(id);
            }
            attachment.transmitted(now, entry.bytes, (!kept).then_some(Carried::Queued(id)));
            if self.session.highest_transmitted >= Some(id) {
                self.stats.replayed += 1;
            }
            self.session.highest_transmitted = self.session.highest_transmitted.max(Some(id));
            if let Transmit::Publish { channel, origin, .. } = &frame {
                let channel = self.session.channels.get_or_insert(*channel);
                channel.transmits(*origin);
            }
            self.stats.sent += 1;
            self.outputs.push_back(Output::Transmit { transport, frame });
        }
        for (first, last) in forgotten {
            self.tell(Event::MaybeDoubled { first, last });
        }
    }

    /// Hands a volatile message over now, never past others; returns whether that was possible.
    pub(crate) fn transmit_volatile(&mut self, now: Timestamp, message: Outgoing<P>) -> bool {
        if self.is_draining() || self.session.outbox.has_waiting() {
            return false;
        }
        let Phase::Up(up) = &mut self.link.phase else {
            return false;
        };
        if !up.attachment.may_transmit(now) {
            return false;
        }
        up.attachment.transmitted(now, message.bytes, Some(Carried::Volatile(message.id)));
        self.stats.sent += 1;
        let Outgoing { id, channel, key, payload, .. } = message;
        let transport = up.attachment.transport;
        let frame = match (channel, key) {
            (Some(channel), Some(key)) if self.config.dialect.acknowledges => {
                Transmit::Volatile { id, channel, key, payload }
            }
            (channel, _) => Transmit::Message { id, channel, payload },
        };
        self.outputs.push_back(Output::Transmit { transport, frame });
        true
    }

    /// Frames are with the operating system.
    pub(crate) fn written(&mut self, now: Timestamp, transport: TransportId, frames: u32) {
        if let Some(attachment) = self.link.attachment_mut(transport) {
            attachment.pipe.moves(now);
        }
        let mut runs = Runs::default();
        for _ in 0..frames {
            let Some(attachment) = self.link.attachment_mut(transport) else {
                break;
            };
            let Some(frame) = attachment.pipe.written(now) else {
                break;
            };
            self.note_written(frame, &mut runs);
        }
        self.tell_settled(runs, Outcome::Written);
        self.pump(now);
    }

    /// Settles what a transport that we leave in an orderly way still sends before its close frame.
    pub(crate) fn settle_pipe(&mut self, pipe: &mut Pipe) {
        let mut runs = Runs::default();
        while let Some(frame) = pipe.written(Timestamp::ZERO) {
            self.note_written(frame, &mut runs);
        }
        self.tell_settled(runs, Outcome::Written);
    }

    fn note_written(&mut self, frame: Unwritten, runs: &mut Runs) {
        match frame.message {
            None => {}
            Some(Carried::Volatile(id)) => runs.push(id),
            Some(Carried::Queued(id)) if self.session.outbox.settle(id) => runs.push(id),
            Some(Carried::Queued(_)) => {}
        }
    }

    pub(crate) fn tell_settled(&mut self, runs: Runs, outcome: Outcome) {
        if runs.is_empty() {
            return;
        }
        for (first, last) in runs {
            self.tell(Event::Settled { first, last, outcome });
        }
        self.tell_room();
    }
}
