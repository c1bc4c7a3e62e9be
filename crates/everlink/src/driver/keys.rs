//! Masking keys from the operating system's generator, fetched in blocks.

use rustls::crypto::SecureRandom;

/// Returns a source of masking keys that no peer and no page can predict (RFC 6455, section 10.3).
pub fn masking_keys() -> impl FnMut() -> [u8; 4] + Send + 'static {
    let random = rustls::crypto::ring::default_provider().secure_random;
    let mut block = [0_u8; BLOCK];
    let mut used = BLOCK;
    move || {
        if used == BLOCK {
            refill(random, &mut block);
            used = 0;
        }
        let mut key = [0; 4];
        key.copy_from_slice(&block[used..used + 4]);
        used += 4;
        key
    }
}

/// Returns a seed for the engine's own choices, such as jitter.
pub(crate) fn seed() -> u32 {
    let mut seed = [0; 4];
    refill(rustls::crypto::ring::default_provider().secure_random, &mut seed);
    u32::from_ne_bytes(seed)
}

/// Returns 16 random bytes as letters and digits: a name that nobody else has.
pub(crate) fn random_name() -> String {
    let mut bytes = [0; 16];
    refill(rustls::crypto::ring::default_provider().secure_random, &mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Without random bytes from the system nothing is masked well; the dial, which needs them too,
/// has failed before that can happen, so what is left here is the process's own hash keys.
fn refill(random: &dyn SecureRandom, block: &mut [u8]) {
    use std::hash::{BuildHasher, RandomState};
    if random.fill(block).is_ok() {
        return;
    }
    let keys = RandomState::new();
    for (index, chunk) in block.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&keys.hash_one(index).to_ne_bytes()[..chunk.len()]);
    }
}

const BLOCK: usize = 512;
