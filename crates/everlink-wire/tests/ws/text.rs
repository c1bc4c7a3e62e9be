//! Text must be UTF-8, and fails at its first bad byte (RFC 6455, section 8.1).

use everlink_wire::ws::{Decoder, Limits, Role};

use crate::hand::{check, decode, frame, header, in_words};

const INVALID: &str = "1007: text message is not UTF-8";

/// Feeds byte by byte; returns after how many bytes the decoder fails.
fn fails_after(bytes: &[u8]) -> Option<usize> {
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    let failed = |byte: &u8| decode(&mut decoder, &[*byte]).iter().any(Result::is_err);
    bytes.iter().position(failed).map(|index| index + 1)
}

#[test]
fn fault_39_text_that_is_not_utf8_is_refused_in_every_shape() {
    for bad in ["\u{0}ab", "grüß"].map(|start| [start.as_bytes(), b"\xffz"].concat()) {
        for role in [Role::Client, Role::Server] {
            check(role, &frame(role, 0x81, &bad), &[INVALID]);
            for cut in 0..=bad.len() {
                let (first, second) = bad.split_at(cut);
                let bytes = [frame(role, 0x01, first), frame(role, 0x80, second)].concat();
                check(role, &bytes, &[INVALID]);
            }
        }
    }
}

#[test]
fn fault_39_surrogates_overlong_forms_and_high_planes_are_refused() {
    for bad in [&b"\xed\xa0\x80"[..], b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf4\x90\x80\x80", b"\x80"] {
        check(Role::Client, &frame(Role::Client, 0x81, bad), &[INVALID]);
    }
}

#[test]
fn fault_39_bad_text_fails_at_its_first_bad_byte_long_before_the_frame_ends() {
    let mut whole = header(Role::Client, 0x81, 1_000_000);
    whole.extend(b"ab\xf4");
    let header_len = whole.len() - 3;
    whole.extend([0x90; 100]);
    assert_eq!(fails_after(&whole), Some(header_len + 4));

    let mut fragment = header(Role::Client, 0x01, 1_000);
    fragment.extend(b"\xed\xa0\x80\x00");
    assert_eq!(fails_after(&fragment), Some(4 + 2));
}

#[test]
fn fault_39_a_text_that_ends_inside_a_character_is_refused() {
    check(Role::Client, &frame(Role::Client, 0x81, b"a\xe2\x82"), &[INVALID]);
    let bytes = [frame(Role::Client, 0x01, b"\xe2"), frame(Role::Client, 0x80, b"\x82")].concat();
    check(Role::Client, &bytes, &[INVALID]);
    let bytes = [frame(Role::Client, 0x01, b"\xe2"), frame(Role::Client, 0x80, b"")].concat();
    check(Role::Client, &bytes, &[INVALID]);
}

#[test]
fn a_character_may_be_spread_over_fragments() {
    let bytes = [
        frame(Role::Server, 0x01, b"\xf0"),
        frame(Role::Server, 0x00, b"\x9f\x98"),
        frame(Role::Server, 0x89, b""),
        frame(Role::Server, 0x80, b"\x80!"),
    ]
    .concat();
    check(Role::Server, &bytes, &["ping b\"\"", "text 😀!"]);
}

#[test]
fn binary_messages_and_control_payloads_may_hold_anything() {
    let bytes = [frame(Role::Client, 0x82, b"\xff"), frame(Role::Client, 0x89, b"\xfe")].concat();
    check(Role::Client, &bytes, &["binary b\"\\xff\"", "ping b\"\\xfe\""]);
}

#[test]
fn fault_39_a_fresh_decoder_takes_the_next_connection() {
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    assert_eq!(in_words(&decode(&mut decoder, &frame(Role::Client, 0x81, b"\xff"))[0]), INVALID);
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    assert_eq!(in_words(&decode(&mut decoder, &frame(Role::Client, 0x81, b"ok"))[0]), "text ok");
}
