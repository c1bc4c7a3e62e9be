//! Messages of a conversation.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use everlink_wire::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::caller::{Caller, read_body};
use super::{Conversation, IDEMPOTENCY_KEY};
use crate::hooks::Operation;
use crate::log::{PageLimit, Record};
use crate::node::random_token;
use crate::plain::{MessageView, id_producer, is_message_id, time};
use crate::problem::Problem;
use crate::server::{Publication, Server};
use crate::speech::Name;

/// A message to be sent.
#[derive(Debug, Deserialize, ToSchema)]
struct NewMessage {
    /// Names the message: posting it again under the same name stores it once. 1 to 128 bytes without `~`;
    /// the header `Idempotency-Key` says the same. Default: a fresh one.
    id: Option<String>,
    /// Who sends it; with a token, its `sub`.
    sender_id: Option<String>,
    /// Anything else is stored and told to all: `plaintext`, for example.
    #[serde(flatten)]
    #[schema(additional_properties)]
    content: Map<String, Value>,
}

/// A message is stored, as safe as the log says, and on its way to all readers.
#[derive(Debug, Serialize, ToSchema)]
struct Sent {
    /// The message's name.
    id: String,
    /// The conversation.
    conversation_id: String,
    /// Its place in the conversation, from 1.
    sequence_number: u64,
    /// When it was stored (RFC 3339, UTC).
    created_at: String,
    /// It had been stored before.
    duplicate: bool,
}

