//! What both targets of `everlink.v1` do with a message.

use everlink_wire::Message;
use everlink_wire::v1::{
    Encoding, V1Error, decode_reply, decode_request, encode_reply, encode_request, message_of,
};

/// Takes a message in as both sides would.
pub fn digest(encoding: Encoding, message: &Message) {
    if let Ok(frame) = note(decode_request(encoding, message)) {
        for encoding in Encoding::ALL {
            let again = said(encoding, |buffer| encode_request(encoding, &frame, buffer));
            let decoded = decode_request(encoding, &again);
            assert!(
                decoded.as_ref() == Ok(&frame) || grew(&decoded),
                "{frame:?} became {decoded:?}"
            );
        }
    }
    if let Ok(frame) = note(decode_reply(encoding, message)) {
        for encoding in Encoding::ALL {
            let again = said(encoding, |buffer| encode_reply(encoding, &frame, buffer));
            assert_eq!(decode_reply(encoding, &again).as_ref(), Ok(&frame));
        }
    }
}

/// An error can be said, is short, and has a code that may stand in a close frame.
fn note<T>(result: Result<T, V1Error>) -> Result<T, V1Error> {
    if let Err(error) = &result {
        assert!(error.to_string().len() <= everlink_wire::v1::WHY_BYTES_MAX, "{error}");
        assert!(everlink_wire::ws::close_code_is_valid(error.close_code()));
    }
    result
}

fn said(encoding: Encoding, encode: impl FnOnce(&mut Vec<u8>)) -> Message {
    let mut buffer = Vec::new();
    encode(&mut buffer);
    message_of(encoding, buffer).expect("JSON is written as UTF-8")
}

/// Control characters take more room in JSON, so that a greeting can become too long there.
fn grew<T>(result: &Result<T, V1Error>) -> bool {
    result.as_ref().is_err_and(|error| error.class() == "too_long")
}
