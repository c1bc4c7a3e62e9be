//! Any messages, in any fragments, cut anywhere, come out as they went in.

use bytes::BytesMut;
use everlink_wire::ws::{Decoder, DeflateConfig, DeflateParams, Encoder, Item, Limits, Role, Text};
use proptest::prelude::*;

use crate::hand::{decode, frame};

/// What a driver may send.
fn item() -> impl Strategy<Value = Item> {
    let payload = |max| proptest::collection::vec(any::<u8>(), 0..max);
    prop_oneof![
        3 => "\\PC{0,40}".prop_map(|text| Item::Text(Text::from(text))),
        1 => "[a-c]{250,700}".prop_map(|text| Item::Text(Text::from(text))),
        2 => payload(300).prop_map(|data| Item::Binary(data.into())),
        1 => (0..5_usize).prop_map(|n| Item::Binary(vec![7; n * 30_000].into())),
        1 => payload(125).prop_map(|data| Item::Ping(data.into())),
        1 => payload(125).prop_map(|data| Item::Pong(data.into())),
    ]
}

fn encode(encoder: &mut Encoder, items: &[Item]) -> BytesMut {
    let mut wire = BytesMut::new();
    for item in items {
        match item {
            Item::Text(text) => encoder.text(&mut wire, text.as_str()),
            Item::Binary(data) => encoder.binary(&mut wire, data),
            Item::Ping(data) => encoder.ping(&mut wire, data).unwrap(),
            Item::Pong(data) => encoder.pong(&mut wire, data).unwrap(),
            Item::Close(_) => unreachable!("not generated"),
        }
    }
    wire
}

/// Feeds the bytes in pieces of the given lengths, over and over.
fn decode_in_pieces(decoder: &mut Decoder, mut wire: &[u8], pieces: &[usize]) -> Vec<Item> {
    let mut found = Vec::new();
    for len in pieces.iter().cycle() {
        if wire.is_empty() {
            break;
        }
        let (piece, rest) = wire.split_at((*len).min(wire.len()));
        found.extend(decode(decoder, piece).into_iter().map(Result::unwrap));
        wire = rest;
    }
    found
}

/// Writes each message in fragments of the given lengths, with a pong behind each fragment.
fn fragment(reader: Role, items: &[Item], lens: &[usize]) -> (Vec<u8>, Vec<Item>) {
    let (mut wire, mut expected) = (Vec::new(), Vec::new());
    let mut lens = lens.iter().cycle();
    for item in items {
        let (mut opcode, mut rest) = match item {
            Item::Text(text) => (0x01, text.as_bytes()),
            Item::Binary(data) => (0x02, &data[..]),
            Item::Ping(_) | Item::Pong(_) | Item::Close(_) => continue,
        };
        loop {
            let (part, more) = rest.split_at((*lens.next().unwrap()).min(rest.len()));
            let fin = if more.is_empty() { 0x80 } else { 0 };
            wire.extend(frame(reader, fin | opcode, part));
            if fin != 0 {
                break;
            }
            wire.extend(frame(reader, 0x8A, b"."));
            expected.push(Item::Pong(".".into()));
            (opcode, rest) = (0, more);
        }
        expected.push(item.clone());
    }
    (wire, expected)
}

fn params(takes_over: bool) -> (DeflateConfig, DeflateParams) {
    let config = DeflateConfig::builder()
        .server_no_context_takeover(!takes_over)
        .client_no_context_takeover(!takes_over)
        .threshold(20)
        .build()
        .unwrap();
    (config, config.answer(&config.offer()).unwrap().unwrap())
}

fn encoder(reader: Role) -> Encoder {
    let mut key = 0x1234_5678_u32;
    let keys = move || {
        key = key.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
        key.to_be_bytes()
    };
    if reader == Role::Server { Encoder::client(keys) } else { Encoder::server() }
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

proptest! {
    #[test]
    fn any_messages_survive_any_cuts(
        reader in role(),
        items in proptest::collection::vec(item(), 0..8),
        pieces in proptest::collection::vec(1..2_000_usize, 1..6),
    ) {
        let wire = encode(&mut encoder(reader), &items);
        let mut decoder = Decoder::new(reader, Limits::default());
        prop_assert!(decode_in_pieces(&mut decoder, &wire, &pieces) == items);
        prop_assert!(!decoder.is_partial());
    }

    #[test]
    fn any_messages_survive_compression_and_any_cuts(
        reader in role(),
        takes_over: bool,
        items in proptest::collection::vec(item(), 0..8),
        pieces in proptest::collection::vec(1..2_000_usize, 1..6),
    ) {
        let (config, params) = params(takes_over);
        let wire = encode(&mut encoder(reader).with_deflate(&config, &params), &items);
        let mut decoder = Decoder::new(reader, Limits::default()).with_deflate(&params);
        prop_assert!(decode_in_pieces(&mut decoder, &wire, &pieces) == items);
    }

    #[test]
    fn any_messages_survive_any_fragments_and_any_cuts(
        reader in role(),
        items in proptest::collection::vec(item(), 0..6),
        lens in proptest::collection::vec(1..9_000_usize, 1..5),
        pieces in proptest::collection::vec(1..2_000_usize, 1..6),
    ) {
        let (wire, expected) = fragment(reader, &items, &lens);
        let mut decoder = Decoder::new(reader, Limits::default());
        prop_assert!(decode_in_pieces(&mut decoder, &wire, &pieces) == expected);
    }

    #[test]
    fn any_bytes_are_judged_alike_however_they_are_cut(
        reader in role(),
        start: u8,
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        piece in 1..50_usize,
    ) {
        let (_, params) = params(true);
        let limits = Limits { frame_max: 200, message_max: 300, empty_fragments_max: 2 };
        let new = || Decoder::new(reader, limits).with_deflate(&params);
        let bytes = [&[start][..], &noise].concat();
        let at_once = decode(&mut new(), &bytes);
        let mut decoder = new();
        let mut in_pieces = Vec::new();
        for piece in bytes.chunks(piece) {
            in_pieces.extend(decode(&mut decoder, piece));
            if matches!(in_pieces.last(), Some(Err(_))) {
                break;
            }
        }
        prop_assert_eq!(at_once, in_pieces);
    }

    #[test]
    fn a_mutated_stream_never_panics(
        reader in role(),
        items in proptest::collection::vec(item(), 1..5),
        spots in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (config, params) = params(true);
        let mut wire = encode(&mut encoder(reader).with_deflate(&config, &params), &items);
        for (at, byte) in spots {
            let at = at.index(wire.len());
            wire[at] ^= byte;
        }
        let limits = Limits { message_max: 1_000_000, ..Limits::default() };
        decode(&mut Decoder::new(reader, limits).with_deflate(&params), &wire);
    }
}
