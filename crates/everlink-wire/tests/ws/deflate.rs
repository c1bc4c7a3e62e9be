//! Compressed messages (RFC 7692, section 7.2).

use bytes::BytesMut;
use everlink_wire::ws::{
    Decoder, DeflateBuilder, DeflateConfig, DeflateParams, Encoder, Item, Limits, Role,
};

use crate::hand::{check_with, decode, frame};

fn agree(change: impl FnOnce(DeflateBuilder) -> DeflateBuilder) -> (DeflateConfig, DeflateParams) {
    let config = change(DeflateConfig::builder().threshold(0)).build().unwrap();
    (config, config.answer(&config.offer()).unwrap().unwrap())
}

fn client() -> Decoder {
    let (_, params) = agree(|config| config);
    Decoder::new(Role::Client, Limits::default()).with_deflate(&params)
}

/// A frame without masking.
fn bytes(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(Role::Client, first, payload)
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    check_with(client, &bytes(0xC1, &hello), &["text Hello"]);
    let fragmented = [bytes(0x41, &hello[..3]), bytes(0x80, &hello[3..])].concat();
    check_with(client, &fragmented, &["text Hello"]);
    // Section 7.2.3.2: the second message refers to the first.
    let again = [0xf2, 0x00, 0x11, 0x00, 0x00];
    let both = [bytes(0xC1, &hello), bytes(0xC1, &again)].concat();
    check_with(client, &both, &["text Hello", "text Hello"]);
    // Section 7.2.3.3: a block without compression.
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    check_with(client, &bytes(0xC1, &stored), &["text Hello"]);
    // Section 7.2.3.5: two blocks.
    let blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    check_with(client, &bytes(0xC1, &blocks), &["text Hello"]);
    // Section 7.2.3.6: an empty message.
    check_with(client, &bytes(0xC1, &[0x00]), &["text "]);
}

#[test]
fn a_final_block_may_stand_anywhere_in_a_message() {
    // Section 7.2.3.4, once alone, then twice in one message.
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let one = [&last[..], &[0x00]].concat();
    check_with(client, &bytes(0xC1, &one), &["text Hello"]);
    let two = [&last[..], &one[..]].concat();
    check_with(client, &bytes(0xC1, &two), &["text HelloHello"]);
    // What follows may refer to what precedes, even to another message.
    let both = [bytes(0xC1, &one), bytes(0xC1, &[0xf2, 0x00, 0x11, 0x00, 0x00])].concat();
    check_with(client, &both, &["text Hello", "text Hello"]);
}

#[test]
fn each_message_says_whether_it_is_compressed() {
    let mixed = [
        bytes(0x81, b"plain"),
        bytes(0xC1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]),
        bytes(0x89, b"p"),
        bytes(0x82, b"b"),
    ];
    check_with(
        client,
        &mixed.concat(),
        &["text plain", "text Hello", "ping b\"p\"", "binary b\"b\""],
    );
}

#[test]
fn the_bit_belongs_to_the_first_frame_of_a_message_only() {
    let error = "1002: reserved bits 100 set, none of them negotiated for this frame";
    check_with(client, &[0xC9], &[error]);
    check_with(client, &[0xC8], &[error]);
    check_with(client, &[bytes(0x41, &[0xf2]), bytes(0xC0, &[])].concat(), &[error]);
    check_with(
        client,
        &[0xE1],
        &["1002: reserved bits 110 set, none of them negotiated for this frame"],
    );
}

#[test]
fn fault_39_compressed_text_must_be_utf8_and_inflate() {
    let invalid = [0x00, 0x02, 0x00, 0xfd, 0xff, b'a', 0xff, 0x00];
    check_with(client, &bytes(0xC1, &invalid), &["1007: text message is not UTF-8"]);
    // It fails as soon as the bad byte is inflated, not at the end of the message.
    let first_part = bytes(0x41, &invalid[..7]);
    check_with(client, &first_part, &["1007: text message is not UTF-8"]);
    let garbage = "1007: compressed message cannot be inflated";
    check_with(client, &bytes(0xC2, &[0xFF, 0xFF, 0xFF]), &[garbage]);
    // A reference to before the beginning.
    check_with(client, &bytes(0xC2, &[0xf2, 0x00, 0x11, 0x00, 0x00]), &[garbage]);
}

#[test]
fn a_window_that_is_not_taken_over_is_forgotten() {
    let (_, params) = agree(|config| config.server_no_context_takeover(true));
    let hello = bytes(0xC1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    let again = bytes(0xC1, &[0xf2, 0x00, 0x11, 0x00, 0x00]);
    check_with(
        || Decoder::new(Role::Client, Limits::default()).with_deflate(&params),
        &[hello, again].concat(),
        &["text Hello", "1007: compressed message cannot be inflated"],
    );
}

#[test]
fn every_agreement_carries_messages_both_ways() {
    for bits in 9..=15 {
        for (server, client) in [(false, false), (true, false), (false, true), (true, true)] {
            let (config, params) = agree(|config| {
                config
                    .server_no_context_takeover(server)
                    .client_no_context_takeover(client)
                    .server_max_window_bits(bits)
                    .client_max_window_bits(24 - bits)
            });
            let down = Encoder::server().with_deflate(&config, &params);
            let up = Encoder::client(|| [1, 2, 3, 4]).with_deflate(&config, &params);
            for (encoder, reader) in [(down, Role::Client), (up, Role::Server)] {
                let decoder = Decoder::new(reader, Limits::default()).with_deflate(&params);
                carry(encoder, decoder);
            }
        }
    }
}

/// Sends messages of many sizes, likeness and randomness, and compares.
fn carry(mut encoder: Encoder, mut decoder: Decoder) {
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for size in [0_usize, 1, 2, 100, 1000, 5_000, 40_000, 100_000] {
        let random: Vec<u8> = (0..size).map(|_| noise()).collect();
        let alike = b"{\"symbol\":\"BTCUSDT\",\"price\":1}".repeat(size / 30);
        for payload in [random, alike] {
            let mut wire = BytesMut::new();
            encoder.binary(&mut wire, &payload);
            encoder.release();
            let found = decode(&mut decoder, &wire);
            let expected = [Ok(Item::Binary(payload.into()))];
            assert!(found == expected, "size {size}: {encoder:?}");
        }
    }
}

#[test]
fn short_and_incompressible_messages_go_as_they_are() {
    let (_, params) = agree(|config| config.server_no_context_takeover(true));
    let config = DeflateConfig::builder().threshold(10).build().unwrap();
    let mut encoder = Encoder::server().with_deflate(&config, &params);
    let mut first_byte = |payload: &[u8]| {
        let mut wire = BytesMut::new();
        encoder.binary(&mut wire, payload);
        wire[0]
    };
    assert_eq!(first_byte(b"aaaaaaaaa"), 0x82, "below the threshold");
    assert_eq!(first_byte(b"aaaaaaaaaaaaaaa"), 0xC2);
    assert_eq!(first_byte(b"0f8jw3n!vx~"), 0x82, "would grow");
    assert_eq!(first_byte(b""), 0x82);
}

#[test]
fn a_window_of_256_bytes_is_answered_with_plain_messages() {
    let config = DeflateConfig::builder().threshold(0).build().unwrap();
    let answer = "permessage-deflate; client_max_window_bits=8";
    let params = config.read_answer(answer).unwrap().unwrap();
    let mut encoder = Encoder::client(|| [0; 4]).with_deflate(&config, &params);
    let mut wire = BytesMut::new();
    encoder.text(&mut wire, &"a".repeat(1000));
    assert_eq!(wire[0], 0x81);
}
