//! Events on their way to the application: bounded, and merged where they would flood.

use std::collections::VecDeque;

use everlink_engine::{MessageId, Outcome};

use crate::client::Event;

/// Events that the task has not yet published.
#[derive(Debug, Default)]
pub(crate) struct News {
    events: VecDeque<Event>,
    missed: u64,
}

impl News {
    pub(crate) fn push(&mut self, event: Event) {
        if self.events.len() >= NEWS_MAX {
            self.events.pop_front();
            self.missed += 1;
        }
        self.events.push_back(event);
    }

    /// Tells of dropped messages; in a row they become one event.
    pub(crate) fn dropped(
        &mut self,
        range: (MessageId, MessageId),
        dropped: u64,
        outcome: Outcome,
    ) {
        if let Some(Event::MessagesDropped { last, count, why, .. }) = self.events.back_mut()
            && *why == outcome
        {
            *last = range.1;
            *count += dropped;
            return;
        }
        let (first, last) = range;
        self.push(Event::MessagesDropped { first, last, count: dropped, why: outcome });
    }

    /// Tells of a dropped copy; in a row they become one event.
    pub(crate) fn duplicate(&mut self) {
        if let Some(Event::DuplicatesDropped { count }) = self.events.back_mut() {
            *count += 1;
            return;
        }
        self.push(Event::DuplicatesDropped { count: 1 });
    }

    /// Tells that a subscription lost a message; in a row they become one event.
    pub(crate) fn lagged(&mut self, name: &std::sync::Arc<str>) {
        if let Some(Event::SubscriberLagged { channel, missed }) = self.events.back_mut()
            && channel == name
        {
            *missed += 1;
            return;
        }
        self.push(Event::SubscriberLagged { channel: name.clone(), missed: 1 });
    }

    /// Takes everything, in order, with word of what was lost before it.
    pub(crate) fn take(&mut self, into: &mut VecDeque<Event>) {
        if self.missed > 0 {
            let missed = std::mem::take(&mut self.missed);
            into.push_back(Event::Lagged { missed });
        }
        into.append(&mut self.events);
    }

    /// Gives back memory that is not needed now.
    pub(crate) fn rest(&mut self) {
        self.events.shrink_to_fit();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// Most events that wait for the task; a task that is not run loses the oldest.
const NEWS_MAX: usize = 1024;
