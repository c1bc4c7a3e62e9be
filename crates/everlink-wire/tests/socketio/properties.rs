//! Arbitrary packets survive; arbitrary messages are errors at worst.

use bytes::Bytes;
use everlink_wire::Message;
use everlink_wire::socketio::{
    ACK_ID_MAX, Assembler, Body, Event, Packet, RESERVED_EVENTS, placeholder, write_event,
    write_list,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors::messages_of;

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,10}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z]{1,3}", inner), 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    });
    value.prop_map(|value| value.to_string())
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[^,]{1,12}"]
}

fn event_name() -> impl Strategy<Value = String> {
    ".{0,12}".prop_filter("reserved", |name| !RESERVED_EVENTS.contains(&name.as_str()))
}

fn id() -> impl Strategy<Value = u64> {
    prop_oneof![0..300_u64, 0..=ACK_ID_MAX, Just(ACK_ID_MAX)]
}

fn attachments() -> impl Strategy<Value = Vec<Bytes>> {
    vec(vec(any::<u8>(), 0..20).prop_map(Bytes::from), 0..4)
}

fn body() -> impl Strategy<Value = Body> {
    let object = || of(json().prop_map(|json| format!(r#"{{"auth":{json}}}"#).into()));
    let with = |mut values: Vec<String>, attachments: &[Bytes]| {
        values.extend((0..attachments.len()).map(placeholder));
        values
    };
    prop_oneof![
        object().prop_map(Body::Connect),
        object().prop_map(Body::ConnectError),
        Just(Body::Disconnect),
        (of(id()), event_name(), vec(json(), 0..4), attachments()).prop_map(
            move |(id, name, values, attachments)| {
                let values = with(values, &attachments);
                let data = text(|out| write_event(&name, values.iter().map(String::as_str), out));
                Body::Event(Event { id, data, attachments })
            }
        ),
        (id(), vec(json(), 0..4), attachments()).prop_map(move |(id, values, attachments)| {
            let values = with(values, &attachments);
            let data = text(|out| write_list(values.iter().map(String::as_str), out));
            Body::Ack { id, data, attachments }
        }),
    ]
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> everlink_wire::ws::Text {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap().into()
}

proptest! {
    #[test]
    fn a_packet_survives_the_way(namespace in namespace(), body in body()) {
        let packet = Packet::new(namespace.into(), body);
        let mut assembler = Assembler::default();
        let mut messages = messages_of(&packet);
        let last = messages.pop().unwrap();
        for message in messages {
            prop_assert_eq!(assembler.take(message), Ok(None));
        }
        prop_assert_eq!(assembler.take(last), Ok(Some(packet)));
        prop_assert!(!assembler.is_waiting());
    }

    #[test]
    fn fault_39_any_text_is_a_packet_or_an_error(texts in vec("[0-9/,\\-]{0,4}.{0,30}|[0-6][0-9]?\\[\"a\".{0,20}", 1..4)) {
        let mut assembler = Assembler::default();
        for text in texts {
            match assembler.take(Message::from(text)) {
                Ok(Some(packet)) => {
                    let mut again = Assembler::default();
                    prop_assert_eq!(again.take(packet.to_text().into()), Ok(Some(packet)));
                }
                Ok(None) => prop_assert!(assembler.is_waiting()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
