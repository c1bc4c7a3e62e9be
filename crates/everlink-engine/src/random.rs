//! Randomness from one seed, the same in every language.

use core::time::Duration;

use crate::time::Span;

/// A small generator (mulberry32) whose whole state is 32 bits, so that a browser and a server draw
/// the same numbers from the same seed. It spreads load; it keeps no secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Random(u32);

impl Random {
    /// Makes a generator; the same seed gives the same numbers.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// Draws 32 bits.
    pub const fn next_u32(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x6D2B_79F5);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 15)).wrapping_mul(bits | 1);
        bits ^= bits.wrapping_add((bits ^ (bits >> 7)).wrapping_mul(bits | 61));
        bits ^ (bits >> 14)
    }

    /// Draws a fraction: 0 ≤ fraction < 1.
    pub const fn fraction(&mut self) -> f64 {
        self.next_u32() as f64 / 4_294_967_296.0
    }

    /// Draws a duration from `low` to `high`; `low` if `high` is not above it.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        self.span(Span::of(low), Span::of(high)).duration()
    }

    /// [`between`](Self::between), for the engine itself.
    pub(crate) fn span(&mut self, low: Span, high: Span) -> Span {
        low + high.saturating_sub(low).scaled(self.fraction())
    }
}

/// Multiplies a duration by a factor from 0 on; saturates instead of overflowing.
#[must_use]
pub fn scale(duration: Duration, factor: f64) -> Duration {
    Span::of(duration).scaled(factor).duration()
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_draws_the_numbers_that_every_language_draws() {
        let mut random = Random::new(1);
        let drawn = [random.next_u32(), random.next_u32(), random.next_u32()];
        assert_eq!(drawn, [2_693_262_067, 11_749_833, 2_265_367_787]);
    }
}
