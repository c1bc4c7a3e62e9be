//! Quality of a connection from its smoothed round-trip time, without flicker.

use crate::config::Settings;
use crate::time::Span;

/// How good a connection is (X09).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Quality {
    /// Round trip below `quality_excellent`.
    Excellent,
    /// Below `quality_good`.
    Good,
    /// Below `quality_poor`.
    Poor,
    /// Slower than that, or not connected.
    #[default]
    Unusable,
}

impl Quality {
    /// Returns its name as applications print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Good => "good",
            Self::Poor => "poor",
            Self::Unusable => "unusable",
        }
    }
}

/// Smooths round trips (RFC 6298's 1/8) and judges them with hysteresis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Meter {
    smoothed: Option<Span>,
    quality: Quality,
}

impl Meter {
    /// Takes a round trip; returns the new quality.
    pub(crate) fn measured(&mut self, latency: Span, settings: &Settings) -> Quality {
        let first = self.smoothed.is_none();
        let smoothed =
            self.smoothed.map_or(latency, |before| (before.saturating_mul(7) + latency) / 8);
        self.smoothed = Some(smoothed);
        self.quality = if first {
            judge(smoothed, settings)
        } else {
            judge_with_hysteresis(self.quality, smoothed, settings)
        };
        self.quality
    }

    /// Forgets everything: the connection is gone.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn latency(&self) -> Option<Span> {
        self.smoothed
    }

    pub(crate) fn quality(&self) -> Quality {
        self.quality
    }
}

fn judge(latency: Span, settings: &Settings) -> Quality {
    if latency < settings.quality_excellent {
        Quality::Excellent
    } else if latency < settings.quality_good {
        Quality::Good
    } else if latency < settings.quality_poor {
        Quality::Poor
    } else {
        Quality::Unusable
    }
}

/// A threshold must be passed by a tenth of it before the quality follows.
fn judge_with_hysteresis(now: Quality, latency: Span, settings: &Settings) -> Quality {
    let if_better = judge(latency.saturating_mul(10) / 9, settings);
    let if_worse = judge(latency.saturating_mul(10) / 11, settings);
    if if_better < now {
        if_better
    } else if if_worse > now {
        if_worse
    } else {
        now
    }
}

#[cfg(test)]
mod tests {
    use super::{Meter, Quality};
    use crate::config::{Config, Profile};
    use crate::time::Span;

    fn check(latencies: &[u64], expected: &[Quality]) {
        let config = Config::builder(Profile::Standard).build().unwrap();
        let mut meter = Meter::default();
        for (latency, quality) in latencies.iter().zip(expected) {
            let latency = Span::from_millis(*latency);
            assert_eq!(meter.measured(latency, config.settings()), *quality, "{latency:?}");
        }
    }

    #[test]
    fn req_x09_quality_follows_the_named_thresholds() {
        for (latency, quality) in [
            (49, Quality::Excellent),
            (50, Quality::Good),
            (99, Quality::Good),
            (100, Quality::Poor),
            (199, Quality::Poor),
            (200, Quality::Unusable),
        ] {
            check(&[latency], &[quality]);
        }
    }

    #[test]
    fn req_x09_quality_follows_once_a_threshold_is_passed_by_a_tenth_of_it() {
        use Quality::{Excellent, Good, Poor, Unusable};
        // 54 and 55 ms on average: the second is 50 ms and a tenth.
        check(&[45, 117], &[Excellent, Excellent]);
        check(&[45, 125], &[Excellent, Good]);
        check(&[45, 9000], &[Excellent, Unusable]);
        // 45 ms on average and a little less: 50 ms less a tenth.
        check(&[51, 3], &[Good, Good]);
        check(&[51, 2], &[Good, Excellent]);
        check(&[240, 0, 0, 0], &[Unusable, Unusable, Unusable, Poor]);
    }

    #[test]
    fn req_x07_latency_is_smoothed_by_an_eighth() {
        let config = Config::builder(Profile::Standard).build().unwrap();
        let mut meter = Meter::default();
        for (measured, smoothed) in [(80, 80), (0, 70), (126, 77)] {
            meter.measured(Span::from_millis(measured), config.settings());
            assert_eq!(meter.latency(), Some(Span::from_millis(smoothed)));
        }
    }

    #[test]
    fn req_x09_quality_does_not_flicker_at_a_threshold() {
        use Quality::Excellent;
        check(&[45, 54, 46, 54, 46, 54], &[Excellent; 6]);
        check(&[49, 51, 49, 51, 49, 51], &[Excellent; 6]);
    }
}
