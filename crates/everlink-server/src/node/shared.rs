//! Frames that many connections send: encoded at most once in each format.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use everlink_engine::server::{Reply, Stored};
use everlink_wire::Message;
use everlink_wire::ws::{server_binary_frame, server_text_frame};

use crate::log::Record;
use crate::speech::{Format, Name, Payload, Speech};

/// A reply for any number of connections.
#[derive(Debug)]
pub(crate) struct Shared {
    reply: Reply<Name, Message>,
    frames: [OnceLock<Bytes>; Format::COUNT],
    /// What a speech keeps that has no form for all.
    part: OnceLock<Bytes>,
}

impl Shared {
    pub(crate) fn new(reply: Reply<Name, Message>) -> Self {
        Self { reply, frames: Default::default(), part: OnceLock::new() }
    }

    pub(crate) fn entry(channel: &Name, record: &Record) -> Self {
        Self::new(Reply::Message(stored(channel, record)))
    }

    pub(crate) const fn reply(&self) -> &Reply<Name, Message> {
        &self.reply
    }

    /// Says it to a connection whose speech has no form that is the same for all.
    pub(crate) fn say(&self, speech: &mut dyn Speech) -> Payload {
        speech.encode_shared(&self.reply, &self.part)
    }

    /// Returns the whole WebSocket frame, empty where the speech says nothing; `None` if the speech
    /// shares none.
    pub(crate) fn frame(&self, speech: &mut dyn Speech) -> Option<&Bytes> {
        let format = speech.format()?;
        Some(
            self.frames[format as usize].get_or_init(|| frame(format, &speech.encode(&self.reply))),
        )
    }
}

/// Makes a record what a client is told.
pub(crate) fn stored(channel: &Name, record: &Record) -> Stored<Name, Message> {
    Stored {
        channel: Arc::clone(channel),
        offset: record.offset,
        epoch: None,
        producer: Arc::clone(&record.producer),
        sequence: record.sequence,
        id: record.id.clone(),
        user: record.user.clone(),
        at: record.at,
        payload: record.payload.clone(),
    }
}

fn frame(format: Format, payload: &Payload) -> Bytes {
    match payload {
        Payload::Text(text) if format.is_engine_io() => server_text_frame(&format!("4{text}")),
        Payload::Text(text) => server_text_frame(text),
        Payload::Binary(bytes) => server_binary_frame(bytes),
        Payload::Several(payloads) => {
            let frames: Vec<_> = payloads.iter().map(|payload| frame(format, payload)).collect();
            frames.concat().into()
        }
        Payload::Ping(_) | Payload::Nothing => Bytes::new(),
    }
}
