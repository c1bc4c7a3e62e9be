//! Messages on their way out, in order and bounded.

use alloc::collections::VecDeque;

use crate::frame::{ChannelId, MessageId};

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry<P> {
    pub(crate) id: MessageId,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) bytes: u32,
    pub(crate) payload: P,
    /// What makes two messages the same under the coalescing policy.
    pub(crate) key: Option<u32>,
    /// Its number in its channel, for a dialect that acknowledges; 0 otherwise.
    pub(crate) sequence: u64,
    /// The number before it, if numbers between were dropped.
    pub(crate) before: Option<u64>,
    /// Its fate is known; it only waits for those before it.
    settled: bool,
}

impl<P> Entry<P> {
    pub(crate) fn new(id: MessageId, channel: Option<ChannelId>, bytes: u32, payload: P) -> Self {
        let (key, sequence, before, settled) = (None, 0, None, false);
        Self { id, channel, bytes, payload, key, sequence, before, settled }
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
        self.len() < self.messages_max && self.bytes + bytes <= self.bytes_max
    }

    pub(crate) fn push(&mut self, entry: Entry<P>) {
        self.bytes += entry.bytes as usize;
        self.entries.push_back(entry);
    }

    /// Drops the oldest message that is not on its way; returns it, and the entry that now follows
    /// in its channel must say which number it follows.
    pub(crate) fn drop_oldest_waiting(&mut self) -> Option<Entry<P>> {
        let waiting = self.entries.iter().skip(self.sent);
        let at = waiting.into_iter().position(|entry| !entry.settled)?;
        self.take_waiting(at)
    }

    /// Takes out a waiting message with the same key and channel.
    pub(crate) fn take_coalesced(
        &mut self,
        channel: Option<ChannelId>,
        key: u32,
    ) -> Option<Entry<P>> {
        let waiting = self.entries.iter().skip(self.sent);
        let same =
            |entry: &Entry<P>| !entry.settled && entry.key == Some(key) && entry.channel == channel;
        let at = waiting.into_iter().position(same)?;
        self.take_waiting(at)
    }

    fn take_waiting(&mut self, at: usize) -> Option<Entry<P>> {
        let entry = self.entries.remove(self.sent + at)?;
        self.bytes -= entry.bytes as usize;
        self.bridge(&entry);
        Some(entry)
    }

    /// Tells the next message of the channel which number it really follows.
    fn bridge(&mut self, dropped: &Entry<P>) {
        if dropped.sequence == 0 {
            return;
        }
        let before = dropped.before.unwrap_or(dropped.sequence - 1);
        let next = self.entries.iter_mut().skip(self.sent);
        let mut of_channel = next.filter(|entry| entry.channel == dropped.channel);
        if let Some(next) = of_channel.find(|entry| entry.sequence > dropped.sequence) {
            next.before = Some(before);
        }
    }

    /// Returns the next message to hand to the transport.
    pub(crate) fn next_to_send(&mut self) -> Option<&Entry<P>> {
        while self.entries.get(self.sent).is_some_and(|entry| entry.settled) {
            self.sent += 1;
        }
        let at = self.sent;
        self.sent = (at + 1).min(self.entries.len());
        self.entries.get(at)
    }

    pub(crate) fn has_waiting(&self) -> bool {
        self.sent < self.entries.len()
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
        self.pop_settled();
        true
    }

    /// Settles the largest message that is on its way: the peer found one of them too big.
    pub(crate) fn fail_largest_sent(&mut self) -> Option<MessageId> {
        let open = self.entries.iter().take(self.sent).filter(|entry| !entry.settled);
        let id = open.max_by_key(|entry| entry.bytes)?.id;
        self.settle(id).then_some(id)
    }

    /// Settles every message of a channel up to a number; returns the first and last settled.
    pub(crate) fn settle_through(
        &mut self,
        channel: ChannelId,
        sequence: u64,
    ) -> Option<(MessageId, MessageId)> {
        let mut range = None;
        for entry in self.entries.iter_mut().take(self.sent) {
            if entry.settled || entry.channel != Some(channel) || entry.sequence > sequence {
                continue;
            }
            entry.settled = true;
            self.bytes -= entry.bytes as usize;
            self.settled += 1;
            range = Some((range.map_or(entry.id, |(first, _)| first), entry.id));
        }
        self.pop_settled();
        range
    }

    /// Returns the message of a channel and number that is on its way.
    pub(crate) fn sent_message(&self, channel: ChannelId, sequence: u64) -> Option<MessageId> {
        let mut sent = self.entries.iter().take(self.sent);
        let of = |entry: &&Entry<P>| entry.channel == Some(channel) && entry.sequence == sequence;
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

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.settled
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn pop_settled(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.settled) {
            self.entries.pop_front();
            self.settled -= 1;
            self.sent = self.sent.saturating_sub(1);
        }
    }
}
