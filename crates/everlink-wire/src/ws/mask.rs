//! Masking (RFC 6455, section 5.3): exclusive or with a key of four bytes.

/// Applies `key` to `data`, whose first byte is the payload's byte number `offset`.
///
/// Applying it twice restores the data. The inner loop has a constant length, so that it compiles
/// to vector instructions.
pub(crate) fn apply(data: &mut [u8], key: [u8; 4], offset: usize) {
    let mut key = key;
    key.rotate_left(offset % 4);
    let (blocks, tail) = data.as_chunks_mut::<BLOCK>();
    if !blocks.is_empty() {
        let mut wide = [0; BLOCK];
        for (index, byte) in wide.iter_mut().enumerate() {
            *byte = key[index % 4];
        }
        for block in blocks {
            for (byte, mask) in block.iter_mut().zip(&wide) {
                *byte ^= mask;
            }
        }
    }
    for (index, byte) in tail.iter_mut().enumerate() {
        *byte ^= key[index % 4];
    }
}

/// Bytes masked at once: two or four vector registers. A multiple of the key's length, so that the
/// tail starts at the key's first byte.
const BLOCK: usize = 32;

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
