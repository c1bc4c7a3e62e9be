//! A message comes from the application: queued, sent or refused.

use super::{Entry, SELF};
use crate::config::Overflow;
use crate::engine::Engine;
use crate::frame::{ChannelId, MessageId, Origin};
use crate::input::{InputError, Numbered, Outgoing, SendPolicy};
use crate::limits::{CHANNELS_MAX, FOREIGN_PRODUCERS_MAX};
use crate::link::Phase;
use crate::output::{Event, Outcome};
use crate::time::{Span, Timestamp};

/// A policy with the configured one filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Wait,
    Fail,
    DropOldest,
    Coalesce(u32),
    Volatile,
}

impl<P: Clone> Engine<P> {
    /// [`Input::Send`](crate::Input::Send), or [`Input::Ask`](crate::Input::Ask) if it `asks`.
    pub(crate) fn send(
        &mut self,
        now: Timestamp,
        message: Outgoing<P>,
        asks: bool,
    ) -> Result<(), InputError> {
        if asks && !self.config.dialect.has_answers() {
            return Err(InputError::NoAnswers { dialect: self.config.dialect.name });
        }
        self.check(&message)?;
        let policy = self.policy(message.policy);
        match policy {
            Policy::Volatile => return self.send_volatile(now, message),
            Policy::Coalesce(key) => self.coalesce(&message, key),
            Policy::DropOldest => self.drop_oldest(message.bytes as usize),
            Policy::Wait | Policy::Fail => {}
        }
        if !self.session.outbox.has_room(message.bytes as usize) {
            return Err(self.full(message.bytes as usize, policy == Policy::Wait));
        }
        self.session.last_message = Some(message.id);
        let mut entry = self.entry(now, message, policy);
        entry.asks = asks;
        self.session.outbox.push(entry);
        self.pump_outbox(now);
        Ok(())
    }

    fn check(&self, message: &Outgoing<P>) -> Result<(), InputError> {
        let settings = &self.config.settings;
        let message_bytes_max = settings.message_bytes_max.min(settings.queue_bytes_max);
        if message.bytes > message_bytes_max {
            return Err(InputError::MessageTooBig {
                message_bytes: message.bytes as usize,
                message_bytes_max: message_bytes_max as usize,
            });
        }
        if self.config.dialect.acknowledges {
            self.check_numbered(message)?;
        }
        if let Some(MessageId(last)) = self.session.last_message
            && message.id.0 <= last
        {
            return Err(InputError::MessageIdReused { given: message.id.0, last });
        }
        match self.link.phase {
            Phase::Closed => Err(InputError::Closed),
            Phase::Up(_) => Ok(()),
            Phase::Waiting { .. }
            | Phase::Dialing(_)
            | Phase::Attaching { .. }
            | Phase::Error { .. } => {
                if settings.queue {
                    Ok(())
                } else {
                    Err(InputError::NotConnected)
                }
            }
        }
    }

    /// What a dialect asks for that numbers messages.
    fn check_numbered(&self, message: &Outgoing<P>) -> Result<(), InputError> {
        let dialect = self.config.dialect.name;
        let Some(channel) = message.channel else {
            return Err(InputError::ChannelMissing { dialect });
        };
        if message.policy == SendPolicy::Volatile {
            let missing = Err(InputError::KeyMissing { dialect });
            return if message.key.is_none() { missing } else { Ok(()) };
        }
        if !self.session.channels.has_room_for(channel) {
            return Err(InputError::TooManyChannels { channels_max: CHANNELS_MAX });
        }
        let Some(Numbered { producer, sequence, before, .. }) = message.origin else {
            return Ok(());
        };
        let known = self.session.channels.get(channel);
        let taken = known.map_or(0, |known| known.taken(producer));
        let is_backwards = before.is_some_and(|before| before >= sequence || producer == SELF);
        if sequence <= taken || is_backwards {
            return Err(InputError::BadOrigin { producer: producer.0, sequence, before, taken });
        }
        if known.is_some_and(|known| !known.has_room_for(producer)) {
            return Err(InputError::TooManyProducers { producers_max: FOREIGN_PRODUCERS_MAX });
        }
        Ok(())
    }

    fn policy(&self, policy: SendPolicy) -> Policy {
        match policy {
            SendPolicy::Wait => Policy::Wait,
            SendPolicy::Fail => Policy::Fail,
            SendPolicy::DropOldest => Policy::DropOldest,
            SendPolicy::Coalesce { key } => Policy::Coalesce(key),
            SendPolicy::Volatile => Policy::Volatile,
            SendPolicy::Configured => match self.config.settings.overflow {
                Overflow::Wait => Policy::Wait,
                Overflow::Fail => Policy::Fail,
                Overflow::DropOldest => Policy::DropOldest,
            },
        }
    }

