//! Messages on their way out, in order and bounded.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Runs, SELF};
use crate::frame::{ChannelId, MessageId, Origin, ProducerId};
use crate::time::{Span, Timestamp};

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry<P> {
    pub(crate) id: MessageId,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) bytes: u32,
    pub(crate) payload: P,
    /// What makes two messages the same under the coalescing policy.
    pub(crate) key: Option<u32>,
    /// Who numbered it: this process, or an earlier one.
    pub(crate) producer: ProducerId,
    /// Its number in its channel, for a dialect that acknowledges; 0 otherwise.
    pub(crate) sequence: u64,
    /// The number before it, if numbers between were dropped.
    pub(crate) before: Option<u64>,
    /// It is kept until the peer answers it.
    pub(crate) asks: bool,
    /// It was handed to a transport, this one or one before: it may have arrived.
    handed: bool,
    /// When it may last have been sent.
    sent: Option<Sent>,
    /// Its fate is known; it only waits for those before it.
    settled: bool,
}

/// When a message may last have been sent: `before` as long ago as it was at the time `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sent {
    at: Timestamp,
    before: Span,
}

impl<P> Entry<P> {
    pub(crate) fn new(id: MessageId, channel: Option<ChannelId>, bytes: u32, payload: P) -> Self {
        Self {
            id,
            channel,
            bytes,
            payload,
            key: None,
            producer: SELF,
            sequence: 0,
            before: None,
            asks: false,
            handed: false,
            sent: None,
            settled: false,
        }
    }

    /// It was numbered by an earlier process, which may have sent it until `age` before now.
    pub(crate) fn numbered_before(&mut self, now: Timestamp, age: Span) {
        self.sent = Some(Sent { at: now, before: age });
    }

    /// Returns who numbered it, and how.
    pub(crate) fn origin(&self) -> Origin {
        Origin { producer: self.producer, sequence: self.sequence }
    }

    /// It is handed over now; returns how long ago it may have been sent before.
    fn hand(&mut self, now: Timestamp) -> Option<Span> {
        let (at, before) = (now, Span::ZERO);
        let last = self.sent.replace(Sent { at, before });
        self.handed = true;
        last.map(|sent| now.passed(sent.at) + sent.before)
    }

    fn is_of(&self, channel: Option<ChannelId>, producer: ProducerId) -> bool {
        self.channel == channel && self.producer == producer
    }

    /// Returns the number that this one follows in its channel.
    pub(crate) fn previous(&self) -> u64 {
        self.before.unwrap_or(self.sequence.saturating_sub(1))
    }

    /// Returns whether a policy may drop it. A message that is kept until it is acknowledged and was ever
    /// handed over may have arrived already, so that nobody could say truthfully that it was dropped.
    fn is_droppable(&self) -> bool {
        !self.settled && (!self.is_kept() || !self.handed)
    }

    /// Returns whether it is kept until the peer has it, and not only until it is written.
    pub(crate) fn is_kept(&self) -> bool {
        self.sequence > 0 || (cfg!(feature = "socketio") && self.asks)
    }
}

/// The queue: first the messages that are on their way, then those that wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Outbox<P> {
    entries: VecDeque<Entry<P>>,
    /// How many entries at the front were handed to the present transport.
    sent: usize,
    /// How many entries are settled and wait only for those before them.
    settled: usize,
    bytes: usize,
    messages_max: usize,
    bytes_max: usize,
}

