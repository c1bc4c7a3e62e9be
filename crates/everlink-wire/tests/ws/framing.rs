//! Framing rules of RFC 6455, section by section.

use crate::hand::{check, check_with, decode, frame, header, in_words};
use bytes::BytesMut;
use everlink_wire::ws::{
    Close, Decoder, EncodeError, Encoder, Item, Limits, Role, Text, WsError, server_binary_frame,
    server_text_frame,
};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

fn joined(frames: &[(Role, u8, &[u8])]) -> Vec<u8> {
    frames.iter().flat_map(|(role, first, payload)| frame(*role, *first, payload)).collect()
}

#[test]
fn every_kind_of_frame_becomes_its_item() {
    for role in BOTH {
        check(role, &frame(role, 0x81, b"hello"), &["text hello"]);
        check(role, &frame(role, 0x82, b"\x00\xff"), &["binary b\"\\0\\xff\""]);
        check(role, &frame(role, 0x89, b"p"), &["ping b\"p\""]);
        check(role, &frame(role, 0x8A, b""), &["pong b\"\""]);
        check(role, &frame(role, 0x88, b""), &["close"]);
        check(role, &frame(role, 0x88, b"\x03\xe8bye"), &["close 1000 bye"]);
    }
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    check(Role::Server, &masked, &["text Hello"]);
    let fragmented = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    check(Role::Client, &fragmented, &["text Hello"]);
}

#[test]
fn reserved_bits_are_refused_without_an_extension() {
    for (first, bits) in [(0xC1, "100"), (0xA1, "010"), (0x91, "001"), (0xF9, "111")] {
        let error =
            format!("1002: reserved bits {bits} set, none of them negotiated for this frame");
        check(Role::Server, &[first], &[&error]);
    }
}

#[test]
fn reserved_opcodes_are_refused_at_the_first_byte() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF_u8] {
        let error =
            format!("1002: opcode {opcode:#x} is reserved; defined are 0x0 to 0x2 and 0x8 to 0xa");
        check(Role::Client, &[0x80 | opcode], &[&error]);
    }
}

#[test]
fn a_server_wants_masks_and_a_client_does_not() {
    check(Role::Server, &[0x81, 0x05], &["1002: frame from a client is not masked"]);
    check(Role::Client, &[0x81, 0x85], &["1002: frame from a server is masked"]);
}

#[test]
fn control_frames_are_short_and_whole() {
    for opcode in [0x8, 0x9, 0xA] {
        check(Role::Client, &[opcode], &["1002: control frame is fragmented"]);
        let long = &[0x80 | opcode, 126];
        check(Role::Client, long, &["1002: control frame of more than 125 bytes"]);
        let longest = &mut Decoder::new(Role::Client, Limits::default());
        let payload = [&1000_u16.to_be_bytes()[..], &[b'x'; 123]].concat();
        let found = decode(longest, &frame(Role::Client, 0x80 | opcode, &payload));
        assert!(matches!(found[..], [Ok(_)]), "{found:?}");
    }
}

#[test]
fn control_frames_may_stand_between_fragments() {
    for role in BOTH {
        let bytes = joined(&[
            (role, 0x01, b"hel"),
            (role, 0x89, b"?"),
            (role, 0x00, b""),
            (role, 0x8A, b"!"),
            (role, 0x80, b"lo"),
            (role, 0x82, b"x"),
        ]);
        check(role, &bytes, &["ping b\"?\"", "pong b\"!\"", "text hello", "binary b\"x\""]);
    }
}

#[test]
fn fragments_keep_their_order() {
    let lone = "1002: continuation frame without a message to continue";
    check(Role::Client, &[0x80], &[lone]);
    let after_whole = joined(&[(Role::Client, 0x81, b"a"), (Role::Client, 0x80, b"b")]);
    check(Role::Client, &after_whole, &["text a", lone]);
    for first in [0x01, 0x81, 0x02, 0x82] {
        let bytes = joined(&[(Role::Client, 0x01, b"a"), (Role::Client, first, b"b")]);
        check(Role::Client, &bytes, &["1002: new message inside a fragmented one"]);
    }
}

#[test]
fn lengths_must_be_in_their_shortest_form() {
    let error = |len| format!("1002: length {len} is not encoded in the fewest bytes");
    check(Role::Client, &[0x82, 126, 0, 125], &[&error(125)]);
    check(Role::Client, &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], &[&error(65535)]);
    let invalid = "1002: length 0x8000000000000000 has its highest bit set";
    check(Role::Client, &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], &[invalid]);
    for len in [0, 125, 126, 127, 65_535, 65_536, 200_000] {
        for role in BOTH {
            let mut decoder = Decoder::new(role, Limits::default());
            let found = decode(&mut decoder, &frame(role, 0x82, &vec![3; len]));
            assert_eq!(found, [Ok(Item::Binary(vec![3; len].into()))]);
        }
    }
}

#[test]
fn close_frames_are_judged() {
    let close = |payload: &[u8]| frame(Role::Client, 0x88, payload);
    check(Role::Client, &close(b"\x03"), &["1002: close frame with a payload of one byte"]);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535_u16] {
        let error = format!(
            "1002: close code {code}; accepted are 1000 to 1003, 1007 to 1014 and 3000 to 4999"
        );
        check(Role::Client, &close(&code.to_be_bytes()), &[&error]);
    }
    for code in [1000, 1001, 1003, 1007, 1011, 1012, 1014, 3000, 4999_u16] {
        check(Role::Client, &close(&code.to_be_bytes()), &[&format!("close {code} ")]);
    }
}

#[test]
fn fault_39_a_close_reason_that_is_not_utf8_is_refused() {
    let bytes = frame(Role::Server, 0x88, b"\x03\xe8\xff");
    check(Role::Server, &bytes, &["1007: reason of a close frame is not UTF-8"]);
}

