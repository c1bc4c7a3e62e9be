//! What is said to a server in each of the speeches, and what is understood of its answers.

use anyhow::{Result, bail, ensure};
use everlink::wire::ws::Item;

use super::job::Speech;
use super::raw::Raw;

/// What a text of the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A message of the room.
    Message,
    /// A heartbeat that wants this answer.
    Heartbeat(String),
    Other,
}

impl Speech {
    /// Returns the target of the request for an upgrade, and further headers of it.
    pub(super) const fn request(self, publishes: bool) -> (&'static str, &'static str) {
        match (self, publishes) {
            (Self::Everlink, _) => ("/ws", "Sec-WebSocket-Protocol: everlink.v1.json\r\n"),
            (Self::Plain, true) => ("/publish", ""),
            (Self::Plain, false) => ("/room", ""),
            (Self::SocketIo, true) => ("/socket.io/?EIO=4&transport=websocket&role=publisher", ""),
            (Self::SocketIo, false) => ("/socket.io/?EIO=4&transport=websocket&role=member", ""),
        }
    }

    /// Says what has to be said first, and waits until the connection is where it belongs.
    pub(super) async fn enter(self, raw: &mut Raw, name: &str, publishes: bool) -> Result<()> {
        match self {
            Self::Plain => Ok(()),
            Self::Everlink if publishes => greet(raw, name, "").await,
            Self::Everlink => greet(raw, name, r#"{"c":"room"}"#).await,
            Self::SocketIo => connect(raw, publishes).await,
        }
    }

    pub(super) fn publication(self, number: u64, payload: &str) -> String {
        match self {
            Self::Everlink => {
                format!(r#"{{"t":"pub","c":"room","s":{number},"d":"{payload}"}}"#)
            }
            Self::Plain => payload.to_owned(),
            Self::SocketIo => format!(r#"42["publish","{payload}"]"#),
        }
    }

    /// Returns a message that concerns nobody else.
    pub(super) fn aside(self, size: usize) -> String {
        let payload = "y".repeat(size);
        match self {
            Self::Everlink => {
                format!(r#"{{"t":"vol","c":"elsewhere","k":"k","d":"{payload}"}}"#)
            }
            Self::Plain => payload,
            Self::SocketIo => format!(r#"42["aside","{payload}"]"#),
        }
    }

    pub(super) fn understand(self, text: &[u8]) -> Word {
        match self {
            Self::Plain => Word::Message,
            Self::Everlink if is_message(text) => Word::Message,
            Self::Everlink => pong(text).map_or(Word::Other, Word::Heartbeat),
            Self::SocketIo if text.starts_with(b"42") => Word::Message,
            Self::SocketIo if text == b"2" => Word::Heartbeat("3".to_owned()),
            Self::SocketIo => Word::Other,
        }
    }
}

/// Says hello as everlink.v1 does, and waits until the channels are attached.
pub(super) async fn greet(raw: &mut Raw, client: &str, subs: &str) -> Result<()> {
    let hello = format!(
        r#"{{"t":"hello","v":1,"client":"{client}","producer":"{client}","subs":[{subs}]}}"#
    );
    raw.queue(&hello.into());
    let awaited = if subs.is_empty() { r#"{"t":"welcome""# } else { r#"{"t":"sub_ok""# };
    wait_for(raw, awaited).await
}

/// Opens the main namespace of Socket.IO, and waits until its room is joined.
async fn connect(raw: &mut Raw, publishes: bool) -> Result<()> {
    wait_for(raw, "0{").await?;
    raw.queue(&"40".to_owned().into());
    wait_for(raw, "40{").await?;
    if publishes {
        return Ok(());
    }
    wait_for(raw, r#"42["joined""#).await
}

async fn wait_for(raw: &mut Raw, awaited: &str) -> Result<()> {
    while let Some(item) = raw.recv().await? {
        let Item::Text(text) = item else { continue };
        if text.as_bytes().starts_with(awaited.as_bytes()) {
            return Ok(());
        }
        // Socket.IO refuses a namespace so; socketioxide sends its first heartbeat at once.
        ensure!(!text.as_bytes().starts_with(b"44"), "refused: {text:?}");
        if text.as_bytes() == b"2" {
            raw.queue(&"3".to_owned().into());
        }
    }
    bail!("the server ended the connection before {awaited}")
}

/// Returns the answer that a heartbeat of everlink.v1 wants.
fn pong(text: &[u8]) -> Option<String> {
    let number = text.strip_prefix(br#"{"t":"ping","n":"#)?.strip_suffix(b"}")?;
    Some(format!(r#"{{"t":"pong","n":{}}}"#, std::str::from_utf8(number).ok()?))
}

pub(super) fn is_message(text: &[u8]) -> bool {
    text.starts_with(br#"{"t":"msg""#)
}
