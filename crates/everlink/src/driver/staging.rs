//! Publishes on their way to the disk: numbered in the order in which they came, and handed to the
//! engine in that order.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use everlink_engine::{ChannelId, InputError, MessageId};
use tokio::sync::oneshot;

use super::shared::Shared;
use crate::client::{SendError, Ticket};
use crate::outbox::Entry;

/// What became of a publish that was asked for.
pub(super) type Taken = Result<Ticket, SendError>;

#[derive(Debug)]
struct Staged {
    entry: Entry,
    channel: ChannelId,
    stage: Stage,
    done: oneshot::Sender<Taken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Writing,
    Written,
    Withdrawn,
}

/// The publishes in line.
#[derive(Debug, Default)]
pub(super) struct Staging {
    line: VecDeque<Staged>,
    /// The last number of each channel.
    numbers: HashMap<ChannelId, u64>,
}

impl Staging {
    /// Returns the next number of a channel.
    pub(super) fn number(&mut self, channel: ChannelId) -> u64 {
        let number = self.numbers.entry(channel).or_default();
        *number += 1;
        *number
    }

    pub(super) fn line_up(&mut self, entry: Entry, channel: ChannelId) -> oneshot::Receiver<Taken> {
        let (done, taken) = oneshot::channel();
        self.line.push_back(Staged { entry, channel, stage: Stage::Writing, done });
        taken
    }

    /// An entry is on disk, or will not be; returns whether it was still in line.
    fn set(&mut self, id: MessageId, stage: Stage) -> bool {
        let found = self.line.iter_mut().find(|staged| staged.entry.id == id);
        found.map(|staged| staged.stage = stage).is_some()
    }

    /// Returns the next one that can go to the engine, and removes those that will not.
    fn front(&mut self) -> Option<(Entry, ChannelId)> {
        while let Some(front) = self.line.front() {
            match front.stage {
                Stage::Withdrawn => drop(self.line.pop_front()),
                Stage::Writing => return None,
                Stage::Written => return Some((front.entry.clone(), front.channel)),
            }
        }
        None
    }
}

impl Shared {
    /// Waits until a publish that is in line was written and taken.
    pub(super) async fn see_through(
        self: &Arc<Self>,
        entry: Entry,
        mut taken: oneshot::Receiver<Taken>,
    ) -> Taken {
        let id = entry.id;
        let _withdraws = Withdraws { shared: self, id };
        let Some(outbox) = self.lock().durable.as_ref().map(|durable| durable.outbox()) else {
            return Err(InputError::Closed.into());
        };
        outbox.append(entry).await?;
        self.mark(id, Stage::Written);
        loop {
            self.send_staged();
            tokio::select! {
                biased;
                taken = &mut taken => return taken.unwrap_or(Err(InputError::Closed.into())),
                () = self.outlets.room.notified() => {}
            }
        }
    }

    /// Hands publishes to the engine, as far as they are on disk and there is room.
    fn send_staged(self: &Arc<Self>) {
        while let Some((done, taken)) = self.send_next() {
            // A publisher that is gone lets its ticket go, which wants the lock.
            let _ = done.send(taken);
        }
        self.waker.wake();
    }

    fn send_next(self: &Arc<Self>) -> Option<(oneshot::Sender<Taken>, Taken)> {
        let mut state = self.lock();
        if state.is_behind() && !state.is_closed() {
            return None;
        }
        let (entry, channel) = state.durable.as_mut()?.staging.front()?;
        let taken = match state.send_entry(&entry, channel) {
            Err(error) if error.waits_for_room() => return None,
            taken => taken.map(|(id, slot)| Ticket::new(Arc::clone(self), id, slot)),
        };
        let durable = state.durable.as_mut()?;
        if taken.is_err() {
            durable.outbox().remove([entry.id]);
        }
        let done = durable.staging.line.pop_front()?.done;
        Some((done, taken))
    }

    fn mark(&self, id: MessageId, stage: Stage) -> bool {
        let mut state = self.lock();
        state.durable.as_mut().is_some_and(|durable| durable.staging.set(id, stage))
    }
}

/// Takes a publish out of the line, and from the disk, if its publisher does not wait for the end.
struct Withdraws<'a> {
    shared: &'a Arc<Shared>,
    id: MessageId,
}

impl Drop for Withdraws<'_> {
    fn drop(&mut self) {
        if !self.shared.mark(self.id, Stage::Withdrawn) {
            return;
        }
        if let Some(durable) = &self.shared.lock().durable {
            durable.outbox().remove([self.id]);
        }
        self.shared.send_staged();
    }
}
