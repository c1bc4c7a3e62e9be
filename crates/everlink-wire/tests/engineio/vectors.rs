//! The committed vectors, which other implementations can be held to as well.

use std::collections::BTreeSet;

use bytes::Bytes;
use everlink_wire::Message;
use everlink_wire::engineio::{BodyWriter, Packet, PacketError, Packets};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Vector {
    name: String,
    /// What stands in one WebSocket message: a text, or bytes in hexadecimal.
    text: Option<String>,
    binary: Option<String>,
    /// Or in a body of HTTP long-polling; bytes where it is no text.
    body: Option<String>,
    body_hex: Option<String>,
    /// The packets in words, if it is valid.
    packets: Option<Vec<Value>>,
    /// It means the packets, but we write it otherwise.
    #[serde(default)]
    decode_only: bool,
    error: Option<String>,
    /// Where the error is: the packet's number and the byte; not said where JSON is wrong, since parsers
    /// differ by a byte.
    at: Option<(usize, usize)>,
}

impl Vector {
    fn message(&self) -> Option<Message> {
        let text = self.text.as_deref().map(Message::from);
        text.or_else(|| self.binary.as_deref().map(|hex| Message::from(from_hex(hex))))
    }

    fn whole_body(&self) -> Option<Bytes> {
        let text = self.body.clone().map(Bytes::from);
        text.or_else(|| self.body_hex.as_deref().map(|hex| from_hex(hex).into()))
    }

    fn read(&self) -> Result<Vec<Packet>, PacketError> {
        match self.message() {
            Some(message) => Packet::from_message(&message).map(|packet| vec![packet]),
            None => Packets::new(self.whole_body().unwrap())?.collect(),
        }
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../vectors/engineio.json")).unwrap()
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn in_words(packet: &Packet) -> Value {
    match packet {
        Packet::Open(open) => json!({"open": {
            "sid": open.sid,
            "upgrades": open.upgrades,
            "ping_interval_ms": u64::try_from(open.ping_interval.as_millis()).unwrap(),
            "ping_timeout_ms": u64::try_from(open.ping_timeout.as_millis()).unwrap(),
            "max_payload": open.max_payload,
        }}),
        Packet::Close => json!("close"),
        Packet::Ping(text) => json!({"ping": text.as_str()}),
        Packet::Pong(text) => json!({"pong": text.as_str()}),
        Packet::Message(Message::Text(text)) => json!({"text": text.as_str()}),
        Packet::Message(Message::Binary(bytes)) => {
            json!({"binary": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()})
        }
        Packet::Upgrade => json!("upgrade"),
        Packet::Noop => json!("noop"),
    }
}

#[test]
fn there_are_enough_vectors_and_each_has_its_own_name() {
    let vectors = vectors();
    let names: BTreeSet<_> = vectors.iter().map(|vector| &vector.name).collect();
    assert_eq!(names.len(), vectors.len());
    assert!(vectors.iter().filter(|vector| vector.packets.is_some()).count() >= 20);
    assert!(vectors.iter().filter(|vector| vector.error.is_some()).count() >= 20);
    for vector in &vectors {
        assert!(vector.packets.is_some() != vector.error.is_some(), "{}", vector.name);
        assert!(vector.message().is_some() != vector.whole_body().is_some(), "{}", vector.name);
    }
}

#[test]
fn valid_vectors_mean_their_packets_and_packets_become_these_bytes() {
    for vector in vectors().iter().filter(|vector| vector.packets.is_some()) {
        let name = &vector.name;
        let packets = vector.read().unwrap_or_else(|error| panic!("{name}: {error}"));
        let words: Vec<_> = packets.iter().map(in_words).collect();
        assert_eq!(Some(&words), vector.packets.as_ref(), "{name}");
        if vector.decode_only {
            continue;
        }
        if let Some(message) = vector.message() {
            assert_eq!(packets[0].clone().into_message(), message, "{name}");
        } else {
            let mut body = BodyWriter::new();
            packets.iter().for_each(|packet| body.push(packet).unwrap());
            assert_eq!(Some(body.take()), vector.whole_body(), "{name}");
        }
    }
}

#[test]
fn fault_39_invalid_vectors_are_errors_of_their_class_at_their_place() {
    for vector in vectors().iter().filter(|vector| vector.error.is_some()) {
        let name = &vector.name;
        let Err(error) = vector.read() else { panic!("{name}: is taken") };
        assert_eq!(Some(error.problem.class()), vector.error.as_deref(), "{name}: {error}");
        let place = vector.at.map(|_| (error.packet, error.at));
        assert_eq!(place, vector.at, "{name}: {error}");
    }
}
