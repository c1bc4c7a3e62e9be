//! Frames written by hand, and a decoder's answers as words.

use everlink_wire::ws::{Decoder, Item, Limits, Role, WsError};

/// Writes a frame for `reader`, masked if it is a server: first byte, payload.
pub(crate) fn frame(reader: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(reader, first, payload.len());
    let key = [0x5A, 0x00, 0xFF, 0x13];
    match reader {
        Role::Client => bytes.extend_from_slice(payload),
        Role::Server => {
            bytes.extend_from_slice(&key);
            bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        }
    }
    bytes
}

/// Writes the part of a header that precedes the key.
pub(crate) fn header(reader: Role, first: u8, len: usize) -> Vec<u8> {
    let mask = if reader == Role::Server { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match len {
        0..=125 => bytes.push(mask | len as u8),
        126..=0xFFFF => {
            bytes.push(mask | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        _ => {
            bytes.push(mask | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes
}

/// Feeds everything at once.
pub(crate) fn decode(decoder: &mut Decoder, bytes: &[u8]) -> Vec<Result<Item, WsError>> {
    decoder.read_buffer().extend_from_slice(bytes);
    drain(decoder)
}

/// Feeds byte by byte, asking after each one.
pub(crate) fn decode_slowly(decoder: &mut Decoder, bytes: &[u8]) -> Vec<Result<Item, WsError>> {
    let mut found = Vec::new();
    for byte in bytes {
        found.extend(decode(decoder, &[*byte]));
        if matches!(found.last(), Some(Err(_))) {
            break;
        }
    }
    found
}

/// Checks what a decoder with default limits makes of some bytes, fed at once and byte by byte.
pub(crate) fn check(role: Role, bytes: &[u8], expected: &[&str]) {
    check_with(|| Decoder::new(role, Limits::default()), bytes, expected);
}

/// As [`check`], with a decoder of one's own.
pub(crate) fn check_with(decoder: impl Fn() -> Decoder, bytes: &[u8], expected: &[&str]) {
    for decode in [decode, decode_slowly] {
        let found: Vec<String> = decode(&mut decoder(), bytes).iter().map(in_words).collect();
        assert_eq!(found, expected, "{:x?}", &bytes[..bytes.len().min(64)]);
    }
}

pub(crate) fn in_words(found: &Result<Item, WsError>) -> String {
    match found {
        Ok(Item::Text(text)) => format!("text {}", text.as_str()),
        Ok(Item::Binary(data)) => format!("binary {data:?}"),
        Ok(Item::Ping(data)) => format!("ping {data:?}"),
        Ok(Item::Pong(data)) => format!("pong {data:?}"),
        Ok(Item::Close(None)) => "close".to_owned(),
        Ok(Item::Close(Some(close))) => format!("close {} {}", close.code, close.reason),
        Err(error) => format!("{}: {error}", error.close_code()),
    }
}

fn drain(decoder: &mut Decoder) -> Vec<Result<Item, WsError>> {
    let mut found = Vec::new();
    loop {
        match decoder.next_item() {
            Ok(Some(item)) => found.push(Ok(item)),
            Ok(None) => return found,
            Err(error) => {
                assert_eq!(decoder.next_item(), Err(error.clone()), "an error repeats itself");
                found.push(Err(error));
                return found;
            }
        }
    }
}
