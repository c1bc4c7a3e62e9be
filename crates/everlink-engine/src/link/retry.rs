//! Whether to try again, when, and with which endpoint: every rule about retrying is here.

use super::backoff;
use crate::config::{Config, Settings};
use crate::failure::{Failure, Verdict, verdict};
use crate::limits::spans::{FLAP_PERIOD, HINT_MAX};
use crate::limits::{FLAP_CONNECTS_MAX, RETRY_THRICE};
use crate::random::Random;
use crate::time::{Span, Timestamp};
use crate::window::Window;

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Try again after a delay.
    Again {
        /// How long to wait.
        delay: Span,
        /// The part of it that the server or a budget asks for, so that nothing may shorten it.
        firm: Span,
        /// Whether the circuit breaker opened by it.
        tripped: bool,
    },
    /// Trying again cannot help, or may not.
    GiveUp,
}

/// The memory of attempts: what happened since the connection was last stable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Retry {
    /// Retries made or scheduled since the connection was last stable.
    pub(crate) retries: u32,
    /// The endpoint of the next dial.
    pub(crate) endpoint: u16,
    /// Whether dials must ask for fresh credentials, until one of them stands: an attempt that fails
    /// for another reason says nothing about them.
    pub(crate) refresh: bool,
    /// Whether any connection ever stood.
    pub(crate) proven: bool,
    failures: u32,
    rejections: u16,
    slow_steps: u32,
    strikes: u32,
    refreshed: bool,
    previous: Span,
    /// Over which to return: what the server named, or a part of what it named before.
    return_window: Option<Span>,
    /// What the server named last.
    window_named: Option<Span>,
    /// The longest back-off that the server wished for.
    backoff_cap: Option<Span>,
    success_permille: u32,
    breaker: Breaker,
    dials: Option<Window>,
    flaps: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Breaker {
    Closed,
    Open,
}

impl Retry {
    pub(crate) fn new(config: &Config) -> Self {
        let per_minute = config.settings.dials_per_minute;
        let dials = per_minute.map(|max| Window::new(max as usize, Span::from_secs(60)));
        Self {
            retries: 0,
            endpoint: 0,
            refresh: false,
            proven: false,
            failures: 0,
            rejections: 0,
            slow_steps: 0,
            strikes: 0,
            refreshed: false,
            previous: Span::ZERO,
            return_window: None,
            window_named: None,
            backoff_cap: None,
            success_permille: 1000,
            breaker: Breaker::Closed,
            dials,
            flaps: Window::new(FLAP_CONNECTS_MAX, FLAP_PERIOD),
        }
    }

    /// Starts counting anew because the application asked for a connection.
    pub(crate) fn asked(&mut self) {
        self.retries = 0;
        self.failures = 0;
        self.rejections = 0;
        self.slow_steps = 0;
        self.strikes = 0;
        self.refreshed = false;
        self.previous = Span::ZERO;
    }

    /// Counts a dial that is made now.
    pub(crate) fn dialed(&mut self, now: Timestamp) {
        if let Some(dials) = &mut self.dials {
            dials.count(now);
        }
    }

    /// Returns whether a dial that nobody asked for (a successor, a probe) may be made now.
    pub(crate) fn may_dial(&self, now: Timestamp) -> bool {
        self.dials.as_ref().is_none_or(|dials| dials.is_free(now)) && self.flaps.is_free(now)
    }

    /// Takes note that the connection stands; it may still be a flap.
    pub(crate) fn opened(&mut self, now: Timestamp) {
        self.proven = true;
        self.refresh = false;
        self.rejections = 0;
        self.success_permille = (self.success_permille * 7 + 1000) / 8;
        self.flaps.count(now);
    }

    /// Takes note that the connection has proved itself. Returns whether that closed the breaker.
    pub(crate) fn stable(&mut self) -> bool {
        self.asked();
        self.flaps.clear();
        self.return_window = self.window_named;
        let was_open = self.breaker == Breaker::Open;
        self.breaker = Breaker::Closed;
        was_open
    }

    /// Returns whether the next connection is a test that must answer a heartbeat before use.
    pub(crate) fn is_breaker_open(&self) -> bool {
        self.breaker == Breaker::Open
    }

