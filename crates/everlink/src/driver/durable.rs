//! Messages that survive the process: what is on disk, and which of the engine's it is.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use everlink_engine::{MessageId, Outcome, SendPolicy};
use everlink_wire::Message;
use everlink_wire::ws::Text;

use super::staging::Staging;
use crate::outbox::{DurableOutbox, Entry, OutboxError, PayloadKind};

/// The durable half of an outbox. Numbers on disk are its own: those of the engine begin anew with
/// each process.
#[derive(Debug)]
pub(crate) struct Durable {
    outbox: DurableOutbox,
    last_id: u64,
    /// What an earlier run left, or an earlier connection of this one; sent before anything else.
    left: VecDeque<Entry>,
    /// What the engine has and has not settled.
    open: BTreeMap<MessageId, Entry>,
    /// Publishes that are not in the engine's hands yet.
    pub(super) staging: Staging,
}

impl Durable {
    /// Reads what an earlier run left. Blocks for as long as that takes.
    pub(crate) fn load(outbox: DurableOutbox) -> Result<Self, OutboxError> {
        let mut left = block_on(outbox.load())?;
        link_up(&mut left);
        let last_id = outbox.last_id();
        let (left, open, staging) = (left.into(), BTreeMap::new(), Staging::default());
        Ok(Self { outbox, last_id, left, open, staging })
    }

    pub(crate) fn outbox(&self) -> DurableOutbox {
        self.outbox.clone()
    }

    /// Makes the entry for a new message.
    pub(crate) fn entry(&mut self, message: &Message, policy: SendPolicy) -> Entry {
        self.last_id += 1;
        let id = MessageId(self.last_id);
        let entry = match message {
            Message::Text(text) => Entry::text(id, text.as_str()),
            Message::Binary(bytes) => Entry::binary(id, bytes.clone()),
        };
        entry.policy(policy)
    }

    /// Returns whether messages of before are still to be sent, ahead of all others.
    pub(crate) fn is_behind(&self) -> bool {
        !self.left.is_empty()
    }

    /// Takes the next message of before.
    pub(crate) fn next_left(&mut self) -> Option<Entry> {
        self.left.pop_front()
    }

    /// Puts it back, because there is no room for it yet.
    pub(crate) fn put_back(&mut self, entry: Entry) {
        self.left.push_front(entry);
    }

    /// The engine is given a message that is on disk.
    pub(crate) fn opened(&mut self, id: MessageId, entry: Entry) {
        self.open.insert(id, entry);
    }

    /// The engine has refused it.
    pub(crate) fn refused(&mut self, id: MessageId) -> Option<Entry> {
        self.open.remove(&id)
    }

    /// The fate of a range of messages is known. What was only cleared stays on disk, for the next
    /// connection or the next run.
    pub(crate) fn settle(&mut self, first: MessageId, last: MessageId, outcome: Outcome) {
        let mut settled = self.open.split_off(&first);
        if let Some(after) = last.0.checked_add(1) {
            self.open.append(&mut settled.split_off(&MessageId(after)));
        }
        if settled.is_empty() {
            return;
        }
        if outcome == Outcome::Cleared {
            self.left.extend(settled.into_values());
        } else {
            self.outbox.remove(settled.into_values().map(|entry| entry.id));
        }
    }
}

/// Says of each numbered entry which one it follows. What an earlier run dropped or withdrew between
/// two of them, or before the first, nobody can tell from what is left: they are all there is of
/// their producer, so that each follows the one before it, and the first follows nothing.
fn link_up(left: &mut [Entry]) {
    let mut last: HashMap<(Option<String>, String), u64> = HashMap::new();
    for entry in left {
        let Some(origin) = &mut entry.origin else { continue };
        let stream = (entry.channel.clone(), origin.producer.clone());
        let before = last.insert(stream, origin.sequence).unwrap_or_default();
        origin.before = (before.checked_add(1) != Some(origin.sequence)).then_some(before);
    }
}

/// Returns the message of an entry.
pub(crate) fn message(entry: &Entry) -> Message {
    let bytes = entry.payload.clone();
    match entry.kind {
        PayloadKind::Text => match Text::try_from(bytes.clone()) {
            Ok(text) => Message::Text(text),
            Err(_) => Message::Binary(bytes),
        },
        PayloadKind::Binary => Message::Binary(bytes),
    }
}

/// Takes an entry from disk again unless its message was handed over.
pub(crate) struct Stored {
    outbox: DurableOutbox,
    entry: Option<Entry>,
}

impl Stored {
    pub(crate) fn new(outbox: DurableOutbox, entry: Entry) -> Self {
        Self { outbox, entry: Some(entry) }
    }

    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// The engine has it: it stays on disk until its outcome is known.
    pub(crate) fn keep(mut self) {
        self.entry = None;
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.outbox.remove([entry.id]);
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future that another thread completes.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(result) => return result,
            Poll::Pending => std::thread::park(),
        }
    }
}
