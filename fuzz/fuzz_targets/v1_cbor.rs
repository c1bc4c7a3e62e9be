//! Arbitrary bytes as frames of `everlink.v1`: an error at worst, and what is understood survives both encodings.
#![no_main]

use everlink_wire::Message;
use everlink_wire::v1::Encoding;
use libfuzzer_sys::fuzz_target;

#[path = "../v1/mod.rs"]
mod v1;

fuzz_target!(|data: &[u8]| {
    v1::digest(Encoding::Cbor, &Message::from(data.to_vec()));
});
