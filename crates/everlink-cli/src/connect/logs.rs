//! Channels of an Everlink server: where reading begins, and how what they bring is printed.

use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use anyhow::bail;
use everlink::engine::{Cursor, Epoch, GapCause};
use everlink::{
    Channel, ChannelEvent, Client, ConnectionState, HistoryError, LogMessage, Payload, Start,
};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};

use super::Came;
use crate::exit::usage;

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Now,
    Beginning,
    /// With the message of this offset, from 1.
    Offset(u64),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "now" => Ok(Self::Now),
            "begin" => Ok(Self::Beginning),
            _ => match text.parse() {
                Ok(offset) if offset > 0 => Ok(Self::Offset(offset)),
                _ => Err("accepted: now, begin, or an offset from 1".to_owned()),
            },
        }
    }
}

/// What channels bring, as soon as they are open.
pub(super) type Opening = BoxFuture<'static, anyhow::Result<Vec<BoxStream<'static, Came>>>>;

/// Opens channels: at once, or, where reading begins at an offset, once the server has said in which
/// life of its log that is.
pub(super) fn open(client: &Client, names: &[String], from: From) -> anyhow::Result<Opening> {
    let start = match from {
        From::Now => Start::Now,
        From::Beginning => Start::Beginning,
        From::Offset(offset) => {
            let (client, names) = (client.clone(), names.to_vec());
            return Ok(open_at(client, names, offset).boxed());
        }
    };
    let opened = names.iter().map(|name| Ok(stream(open_one(client, name, start)?)));
    let opened = opened.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(std::future::ready(Ok(opened)).boxed())
}

async fn open_at(
    client: Client,
    names: Vec<String>,
    offset: u64,
) -> anyhow::Result<Vec<BoxStream<'static, Came>>> {
    let mut opened = Vec::new();
    for name in &names {
        let cursor = locate(&client, name, offset).await?;
        opened.push(stream(open_one(&client, name, Start::After(cursor))?));
    }
    Ok(opened)
}

/// Finds the place before an offset in the log as it is now.
async fn locate(client: &Client, name: &str, offset: u64) -> anyhow::Result<Cursor> {
    loop {
        client.wait_until(ConnectionState::Connected).await;
        match client.history(name, offset - 1, 1).await {
            Ok(page) if offset <= page.head + 1 => {
                return Ok(Cursor { epoch: Epoch(page.epoch), offset: offset - 1 });
            }
            Ok(page) => bail!(
                "--from {offset}: the log of {name} ends at {}; accepted: 1 to {}, begin or now",
                page.head,
                page.head + 1
            ),
            // The next connection is asked again.
            Err(HistoryError::Lost | HistoryError::TimedOut | HistoryError::NotAsked(_)) => {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            Err(error) => bail!("--from {offset}: {name}: {error}"),
        }
    }
}

fn open_one(client: &Client, name: &str, start: Start) -> anyhow::Result<Channel> {
    client.channel(name).from(start).open().map_err(usage)
}

fn stream(channel: Channel) -> BoxStream<'static, Came> {
    let name: Arc<str> = channel.name().into();
    channel.map(move |event| Came::Logged(Arc::clone(&name), event)).boxed()
}

/// Returns the line for something of a log: place, origin and content of a message, the channel before
/// them where there are many; nothing for what is no message.
pub(super) fn text(channel: &str, event: &ChannelEvent, many: bool) -> Option<String> {
    let ChannelEvent::Message(message) = event else {
        return None;
    };
    let LogMessage { offset, producer, sequence, payload, .. } = message;
    let content = match payload.text() {
        // A text of several lines must not look like several messages.
        Some(text) if !text.contains(['\n', '\r']) => text,
        Some(_) | None => match payload.as_json() {
            Some(json) => json.to_owned(),
            None => hex(payload),
        },
    };
    let channel = if many { format!("{channel}\t") } else { String::new() };
    Some(format!("{channel}{offset}\t{producer}/{sequence}\t{content}"))
}

/// Returns the same as a JSON object; gaps and values beside the log have one as well.
pub(super) fn json(channel: &str, event: &ChannelEvent) -> Option<String> {
    let mut object = match event {
        ChannelEvent::Message(message) => {
            let at = message.at.duration_since(UNIX_EPOCH).unwrap_or_default();
            let mut object = json!({
                "offset": message.offset, "epoch": message.epoch, "producer": &*message.producer,
                "sequence": message.sequence, "id": message.id(), "user": message.user.as_deref(),
                "at_ms": u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            });
            put(&mut object, &message.payload);
            object
        }
        ChannelEvent::Gap { from, to, cause, .. } => {
            let why = match cause {
                GapCause::Expired => "expired",
                GapCause::Epoch => "epoch",
                GapCause::Slow => "slow",
            };
            json!({ "gap": { "from": from, "to": to, "why": why } })
        }
        ChannelEvent::Volatile { key, user, payload, .. } => {
            let mut object = json!({ "volatile": &**key, "user": user.as_deref() });
            put(&mut object, payload);
            object
        }
        ChannelEvent::Retained { key, version, payload, .. } => {
            let mut object = json!({ "retained": &**key, "version": version });
            put(&mut object, payload);
            object
        }
        // A refusal ends the command.
        ChannelEvent::Refused { .. } | _ => return None,
    };
    object["channel"] = channel.into();
    Some(object.to_string())
}

fn put(object: &mut Value, payload: &Payload) {
    match payload.decode::<Value>() {
        Ok(value) if payload.as_json().is_some() => object["json"] = value,
        Ok(_) | Err(_) => object["hex"] = hex(payload).into(),
    }
}

fn hex(payload: &Payload) -> String {
    payload.as_bytes().unwrap_or_default().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// How long to wait before a question that was lost is asked again.
const ASK_AGAIN: std::time::Duration = std::time::Duration::from_millis(200);
