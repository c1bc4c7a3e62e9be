//! How long to wait before the next attempt.

use crate::config::{BackoffKind, Jitter, Settings};
use crate::random::Random;
use crate::time::Span;

/// Returns the delay before retry `retry` (1 is the first), spread by jitter after the cap.
///
/// `cap` is the longest delay before jitter; `previous` the delay before the retry before, for
/// decorrelated jitter.
pub(crate) fn delay(
    settings: &Settings,
    cap: Span,
    retry: u32,
    previous: Span,
    random: &mut Random,
) -> Span {
    let capped = match settings.backoff {
        BackoffKind::None => return Span::ZERO,
        BackoffKind::Fixed => settings.backoff_min.min(cap),
        BackoffKind::Exponential => exponential(
            settings.backoff_min,
            settings.backoff_multiplier,
            cap,
            retry.saturating_sub(1),
        ),
    };
    jittered(settings, (capped, cap), previous, random)
}

/// Returns the delay at `step` of the slow ladder: doubled each time, half of it random.
pub(crate) fn slow_delay(settings: &Settings, step: u32, random: &mut Random) -> Span {
    let capped = exponential(settings.slow_min, 2.0, settings.slow_max, step);
    random.span(capped / 2, capped)
}

fn jittered(
    settings: &Settings,
    (capped, cap): (Span, Span),
    previous: Span,
    random: &mut Random,
) -> Span {
    match settings.jitter {
        Jitter::None => capped,
        Jitter::Factor => {
            let swing = settings.jitter_factor * (2.0 * random.fraction() - 1.0);
            capped.scaled(1.0 + swing)
        }
        Jitter::Scaled => capped.scaled(0.5 + 0.5 * random.fraction()),
        Jitter::Full => settings.backoff_floor + random.span(Span::ZERO, capped),
        Jitter::Equal => random.span(capped / 2, capped),
        Jitter::Decorrelated => {
            let high = previous.max(settings.backoff_min).saturating_mul(3);
            random.span(settings.backoff_min.min(cap), high.min(cap))
        }
    }
}

/// Multiplies step by step, and stops at the cap: no power can overflow.
fn exponential(first: Span, multiplier: f64, cap: Span, steps: u32) -> Span {
    let mut delay = first;
    for _ in 0..steps {
        if delay >= cap || delay.is_zero() || multiplier <= 1.0 {
            break;
        }
        delay = delay.scaled(multiplier);
    }
    delay.min(cap)
}

#[cfg(test)]
mod tests {
    use super::slow_delay;
    use crate::config::{BackoffKind, Config, Jitter, Profile, Settings};
    use crate::random::Random;
    use crate::time::Span;
    use alloc::vec::Vec;
    use core::time::Duration;

    fn delay(settings: &Settings, retry: u32, before: Duration, random: &mut Random) -> Duration {
        super::delay(settings, settings.backoff_max, retry, Span::of(before), random).duration()
    }

    fn settings(profile: Profile, jitter: Jitter) -> Settings {
        let config = Config::builder(profile).jitter(jitter).build().unwrap();
        config.settings().clone()
    }

    /// Draws each delay many times; returns the least and the most, in milliseconds.
    fn spread(settings: &Settings, retry: u32, previous: Duration) -> (u128, u128) {
        let mut random = Random::new(7);
        let drawn = |random: &mut Random| delay(settings, retry, previous, random).as_millis();
        let all: Vec<_> = (0..4000).map(|_| drawn(&mut random)).collect();
        (*all.iter().min().unwrap(), *all.iter().max().unwrap())
    }

    fn check(profile: Profile, expected_ms: &[u128]) {
        let settings = settings(profile, Jitter::None);
        let mut random = Random::new(1);
        for (retry, expected) in (1..).zip(expected_ms) {
            let got = delay(&settings, retry, Duration::ZERO, &mut random).as_millis();
            assert_eq!(got, *expected, "retry {retry}");
        }
    }

    #[test]
    fn req_b01_the_chat_bot_waits_2_4_8_16_32_seconds() {
        check(Profile::ChatBot, &[2000, 4000, 8000, 16_000, 32_000]);
    }

    #[test]
    fn req_c01_the_chat_page_waits_1_2_4_8_16_seconds() {
        check(Profile::ChatPage, &[1000, 2000, 4000, 8000, 16_000]);
    }

