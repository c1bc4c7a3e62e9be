//! Arbitrary messages as packets of Socket.IO: an error at worst, and what is understood survives being said again.
#![no_main]

use everlink_wire::Message;
use everlink_wire::socketio::{Args, Assembler, Body, Event, Packet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut assembler = Assembler::default();
    for message in messages(data) {
        match assembler.take(message) {
            Ok(Some(packet)) => said_again(packet),
            Ok(None) => assert!(assembler.is_waiting()),
            Err(error) => {
                assert!(error.to_string().len() < 300, "{error}");
                return;
            }
        }
    }
});

/// Messages are apart by a byte that no text holds; another such byte at the beginning marks a binary one.
fn messages(data: &[u8]) -> impl Iterator<Item = Message> {
    data.split(|byte| *byte == 0xff).filter_map(|part| match part.split_first() {
        Some((0xfe, bytes)) => Some(Message::from(bytes.to_vec())),
        _ => std::str::from_utf8(part).ok().map(Message::from),
    })
}

fn said_again(packet: Packet) {
    if let Body::Event(Event { data, .. }) = &packet.body {
        let args = Args::parse(data.as_str()).expect("a list");
        assert!(args.event().is_some());
    }
    let mut assembler = Assembler::default();
    let mut made = assembler.take(packet.to_text().into());
    for attachment in packet.attachments() {
        assert_eq!(made, Ok(None));
        made = assembler.take(attachment.clone().into());
    }
    assert_eq!(made, Ok(Some(packet)));
}