impl<P> Outbox<P> {
    pub(crate) fn new(messages_max: u32, bytes_max: u32) -> Self {
        Self {
            entries: VecDeque::new(),
            sent: 0,
            settled: 0,
            bytes: 0,
            messages_max: messages_max as usize,
            bytes_max: bytes_max as usize,
        }
    }

    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.has_room_without(0, 0, bytes)
    }

    fn has_room_without(&self, messages: usize, freed: usize, bytes: usize) -> bool {
        let left = self.bytes_max.saturating_sub(self.bytes.saturating_sub(freed));
        self.len().saturating_sub(messages) < self.messages_max && bytes <= left
    }

    pub(crate) fn push(&mut self, entry: Entry<P>) {
        self.bytes += entry.bytes as usize;
        self.entries.push_back(entry);
    }

    /// Drops the oldest messages that are not on their way until `bytes` more fit; drops none and
    /// returns `None` if they would not fit even then.
    pub(crate) fn drop_oldest_for(&mut self, bytes: usize) -> Option<Vec<Entry<P>>> {
        let (mut messages, mut freed) = (0, 0);
        let mut droppable = self.entries.iter().skip(self.sent).filter(|e| e.is_droppable());
        while !self.has_room_without(messages, freed, bytes) {
            freed += droppable.next()?.bytes as usize;
            messages += 1;
        }
        let mut oldest = || {
            let at = self.waiting(Entry::is_droppable)?;
            self.take(at)
        };
        Some((0..messages).filter_map(|_| oldest()).collect())
    }

    /// Takes out a waiting message with the same key and channel, if `bytes` more fit then.
    pub(crate) fn take_coalesced(
        &mut self,
        channel: Option<ChannelId>,
        key: u32,
        bytes: usize,
    ) -> Option<Entry<P>> {
        let at = self.waiting(|entry| {
            entry.is_droppable() && entry.key == Some(key) && entry.channel == channel
        })?;
        let freed = self.entries.get(at)?.bytes as usize;
        if self.has_room_without(1, freed, bytes) { self.take(at) } else { None }
    }

    /// Takes out a message that was never handed to a transport, by this process or an earlier one.
    pub(crate) fn withdraw(&mut self, id: MessageId) -> Option<Entry<P>> {
        let at = self.waiting(|entry| entry.id == id && entry.sent.is_none())?;
        self.take(at)
    }

    /// Returns the place of the first message that is not on its way and of the kind asked for.
    fn waiting(&self, which: impl Fn(&Entry<P>) -> bool) -> Option<usize> {
        let found = self.entries.iter().skip(self.sent).position(which)?;
        Some(self.sent + found)
    }

    fn take(&mut self, at: usize) -> Option<Entry<P>> {
        let entry = self.entries.remove(at)?;
        self.bytes -= entry.bytes as usize;
        self.bridge(entry.channel, entry.origin(), entry.previous());
        Some(entry)
    }

    /// Tells what followed a number that will never be stored which number it really follows.
    fn bridge(&mut self, channel: Option<ChannelId>, origin: Origin, before: u64) {
        let Origin { producer, sequence } = origin;
        if sequence == 0 {
            return;
        }
        let same = self.entries.iter_mut().filter(|entry| entry.is_of(channel, producer));
        let later = same.filter(|entry| entry.sequence > sequence);
        for follower in later.take_while(|entry| entry.previous() <= sequence) {
            follower.before = Some(before);
        }
    }

    /// Returns the next message to hand to the transport, and how long ago it may have been sent
    /// before.
    pub(crate) fn next_to_send(&mut self, now: Timestamp) -> Option<(&Entry<P>, Option<Span>)> {
        while self.entries.get(self.sent).is_some_and(|entry| entry.settled) {
            self.sent += 1;
        }
        let next = self.entries.get_mut(self.sent)?;
        self.sent += 1;
        let last = next.hand(now);
        Some((next, last))
    }

    pub(crate) fn has_waiting(&self) -> bool {
        self.entries.iter().skip(self.sent).any(|entry| !entry.settled)
    }

    /// Puts everything that is not settled back in line, in order: the transport is gone.
    pub(crate) fn rewind(&mut self) {
        self.sent = 0;
    }

    /// Settles one message that is on its way; returns whether it was there.
    pub(crate) fn settle(&mut self, id: MessageId) -> bool {
        let found = self.entries.iter_mut().take(self.sent).find(|entry| entry.id == id);
        let Some(entry) = found.filter(|entry| !entry.settled) else {
            return false;
        };
        entry.settled = true;
        self.bytes -= entry.bytes as usize;
        self.settled += 1;
        self.forget_settled();
        true
    }

    /// Settles a message that asked for an answer and was handed over, in this attach or one before;
    /// returns whether it was there.
    pub(crate) fn settle_asked(&mut self, id: MessageId) -> bool {
        let Ok(at) = self.entries.binary_search_by_key(&id, |entry| entry.id) else {
            return false;
        };
        let entry = &mut self.entries[at];
        if entry.settled || !entry.asks || !entry.handed {
            return false;
        }
        entry.settled = true;
        self.bytes -= entry.bytes as usize;
        self.settled += 1;
        self.forget_settled();
        true
    }

    /// Settles the largest message that is on its way: the peer found one of them too big. Its
    /// number will never be stored; returns it with the number, its channel and the number before.
    pub(crate) fn fail_largest_sent(&mut self) -> Option<Failed> {
        let open = self.entries.iter().take(self.sent).filter(|entry| !entry.settled);
        let entry = open.max_by_key(|entry| entry.bytes)?;
        let (id, channel) = (entry.id, entry.channel);
        let (origin, before) = (entry.origin(), entry.previous());
        self.bridge(channel, origin, before);
        self.settle(id).then_some(Failed { id, channel, origin, before })
    }

    /// Settles every message of a channel and producer up to a number that was handed over, in this
    /// attach or one before; returns which.
    pub(crate) fn settle_through(&mut self, channel: ChannelId, origin: Origin) -> Runs {
        let mut runs = Runs::default();
        for entry in &mut self.entries {
            if !entry.is_of(Some(channel), origin.producer) || entry.settled {
                continue;
            }
            if entry.sequence > origin.sequence || !entry.handed {
                break;
            }
            entry.settled = true;
            self.bytes -= entry.bytes as usize;
            self.settled += 1;
            runs.push(entry.id);
        }
        self.forget_settled();
        runs
    }

    /// Returns the message of a channel and origin that is on its way.
    pub(crate) fn sent_message(&self, channel: ChannelId, origin: Origin) -> Option<MessageId> {
        let mut sent = self.entries.iter().take(self.sent);
        let of = |entry: &&Entry<P>| entry.channel == Some(channel) && entry.origin() == origin;
        sent.find(of).map(|entry| entry.id)
    }

    /// Returns the first and last message that is not settled.
    pub(crate) fn range(&self) -> Option<(MessageId, MessageId)> {
        let open = |entry: &&Entry<P>| !entry.settled;
        let first = self.entries.iter().find(open)?.id;
        Some((first, self.entries.iter().rev().find(open)?.id))
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        (self.sent, self.settled, self.bytes) = (0, 0, 0);
    }

    /// Returns the messages whose fate is not known, from the newest to the oldest.
    pub(crate) fn open_from_newest(&self) -> impl Iterator<Item = &Entry<P>> {
        self.entries.iter().rev().filter(|entry| !entry.settled)
    }

    pub(crate) fn release(&mut self) {
        self.entries.shrink_to_fit();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.settled
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets settled messages at the front, and all of them once they are more than the others:
    /// one message that is never acknowledged must not keep all that follow it in memory.
    fn forget_settled(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.settled) {
            self.entries.pop_front();
            self.settled -= 1;
            self.sent = self.sent.saturating_sub(1);
        }
        if self.settled > self.len() {
            self.sent = self.entries.iter().take(self.sent).filter(|entry| !entry.settled).count();
            self.entries.retain(|entry| !entry.settled);
            self.settled = 0;
        }
    }
}

/// A message that was given up although it has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) id: MessageId,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) origin: Origin,
    pub(crate) before: u64,
}
