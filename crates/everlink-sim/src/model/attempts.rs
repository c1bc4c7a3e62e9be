//! Attempts: their number, their delays within the profile's range, and the server's hints.

use std::time::Duration;

use everlink_engine::{BackoffKind, Cause, Failure, Jitter};

use super::{Check, Rules, broken, nanos};

const HINT_MAX: u64 = 600_000_000_000;
/// Rounding of times that are computed with fractions.
const ROUNDING: u64 = 1_000;

#[derive(Debug)]
pub(crate) struct Attempts {
    rules: Rules,
    /// When the next dial is planned, unless something shortens it.
    planned_at: Option<u64>,
    /// The application or the second level asked: anything goes at once.
    forced: bool,
    /// The platform said something that may shorten a delay which nobody asked for.
    nudged: bool,
    /// Before this time the server does not want us.
    unwanted_until: u64,
    /// The latest slot that the server gave.
    slot_at: u64,
    last: Option<Failure>,
    window: Option<Duration>,
    /// The longest back-off that the server wished for.
    cap: Option<Duration>,
    failures: u32,
}

impl Attempts {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            rules: rules.clone(),
            planned_at: None,
            forced: false,
            nudged: false,
            unwanted_until: 0,
            slot_at: 0,
            last: None,
            window: None,
            cap: None,
            failures: 0,
        }
    }

    pub(crate) fn forced(&mut self) {
        self.forced = true;
        self.failures = 0;
        self.unwanted_until = 0;
    }

    pub(crate) fn nudged(&mut self) {
        self.nudged = true;
    }

    /// A welcome takes back half of a window at most, until the connection has proved itself; that it
    /// may stay so for longer is no harm.
    pub(crate) fn welcomed(&mut self, window: Option<Duration>, cap: Option<Duration>) {
        if let Some(window) = window {
            let before = self.window.unwrap_or_default();
            self.window(window.max(before / 2));
        }
        let most = Duration::from_nanos(HINT_MAX);
        self.cap = cap.map(|cap| cap.min(most)).or(self.cap);
    }

    pub(crate) fn window(&mut self, window: Duration) {
        self.window = Some(window.min(Duration::from_nanos(HINT_MAX)));
    }

    /// The server asked us to come back in a slot; a loss before it does not bring us back sooner.
    pub(crate) fn away(&mut self, now: u64, slot: Duration) {
        self.slot_at = self.slot_at.max(now + nanos(slot).min(HINT_MAX));
    }

    /// The connection stands, or stands elsewhere: slots are kept.
    pub(crate) fn arrived(&mut self) {
        self.slot_at = 0;
    }

    pub(crate) fn lost(&mut self, now: u64, failure: Failure, stable: bool) {
        if stable {
            self.failures = 0;
        }
        self.failed(now, failure);
    }

    pub(crate) fn failed(&mut self, now: u64, failure: Failure) {
        self.last = Some(failure);
        if let Some(hint) = failure.retry_after {
            self.unwanted_until = now + nanos(hint).min(HINT_MAX);
        }
    }

    /// A delay was told; `busy` is the time until the budgets of dials are free.
    pub(crate) fn planned(
        &mut self,
        now: u64,
        attempt: u32,
        delay: Duration,
        promoted: bool,
        busy: u64,
    ) -> Check {
        let rule = "delays keep to the profile";
        // A loss that somebody asked for, or that a successor makes good, is no failure.
        self.failures += u32::from(!promoted && !self.forced);
        self.planned_at = Some(now + nanos(delay));
        self.nudged = false;
        if self.rules.attempts_max().is_some_and(|max| attempt > max) {
            return broken("attempts are limited", format!("attempt {attempt}"));
        }
        if attempt == 0 {
            return broken(rule, "attempt 0 was told; attempts count from 1");
        }
        if delay.is_zero() && (self.forced || promoted || self.asks_credentials()) {
            return Ok(());
        }
        let (low, high) = self.range(attempt);
        let low = if self.forced { 0 } else { low };
        let high = high.max(self.slot_at.saturating_sub(now) / 10 * 11);
        let (high, low) = (high.max(busy), low.max(self.unwanted_until.saturating_sub(now)));
        let given = nanos(delay);
        if given + ROUNDING < low || given > high + ROUNDING {
            let (low, high) = (Duration::from_nanos(low), Duration::from_nanos(high));
            let detail = format!(
                "attempt {attempt} after {delay:?}; accepted: {low:?} to {high:?} ({:?})",
                self.last
            );
            return broken(rule, detail);
        }
        Ok(())
    }

    pub(crate) fn dials(&mut self, now: u64) -> Check {
        let (forced, nudged) = (self.forced, self.nudged);
        (self.forced, self.nudged) = (false, false);
        let planned_at = self.planned_at.take();
        if forced {
            return Ok(());
        }
        if now < self.unwanted_until {
            let early = Duration::from_nanos(self.unwanted_until - now);
            return broken("the server's word is obeyed", format!("dialed {early:?} too early"));
        }
        match planned_at {
            Some(at) if now < at && !nudged => {
                let early = Duration::from_nanos(at - now);
                broken("a delay is kept", format!("dialed {early:?} too early"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn asks_credentials(&self) -> bool {
        let refused = |failure: Failure| {
            matches!(failure.cause, Cause::HttpStatus(401 | 403) | Cause::Closed(4100..=4199))
        };
        self.last.is_some_and(refused)
    }

    /// The shortest and the longest delay before this attempt.
    fn range(&self, attempt: u32) -> (u64, u64) {
        let (mut low, mut high) = match self.last {
            Some(failure) if is_slow(failure.cause) => {
                let (normal, _) = self.normal(attempt);
                let slow = nanos(self.rules.slow_min()) / 2;
                // An address that never worked is left for the next one at the usual pace.
                let low = if is_rejection(failure.cause) { normal.min(slow) } else { slow };
                (low, nanos(self.rules.slow_max()))
            }
            Some(_) | None => self.normal(attempt),
        };
        if let Some(max) = self.rules.breaker_failures() {
            let pause = nanos(self.rules.breaker_pause());
            // It may still be open from before the application asked anew.
            high = high.max(pause / 4 * 5);
            low = if self.failures >= max { low.max(pause) } else { low };
        }
        if let Some(hint) = self.last.and_then(|failure| failure.retry_after) {
            let hint = nanos(hint).min(HINT_MAX);
            (low, high) = (low.max(hint), high.max(hint / 10 * 11));
        }
        (low, high)
    }

    fn normal(&self, attempt: u32) -> (u64, u64) {
        let rules = &self.rules;
        if rules.backoff() == BackoffKind::None {
            return (0, 0);
        }
        let step = match self.window.or(rules.return_window()) {
            Some(window) if attempt == 1 => return (0, nanos(window)),
            Some(_) => attempt - 1,
            None => attempt,
        };
        let cap = self.cap.unwrap_or(Duration::MAX).min(rules.backoff_max());
        let least = nanos(rules.backoff_min().min(cap)) as f64;
        let capped = match rules.backoff() {
            BackoffKind::Fixed => least,
            BackoffKind::Exponential => {
                let grown = nanos(rules.backoff_min()) as f64
                    * rules.backoff_multiplier().powi(step.min(200) as i32 - 1);
                grown.min(nanos(cap) as f64)
            }
            _ => 0.0,
        };
        let (low, high) = match rules.jitter() {
            Jitter::Factor => {
                let factor = rules.jitter_factor();
                (capped * (1.0 - factor), capped * (1.0 + factor))
            }
            Jitter::Scaled | Jitter::Equal => (capped * 0.5, capped),
            Jitter::Full => {
                let floor = nanos(rules.backoff_floor()) as f64;
                (floor, floor + capped)
            }
            Jitter::Decorrelated => (least, nanos(cap) as f64),
            _ => (capped, capped),
        };
        let stretch = if rules.backoff_adaptive() { 2.0 } else { 1.0 };
        // Who fails within the window that the server named is spread over a part of it, or all.
        let herd = self.window.map_or(0, nanos);
        (low as u64, herd.max((high * stretch) as u64))
    }
}

fn is_rejection(cause: Cause) -> bool {
    matches!(cause, Cause::HttpStatus(400..=499)) && cause != Cause::HttpStatus(429)
}

/// The model's own list of the causes that climb the slow ladder.
fn is_slow(cause: Cause) -> bool {
    match cause {
        Cause::HttpStatus(408 | 425) => false,
        Cause::HttpStatus(status) => status < 500,
        Cause::Closed(code) => code == 1013 || (4100..4200).contains(&code) || code / 100 == 43,
        Cause::Redirected(_)
        | Cause::CaptivePortal
        | Cause::ProxyRefused(_)
        | Cause::CertificateInvalid
        | Cause::CertificateExpired
        | Cause::UpgradeMalformed => true,
        _ => false,
    }
}