    /// Sets the window that the server named for returns after a loss.
    pub(crate) fn set_return_window(&mut self, window: Span) {
        self.window_named = Some(window.min(HINT_MAX));
        self.return_window = self.window_named;
    }

    /// Takes note of what a greeting's answer asks for, both remembered over outages.
    ///
    /// A server that has just begun has few clients yet, and names a short window. If it falls again at
    /// once, all who came back meanwhile are a herd: until this connection has proved itself, the window
    /// shrinks to half of what it was at most.
    pub(crate) fn welcomed(&mut self, window: Option<Span>, backoff_cap: Option<Span>) {
        if let Some(window) = window {
            let before = self.return_window.unwrap_or_default();
            self.set_return_window(window);
            self.return_window = self.return_window.max(Some(before / 2));
        }
        if let Some(cap) = backoff_cap {
            self.backoff_cap = Some(cap.min(HINT_MAX));
        }
    }

    /// Returns how many of a thousand recent attempts succeeded.
    pub(crate) fn success_permille(&self) -> u32 {
        self.success_permille
    }

    /// Counts a successor that becomes the next attempt: a peer that accepts and then falls silent
    /// must not be given attempt 1 for ever.
    pub(crate) fn promoted(&mut self, attempts_max: Option<u32>) {
        self.retries = (self.retries + 1).min(attempts_max.unwrap_or(u32::MAX));
    }

    /// Takes note of a failed attempt, before [`decide`](Self::decide).
    pub(crate) fn attempt_failed(&mut self, endpoints: u16) {
        self.success_permille = self.success_permille * 7 / 8;
        self.endpoint = (self.endpoint + 1) % endpoints;
    }

    /// Decides what to do after `failure`, and counts the retry that follows.
    pub(crate) fn decide(
        &mut self,
        now: Timestamp,
        failure: Failure,
        hook: Option<Verdict>,
        config: &Config,
        random: &mut Random,
    ) -> Decision {
        self.failures = self.failures.saturating_add(1);
        let settings = &config.settings;
        let spent = settings.attempts_max.is_some_and(|max| self.retries >= max);
        if spent || !settings.reconnect {
            return Decision::GiveUp;
        }
        let verdict = hook.unwrap_or_else(|| verdict(failure.cause, &config.verdicts));
        let Some(pace) = self.pace(verdict, config) else {
            return Decision::GiveUp;
        };
        let retry = self.retries.saturating_add(1);
        let Some(delay) = self.delay(pace, retry, failure, config, random) else {
            return Decision::GiveUp;
        };
        self.retries = retry;
        self.previous = delay;
        let tripped = self.trip(config);
        let braked = self.braked(config, random);
        let firm = self.hinted(braked, failure, random).max(self.budget(now));
        Decision::Again { delay: delay.max(firm), firm, tripped }
    }

    /// A successor of a working transport failed: the next one may need fresh credentials.
    pub(crate) fn successor_failed(&mut self, failure: Failure, config: &Config) {
        let verdict = verdict(failure.cause, &config.verdicts);
        self.refresh |= config.credentials && verdict == Verdict::RefreshCredentials;
    }

    /// Returns how fast a verdict lets us go on; `None` is not at all.
    fn pace(&mut self, verdict: Verdict, config: &Config) -> Option<Pace> {
        match verdict {
            Verdict::Retry => Some(Pace::Normal),
            Verdict::RetrySlowly => Some(Pace::Slow),
            Verdict::RetrySlowlyOnceProven => {
                self.rejections = self.rejections.saturating_add(1);
                let untried = self.rejections < config.endpoints;
                match (self.proven, untried) {
                    (true, _) => Some(Pace::Slow),
                    (false, true) => Some(Pace::Normal),
                    (false, false) => None,
                }
            }
            Verdict::RefreshCredentials if config.credentials && !self.refreshed => {
                self.refreshed = true;
                self.refresh = true;
                Some(Pace::AtOnce)
            }
            Verdict::RefreshCredentials => {
                config.settings.unauthorized_retries.then_some(Pace::Slow)
            }
            Verdict::RetryThrice => {
                self.strikes += 1;
                (self.strikes < RETRY_THRICE).then_some(Pace::Normal)
            }
            Verdict::GiveUp => None,
        }
    }

