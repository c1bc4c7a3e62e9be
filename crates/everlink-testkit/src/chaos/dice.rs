//! Decisions that look random and are a pure function of seed, connection, way and byte position.
//!
//! No generator is advanced, so that a decision does not depend on how the kernel cut the stream.

use super::direction::Way;

/// The dice of one way of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    key: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64, connection: u64, way: Way) -> Self {
        let way = match way {
            Way::Up => 1,
            Way::Down => 2,
        };
        Self { key: mix(mix(mix(seed) ^ connection) ^ way) }
    }

    /// Returns 64 bits for byte position `at`; `topic` keeps separate questions independent.
    pub(crate) fn bits(self, topic: Topic, at: u64) -> u64 {
        mix(mix(self.key ^ topic as u64) ^ at)
    }

    /// Returns a number in `0.0..1.0` for byte position `at`.
    pub(crate) fn fraction(self, topic: Topic, at: u64) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.bits(topic, at) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What a decision is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Topic {
    Jitter = 0x4a,
    Corrupt = 0x43,
    Mask = 0x4d,
}

/// SplitMix64 (Steele, Lea and Flood, 2014): one step of the counter, then its finalizer.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixer_gives_the_published_splitmix64_values() {
        // First outputs of SplitMix64 seeded with 0 and stepped by its constant.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn req_n07_the_same_seed_decides_the_same_and_another_does_not() {
        let run = |seed| {
            let dice = Dice::new(seed, 3, Way::Up);
            (0..100).map(|at| dice.bits(Topic::Corrupt, at)).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn fractions_fill_the_unit_interval_evenly() {
        let dice = Dice::new(9, 1, Way::Down);
        let mean = (0..10_000).map(|at| dice.fraction(Topic::Jitter, at)).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "mean {mean}");
    }
}
