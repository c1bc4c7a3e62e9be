//! Which subscriptions take the messages of which channel.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use everlink_engine::ChannelId;
use everlink_wire::Message;

use super::queue::Queue;

/// A message and the channel it came on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMessage {
    /// The channel.
    pub channel: Arc<str>,
    /// What came.
    pub message: Message,
}

/// Where the messages of one subscription go.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) queue: Arc<Queue<ChannelMessage>>,
    /// How many messages were dropped because nobody took them.
    pub(crate) missed: AtomicU64,
    /// Whether other clients use the queue too: then the end of this one is not its end.
    pub(crate) shares_queue: bool,
}

impl Route {
    pub(crate) fn new(queue: Arc<Queue<ChannelMessage>>, shares_queue: bool) -> Self {
        Self { queue, missed: AtomicU64::new(0), shares_queue }
    }

    fn set_closed(&self, closed: bool) {
        if !self.shares_queue {
            self.queue.set_closed(closed);
        }
    }
}

/// The subscriptions of one client.
#[derive(Debug, Default)]
pub(crate) struct Routes(HashMap<ChannelId, Vec<Arc<Route>>>);

/// What became of a message of a channel.
pub(crate) enum Routed {
    /// Every subscription has it.
    Taken,
    /// Nobody is subscribed any more.
    Unclaimed,
    /// Every subscription has it, and for that some lost an older one.
    Lagged,
}

impl Routes {
    /// Returns whether anybody is subscribed to a channel.
    pub(crate) fn has(&self, channel: ChannelId) -> bool {
        self.0.contains_key(&channel)
    }

    pub(crate) fn add(&mut self, channel: ChannelId, route: Arc<Route>) {
        self.0.entry(channel).or_default().push(route);
    }

    /// Removes a subscription; returns whether it was the last of its channel.
    pub(crate) fn remove(&mut self, channel: ChannelId, route: &Arc<Route>) -> bool {
        let Some(routes) = self.0.get_mut(&channel) else {
            return false;
        };
        routes.retain(|other| !Arc::ptr_eq(other, route));
        let last = routes.is_empty();
        if last {
            self.0.remove(&channel);
        }
        last
    }

    /// Ends every subscription of a channel.
    pub(crate) fn end(&mut self, channel: ChannelId) {
        for route in self.0.remove(&channel).unwrap_or_default() {
            route.set_closed(true);
        }
    }

    pub(crate) fn deliver(&self, id: ChannelId, channel: &Arc<str>, message: Message) -> Routed {
        let Some(routes) = self.0.get(&id) else {
            return Routed::Unclaimed;
        };
        let mut lagged = false;
        for route in routes {
            let update = ChannelMessage { channel: Arc::clone(channel), message: message.clone() };
            if route.queue.push_over(update).is_some() {
                route.missed.fetch_add(1, Ordering::Relaxed);
                lagged = true;
            }
        }
        if lagged { Routed::Lagged } else { Routed::Taken }
    }

    pub(crate) fn set_closed(&self, closed: bool) {
        for route in self.0.values().flatten() {
            route.set_closed(closed);
        }
    }
}
