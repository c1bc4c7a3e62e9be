//! The committed vectors, which other implementations are held to as well.

use std::collections::BTreeSet;

use everlink_wire::Message;
use everlink_wire::socketio::{Assembler, Body, Event, Packet, PacketError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Vector {
    name: String,
    messages: Vec<Value>,
    /// The packet in words, if the messages are valid.
    packet: Option<Value>,
    /// The messages mean the packet, but we write it otherwise.
    #[serde(default)]
    decode_only: bool,
    error: Option<String>,
}

impl Vector {
    fn messages(&self) -> Vec<Message> {
        self.messages.iter().map(message).collect()
    }

    /// Returns what the messages make; what is still waiting for attachments is nothing.
    fn decode(&self) -> Result<Option<Packet>, PacketError> {
        let mut assembler = Assembler::default();
        let mut made = None;
        for message in self.messages() {
            let packet = assembler.take(message)?;
            assert!(made.is_none() || packet.is_none(), "{}", self.name);
            made = made.or(packet);
        }
        Ok(made)
    }
}

#[test]
fn there_are_enough_vectors_and_each_has_its_own_name() {
    let vectors = vectors();
    let names: BTreeSet<_> = vectors.iter().map(|vector| &vector.name).collect();
    assert_eq!(names.len(), vectors.len());
    assert!(vectors.iter().filter(|vector| vector.packet.is_some()).count() >= 35);
    assert!(vectors.iter().filter(|vector| vector.error.is_some()).count() >= 50);
    assert!(vectors.iter().all(|vector| vector.packet.is_some() != vector.error.is_some()));
}

/// Req: R05
#[test]
fn req_r05_messages_mean_their_packet_and_packets_become_these_messages() {
    for vector in vectors().iter().filter(|vector| vector.packet.is_some()) {
        let packet = match vector.decode() {
            Ok(packet) => packet.unwrap(),
            Err(error) => panic!("{}: {error}", vector.name),
        };
        assert_eq!(Some(in_words(&packet)), vector.packet, "{}", vector.name);
        if !vector.decode_only {
            assert_eq!(messages_of(&packet), vector.messages(), "{}", vector.name);
        }
    }
}

#[test]
fn fault_39_what_breaks_the_rules_is_an_error_of_its_class() {
    for vector in vectors().iter().filter(|vector| vector.error.is_some()) {
        let error = match vector.decode() {
            Err(error) => error,
            Ok(packet) => panic!("{}: {packet:?}", vector.name),
        };
        assert_eq!(Some(error.class()), vector.error.as_deref(), "{}: {error}", vector.name);
        assert!(error.to_string().len() < 200, "{}: {error}", vector.name);
    }
}

pub(crate) fn messages_of(packet: &Packet) -> Vec<Message> {
    let attachments = packet.attachments().iter().cloned().map(Message::from);
    std::iter::once(Message::from(packet.to_text())).chain(attachments).collect()
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../vectors/socketio.json")).unwrap()
}

fn message(value: &Value) -> Message {
    match value.as_str() {
        Some(text) => Message::from(text),
        None => Message::from(from_hex(value["hex"].as_str().unwrap())),
    }
}

fn in_words(packet: &Packet) -> Value {
    let kind = match packet.body {
        Body::Connect(_) => "connect",
        Body::Disconnect => "disconnect",
        Body::Event(_) => "event",
        Body::Ack { .. } => "ack",
        Body::ConnectError(_) => "connect_error",
    };
    let mut words = json!({"type": kind, "namespace": packet.namespace.as_str()});
    match &packet.body {
        Body::Connect(data) | Body::ConnectError(data) => {
            if let Some(data) = data {
                words["data"] = data.as_str().into();
            }
        }
        Body::Disconnect => {}
        Body::Event(Event { id, data, .. }) => {
            words["data"] = data.as_str().into();
            if let Some(id) = id {
                words["id"] = (*id).into();
            }
        }
        Body::Ack { id, data, .. } => {
            words["data"] = data.as_str().into();
            words["id"] = (*id).into();
        }
    }
    if !packet.attachments().is_empty() {
        words["attachments"] = packet.attachments().iter().map(|bytes| to_hex(bytes)).collect();
    }
    words
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