    fn entry(&mut self, now: Timestamp, message: Outgoing<P>, policy: Policy) -> Entry<P> {
        let Outgoing { id, channel, bytes, origin, payload, .. } = message;
        let mut entry = Entry::new(id, channel, bytes, payload);
        if let Policy::Coalesce(key) = policy {
            entry.key = Some(key);
        }
        if self.config.dialect.acknowledges
            && let Some(channel) = channel
        {
            let channel = self.session.channels.get_or_insert(channel);
            match origin {
                Some(Numbered { producer, sequence, before, age }) if producer != SELF => {
                    channel.adopt(Origin { producer, sequence });
                    (entry.producer, entry.sequence, entry.before) = (producer, sequence, before);
                    entry.numbered_before(now, Span::of(age));
                }
                numbered => {
                    let given = numbered.map(|numbered| numbered.sequence);
                    (entry.sequence, entry.before) = channel.number(given);
                    if entry.sequence <= channel.transmitted {
                        let age = numbered.map_or(Span::ZERO, |numbered| Span::of(numbered.age));
                        entry.numbered_before(now, age);
                    }
                }
            }
        }
        entry
    }

    /// A volatile message goes now or not at all.
    fn send_volatile(&mut self, now: Timestamp, message: Outgoing<P>) -> Result<(), InputError> {
        self.session.last_message = Some(message.id);
        let id = message.id;
        if !self.transmit_volatile(now, message) {
            let outcome = Outcome::DroppedVolatile;
            self.tell(Event::Settled { first: id, last: id, outcome });
        }
        Ok(())
    }

    fn coalesce(&mut self, message: &Outgoing<P>, key: u32) {
        let bytes = message.bytes as usize;
        if let Some(old) = self.session.outbox.take_coalesced(message.channel, key, bytes) {
            self.dropped(&old, Outcome::Coalesced);
        }
    }

    fn drop_oldest(&mut self, bytes: usize) {
        for old in self.session.outbox.drop_oldest_for(bytes).unwrap_or_default() {
            self.dropped(&old, Outcome::DroppedOldest);
        }
    }

    /// [`Input::Withdraw`](crate::Input::Withdraw).
    pub(crate) fn withdraw(&mut self, message: MessageId) {
        if let Some(old) = self.session.outbox.withdraw(message) {
            self.dropped(&old, Outcome::Withdrawn);
            self.tell_room();
        }
    }

    fn dropped(&mut self, old: &Entry<P>, outcome: Outcome) {
        self.skip_number(old.channel, old.origin(), old.previous());
        self.tell(Event::Settled { first: old.id, last: old.id, outcome });
    }

    /// A number will never be stored: if it was the last of its channel, the next message follows
    /// what was before it. The server takes a message that follows an unknown one for a hole.
    pub(crate) fn skip_number(&mut self, channel: Option<ChannelId>, origin: Origin, before: u64) {
        let Origin { producer, sequence } = origin;
        let known = channel.and_then(|channel| self.session.channels.get_mut(channel));
        if let Some(known) = known.filter(|known| producer == SELF && known.tail == sequence) {
            known.tail = before;
        }
    }

    /// Gives up everything in the outbox.
    pub(crate) fn clear_outbox(&mut self) {
        let Some((first, last)) = self.session.outbox.range() else {
            return;
        };
        for entry in self.session.outbox.open_from_newest() {
            let known = entry.channel.and_then(|channel| self.session.channels.get_mut(channel));
            if let Some(known) = known {
                known.give_back(entry.origin(), entry.previous());
            }
        }
        self.session.outbox.clear();
        self.tell(Event::Settled { first, last, outcome: Outcome::Cleared });
    }

    fn full(&mut self, message_bytes: usize, waits: bool) -> InputError {
        self.session.wants_room |= waits;
        InputError::QueueFull {
            queued_messages: self.session.outbox.len(),
            queue_messages_max: self.config.settings.queue_messages_max as usize,
            queued_bytes: self.session.outbox.bytes(),
            queue_bytes_max: self.config.settings.queue_bytes_max as usize,
            message_bytes,
            waits,
        }
    }

    /// Tells a sender that waits for room that there is some.
    pub(crate) fn tell_room(&mut self) {
        if self.session.wants_room && self.session.outbox.has_room(1) {
            self.session.wants_room = false;
            self.tell(Event::OutboxRoom);
        }
    }
}
