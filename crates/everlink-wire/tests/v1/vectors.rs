//! The committed vectors, which other implementations are held to as well.

use std::collections::BTreeSet;

use bytes::Bytes;
use everlink_wire::Message;
use everlink_wire::v1::{
    Encoding, V1Error, decode_reply, decode_request, encode_reply, encode_request, message_of,
};
use serde::Deserialize;
use serde_json::Value;

use crate::readable;

#[derive(Deserialize)]
struct Vector {
    name: String,
    side: String,
    /// The frame in words, if the message is valid.
    frame: Option<Value>,
    /// The message means the frame, but we write it otherwise.
    #[serde(default)]
    decode_only: bool,
    json: Option<String>,
    cbor: Option<String>,
    /// The content of a message of the wrong kind.
    json_binary: Option<String>,
    cbor_text: Option<String>,
    error: Option<String>,
    close: Option<u16>,
}

impl Vector {
    /// Returns the messages that stand in the vector.
    fn messages(&self) -> Vec<(Encoding, Message)> {
        let bytes = |hex: &String| Message::Binary(from_hex(hex));
        let text = |text: &String| Message::from(text.as_str());
        let all = [
            (Encoding::Json, self.json.as_ref().map(text)),
            (Encoding::Cbor, self.cbor.as_ref().map(bytes)),
            (Encoding::Json, self.json_binary.as_ref().map(bytes)),
            (Encoding::Cbor, self.cbor_text.as_ref().map(text)),
        ];
        all.into_iter().filter_map(|(encoding, message)| Some((encoding, message?))).collect()
    }

    /// Decodes a message, and returns the frame in words and encoded again in both encodings.
    fn decode(
        &self,
        encoding: Encoding,
        message: &Message,
    ) -> Result<(Value, [Vec<u8>; 2]), V1Error> {
        let mut again = [Vec::new(), Vec::new()];
        let in_words = if self.side == "client" {
            let frame = decode_request(encoding, message)?;
            for (encoding, buffer) in Encoding::ALL.into_iter().zip(&mut again) {
                encode_request(encoding, &frame, buffer);
            }
            readable::request(&frame)
        } else {
            let frame = decode_reply(encoding, message)?;
            for (encoding, buffer) in Encoding::ALL.into_iter().zip(&mut again) {
                encode_reply(encoding, &frame, buffer);
            }
            readable::reply(&frame)
        };
        Ok((in_words, again))
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../vectors/v1.json")).unwrap()
}

fn from_hex(hex: &str) -> Bytes {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[test]
fn there_are_enough_vectors_and_each_has_its_own_name() {
    let vectors = vectors();
    let names: BTreeSet<_> = vectors.iter().map(|vector| &vector.name).collect();
    assert_eq!(names.len(), vectors.len());
    assert!(vectors.iter().filter(|vector| vector.frame.is_some()).count() >= 60);
    assert!(vectors.iter().filter(|vector| vector.error.is_some()).count() >= 60);
    for vector in &vectors {
        assert!(matches!(vector.side.as_str(), "client" | "server"), "{}", vector.name);
        assert!(vector.frame.is_some() != vector.error.is_some(), "{}", vector.name);
        assert!(!vector.messages().is_empty(), "{}", vector.name);
    }
}

#[test]
fn valid_messages_mean_their_frame_and_frames_become_these_bytes() {
    for vector in vectors().iter().filter(|vector| vector.frame.is_some()) {
        let name = &vector.name;
        for (encoding, message) in vector.messages() {
            let (frame, again) = match vector.decode(encoding, &message) {
                Ok(decoded) => decoded,
                Err(error) => panic!("{name}: {error}"),
            };
            assert_eq!(Some(&frame), vector.frame.as_ref(), "{name} in {encoding}");
            if vector.decode_only {
                continue;
            }
            let [json, cbor] = again;
            assert_eq!(Some(String::from_utf8(json).unwrap()), vector.json, "{name}");
            let expected = vector.cbor.as_ref().map(|hex| from_hex(hex));
            assert_eq!(Some(Bytes::from(cbor)), expected, "{name}");
        }
    }
}

#[test]
fn fault_39_invalid_messages_are_errors_of_their_class_and_close_code() {
    for vector in vectors().iter().filter(|vector| vector.error.is_some()) {
        for (encoding, message) in vector.messages() {
            let name = format!("{} in {encoding}", vector.name);
            let Err(error) = vector.decode(encoding, &message) else { panic!("{name}: is taken") };
            assert_eq!(Some(error.class()), vector.error.as_deref(), "{name}: {error}");
            assert_eq!(Some(error.close_code()), vector.close, "{name}: {error}");
            assert_eq!(error.encoding, encoding, "{name}");
            assert_eq!(error.sender.to_string(), vector.side, "{name}");
        }
    }
}

#[test]
fn fault_39_a_message_cut_off_anywhere_is_an_error() {
    for vector in vectors().iter().filter(|vector| vector.frame.is_some() && !vector.decode_only) {
        for (encoding, message) in vector.messages() {
            let whole = message.into_bytes();
            let step = 1.max(whole.len() / 200);
            for length in (0..whole.len()).step_by(step) {
                let Some(cut) = message_of(encoding, whole[..length].to_vec()) else { continue };
                let error = vector.decode(encoding, &cut).unwrap_err();
                assert_eq!(error.close_code(), 1007, "{} at {length}: {error}", vector.name);
            }
        }
    }
}

#[test]
fn every_frame_has_a_vector() {
    let vectors = vectors();
    let tables = everlink_wire::v1::frame_tables();
    let headings = tables.lines().filter_map(|line| line.strip_prefix("### `"));
    let frames: Vec<_> = headings.filter_map(|line| line.split_once("` from the ")).collect();
    assert_eq!(frames.len(), 28);
    for (kind, side) in frames {
        let begin = format!(r#"{{"t":"{kind}""#);
        let has = |vector: &Vector| {
            vector.frame.is_some()
                && vector.side == side
                && vector.json.as_ref().is_some_and(|json| json.starts_with(&begin))
        };
        assert!(vectors.iter().any(has), "no vector for {kind} from the {side}");
    }
}