    #[test]
    fn req_r01_the_rooms_wait_up_to_five_seconds() {
        check(Profile::Rooms, &[1000, 2000, 4000, 5000, 5000]);
    }

    #[test]
    fn req_m03_the_messenger_waits_one_and_a_half_times_longer_each_time() {
        check(
            Profile::Messenger,
            &[1000, 1500, 2250, 3375, 5062, 7593, 11_390, 17_085, 25_628, 38_443, 57_665, 60_000],
        );
        let (low, high) = spread(&settings(Profile::Messenger, Jitter::Scaled), 2, Duration::ZERO);
        assert!((750..755).contains(&low) && (1495..=1500).contains(&high), "{low} {high}");
    }

    #[test]
    fn req_f01_the_market_feed_doubles_to_60_seconds_within_a_quarter() {
        check(Profile::MarketFeed, &[1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        let (low, high) = spread(&settings(Profile::MarketFeed, Jitter::Factor), 7, Duration::ZERO);
        assert!((45_000..45_300).contains(&low), "{low}");
        assert!((74_700..=75_000).contains(&high), "the spread is after the cap: {high}");
    }

    #[test]
    fn req_x02_every_kind_of_jitter_keeps_to_its_range() {
        let previous = Duration::from_secs(2);
        for (jitter, retry, low, high) in [
            (Jitter::None, 3, 4000, 4000),
            (Jitter::Factor, 3, 3000, 5000),
            (Jitter::Scaled, 3, 2000, 4000),
            (Jitter::Full, 3, 500, 4500),
            (Jitter::Equal, 3, 2000, 4000),
            (Jitter::Decorrelated, 3, 1000, 6000),
        ] {
            let (least, most) = spread(&settings(Profile::Standard, jitter), retry, previous);
            let width = (high - low) / 50;
            assert!((low..=low + width).contains(&least), "{jitter:?}: least {least}");
            assert!((high - width..=high).contains(&most), "{jitter:?}: most {most}");
        }
    }

    /// A browser, a server and a test must come to the same delay from the same seed.
    #[test]
    fn req_n02_the_same_seed_draws_the_same_delays() {
        for (jitter, expected) in [
            (Jitter::None, [4000; 3]),
            (Jitter::Factor, [4254, 3005, 4054]),
            (Jitter::Scaled, [3254, 2005, 3054]),
            (Jitter::Full, [3008, 510, 2609]),
            (Jitter::Equal, [3254, 2005, 3054]),
            (Jitter::Decorrelated, [4135, 1013, 3637]),
        ] {
            let settings = settings(Profile::Standard, jitter);
            let mut random = Random::new(1);
            let drawn = [(); 3]
                .map(|()| delay(&settings, 3, Duration::from_secs(2), &mut random).as_millis());
            assert_eq!(drawn, expected, "{jitter:?}");
        }
    }

    #[test]
    fn fault_50_jitter_holds_at_the_cap() {
        let (low, high) = spread(&settings(Profile::Standard, Jitter::Full), 60, Duration::ZERO);
        assert!(low < 1000 && high > 29_000, "spread over the whole cap: {low} to {high}");
    }

    #[test]
    fn req_x02_no_backoff_and_fixed_backoff_do_not_grow() {
        for (kind, expected) in [(BackoffKind::None, 0), (BackoffKind::Fixed, 1000)] {
            let builder = Config::builder(Profile::ChatPage).backoff(kind);
            let config = builder.build().unwrap();
            let mut random = Random::new(1);
            let got = delay(config.settings(), 9, Duration::ZERO, &mut random);
            assert_eq!(got.as_millis(), expected, "{kind:?}");
        }
    }

    #[test]
    fn the_slow_ladder_doubles_to_its_cap() {
        let settings = settings(Profile::Standard, Jitter::None);
        let mut random = Random::new(3);
        for (step, cap) in [(0, 30), (1, 60), (2, 120), (3, 240), (4, 480), (5, 600), (99, 600)] {
            let got = slow_delay(&settings, step, &mut random).duration().as_secs_f64();
            assert!((cap as f64 / 2.0..=f64::from(cap)).contains(&got), "step {step}: {got}");
        }
    }
}
