//! What one packet and one body may hold, at the edges.

use std::time::Duration;

use bytes::Bytes;
use everlink_wire::Message;
use everlink_wire::engineio::{
    BodyWriter, HANDSHAKE_BYTES_MAX, Handshake, NUMBER_MAX, PING_BYTES_MAX, Packet, PacketError,
    Packets, SID_BYTES_MAX, UPGRADES_MAX,
};

fn read(text: &str) -> Result<Packet, PacketError> {
    Packet::from_message(&Message::from(text))
}

fn handshake() -> Handshake {
    Handshake {
        sid: "s".to_owned(),
        upgrades: Vec::new(),
        ping_interval: Duration::from_millis(1),
        ping_timeout: Duration::from_millis(1),
        max_payload: None,
    }
}

/// Writes and reads it; returns the error's words.
fn again(handshake: Handshake) -> Result<(), String> {
    let packet = Packet::Open(handshake);
    match Packet::from_message(&packet.clone().into_message()) {
        Ok(same) => {
            assert_eq!(same, packet);
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_handshake_is_taken_up_to_its_bounds_and_not_beyond() {
    let number = Duration::from_millis(NUMBER_MAX);
    let widest = Handshake {
        sid: "s".repeat(SID_BYTES_MAX),
        upgrades: vec!["websocket".to_owned(); UPGRADES_MAX],
        ping_interval: number,
        ping_timeout: number,
        max_payload: Some(NUMBER_MAX),
    };
    assert_eq!(again(widest.clone()), Ok(()));
    assert_eq!(again(handshake()), Ok(()));
    let beyond = [
        ("sid", Handshake { sid: "s".repeat(SID_BYTES_MAX + 1), ..widest.clone() }),
        ("sid", Handshake { sid: String::new(), ..handshake() }),
        ("sid", Handshake { sid: "a b".to_owned(), ..handshake() }),
        ("upgrades", Handshake { upgrades: vec![String::new(); UPGRADES_MAX + 1], ..handshake() }),
        ("pingInterval", Handshake { ping_interval: Duration::ZERO, ..handshake() }),
        ("pingTimeout", Handshake { ping_timeout: Duration::ZERO, ..handshake() }),
        ("maxPayload", Handshake { max_payload: Some(NUMBER_MAX + 1), ..handshake() }),
    ];
    for (field, handshake) in beyond {
        let error = again(handshake).unwrap_err();
        assert!(error.contains(field) && error.contains("accepted: "), "{error}");
    }
    let long = format!("0{}", " ".repeat(HANDSHAKE_BYTES_MAX + 1));
    assert!(read(&long).unwrap_err().to_string().contains("has 4097 bytes"));
}

#[test]
fn a_ping_says_no_more_than_its_bound() {
    for kind in ["2", "3"] {
        assert!(read(&format!("{kind}{}", "p".repeat(PING_BYTES_MAX))).is_ok());
        let error = read(&format!("{kind}{}", "p".repeat(PING_BYTES_MAX + 1))).unwrap_err();
        assert_eq!(error.problem.class(), "ping_too_long");
    }
}

#[test]
fn fault_39_an_error_says_which_packet_of_a_body_and_where() {
    let body = Bytes::from_static("4grüß\u{1e}bAQID\u{1e}4\u{1e}7x\u{1e}4never".as_bytes());
    let mut packets = Packets::new(body).unwrap();
    assert_eq!(packets.by_ref().take_while(Result::is_ok).count(), 3);
    assert!(packets.next().is_none(), "nothing follows an error");
    let body = "4grüß\u{1e}bAQID\u{1e}4\u{1e}7x\u{1e}4never";
    let error = Packets::new(body.into()).unwrap().find_map(Result::err).unwrap();
    assert_eq!((error.packet, error.at), (3, body.find("7x").unwrap()));
    assert_eq!(
        error.to_string(),
        "Engine.IO packet 3, byte 16: type '7'; accepted: 0 to 6, and b in a body"
    );
}

#[test]
fn what_is_read_shares_the_memory_of_what_came() {
    let message = Message::from("4hello");
    let Ok(Packet::Message(hello)) = Packet::from_message(&message) else { panic!("a message") };
    assert_eq!(hello.as_bytes().as_ptr(), message.as_bytes()[1..].as_ptr());
    let body = Bytes::from_static(b"4one\x1e4two");
    let two = Packets::new(body.clone()).unwrap().nth(1).unwrap().unwrap();
    let Packet::Message(two) = two else { panic!("a message") };
    assert_eq!(two.as_bytes().as_ptr(), body[6..].as_ptr());
}

#[test]
fn a_text_that_would_fall_into_two_packets_is_refused_and_leaves_the_body_alone() {
    let mut body = BodyWriter::new();
    body.push(&Packet::Noop).unwrap();
    let text = Packet::Message(Message::from("a\u{1e}b"));
    assert_eq!(body.push(&text).unwrap_err().at, 2);
    assert_eq!(body.len(), 1);
    body.push(&Packet::Message(Message::from(b"a\x1eb".to_vec()))).unwrap();
    assert_eq!(body.take(), "6\u{1e}bYR5i");
    assert!(body.is_empty());
}
