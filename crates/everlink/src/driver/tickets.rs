//! Who waits for the outcome of which message.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use everlink_engine::{MessageId, Outcome};

/// The outcomes that somebody may still ask for.
///
/// A slot is used again once its message is settled and its ticket is gone, so that sending needs
/// no memory of its own in the long run.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// Messages without an outcome, in the order of their numbers.
    open: VecDeque<Open>,
    /// How many of `open` have none yet.
    live: usize,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    id: MessageId,
    /// The slot; `None` once the outcome came out of order.
    slot: Option<usize>,
}

#[derive(Debug, Default)]
struct Slot {
    outcome: Option<Outcome>,
    /// Why the server refused it, in its words.
    words: Option<Arc<str>>,
    waker: Option<Waker>,
    /// The ticket was dropped: nobody will ask.
    ignored: bool,
}

impl Tickets {
    /// Opens a slot for a message, which must be numbered above those before it.
    pub(crate) fn open(&mut self, id: MessageId) -> usize {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        self.open.push_back(Open { id, slot: Some(slot) });
        self.live += 1;
        slot
    }

    /// Takes back the slot opened last, for a message that was not taken.
    pub(crate) fn withdraw(&mut self, slot: usize) {
        self.open.pop_back();
        self.live -= 1;
        self.release(slot);
    }

    /// Returns whether every message has its outcome.
    pub(crate) fn is_settled(&self) -> bool {
        self.live == 0
    }

    /// The fate of a range of messages is known. Returns how many of them had none before.
    pub(crate) fn settle(
        &mut self,
        first: MessageId,
        last: MessageId,
        outcome: Outcome,
        words: Option<&Arc<str>>,
    ) -> usize {
        let from = self.open.partition_point(|open| open.id < first);
        let mut settled = 0;
        for at in from..self.open.len() {
            if self.open[at].id > last {
                break;
            }
            if let Some(slot) = self.open[at].slot.take() {
                settled += 1;
                self.settle_slot(slot, outcome, words.cloned());
            }
        }
        self.live -= settled;
        self.tidy();
        settled
    }

    /// Forgets what is settled; what settled out of order goes when it outnumbers the rest.
    fn tidy(&mut self) {
        while self.open.front().is_some_and(|open| open.slot.is_none()) {
            self.open.pop_front();
        }
        if self.open.len() > 2 * self.live + TOMBSTONES_KEPT {
            self.open.retain(|open| open.slot.is_some());
        }
    }

    /// Gives back memory that is not needed now.
    pub(crate) fn rest(&mut self) {
        if self.free.len() == self.slots.len() {
            (self.slots, self.free) = (Vec::new(), Vec::new());
        }
        self.open.shrink_to_fit();
    }

    fn settle_slot(&mut self, slot: usize, outcome: Outcome, words: Option<Arc<str>>) {
        let Some(known) = self.slots.get_mut(slot) else { return };
        if known.ignored {
            return self.release(slot);
        }
        (known.outcome, known.words) = (Some(outcome), words);
        if let Some(waker) = known.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn poll(&mut self, slot: usize, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Some(known) = self.slots.get_mut(slot) else {
            return Poll::Pending;
        };
        if let Some(outcome) = known.outcome {
            return Poll::Ready(outcome);
        }
        match &mut known.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Returns why the server refused a message, in its words.
    pub(crate) fn words(&self, slot: usize) -> Arc<str> {
        let words = self.slots.get(slot).and_then(|known| known.words.clone());
        words.unwrap_or_else(|| "".into())
    }

    /// The ticket is gone.
    pub(crate) fn ignore(&mut self, slot: usize) {
        let Some(known) = self.slots.get_mut(slot) else { return };
        if known.outcome.is_some() {
            return self.release(slot);
        }
        known.ignored = true;
        known.waker = None;
    }

    fn release(&mut self, slot: usize) {
        if let Some(known) = self.slots.get_mut(slot) {
            *known = Slot::default();
            self.free.push(slot);
        }
    }
}

const TOMBSTONES_KEPT: usize = 64;

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use everlink_engine::{MessageId, Outcome};

    use super::Tickets;

    #[test]
    fn outcomes_reach_their_tickets_in_any_order_and_slots_are_used_again() {
        let mut tickets = Tickets::default();
        let mut cx = Context::from_waker(Waker::noop());
        let slots: Vec<usize> = (1..=3).map(|id| tickets.open(MessageId(id))).collect();
        tickets.settle(MessageId(2), MessageId(2), Outcome::DroppedOldest, None);
        assert_eq!(tickets.poll(slots[0], &mut cx), Poll::Pending);
        assert_eq!(tickets.poll(slots[1], &mut cx), Poll::Ready(Outcome::DroppedOldest));
        assert_eq!(tickets.settle(MessageId(1), MessageId(3), Outcome::Written, None), 2);
        assert_eq!(tickets.poll(slots[1], &mut cx), Poll::Ready(Outcome::DroppedOldest));
        assert_eq!(tickets.poll(slots[2], &mut cx), Poll::Ready(Outcome::Written));
        for slot in slots {
            tickets.ignore(slot);
        }
        let ignored = tickets.open(MessageId(4));
        tickets.ignore(ignored);
        tickets.settle(MessageId(4), MessageId(4), Outcome::Written, None);
        assert_eq!((tickets.slots.len(), tickets.free.len(), tickets.open.len()), (3, 3, 0));
    }
}
