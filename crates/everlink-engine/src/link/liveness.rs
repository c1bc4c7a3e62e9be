//! Whether the other side is still there: heartbeats, probes and their deadlines.

use core::time::Duration;

use crate::config::{Heartbeat, Settings};
use crate::dialect::Dialect;
use crate::frame::PingLevel;
use crate::limits::PROBE_SPACING;
use crate::time::Timestamp;
use crate::timer::{Deadline, Timer};

/// The heartbeat of one open transport.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Liveness {
    level: Option<PingLevel>,
    interval: Duration,
    timeout: Duration,
    probe_timeout: Duration,
    last_data: Timestamp,
    next_ping: Timestamp,
    last_probe: Option<Timestamp>,
    nonce: u32,
    pending: Option<Pending>,
    round_trips: u32,
    /// How many pings were answered, for a dialect whose pongs carry no number.
    pongs: u32,
    paused: bool,
}

/// A ping on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pending {
    sent: Timestamp,
    /// When silence since `sent` means death; `None` once anything came.
    deadline: Option<Timestamp>,
    probe: bool,
}

/// A ping to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    pub(crate) level: PingLevel,
    pub(crate) nonce: u32,
}

impl Liveness {
    pub(crate) fn new(now: Timestamp, settings: &Settings, dialect: &Dialect) -> Self {
        let level = match settings.heartbeat {
            Heartbeat::Auto => Some(dialect.ping),
            Heartbeat::Protocol => Some(PingLevel::Protocol),
            Heartbeat::Application => Some(PingLevel::Application),
            Heartbeat::None => None,
        };
        Self {
            level,
            interval: settings.heartbeat_interval,
            timeout: settings.heartbeat_timeout,
            probe_timeout: settings.probe_timeout,
            last_data: now,
            next_ping: now.after(settings.heartbeat_interval),
            last_probe: None,
            nonce: 0,
            pending: None,
            round_trips: 0,
            pongs: 0,
            paused: false,
        }
    }

    /// Takes over the interval and deadline that the server asked for.
    pub(crate) fn retime(&mut self, now: Timestamp, interval: Duration, timeout: Duration) {
        self.interval = interval.max(Duration::from_millis(100));
        self.timeout = timeout.max(Duration::from_millis(50));
        self.next_ping = now.after(self.interval);
    }

    /// Something came. Whether it is life depends on who can have sent it: a control frame of the
    /// protocol can come from a proxy, so it does not answer for an application that has pings of its own.
    pub(crate) fn heard(&mut self, now: Timestamp, data: bool) {
        if data {
            self.last_data = now;
        }
        let is_life = data || self.level != Some(PingLevel::Application);
        if is_life && let Some(pending) = &mut self.pending {
            pending.deadline = None;
        }
    }

    /// A pong came; returns the round trip if it answers the newest ping.
    pub(crate) fn pong(
        &mut self,
        now: Timestamp,
        level: PingLevel,
        nonce: Option<u32>,
    ) -> Option<Duration> {
        self.heard_pong(level);
        if self.level != Some(level) {
            return None;
        }
        self.round_trips = self.round_trips.saturating_add(1);
        // Pongs without a name come in the order of their pings: this one may answer an older ping,
        // which says nothing of what was sent after that.
        self.pongs = self.pongs.saturating_add(1).min(self.nonce);
        if nonce.unwrap_or(self.pongs) != self.nonce {
            return None;
        }
        let pending = self.pending.take()?;
        Some(now.since(pending.sent))
    }

    fn heard_pong(&mut self, level: PingLevel) {
        let is_life = level == PingLevel::Application || self.level != Some(PingLevel::Application);
        if is_life && let Some(pending) = &mut self.pending {
            pending.deadline = None;
        }
    }

    /// Makes the heartbeat that is due, if one is.
    pub(crate) fn beat_due(&mut self, now: Timestamp) -> Option<Beat> {
        if self.next_ping > now {
            return None;
        }
        self.next_ping = now.after(self.interval);
        self.beat(now, self.timeout, false)
    }

