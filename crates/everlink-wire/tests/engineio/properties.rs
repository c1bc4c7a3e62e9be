//! Arbitrary packets survive both carriers; arbitrary bytes are errors at worst.

use std::time::Duration;

use bytes::Bytes;
use everlink_wire::Message;
use everlink_wire::engineio::{BodyWriter, Handshake, NUMBER_MAX, Packet, Packets};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn millis() -> impl Strategy<Value = Duration> {
    (1..=NUMBER_MAX).prop_map(Duration::from_millis)
}

fn handshake() -> impl Strategy<Value = Handshake> {
    let names = vec("[a-z]{0,12}", 0..4);
    ("[!-~]{1,128}", names, millis(), millis(), of(1..=NUMBER_MAX)).prop_map(
        |(sid, upgrades, ping_interval, ping_timeout, max_payload)| Handshake {
            sid,
            upgrades,
            ping_interval,
            ping_timeout,
            max_payload,
        },
    )
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        handshake().prop_map(Packet::Open),
        Just(Packet::Close),
        "[a-z]{0,32}".prop_map(|text| Packet::Ping(text.into())),
        "[a-z]{0,32}".prop_map(|text| Packet::Pong(text.into())),
        ".{0,40}".prop_map(|text| Packet::Message(text.into())),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Packet::Message(bytes.into())),
        Just(Packet::Upgrade),
        Just(Packet::Noop),
    ]
}

proptest! {
    #[test]
    fn a_packet_survives_a_websocket_message(packet in packet()) {
        let message = packet.clone().into_message();
        prop_assert_eq!(Packet::from_message(&message), Ok(packet));
    }

    #[test]
    fn packets_survive_a_body_in_their_order(packets in vec(packet(), 1..12)) {
        let mut body = BodyWriter::new();
        let said: Vec<_> =
            packets.into_iter().filter(|packet| body.push(packet).is_ok()).collect();
        prop_assume!(!said.is_empty());
        let read: Result<Vec<_>, _> = Packets::new(body.take()).unwrap().collect();
        prop_assert_eq!(read, Ok(said));
    }

    #[test]
    fn fault_39_arbitrary_bodies_are_errors_at_worst(body in vec(any::<u8>(), 0..200)) {
        let length = body.len();
        match Packets::new(Bytes::from(body)) {
            Err(error) => prop_assert!(error.at < length),
            Ok(packets) => for packet in packets {
                let _ = packet.map_err(|error| assert!(error.at <= length, "{error}"));
            },
        }
    }

    #[test]
    fn fault_39_arbitrary_texts_of_packets_are_errors_at_worst(text in "[0-9b]?[ -~\u{1e}{}:,\"]{0,60}") {
        if let Ok(packet) = Packet::from_message(&Message::from(text.clone())) {
            let again = packet.clone().into_message();
            prop_assert_eq!(Packet::from_message(&again), Ok(packet));
        }
        for packet in Packets::new(text.into()).unwrap() {
            let _ = packet.map_err(|error| assert!(error.to_string().len() < 400, "{error}"));
        }
    }
}
