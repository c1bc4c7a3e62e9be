//! One table of settings: the struct, its builder, the ranges and the documentation from one place.

use core::time::Duration;

use super::choices::{BackoffKind, Heartbeat, Jitter, Overflow};
use super::value::{Accepted, Kind, SettingValue, Slot};
use crate::time::Span;

/// One setting, as documentation, command line and configuration files see it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// Its key in a configuration file; the environment variable is `EVERLINK_` and the key in upper case.
    pub key: &'static str,
    /// What it means, from its doc comment.
    pub doc: &'static str,
    /// What it accepts.
    pub accepted: Accepted,
}

const DAY: u64 = 24 * 3600;

const fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

const fn s(secs: u64) -> Span {
    Span::from_secs(secs)
}

const fn time(low: Span, high: Span, off: bool) -> Accepted {
    Accepted::Duration(low.duration(), high.duration(), off)
}

/// What a type is inside the engine.
macro_rules! held {
    (Duration) => { Span };
    (Option<Duration>) => { Option<Span> };
    ($($other:tt)+) => { $($other)+ };
}

macro_rules! settings {
    ($( $(#[doc = $doc:literal])+ $name:ident: $type:ident $(<$inner:ident>)? = $default:expr, $accepted:expr; )+) => {
        /// How an engine behaves. Made by a [`ConfigBuilder`](super::ConfigBuilder), checked once, then trusted.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings { $( pub(crate) $name: held!($type $(<$inner>)?), )+ }

        impl Settings {
            /// The settings of the profile `standard`.
            pub(crate) const STANDARD: Self = Self { $( $name: $default, )+ };

            $(
                $(#[doc = $doc])+
                #[must_use]
                pub fn $name(&self) -> $type $(<$inner>)? { self.$name.shown() }
            )+

            /// Returns a setting by its key.
            #[must_use]
            pub fn get(&self, key: &str) -> Option<SettingValue> {
                let place = TABLE.iter().position(|(known, _)| *known == key)?;
                self.clone().slot(place).map(|slot| slot.value())
            }

            /// Returns where the setting of a place in [`SETTINGS`] is kept.
            pub(crate) fn slot(&mut self, place: usize) -> Option<Slot<'_>> {
                Some(match place {
                    $( place if place == Place::$name as usize => self.$name.slot(), )+
                    _ => return None,
                })
            }
        }

        /// The places of the settings in [`SETTINGS`].
        #[expect(non_camel_case_types, reason = "named as the fields are")]
        enum Place { $( $name, )+ }

        /// Every setting, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[ $( Setting {
            key: stringify!($name),
            doc: concat!($($doc, "\n"),+),
            accepted: $accepted,
        }, )+ ];

        impl super::ConfigBuilder {
            $(
                $(#[doc = $doc])+
                pub fn $name(mut self, value: $type $(<$inner>)?) -> Self {
                    self.settings.$name = Kind::held(value);
                    self
                }
            )+
        }
    };
}

/// Key and range of each setting, without the words: what a program needs that shows no documentation.
pub(crate) static TABLE: [(&str, Accepted); SETTINGS.len()] = {
    let mut table = [("", Accepted::Flag); SETTINGS.len()];
    let mut place = 0;
    while place < table.len() {
        table[place] = (SETTINGS[place].key, SETTINGS[place].accepted);
        place += 1;
    }
    table
};

impl Accepted {
    /// Returns what the setting at a place in [`SETTINGS`] accepts.
    #[must_use]
    pub fn nth(place: usize) -> Option<Self> {
        TABLE.get(place).map(|(_, accepted)| *accepted)
    }
}

