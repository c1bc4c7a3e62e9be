//! The log of one socket: what belongs to it alone, so that it can be taken up again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everlink_engine::server::Refusals;
use everlink_engine::{Cursor, Epoch};
use everlink_wire::Message;
use everlink_wire::ws::Text;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::ack::EmitError;
use super::args::Args;
use crate::log::{Append, Appended, Body, LogError};
use crate::server::Server;
use crate::speech::Name;

/// Where a socket's own log is, and how it is written.
///
/// It begins with what the socket is. Rooms are joined and left by records in it, and take effect when the
/// connection reads these, so that what a socket is in follows from the log and a place in it, and from
/// nothing else.
#[derive(Debug)]
pub(super) struct Personal {
    pub(super) pid: Name,
    pub(super) channel: Name,
    /// Records since the last mark.
    written: AtomicU64,
}

/// A record of a personal log.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// What the socket is, and what it is in. The first; then again from time to time, so that what lies before
    /// can go.
    #[serde(rename = "m")]
    Mark(Mark),
    /// It is in a channel, which it reads behind this place.
    #[serde(rename = "j")]
    Join(Name, u64, u64),
    /// It is in a channel no more.
    #[serde(rename = "l")]
    Leave(Name),
    /// An event for it alone.
    #[serde(rename = "e")]
    Emit(Emit),
    /// The client has acknowledged the event of this number.
    #[serde(rename = "k")]
    Acked(u64),
}

/// What a socket is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) sid: Name,
    pub(super) namespace: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<Name>,
    /// Up to which record this follows from. Others may stand between it and the mark.
    #[serde(default)]
    pub(super) at: u64,
    /// The channels that it is in, in the order of their records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) channels: Vec<Name>,
    /// The highest number of an event that wants an acknowledgement.
    #[serde(default)]
    pub(super) acks: u64,
}

/// An event, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Emit {
    /// Name and arguments.
    pub(super) d: Box<RawValue>,
    /// Under which number it is to be acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u64>,
    /// Attachments in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) x: Vec<String>,
}

impl Personal {
    pub(super) fn new(pid: Name) -> Self {
        let channel = channel(&pid);
        Self { pid, channel, written: AtomicU64::new(0) }
    }

    /// Begins it. Returns where its first record stands.
    pub(super) async fn begin(&self, server: &Server, mark: Mark) -> Result<Cursor, LogError> {
        let (told, outcome) = oneshot::channel();
        self.append(server, &Record::Mark(mark), move |outcome| {
            // The client may be gone meanwhile.
            let _ = told.send(outcome);
        });
        match outcome.await.unwrap_or(Err(LogError::Closed))? {
            Appended::New { epoch, offset, .. } => Ok(Cursor { epoch, offset }),
            Appended::Known { .. } | Appended::Refused { .. } | Appended::Hole(_) => {
                let reason = "a fresh socket's log is not fresh".to_owned();
                Err(LogError::Unavailable { reason })
            }
        }
    }

    pub(super) fn joined(&self, server: &Server, channel: &Name, from: Cursor) {
        let record = Record::Join(Arc::clone(channel), from.epoch.0, from.offset);
        self.append(server, &record, warn);
    }

    pub(super) fn left(&self, server: &Server, channel: &Name) {
        self.append(server, &Record::Leave(Arc::clone(channel)), warn);
    }

    pub(super) fn acked(&self, server: &Server, id: u64) {
        self.append(server, &Record::Acked(id), warn);
    }

    pub(super) fn emit(
        &self,
        server: &Server,
        event: &str,
        args: &Args,
        id: Option<u64>,
    ) -> Result<(), EmitError> {
        let store = |why: String| EmitError::Store { why };
        let d = RawValue::from_string(args.of_event(event).as_str().to_owned())
            .map_err(|error| store(error.to_string()))?;
        let x = args.attachments().iter().map(|bytes| STANDARD.encode(bytes)).collect();
        self.append(server, &Record::Emit(Emit { d, id, x }), warn);
        Ok(())
    }

    /// Notes from time to time what the socket is.
    pub(super) fn mark_if_due(&self, server: &Server, mark: impl FnOnce() -> Mark) {
        if self.written.load(Ordering::Relaxed) >= MARK_EVERY {
            self.written.store(0, Ordering::Relaxed);
            self.append(server, &Record::Mark(mark()), warn);
        }
    }

    fn append(
        &self,
        server: &Server,
        record: &Record,
        done: impl FnOnce(Result<Appended, LogError>) + Send + 'static,
    ) {
        self.written.fetch_add(1, Ordering::Relaxed);
        let payload = Message::from(serde_json::to_string(record).unwrap_or_default());
        let channel = Arc::clone(&self.channel);
        let append = |producer, sequence| Append {
            channel,
            producer,
            sequence,
            before: 0,
            id: None,
            user: None,
            first: false,
            refused: Refusals::new(),
            body: Body::Message(payload),
        };
        let node = server.node();
        node.producer.append(&*node.log, &self.channel, append, Box::new(done));
    }
}

impl Emit {
    /// Returns the list, and the attachments.
    pub(super) fn into_parts(self) -> (Text, Vec<bytes::Bytes>) {
        let attachments =
            self.x.iter().map(|text| STANDARD.decode(text).unwrap_or_default().into());
        (self.d.get().to_owned().into(), attachments.collect())
    }
}

/// Reads a record.
pub(super) fn read(payload: &Message) -> Option<Record> {
    serde_json::from_slice(payload.as_bytes()).ok()
}

/// Returns the channel that is a socket's own.
pub(super) fn channel(pid: &str) -> Name {
    format!("{RESERVED}{pid}").into()
}

/// Returns whose own a channel is.
pub(super) fn pid_of(channel: &str) -> Option<&str> {
    channel.strip_prefix(RESERVED)
}

pub(super) const fn cursor(epoch: u64, offset: u64) -> Cursor {
    Cursor { epoch: Epoch(epoch), offset }
}

fn warn(outcome: Result<Appended, LogError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "what belongs to a socket cannot be stored");
    }
}

/// Begins the names of channels that no other endpoint may touch. A control character, so that it is nobody's
/// channel by chance.
pub(crate) const RESERVED: &str = "\u{1}sio/";

/// Records after which a mark is made.
const MARK_EVERY: u64 = 256;