    fn delay(
        &mut self,
        pace: Pace,
        retry: u32,
        failure: Failure,
        config: &Config,
        random: &mut Random,
    ) -> Option<Span> {
        let settings = &config.settings;
        match pace {
            Pace::AtOnce => Some(Span::ZERO),
            Pace::Slow => {
                self.slow_steps += 1;
                Some(backoff::slow_delay(settings, self.slow_steps - 1, random))
            }
            Pace::Normal => {
                if let Some(function) = &config.backoff_fn {
                    return function(retry, failure).map(Span::of);
                }
                let window = self.return_window.or(settings.return_window);
                let delay = match (retry, window) {
                    (1, Some(window)) => return Some(random.span(Span::ZERO, window)),
                    (retry, None) => self.backoff(settings, retry, random),
                    (retry, Some(_)) => self.backoff(settings, retry - 1, random),
                };
                Some(self.adapted(delay, config).max(self.herd_delay(retry, random)))
            }
        }
    }

    /// Returns the delay of the ladder, which ends where the server wishes if that is sooner.
    fn backoff(&self, settings: &Settings, retry: u32, random: &mut Random) -> Span {
        let cap = self.backoff_cap.unwrap_or(Span::MAX).min(settings.backoff_max);
        backoff::delay(settings, cap, retry, self.previous, random)
    }

    /// Spreads whoever failed within the window that the server named over a part of it: they are
    /// many, and the ladder's first steps would bring them back together. Few fail in a short outage;
    /// in a long one all do, and the part grows to the whole.
    fn herd_delay(&self, retry: u32, random: &mut Random) -> Span {
        let share = HERD_SHARE >> retry.saturating_sub(2).min(HERD_SHARE.ilog2());
        let window = self.return_window.unwrap_or_default() / share;
        if window.is_zero() { window } else { random.span(Span::ZERO, window) }
    }

    /// Lengthens a delay, up to twice, while few attempts succeed (X14).
    fn adapted(&self, delay: Span, config: &Config) -> Span {
        if !config.settings.backoff_adaptive {
            return delay;
        }
        delay.scaled(2.0 - f64::from(self.success_permille) / 1000.0)
    }

    /// Opens the breaker after so many failures; returns whether that is news.
    fn trip(&mut self, config: &Config) -> bool {
        let open = config.settings.breaker_failures.is_some_and(|max| self.failures >= max);
        let tripped = open && self.breaker == Breaker::Closed;
        if tripped {
            self.breaker = Breaker::Open;
        }
        tripped
    }

    /// While the breaker is open, attempts are tests, `breaker_pause` apart (X13).
    fn braked(&self, config: &Config, random: &mut Random) -> Span {
        if self.breaker == Breaker::Closed {
            return Span::ZERO;
        }
        let pause = config.settings.breaker_pause;
        random.span(pause, pause + pause / 4)
    }

    /// Obeys the server's hint, clamped and spread by a tenth.
    fn hinted(&self, delay: Span, failure: Failure, random: &mut Random) -> Span {
        let Some(hint) = failure.retry_after else {
            return delay;
        };
        let hint = Span::of(hint).min(HINT_MAX);
        delay.max(random.span(hint, hint + hint / 10))
    }

    /// Returns how long to wait for the budget of dials, and for flapping to stay below its limit.
    pub(crate) fn budget(&self, now: Timestamp) -> Span {
        self.dial_free_at().max(self.flaps.free_at()).passed(now)
    }

    /// Returns when the budget of dials allows the next one, which may lie in the past.
    pub(crate) fn dial_free_at(&self) -> Timestamp {
        self.dials.as_ref().map_or(Timestamp::ZERO, Window::free_at)
    }
}

/// Part of the server's window over which those return who failed within it once; who fails again
/// returns over twice as much, up to all of it.
const HERD_SHARE: u32 = 8;

#[derive(Clone, Copy)]
enum Pace {
    AtOnce,
    Normal,
    Slow,
}