settings! {
    /// How the delay grows from attempt to attempt. Default: `exponential`.
    backoff: BackoffKind = BackoffKind::Exponential, Accepted::Choice(BackoffKind::WORDS);
    /// Delay before the second attempt, from which the others grow. Default: 1 s. Range: 0 to 15 min.
    backoff_min: Duration = s(1), time(ms(0), s(900), false);
    /// Longest delay between attempts, before jitter. Default: 30 s. Range: `backoff_min` to 15 min.
    /// Why: long enough to spare a restarting server, short enough that nobody reloads by hand.
    backoff_max: Duration = s(30), time(ms(0), s(900), false);
    /// Factor from one delay to the next. Default: 2. Range: 1 to 10.
    backoff_multiplier: f64 = 2.0, Accepted::Number(1.0, 10.0);
    /// Least delay under `full` jitter, so that no client comes back at once for ever. Default: 500 ms.
    /// Range: 0 to 1 min.
    backoff_floor: Duration = ms(500), time(ms(0), s(60), false);
    /// Whether delays grow while few attempts succeed (up to twice as long). Default: true.
    backoff_adaptive: bool = true, Accepted::Flag;
    /// How delays are spread. Default: `full`.
    jitter: Jitter = Jitter::Full, Accepted::Choice(Jitter::WORDS);
    /// How far `factor` jitter goes either way. Default: 0.25. Range: 0 to 1.
    jitter_factor: f64 = 0.25, Accepted::Number(0.0, 1.0);
    /// The first attempt after a loss waits a random time up to this, unless the server named a window.
    /// Default: 2 s; off: it waits like the second. Range: 0 to 10 min, or off.
    return_window: Option<Duration> = Some(s(2)), time(ms(0), s(600), true);
    /// Attempts in a row before giving up. Default: none. Range: 1 to 1000000, or none.
    /// Why none: "N tries, then stop" strands most users of an outage of five minutes.
    attempts_max: Option<u32> = None, Accepted::Count(1, 1_000_000, true);
    /// Whether a lost connection is dialed again at all. Default: true.
    reconnect: bool = true, Accepted::Flag;
    /// How long a connection must stand, and answer one heartbeat, before the attempts count anew.
    /// Default: 30 s. Range: 0 to 1 h.
    stable_after: Duration = s(30), time(ms(0), s(3600), false);
    /// Most dials in one minute. Default: 20. Range: 1 to 1000, or none. What the application asks for
    /// (`connect`, `reconnect`) is dialed at once and counts; everything else waits for its turn.
    dials_per_minute: Option<u32> = Some(20), Accepted::Count(1, 1000, true);
    /// First delay of the slow ladder, for failures that need somebody to act. Default: 30 s.
    /// Range: 1 s to 1 h.
    slow_min: Duration = s(30), time(s(1), s(3600), false);
    /// Longest delay of the slow ladder. Default: 10 min. Range: `slow_min` to 24 h.
    slow_max: Duration = s(600), time(s(1), s(DAY), false);
    /// Whether refused credentials are retried slowly instead of being final. Default: false.
    unauthorized_retries: bool = false, Accepted::Flag;
    /// Longest time for one attempt, from name look-up to the end of the upgrade. Default: 20 s.
    /// Range: 1 s to 5 min. Why: 5 s turns a long accept queue into collapse.
    connect_timeout: Duration = s(20), time(s(1), s(300), false);
    /// Longest wait for the greeting of a dialect that has one. Default: 5 s. Range: 100 ms to 5 min.
    greeting_timeout: Duration = s(5), time(ms(100), s(300), false);
    /// How heartbeats are sent. Default: `auto`.
    heartbeat: Heartbeat = Heartbeat::Auto, Accepted::Choice(Heartbeat::WORDS);
    /// Time from one heartbeat to the next. Default: 20 s. Range: 100 ms to 1 h.
    heartbeat_interval: Duration = s(20), time(ms(100), s(3600), false);
    /// Longest wait for any sign of life after a heartbeat. Default: 10 s. Range: 50 ms to 10 min.
    heartbeat_timeout: Duration = s(10), time(ms(50), s(600), false);
    /// The same wait when something looks wrong (network change, wake-up). Default: 2 s.
    /// Range: 50 ms to 1 min.
    probe_timeout: Duration = s(2), time(ms(50), s(60), false);
    /// Whether suspicion dials a second transport at once, beside the probe. Default: true.
    probe_dials: bool = true, Accepted::Flag;
    /// Reconnects when heartbeats are answered but no data came for this long. Default: off.
    /// Range: 1 s to 24 h, or off.
    stale_after: Option<Duration> = None, time(s(1), s(DAY), true);
    /// Longest stall of a write. Default: 10 s. Range: 100 ms to 10 min.
    write_timeout: Duration = s(10), time(ms(100), s(600), false);
    /// Longest wait for the peer's half of the closing hand-shake. Default: 1 s. Range: 0 to 1 min.
    close_timeout: Duration = s(1), time(ms(0), s(60), false);
    /// Below this round-trip time the quality is excellent. Default: 50 ms. Range: 1 ms to 1 min.
    quality_excellent: Duration = ms(50), time(ms(1), s(60), false);
    /// Below this it is good. Default: 100 ms. Range: `quality_excellent` to 1 min.
    quality_good: Duration = ms(100), time(ms(1), s(60), false);
    /// Below this it is poor, from it on unusable. Default: 200 ms. Range: `quality_good` to 1 min.
    quality_poor: Duration = ms(200), time(ms(1), s(60), false);
    /// Failures in a row after which the circuit breaker opens. Default: none. Range: 1 to 1000, or none.
    breaker_failures: Option<u32> = None, Accepted::Count(1, 1000, true);
    /// Time between the probes of an open circuit breaker. Default: 1 min. Range: 1 s to 1 h.
    breaker_pause: Duration = s(60), time(s(1), s(3600), false);
    /// Whether messages sent while down wait in the outbox. Default: true. If false, a send fails.
    queue: bool = true, Accepted::Flag;
    /// Most messages in the outbox. Default: 1024. Range: 1 to 10000000.
    queue_messages_max: u32 = 1024, Accepted::Count(1, 10_000_000, false);
    /// Most bytes of messages in the outbox. Default: 8388608. Range: 1024 to 4294967295.
    queue_bytes_max: u32 = 8 * 1024 * 1024, Accepted::Count(1024, u32::MAX, false);
    /// What becomes of a message when the outbox is full. Default: `wait`.
    overflow: Overflow = Overflow::Wait, Accepted::Choice(Overflow::WORDS);
    /// Largest message that may be sent, in bytes. Default: 16777216. Range: 1 to 4294967295.
    message_bytes_max: u32 = 16 * 1024 * 1024, Accepted::Count(1, u32::MAX, false);
    /// Age at which a connection is replaced while it still works (its successor opens first).
    /// Default: off. Range: 1 s to 30 days, or off.
    renew_after: Option<Duration> = None, time(s(1), s(30 * DAY), true);
    /// Longest time for which old and new transport overlap at a planned move. Default: 5 s.
    /// Range: 0 to 1 min.
    overlap: Duration = s(5), time(ms(0), s(60), false);
    /// How often the second level looks for silence and surrender; 0 acts at once. Default: 0 s.
    /// Range: 0 to 1 h.
    check_interval: Duration = s(0), time(ms(0), s(3600), false);
    /// How often the second level starts anew after the first gave up. Default: 0. Range: 0 to 1000000.
    supervisor_attempts_max: u32 = 0, Accepted::Count(0, 1_000_000, false);
}
