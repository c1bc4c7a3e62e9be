//! Masking (RFC 6455, section 5.3): exclusive or with a key of four bytes.

/// Applies `key` to `data`, whose first byte is the payload's byte number `offset`.
///
/// Applying it twice restores the data. Whole words first: the compiler turns their loop into
/// vector instructions, and long payloads go as fast as the cache gives them.
pub(crate) fn apply(data: &mut [u8], mut key: [u8; 4], offset: usize) {
    key.rotate_left(offset % 4);
    let half = u32::from_ne_bytes(key);
    let whole = u64::from(half) << 32 | u64::from(half);
    let (words, rest) = data.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ whole).to_ne_bytes();
    }
    let (halves, tail) = rest.as_chunks_mut::<4>();
    for word in halves {
        *word = (u32::from_ne_bytes(*word) ^ half).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(key) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::apply;

    #[test]
    fn every_length_and_offset_equals_the_definition() {
        let key = [0x11, 0x22, 0x44, 0x88];
        for offset in 0..8 {
            for len in 0..140_usize {
                let plain: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
                let mut masked = plain.clone();
                apply(&mut masked, key, offset);
                for (i, byte) in masked.iter().enumerate() {
                    assert_eq!(*byte, plain[i] ^ key[(i + offset) % 4], "len {len} at {i}");
                }
            }
        }
    }

    #[test]
    fn the_example_of_the_rfc_masks_to_the_same_bytes() {
        let mut data = *b"Hello";
        apply(&mut data, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(data, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }
}