#[test]
fn nothing_is_taken_after_a_close_frame() {
    let bytes = joined(&[(Role::Client, 0x88, b""), (Role::Client, 0x81, b"late")]);
    check(Role::Client, &bytes, &["close"]);
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    decode(&mut decoder, &bytes);
    assert!(decoder.is_closed() && !decoder.is_partial());
}

#[test]
fn a_stream_that_ends_inside_a_message_is_told_from_one_that_ends_between() {
    let bytes = joined(&[(Role::Client, 0x01, b"a"), (Role::Client, 0x80, b"b")]);
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    for (index, byte) in bytes.iter().enumerate() {
        decode(&mut decoder, &[*byte]);
        assert_eq!(decoder.is_partial(), index + 1 < bytes.len());
    }
}

#[test]
fn a_message_in_one_frame_is_not_copied() {
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    let buffer = decoder.read_buffer();
    buffer.extend_from_slice(&frame(Role::Client, 0x82, &[9; 100]));
    let payload_at = buffer[2..].as_ptr();
    let Some(Item::Binary(data)) = decoder.next_item().unwrap() else { panic!() };
    assert_eq!(data.as_ptr(), payload_at);
}

#[test]
fn what_one_side_encodes_the_other_reads() {
    let mut key = 0_u32;
    let client = Encoder::client(move || {
        key = key.wrapping_add(0x0101_7301);
        key.to_be_bytes()
    });
    for (mut encoder, reader) in [(client, Role::Server), (Encoder::server(), Role::Client)] {
        let mut wire = BytesMut::new();
        encoder.text(&mut wire, "grüß");
        encoder.binary(&mut wire, &[1; 70_000]);
        encoder.ping(&mut wire, b"1").unwrap();
        encoder.pong(&mut wire, b"").unwrap();
        encoder.close(&mut wire, Some((4000, "wieder"))).unwrap();
        let mut decoder = Decoder::new(reader, Limits::default());
        let found: Vec<Item> =
            decode(&mut decoder, &wire).into_iter().map(Result::unwrap).collect();
        let close = Close { code: 4000, reason: Text::from("wieder") };
        let expected = [
            Item::Text(Text::from("grüß")),
            Item::Binary(vec![1; 70_000].into()),
            Item::Ping("1".into()),
            Item::Pong("".into()),
            Item::Close(Some(close)),
        ];
        assert!(found == expected, "{reader:?}");
    }
}

#[test]
fn a_client_masks_each_frame_with_its_own_key() {
    let mut keys = [[1, 2, 3, 4], [0, 0, 0, 0]].into_iter();
    let mut client = Encoder::client(move || keys.next().unwrap());
    let mut wire = BytesMut::new();
    client.binary(&mut wire, &[0; 5]);
    client.binary(&mut wire, &[7]);
    assert_eq!(&wire[..], [0x82, 0x85, 1, 2, 3, 4, 1, 2, 3, 4, 1, 0x82, 0x81, 0, 0, 0, 0, 7]);
}

#[test]
fn frames_that_the_protocol_forbids_are_not_encoded() {
    let mut wire = BytesMut::new();
    let mut server = Encoder::server();
    let long = [0; 126];
    let check = |found: Result<(), EncodeError>, expected: &str| {
        assert_eq!(found.unwrap_err().to_string(), expected);
    };
    let too_long = "control frame with 126 bytes of payload, at most 125 are allowed";
    check(server.ping(&mut wire, &long), too_long);
    check(server.pong(&mut wire, &long), too_long);
    check(
        server.close(&mut wire, Some((1005, ""))),
        "close code 1005; allowed are 1000 to 1003, 1007 to 1014 and 3000 to 4999",
    );
    check(
        server.close(&mut wire, Some((1000, &"x".repeat(124)))),
        "close reason of 124 bytes, at most 123 are allowed",
    );
    assert!(wire.is_empty());
}

#[test]
fn a_frame_encoded_once_serves_every_client() {
    for (frame, expected) in [
        (server_text_frame("all"), "text all".to_owned()),
        (server_binary_frame(&[b'x'; 300]), format!("binary b\"{}\"", "x".repeat(300))),
    ] {
        check_with(|| Decoder::new(Role::Client, Limits::default()), &frame, &[&expected]);
    }
}

#[test]
fn an_error_is_answered_with_its_close_code_and_words() {
    let limits = Limits { message_max: 10, frame_max: 10, ..Limits::default() };
    let mut decoder = Decoder::new(Role::Server, limits);
    let found = decode(&mut decoder, &frame(Role::Server, 0x82, &[0; 11]));
    let [Err(error)] = &found[..] else { panic!("{found:?}") };
    assert!(matches!(error, WsError::FrameTooLarge { .. }));
    let mut wire = BytesMut::new();
    Encoder::server().close_for(&mut wire, error);
    check(Role::Client, &wire, &["close 1009 frame of 11 bytes, at most 10 are accepted"]);
}

#[test]
fn limits_may_change_while_connected() {
    let small = Limits { message_max: 10, ..Limits::default() };
    let mut decoder = Decoder::new(Role::Client, small);
    decoder.set_limits(Limits { message_max: 11, ..small });
    let found = decode(&mut decoder, &frame(Role::Client, 0x82, &[b'x'; 11]));
    assert_eq!(in_words(&found[0]), "binary b\"xxxxxxxxxxx\"");
    decoder.set_limits(small);
    let found = decode(&mut decoder, &header(Role::Client, 0x82, 11));
    assert_eq!(in_words(&found[0]), "1009: message of more than the 10 bytes that are accepted");
}
