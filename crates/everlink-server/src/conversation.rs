//! What a conversation has beside its messages: the AI worker's status and read receipts.

use std::sync::Arc;

use everlink_wire::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::node::Node;
use crate::server::{Server, ValueError, check_channel};
use crate::speech::Name;

/// Retained, and sent as a volatile value at once: how the AI worker is ([`ConversationStatus`]).
pub const STATUS_KEY: &str = "status";

/// Volatile: somebody is typing. `{user_id, typing, expires_in_ms}`.
pub const TYPING_KEY: &str = "typing";

/// Volatile, from clients: up to where somebody has read. `{sequence_number}`. Of a known user it is retained
/// as `read:<user>` and goes only up; of others it is handed on as it is.
pub const READ_KEY: &str = "read";

/// An event of an AI worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusKind {
    /// An answer is being made.
    ThinkingStart,
    /// It is there, or will not come.
    ThinkingEnd,
    /// What was said is being evaluated.
    ExtractionStart,
    /// It is; `summary_triggered` says whether a summary follows.
    ExtractionComplete,
    /// The summary is there.
    SummaryComplete,
}

/// An event of an AI worker, with what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[non_exhaustive]
pub struct StatusEvent {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: StatusKind,
    /// With `extraction_complete`: a summary is being made now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_triggered: Option<bool>,
    /// Anything else is handed on.
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub extra: Map<String, Value>,
}

impl StatusEvent {
    /// Makes an event that says no more.
    #[must_use]
    pub fn new(kind: StatusKind) -> Self {
        Self { kind, summary_triggered: None, extra: Map::new() }
    }

    /// Says whether a summary is being made now.
    #[must_use]
    pub const fn with_summary(mut self, triggered: bool) -> Self {
        self.summary_triggered = Some(triggered);
        self
    }
}

/// How the AI worker of a conversation is: the last event, and what follows from all of them, so that
/// whoever missed some is right again with the next one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[non_exhaustive]
pub struct ConversationStatus {
    /// The last event.
    #[serde(flatten)]
    pub event: StatusEvent,
    /// Grows with each event, and never goes back.
    pub version: u64,
    /// When it happened, in milliseconds since 1970.
    pub at: u64,
    /// An answer is being made.
    pub thinking: bool,
    /// What was said is being evaluated.
    pub extracting: bool,
    /// A summary is being made.
    pub summary_generating: bool,
}

impl ConversationStatus {
    fn after(before: Option<&Self>, event: StatusEvent, at: u64) -> Self {
        let (mut thinking, mut extracting, mut summary_generating) = before
            .map_or((false, false, false), |s| (s.thinking, s.extracting, s.summary_generating));
        match event.kind {
            StatusKind::ThinkingStart => thinking = true,
            StatusKind::ThinkingEnd => thinking = false,
            StatusKind::ExtractionStart => extracting = true,
            StatusKind::ExtractionComplete => {
                extracting = false;
                summary_generating |= event.summary_triggered == Some(true);
            }
            StatusKind::SummaryComplete => summary_generating = false,
        }
        let version = before.map_or(at, |before| at.max(before.version + 1));
        Self { event, version, at, thinking, extracting, summary_generating }
    }
}

impl Server {
    /// Tells the readers of a conversation what its AI worker does: each event at once, as a volatile value,
    /// and the state that follows from it as a retained one, both of the kind [`STATUS_KEY`].
    ///
    /// # Errors
    ///
    /// The channel cannot be one, or has too many kinds of retained values.
    pub fn set_status(
        &self,
        channel: &str,
        event: StatusEvent,
    ) -> Result<ConversationStatus, ValueError> {
        check_channel(channel)?;
        // One at a time, so that versions and what follows from an event are right.
        let _in_order = self.node().status_order.lock();
        let before = self.conversation_status(channel);
        let at = self.node().both_clocks().wall_ms;
        let status = ConversationStatus::after(before.as_ref(), event, at);
        let json = serde_json::to_string(&status)
            .map_err(|error| ValueError::Payload { reason: error.to_string() })?;
        let payload = Message::from(json);
        self.volatile(channel, STATUS_KEY, payload.clone())?;
        self.retain(channel, STATUS_KEY, payload)?;
        Ok(status)
    }

    /// Returns what was last told about the AI worker of a conversation; this node keeps it in memory.
    #[must_use]
    pub fn conversation_status(&self, channel: &str) -> Option<ConversationStatus> {
        let value = self.node().find_room(channel)?.retained_value(STATUS_KEY)?;
        serde_json::from_slice(value.as_bytes()).ok()
    }
}

/// Up to where somebody has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReadReceipt {
    #[serde(default)]
    pub(crate) user_id: Option<Name>,
    pub(crate) sequence_number: u64,
    #[serde(default)]
    pub(crate) at: u64,
}

/// Retains up to where a known user has read. Returns whether it was a receipt, told now or before.
pub(crate) fn mark_read(node: &Node, channel: &Name, user: &Name, payload: &Message) -> bool {
    let Ok(receipt) = serde_json::from_slice::<ReadReceipt>(payload.as_bytes()) else {
        return false;
    };
    let key: Name = format!("{READ_KEY}:{user}").into();
    let _in_order = node.status_order.lock();
    let room = node.room(channel);
    let before = room.retained_value(&key);
    let before = before.and_then(|value| serde_json::from_slice(value.as_bytes()).ok());
    let goes_up =
        before.is_none_or(|before: ReadReceipt| before.sequence_number < receipt.sequence_number);
    if !goes_up {
        return true;
    }
    let now = node.both_clocks();
    let user_id = Some(Arc::clone(user));
    let receipt = ReadReceipt { user_id, at: now.wall_ms, ..receipt };
    let json = serde_json::to_string(&receipt).unwrap_or_default();
    room.retain(key, json.into(), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(kinds: &[StatusKind]) -> ConversationStatus {
        let mut status = None;
        for (at, kind) in kinds.iter().enumerate() {
            let event = StatusEvent::new(*kind).with_summary(true);
            status = Some(ConversationStatus::after(status.as_ref(), event, at as u64 / 2));
        }
        status.unwrap_or_else(|| panic!("there is an event"))
    }

    #[test]
    fn req_c05_the_state_follows_from_all_events_and_its_version_only_grows() {
        use StatusKind::{ExtractionComplete, ExtractionStart, SummaryComplete, ThinkingStart};
        let status = run(&[ThinkingStart, ExtractionStart]);
        assert!(status.thinking && status.extracting && !status.summary_generating);
        let status = run(&[ThinkingStart, ExtractionStart, ExtractionComplete]);
        assert!(status.thinking && !status.extracting && status.summary_generating);
        assert_eq!(status.version, 2, "two events of one millisecond have two versions");
        let status = run(&[ExtractionComplete, SummaryComplete, StatusKind::ThinkingEnd]);
        assert!(!status.thinking && !status.summary_generating);
    }
}
