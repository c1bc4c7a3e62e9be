//! A chat: rooms that clients join by themselves, with history, typing and read receipts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use everlink_engine::{Cursor, Epoch};
use everlink_wire::Message;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::ack::AckSender;
use super::args::Args;
use super::body::ATTACHMENTS;
use super::inbox::{Joined, Page, Stored};
use super::namespace::Namespace;
use super::socket::{NOTHING, Socket};
use crate::conversation::{READ_KEY, TYPING_KEY};
use crate::hooks::{Code, Refusal};
use crate::plain::{MessageView, is_message_id};
use crate::server::is_name;

impl Namespace {
    /// Makes the namespace of a chat, as `everlink serve` has it at `/`. What clients may do is asked of
    /// [`Hooks`](crate::hooks::Hooks), and limited, as at all other endpoints, whose clients are in the same rooms.
    ///
    /// | event of a client | answer |
    /// |---|---|
    /// | `join {room, after?, epoch?}` | `{room, epoch, sequence_number, replay}`; what follows `after` comes, without it what is new |
    /// | `leave {room}` | `{room}` |
    /// | `message {room, id?, …}` | `{room, id, sequence_number}` once it is stored; the same `id` again is stored once, and has the same place |
    /// | `typing {room, typing}` | none |
    /// | `read {room, sequence_number}` | none |
    /// | `history {room, after?, limit?}` | `{room, epoch, first, sequence_number, messages}` |
    ///
    /// Bytes in a message are stored as `attachments`, in base64, beside the placeholders that stand for them; clients
    /// of Socket.IO get them back as bytes. Where nobody is asked for credentials, `auth.user_id` says who sends.
    ///
    /// What is refused is answered with `{error: {code, message}}`. The server sends `message`, and what
    /// [`channel_news`](Self::channel_news) tells.
    pub fn chat(name: &str) -> Self {
        Self::new(name)
            .channel_news(true)
            .on("join", |socket, args, ack| async move {
                answer(ack, join(&socket, &args).await);
            })
            .on("leave", |socket, args, ack| async move { answer(ack, leave(&socket, &args)) })
            .on("message", |socket, args, ack| async move {
                answer(ack, publish(&socket, &args).await);
            })
            .on("typing", |socket, args, ack| async move {
                answer(ack, volatile(&socket, &args, TYPING_KEY));
            })
            .on("read", |socket, args, ack| async move {
                answer(ack, volatile(&socket, &args, READ_KEY));
            })
            .on("history", |socket, args, ack| async move {
                answer(ack, history(&socket, &args).await);
            })
            .on_any(|_socket, name, _args, ack| async move {
                let known = "join, leave, message, typing, read, history";
                answer(ack, Err(wrong(format!("event {name:?}; accepted: {known}"))));
            })
    }
}

#[derive(Deserialize)]
struct Join {
    room: String,
    after: Option<u64>,
    epoch: Option<u64>,
}

#[derive(Deserialize)]
struct Leave {
    room: String,
}

#[derive(Deserialize)]
struct Say {
    room: String,
    id: Option<String>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
struct History {
    room: String,
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

async fn join(socket: &Socket, args: &Args) -> Result<Value, Refusal> {
    let Join { room, after, epoch } = parse(args, "{room, after?, epoch?}")?;
    check_room(socket, &room)?;
    let from = match (after, epoch) {
        (None, _) => None,
        (Some(offset), Some(epoch)) => Some(Cursor { epoch: Epoch(epoch), offset }),
        (Some(offset), None) => {
            let log = socket.server().log();
            let page = log.read(&socket.channel(&room), 0, NOTHING).await;
            let page = page.map_err(|error| Refusal::new(Code::Overload, error.to_string()))?;
            Some(Cursor { epoch: page.head.epoch, offset })
        }
    };
    let Joined { epoch, head, replay } = socket.join_after(&room, from).await?;
    Ok(json!({ "room": room, "epoch": epoch, "sequence_number": head, "replay": replay }))
}

fn leave(socket: &Socket, args: &Args) -> Result<Value, Refusal> {
    let Leave { room } = parse(args, "{room}")?;
    check_room(socket, &room)?;
    socket.leave(&room);
    Ok(json!({ "room": room }))
}

async fn publish(socket: &Socket, args: &Args) -> Result<Value, Refusal> {
    let Say { room, id, fields } = parse(args, "{room, id?, …}")?;
    check_room(socket, &room)?;
    if let Some(id) = id.as_ref().filter(|id| !is_message_id(id)) {
        let accepted = "accepted: 1 to 128 bytes without `~` and control characters";
        return Err(wrong(format!("id of {} bytes; {accepted}", id.len())));
    }
    let payload = with_attachments(socket.signed(fields, "sender_id"), args.attachments())?;
    let Stored { id, offset } = socket.publish(&room, id, payload).await?;
    Ok(json!({ "room": room, "id": id, "sequence_number": offset }))
}

/// Puts bytes beside the placeholders that stand for them.
fn with_attachments(
    mut fields: Map<String, Value>,
    attachments: &[Bytes],
) -> Result<Message, Refusal> {
    if !attachments.is_empty() {
        let encoded: Vec<_> = attachments.iter().map(|bytes| STANDARD.encode(bytes)).collect();
        if fields.insert(ATTACHMENTS.to_owned(), encoded.into()).is_some() {
            let why = format!("a field `{ATTACHMENTS}` beside bytes; accepted: one of them");
            return Err(wrong(why));
        }
    }
    Ok(Message::from(Value::Object(fields).to_string()))
}

fn volatile(socket: &Socket, args: &Args, key: &str) -> Result<Value, Refusal> {
    let mut fields: Map<String, Value> = parse(args, "{room, …}")?;
    let Some(Value::String(room)) = fields.remove("room") else {
        return Err(wrong("no room; accepted: {room, …}".to_owned()));
    };
    check_room(socket, &room)?;
    let payload = Message::from(Value::Object(socket.signed(fields, "user_id")).to_string());
    socket.volatile(&room, key, payload);
    Ok(json!({ "room": room }))
}

async fn history(socket: &Socket, args: &Args) -> Result<Value, Refusal> {
    let History { room, after, limit } = parse(args, "{room, after?, limit?}")?;
    check_room(socket, &room)?;
    let limit = limit.unwrap_or(HISTORY_DEFAULT);
    let Page { head, messages } = socket.history(&room, after, limit).await?;
    let views: Vec<_> = messages.iter().map(MessageView::of_stored).collect();
    Ok(json!({
        "room": room, "epoch": head.epoch.0, "first": head.first, "sequence_number": head.head,
        "messages": views,
    }))
}

fn check_room(socket: &Socket, room: &str) -> Result<(), Refusal> {
    if !room.is_empty() && is_name(&socket.channel(room)) {
        return Ok(());
    }
    Err(wrong(format!("a room's name of {} bytes; accepted: 1 to 256", room.len())))
}

fn parse<T: DeserializeOwned>(args: &Args, accepted: &str) -> Result<T, Refusal> {
    args.get(0).ok_or_else(|| wrong(format!("accepted: {accepted}")))
}

fn wrong(why: String) -> Refusal {
    Refusal::new(Code::BadFrame, why)
}

fn answer(ack: AckSender, result: Result<Value, Refusal>) {
    ack.send(result.unwrap_or_else(
        |Refusal { code, why, .. }| json!({ "error": { "code": code.number(), "message": &*why } }),
    ));
}

/// Messages in a page where its reader does not say how many.
const HISTORY_DEFAULT: u32 = 100;
