//! Every bound at its edge.

use everlink_wire::Message;
use everlink_wire::socketio::{Assembler, Limits, NAMESPACE_BYTES_MAX, PacketError};

fn limits(attachments_max: usize, packet_bytes_max: usize) -> Limits {
    let mut limits = Limits::default();
    limits.attachments_max = attachments_max;
    limits.packet_bytes_max = packet_bytes_max;
    limits
}

fn text(text: &str) -> Message {
    Message::from(text)
}

fn bytes(length: usize) -> Message {
    Message::from(vec![7; length])
}

#[test]
fn as_many_attachments_as_the_limit_says() {
    let mut assembler = Assembler::new(limits(2, 1000));
    assert_eq!(assembler.take(text(r#"52-["a"]"#)), Ok(None));
    assert_eq!(assembler.take(bytes(1)), Ok(None));
    assert!(assembler.is_waiting());
    let packet = assembler.take(bytes(1)).unwrap().unwrap();
    assert_eq!(packet.attachments().len(), 2);
    assert!(!assembler.is_waiting());
    let error = assembler.take(text(r#"53-["a"]"#)).unwrap_err();
    assert_eq!(error, error_of_class("too_many_attachments", &error));
    assert_eq!(error.to_string(), "socket.io: 3 attachments; accepted: at most 2");
}

#[test]
fn a_packet_is_as_large_as_its_text_and_attachments_together() {
    let head = r#"52-["a"]"#;
    let mut assembler = Assembler::new(limits(2, head.len() + 10));
    assert_eq!(assembler.take(text(head)), Ok(None));
    assert_eq!(assembler.take(bytes(6)), Ok(None));
    assert!(assembler.take(bytes(4)).unwrap().is_some());
    assert_eq!(assembler.take(text(head)), Ok(None));
    assert_eq!(assembler.take(bytes(6)), Ok(None));
    let error = assembler.take(bytes(5)).unwrap_err();
    assert_eq!(error.class(), "too_large");
    let error = Assembler::new(limits(2, 7)).take(text(head)).unwrap_err();
    assert_eq!(error.to_string(), "socket.io: a packet of 8 bytes or more; accepted: at most 7");
}

#[test]
fn a_name_may_be_as_long_as_the_limit() {
    let named = |length: usize| {
        let name = "n".repeat(length - 1);
        Assembler::default().take(text(&format!("0/{name},")))
    };
    let packet = named(NAMESPACE_BYTES_MAX).unwrap().unwrap();
    assert_eq!(packet.namespace.len(), NAMESPACE_BYTES_MAX);
    assert_eq!(named(NAMESPACE_BYTES_MAX + 1).unwrap_err().class(), "namespace_too_long");
}

#[test]
fn errors_say_where() {
    let error = |json: &str| Assembler::default().take(text(json)).unwrap_err().to_string();
    assert_eq!(error(r#"2/chat,12["a",}"#), "socket.io: the payload is not valid JSON at byte 14");
    assert_eq!(error("8"), "socket.io: type '8' at byte 0; accepted: 0 to 6");
    assert_eq!(error("2{}"), "socket.io: EVENT with an object; accepted: a list");
    assert_eq!(
        error(r#"2["disconnect"]"#),
        "socket.io: event name \"disconnect\"; accepted: a text that is not reserved, or a number"
    );
}

fn error_of_class(class: &str, error: &PacketError) -> PacketError {
    assert_eq!(error.class(), class);
    error.clone()
}
