//! The two computed values of the opening handshake (RFC 6455, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// Computes `Sec-WebSocket-Accept` from the client's `Sec-WebSocket-Key`.
///
/// The server sends it, the client compares it (RFC 6455, section 4.2.2). The key is taken as it
/// stands in the header, without surrounding white space.
#[must_use]
pub fn accept_key(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID);
    STANDARD.encode(hash.finalize())
}

/// Writes 16 random bytes as the value of `Sec-WebSocket-Key` (RFC 6455, section 4.1).
#[must_use]
pub fn handshake_key(random: [u8; 16]) -> String {
    STANDARD.encode(random)
}

/// Proves that the server speaks WebSocket (RFC 6455, section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_give_its_values() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let nonce = *b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10";
        assert_eq!(handshake_key(nonce), "AQIDBAUGBwgJCgsMDQ4PEA==");
    }
}
