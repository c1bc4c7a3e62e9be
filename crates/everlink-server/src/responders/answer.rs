//! Answers one message.

use std::sync::Arc;
use std::time::Duration;

use everlink_engine::Epoch;
use everlink_wire::Message;
use serde_json::{Map, Value};

use super::Question;
use super::feed::Feed;
use super::work::use_up;
use crate::conversation::{StatusEvent, StatusKind};
use crate::log::{LogError, Record};
use crate::plain::{ASSISTANT, MessageView};
use crate::server::{Publication, PublishError, Server};
use crate::speech::Name;

/// Answers a message, or leaves it. Returns `false` when the responder is detached meanwhile: whoever comes
/// next answers it.
pub(super) async fn answer(
    feed: &Feed,
    channel: &Name,
    epoch: Epoch,
    record: &Record,
) -> Result<bool, LogError> {
    let Some(server) = feed.server() else {
        return Ok(false);
    };
    let now = server.node().both_clocks().wall_ms;
    if Duration::from_millis(now.saturating_sub(record.at)) > feed.age_max() {
        return Ok(true);
    }
    let question = question(feed.name(), channel, epoch, record);
    let instant = feed.responder.is_instant();
    if !instant {
        tell(&server, &question, StatusKind::ThinkingStart, None);
    }
    // While it is asked, the server may go.
    drop(server);
    let asked = tokio::select! {
        () = feed.stopped() => {
            if let Some(server) = feed.server_left().filter(|_| !instant) {
                tell(&server, &question, StatusKind::ThinkingEnd, Some("detached".to_owned()));
            }
            return Ok(false);
        }
        asked = feed.responder.respond(&question) => asked,
    };
    let Some(server) = feed.server() else {
        return Ok(false);
    };
    let failed = asked.as_ref().err().map(|error| {
        let (responder, id) = (feed.name(), &question.id);
        tracing::warn!(%error, %responder, %channel, id, "a message is left without an answer");
        error.why.clone()
    });
    let reply = asked.ok().flatten();
    if instant && reply.is_some() {
        tell(&server, &question, StatusKind::ThinkingStart, None);
    }
    let said = match &reply {
        Some(reply) if !reply.content.is_empty() => {
            say(&server, &question, &reply.content).await.map(drop)
        }
        _ => {
            let producer = producer(feed.name(), epoch);
            use_up(&server, channel, producer, record.offset).await.map(drop)
        }
    };
    if !instant || reply.is_some() {
        tell(&server, &question, StatusKind::ThinkingEnd, failed);
    }
    said?;
    for event in reply.into_iter().flat_map(|reply| reply.events) {
        tell_event(&server, channel, event);
    }
    Ok(true)
}

/// Returns whether a message is an answer: nobody answers those, so that responders cannot talk to each other.
pub(super) fn is_answer(record: &Record) -> bool {
    record.producer.starts_with(PRODUCER_PREFIX) || MessageView::of_record("", record).is_reply()
}

/// Names the producer of a responder's answers. Clients cannot name one like it; and it is another in another
/// life of the log, where the same numbers stand for other messages.
pub(super) fn producer(responder: &str, epoch: Epoch) -> Name {
    format!("{PRODUCER_PREFIX}{responder}~{:x}", epoch.0).into()
}

fn question(responder: &Name, channel: &Name, epoch: Epoch, record: &Record) -> Question {
    let view = MessageView::of_record(channel, record);
    Question {
        responder: Arc::clone(responder),
        channel: Arc::clone(channel),
        epoch: epoch.0,
        offset: record.offset,
        id: view.id.clone(),
        sender: view.sender_id.clone(),
        text: view.text().map(str::to_owned),
        payload: record.payload.clone(),
        view: serde_json::to_value(&view).unwrap_or_default(),
    }
}

/// Publishes an answer, once for each message.
async fn say(
    server: &Server,
    question: &Question,
    content: &Map<String, Value>,
) -> Result<(), LogError> {
    let mut content = content.clone();
    for (name, value) in [
        ("sender_id", &*question.responder),
        ("role", ASSISTANT),
        ("reply_to", question.id.as_str()),
    ] {
        content.insert(name.to_owned(), Value::from(value));
    }
    let payload = Message::from(Value::Object(content).to_string());
    let producer = producer(&question.responder, Epoch(question.epoch));
    let publication = Publication::new(Arc::clone(&question.channel), payload);
    match server.publish_as(publication.origin(producer, question.offset, 0)).await {
        Ok(_) => Ok(()),
        Err(PublishError::Log(error @ LogError::TooLong { .. })) => {
            tracing::warn!(%error, responder = %question.responder, "an answer is too long");
            Ok(())
        }
        Err(PublishError::Log(error)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, responder = %question.responder, "an answer is not acceptable");
            Ok(())
        }
    }
}

fn tell(server: &Server, question: &Question, kind: StatusKind, failed: Option<String>) {
    let mut event = StatusEvent::new(kind);
    for (name, value) in [
        ("responder", Some(question.responder.to_string())),
        ("reply_to", Some(question.id.clone())),
        ("failed", failed),
    ] {
        if let Some(value) = value {
            event.extra.insert(name.to_owned(), Value::from(value));
        }
    }
    tell_event(server, &question.channel, event);
}

fn tell_event(server: &Server, channel: &str, event: StatusEvent) {
    if let Err(error) = server.set_status(channel, event) {
        tracing::warn!(%error, %channel, "a status is not told");
    }
}

impl Feed {
    pub(super) const fn name(&self) -> &Name {
        &self.options.name
    }

    const fn age_max(&self) -> Duration {
        self.options.age_max
    }
}

/// Begins the producers of all responders.
const PRODUCER_PREFIX: &str = "~responder~";
