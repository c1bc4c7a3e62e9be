//! Retained values: the last of each kind, sent again at each attach.

use std::sync::Arc;

use everlink_engine::server::Reply;
use everlink_wire::Message;

use super::shared::Shared;
use crate::speech::Name;

/// The retained values of a channel.
#[derive(Debug, Default)]
pub(crate) struct RetainedValues {
    values: Vec<Value>,
    /// The highest version; it never goes back, not even when the room goes away, since it follows
    /// the wall clock where that is ahead.
    version: u64,
}

#[derive(Debug)]
struct Value {
    key: Name,
    version: u64,
    shared: Arc<Shared>,
}

impl RetainedValues {
    /// Sets a value. Returns whether there was room for its kind.
    pub(crate) fn set(&mut self, channel: &Name, key: Name, payload: Message, now_ms: u64) -> bool {
        let at = self.values.iter().position(|value| value.key == key);
        if at.is_none() && self.values.len() >= RETAINED_MAX {
            return false;
        }
        self.version = now_ms.max(self.version + 1);
        let version = self.version;
        let (channel, name) = (Arc::clone(channel), Arc::clone(&key));
        let shared =
            Arc::new(Shared::new(Reply::Retained { channel, key: name, version, payload }));
        if let Some(at) = at {
            self.values.remove(at);
        }
        // In the order of versions, so that readers are told in this order.
        self.values.push(Value { key, version, shared });
        true
    }

    /// Returns what was set after a version, in order, and the version that this reaches.
    pub(crate) fn after(&self, version: u64) -> (Vec<Arc<Shared>>, u64) {
        let start = self.values.partition_point(|value| value.version <= version);
        let fresh = self.values[start..].iter().map(|value| Arc::clone(&value.shared)).collect();
        (fresh, self.version.max(version))
    }

    /// Returns the value of a kind.
    pub(crate) fn get(&self, key: &str) -> Option<Message> {
        let value = self.values.iter().find(|value| *value.key == *key)?;
        match value.shared.reply() {
            Reply::Retained { payload, .. } => Some(payload.clone()),
            _ => None,
        }
    }

    /// Returns whether there are values beside the one of this kind.
    pub(crate) fn has_beside(&self, key: &str) -> bool {
        self.values.iter().any(|value| *value.key != *key)
    }
}

/// Kinds of retained values in one channel; a client remembers the versions of as many.
pub(crate) const RETAINED_MAX: usize = everlink_engine::limits::RETAINED_MAX;
