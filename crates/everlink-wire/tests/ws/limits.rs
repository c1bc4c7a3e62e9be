//! Bounds: huge frames, floods of fragments, compression bombs.

use bytes::BytesMut;
use everlink_wire::ws::{Decoder, DeflateConfig, Encoder, Limits, MESSAGE_MAX, Role};

use crate::hand::{check, check_with, decode, frame, header, in_words};

const SMALL: Limits = Limits { frame_max: 1000, message_max: 2000, empty_fragments_max: 3 };
const TOO_LARGE: &str = "1009: message of more than the 2000 bytes that are accepted";

fn check_small(bytes: &[u8], expected: &[&str]) {
    check_with(|| Decoder::new(Role::Client, SMALL), bytes, expected);
}

#[test]
fn fault_38_a_huge_frame_is_refused_by_its_header() {
    let huge = |len: usize| header(Role::Client, 0x82, len);
    let error =
        |len: usize| format!("1009: frame of {len} bytes, at most {MESSAGE_MAX} are accepted");
    check(Role::Client, &huge(MESSAGE_MAX + 1), &[&error(MESSAGE_MAX + 1)]);
    check(Role::Client, &huge(i64::MAX as usize), &[&error(i64::MAX as usize)]);
    check(Role::Client, &huge(MESSAGE_MAX), &[]);
}

#[test]
fn fault_38_an_announced_frame_reserves_no_memory() {
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    decode(&mut decoder, &header(Role::Client, 0x82, MESSAGE_MAX));
    assert!(decoder.read_buffer().capacity() <= 128 * 1024);
}

#[test]
fn a_frame_and_a_message_may_be_as_long_as_their_bounds() {
    let full = frame(Role::Client, 0x82, &[b'x'; 1000]);
    check_small(&full, &[&format!("binary b\"{}\"", "x".repeat(1000))]);
    let error = "1009: frame of 1001 bytes, at most 1000 are accepted";
    check_small(&header(Role::Client, 0x82, 1001), &[error]);
    let fragments =
        [frame(Role::Client, 0x02, &[b'x'; 1000]), frame(Role::Client, 0x80, &[b'x'; 1000])];
    check_small(&fragments.concat(), &[&format!("binary b\"{}\"", "x".repeat(2000))]);
}

#[test]
fn fault_38_fragments_cannot_exceed_the_message_bound() {
    let mut bytes = frame(Role::Client, 0x02, &[0; 1000]);
    bytes.extend(frame(Role::Client, 0x00, &[0; 1000]));
    bytes.extend(header(Role::Client, 0x00, 1));
    check_small(&bytes, &[TOO_LARGE]);
}

#[test]
fn fault_38_a_flood_of_empty_fragments_is_refused() {
    let empty = [frame(Role::Client, 0x01, b""), frame(Role::Client, 0x00, b"").repeat(2)].concat();
    let end = frame(Role::Client, 0x80, b"x");
    check_small(&[&empty[..], &end[..]].concat(), &["text x"]);
    let flood = [&empty[..], &frame(Role::Client, 0x00, b"")[..]].concat();
    check_small(&flood, &["1002: more than 3 empty fragments in one message"]);
    // Each message has its own count.
    let twice = [&empty[..], &end[..]].concat().repeat(2);
    check_small(&twice, &["text x", "text x"]);
}

#[test]
fn fault_38_a_compression_bomb_is_refused_at_the_bound() {
    let (mut encoder, decoder) = deflating();
    let mut bomb = BytesMut::new();
    encoder.binary(&mut bomb, &vec![0; 2001]);
    assert!(bomb.len() < 100, "{}", bomb.len());
    check_with(&decoder, &bomb, &[TOO_LARGE]);
    bomb.clear();
    encoder.binary(&mut bomb, &vec![0; 50 * 1024 * 1024]);
    bomb.truncate(900);
    let found = decode(&mut decoder(), &bomb);
    assert!(found.last().is_some_and(Result::is_err), "{found:?}");
}

#[test]
fn a_compressed_message_may_inflate_to_the_bound() {
    let (mut encoder, decoder) = deflating();
    let mut full = BytesMut::new();
    encoder.text(&mut full, &"y".repeat(2000));
    check_with(&decoder, &full, &[&format!("text {}", "y".repeat(2000))]);
}

#[test]
fn fault_38_compressed_blocks_without_content_end_too() {
    let (_, decoder) = deflating();
    // An empty stored block inflates to nothing; the peer sends them for ever.
    let block = [0x00, 0x00, 0x00, 0xFF, 0xFF].repeat(100);
    let mut bytes = frame(Role::Client, 0x42, &block);
    for _ in 0..10 {
        bytes.extend(frame(Role::Client, 0x00, &block));
    }
    let found = decode(&mut decoder(), &bytes);
    assert_eq!(found.iter().map(in_words).collect::<Vec<_>>(), [TOO_LARGE]);
}

/// A server's encoder and a client's small decoders, both compressing.
fn deflating() -> (Encoder, impl Fn() -> Decoder) {
    let config = DeflateConfig::builder().server_no_context_takeover(true).build().unwrap();
    let params = config.answer(&config.offer()).unwrap().unwrap();
    let encoder = Encoder::server().with_deflate(&config, &params);
    (encoder, move || Decoder::new(Role::Client, SMALL).with_deflate(&params))
}
