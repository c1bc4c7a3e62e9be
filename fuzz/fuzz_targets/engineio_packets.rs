//! Arbitrary bytes as packets of Engine.IO, in a WebSocket message (first byte even) or in a body of HTTP long-polling:
//! an error at worst, and what is understood survives both carriers.
#![no_main]

use everlink_wire::Message;
use everlink_wire::engineio::{BodyWriter, Packet, PacketError, Packets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((carrier, data)) = data.split_first() else { return };
    let data = data.to_vec();
    if carrier % 2 == 0 {
        let message = match String::from_utf8(data) {
            Ok(text) => Message::from(text),
            Err(error) => Message::from(error.into_bytes()),
        };
        if let Some(packet) = note(Packet::from_message(&message)) {
            said_again(&[packet]);
        }
        return;
    }
    let Some(packets) = note(Packets::new(data.into())) else { return };
    let packets: Vec<_> = packets.map_while(note).collect();
    said_again(&packets);
});

/// An error can be said, and is short.
fn note<T>(result: Result<T, PacketError>) -> Option<T> {
    if let Err(error) = &result {
        assert!(error.to_string().len() < 400, "{error}");
    }
    result.ok()
}

fn said_again(packets: &[Packet]) {
    let mut body = BodyWriter::new();
    let mut said = Vec::new();
    for packet in packets {
        let message = packet.clone().into_message();
        assert_eq!(Packet::from_message(&message).as_ref(), Ok(packet));
        if body.push(packet).is_ok() {
            said.push(packet.clone());
        }
    }
    if !said.is_empty() {
        let read: Vec<_> = Packets::new(body.take()).expect("UTF-8").map(Result::unwrap).collect();
        assert_eq!(read, said);
    }
}