/// Sends a message: it is stored, and then told to every reader.
#[utoipa::path(
    post,
    path = "/conversations/{conversation}/messages",
    tag = "conversations",
    params(
        ("conversation" = String, Path, description = "The conversation, which begins with its first message"),
        ("Idempotency-Key" = Option<String>, Header, description = "As `id` in the body"),
    ),
    request_body = NewMessage,
    responses(
        (status = 201, description = "Stored", body = Sent),
        (status = 200, description = "It had been stored before", body = Sent),
        (status = 400, description = "What is wrong with it", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not permitted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another message has this name", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be stored now", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn post(
    State(server): State<Server>,
    Conversation(channel): Conversation,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = read_body(body, server.node().settings.frame_max).await?;
    caller.charge(body.len())?;
    caller.ask(&channel, Operation::Publish).await?;
    let NewMessage { id, sender_id, mut content } = message(&body)?;
    let given = given_id(&parts.headers, id)?;
    let sender = caller.sender(sender_id.as_deref())?;
    let shown = sender.as_deref().or(sender_id.as_deref());
    if let Some(shown) = shown {
        content.insert("sender_id".to_owned(), Value::from(shown));
    }
    let payload = Message::from(Value::Object(content).to_string());
    let payload = caller.decide(&channel, payload).await?;
    let id = given.clone().unwrap_or_else(|| random_token(""));
    let mut publication = Publication::new(Arc::clone(&channel), payload.clone()).id(id.as_str());
    if let Some(sender) = sender {
        publication = publication.user(sender);
    }
    if given.is_some() {
        let producer = id_producer(&id) + caller.suffix().as_deref().unwrap_or_default();
        publication = publication.origin(producer, 1, 0);
    }
    let published = server.publish_as(publication).await?;
    if let Some(at) = published.at {
        let sent = Sent::new(id, &channel, published.offset, at, false);
        return Ok((StatusCode::CREATED, Json(sent)).into_response());
    }
    let record = stored(&server, &channel, published.offset).await?;
    match record.filter(|record| record.payload == payload) {
        Some(record) => {
            Ok(Json(Sent::new(id, &channel, record.offset, record.at, true)).into_response())
        }
        None => {
            let detail = format!("another message of this conversation has had the id {id:?}");
            Err(Problem::new(StatusCode::CONFLICT, "id is taken", detail))
        }
    }
}

impl Sent {
    fn new(id: String, channel: &str, offset: u64, at: u64, duplicate: bool) -> Self {
        Self {
            id,
            conversation_id: channel.to_owned(),
            sequence_number: offset,
            created_at: time(at),
            duplicate,
        }
    }
}

/// Where to read, and how much.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Place {
    /// The page begins behind this sequence number. Default: at the beginning.
    after: Option<u64>,
    /// The page ends before this sequence number; not beside `after`.
    before: Option<u64>,
    /// Most messages, 1 to 500. Default: 100.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u64>,
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessagePage {
    /// The conversation.
    conversation_id: String,
    /// The messages, in order.
    messages: Vec<MessageView>,
    /// The life of the conversation's log: when it changes, sequence numbers begin anew. 0 before the first message.
    epoch: u64,
    /// The first sequence number that is still there.
    first: u64,
    /// The last sequence number; 0 before the first message.
    last: u64,
    /// What was asked for and is not there any more.
    missing: Option<Missing>,
    /// Ask `after` this for the next page; `null` at the end.
    next_after: Option<u64>,
}

/// Sequence numbers of messages that history has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Missing {
    /// The first.
    from: u64,
    /// The last.
    to: u64,
}

/// Reads messages.
#[utoipa::path(
    get,
    path = "/conversations/{conversation}/messages",
    tag = "conversations",
    params(("conversation" = String, Path, description = "The conversation"), Place),
    responses(
        (status = 200, description = "A page, empty behind the end", body = MessagePage),
        (status = 400, description = "What is wrong with the request", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not permitted", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot be read now", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn list(
    State(server): State<Server>,
    Conversation(channel): Conversation,
    caller: Caller,
    uri: Uri,
) -> Result<Json<MessagePage>, Problem> {
    caller.ask(&channel, Operation::History).await?;
    let (after, limit) = place(&uri)?;
    let page = server.history(&channel, after, limit).await?;
    let messages: Vec<_> =
        page.messages.iter().map(|record| MessageView::of_record(&channel, record)).collect();
    let head = page.head;
    let reached = page.messages.last().map_or(after, |record| record.offset);
    let from = after.saturating_add(1);
    let missing = (from < head.first).then(|| Missing { from, to: head.first - 1 });
    Ok(Json(MessagePage {
        conversation_id: channel.to_string(),
        messages,
        epoch: head.epoch.0,
        first: head.first,
        last: head.head,
        missing,
        next_after: (reached < head.head).then_some(reached),
    }))
}

fn place(uri: &Uri) -> Result<(u64, usize), Problem> {
    let accepted = "after or before (whole numbers), limit (1 to 500)";
    let Query(place) = Query::<Place>::try_from_uri(uri).map_err(|error| {
        Problem::invalid("query", uri.query().unwrap_or_default(), error.body_text(), accepted)
    })?;
    let limit = place.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = "that many messages are not in a page";
        return Err(Problem::invalid("query: limit", limit.to_string(), detail, "1 to 500"));
    }
    let (after, limit) = match (place.after, place.before) {
        (Some(_), Some(before)) => {
            let detail = "a page begins behind a place or ends before one";
            let value = before.to_string();
            return Err(Problem::invalid("query: before", value, detail, "not beside after"));
        }
        (None, Some(before)) => {
            let after = before.saturating_sub(limit.saturating_add(1));
            (after, limit.min(before.saturating_sub(1).saturating_sub(after)).max(1))
        }
        (after, None) => (after.unwrap_or(0), limit),
    };
    Ok((after, usize::try_from(limit).unwrap_or(usize::MAX)))
}

fn message(body: &[u8]) -> Result<NewMessage, Problem> {
    let message: NewMessage = serde_json::from_slice(body).map_err(|error| {
        let accepted = "a JSON object such as {\"sender_id\": \"ann\", \"plaintext\": \"hello\"}";
        Problem::invalid("body", String::from_utf8_lossy(body), error.to_string(), accepted)
    })?;
    if message.content.is_empty() {
        let accepted = "at least one field beside id and sender_id, such as plaintext";
        return Err(Problem::invalid("body", "", "there is nothing in the message", accepted));
    }
    Ok(message)
}

/// Returns the name that a client gives its message.
fn given_id(headers: &HeaderMap, id: Option<String>) -> Result<Option<String>, Problem> {
    let key = headers.get(&IDEMPOTENCY_KEY).map(|key| String::from_utf8_lossy(key.as_bytes()));
    let place = if id.is_some() { "body: id" } else { "header: Idempotency-Key" };
    let given = id.or_else(|| key.map(std::borrow::Cow::into_owned));
    match given {
        Some(id) if !is_message_id(&id) => {
            let accepted = "1 to 128 bytes without `~` and control characters";
            Err(Problem::invalid(place, id, "a message cannot have this name", accepted))
        }
        given => Ok(given),
    }
}

/// Returns what stands at an offset.
async fn stored(
    server: &Server,
    channel: &Name,
    offset: u64,
) -> Result<Option<Arc<Record>>, Problem> {
    let Some(after) = offset.checked_sub(1) else {
        return Ok(None);
    };
    let limit = PageLimit { records: 1, bytes: 1 };
    let page = server.log().read(channel, after, limit).await?;
    Ok(page.records.into_iter().next().filter(|record| record.offset == offset))
}

const LIMIT_DEFAULT: u64 = 100;

/// Most messages in a page, as [`Server::history`] has it.
const LIMIT_MAX: u64 = 500;