    /// Makes a probe with its short deadline, at most one in [`PROBE_SPACING`].
    pub(crate) fn probe(&mut self, now: Timestamp) -> Option<Beat> {
        let is_fresh = self.last_probe.is_some_and(|last| now < last.after(PROBE_SPACING));
        if is_fresh || self.is_probing() {
            return None;
        }
        self.last_probe = Some(now);
        let older = self.pending.and_then(|pending| pending.deadline);
        let beat = self.beat(now, self.probe_timeout, true);
        // Suspicion must not put off the death that an unanswered heartbeat has announced.
        if let (Some(older), Some(pending)) = (older, &mut self.pending) {
            pending.deadline = pending.deadline.map(|deadline| deadline.min(older));
        }
        beat
    }

    /// Gives a peer that could not be heard while we slept the time of a probe; once, until it is heard.
    pub(crate) fn woke(&mut self, now: Timestamp) -> Option<Beat> {
        self.last_data = self.last_data.max(now);
        if self.is_probing() {
            return None;
        }
        self.last_probe = Some(now);
        self.beat(now, self.probe_timeout, true)
    }

    /// Makes a ping whose pong says that everything sent before it has been taken in.
    pub(crate) fn mark(&mut self, now: Timestamp) -> Option<Beat> {
        self.beat(now, self.timeout, false)
    }

    fn beat(&mut self, now: Timestamp, timeout: Duration, probe: bool) -> Option<Beat> {
        let level = self.level?;
        self.nonce = self.nonce.wrapping_add(1);
        let deadline = now.after(timeout);
        // An unanswered older ping keeps its deadline: a newer one must not put death off.
        let older = self.pending.and_then(|pending| pending.deadline);
        let deadline = older.map_or(deadline, |older| if probe { deadline } else { older });
        self.pending = Some(Pending { sent: now, deadline: Some(deadline), probe });
        Some(Beat { level, nonce: self.nonce })
    }

    /// Our side stops or resumes reading: silence says nothing while we do not listen.
    pub(crate) fn set_paused(&mut self, now: Timestamp, paused: bool) {
        self.paused = paused;
        self.last_data = now;
        if !paused && let Some(pending) = &mut self.pending {
            let fresh = now.after(self.timeout);
            pending.deadline = pending.deadline.map(|deadline| deadline.max(fresh));
        }
    }

    pub(crate) fn is_dead(&self, now: Timestamp) -> bool {
        !self.paused && self.death().is_some_and(|deadline| deadline <= now)
    }

    /// Returns whether a probe is out and nothing came since.
    pub(crate) fn is_probing(&self) -> bool {
        self.pending.is_some_and(|pending| pending.probe && pending.deadline.is_some())
    }

    /// Returns whether the transport has answered a heartbeat, or has none to answer.
    pub(crate) fn is_proven(&self) -> bool {
        self.round_trips > 0 || self.level.is_none()
    }

    pub(crate) fn nonce(&self) -> u32 {
        self.nonce
    }

    /// Returns whether the ping with this number, or a later one, was answered.
    pub(crate) fn has_answered(&self, nonce: u32) -> bool {
        self.nonce >= nonce && self.pending.is_none()
    }

    /// Returns when no data will have come for `stale_after`; never while we do not read.
    pub(crate) fn stale_at(&self, stale_after: Duration) -> Option<Timestamp> {
        (!self.paused).then(|| self.last_data.after(stale_after))
    }

    pub(crate) fn deadlines(&self, earliest: &mut Deadline) {
        if self.level.is_some() {
            earliest.at(self.next_ping, Timer::Heartbeat);
        }
        if !self.paused
            && let Some(deadline) = self.death()
        {
            earliest.at(deadline, Timer::Pong);
        }
    }

    fn death(&self) -> Option<Timestamp> {
        self.pending.and_then(|pending| pending.deadline)
    }
}
