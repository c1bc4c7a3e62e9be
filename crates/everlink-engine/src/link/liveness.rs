//! Whether the other side is still there: heartbeats, probes and their deadlines.

use crate::config::{Heartbeat, Settings};
use crate::dialect::Dialect;
use crate::frame::PingLevel;
use crate::limits::spans::{HINT_MAX, PROBE_SPACING};
use crate::time::{Span, Timestamp};
use crate::timer::{Deadline, Timer};

/// The heartbeat of one open transport.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Liveness {
    level: Option<PingLevel>,
    interval: Span,
    timeout: Span,
    probe_timeout: Span,
    last_data: Timestamp,
    next_ping: Timestamp,
    last_probe: Option<Timestamp>,
    /// The number of the last ping, from 1.
    nonce: u32,
    /// The highest number that was answered.
    answered: u32,
    /// Pongs come without numbers.
    nameless: bool,
    /// The ping that the next nameless pong is taken to answer. Only for measuring: it may be wrong.
    expected: u32,
    pending: Option<Pending>,
    paused: bool,
    silence: Option<Silence>,
}

/// How long a peer that pings by itself may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Silence {
    max: Span,
    /// When it has been silent for too long.
    deadline: Timestamp,
    /// It was given time because we could not listen; once, until it is heard.
    excused: bool,
}

/// A ping on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pending {
    sent: Timestamp,
    /// When silence since `sent` means death; `None` once anything came.
    deadline: Option<Timestamp>,
    /// When half of the time until then has passed.
    half: Timestamp,
    /// Something looks wrong: it is a probe, or half of its time has passed in silence.
    suspect: bool,
    probe: bool,
}

/// What a pong says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is taken to answer the newest ping, after this round trip.
    Newest(Span),
    /// It answers a ping before the newest.
    Older,
    /// It answers nothing that is open.
    Nothing,
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
            next_ping: now.plus(settings.heartbeat_interval),
            last_probe: None,
            nonce: 0,
            answered: 0,
            nameless: false,
            expected: 1,
            pending: None,
            paused: false,
            silence: None,
        }
    }

    /// The peer pings by itself, and may be silent for so long, within what settings accept.
    pub(crate) fn expect_pings(&mut self, now: Timestamp, max: Span) {
        let max = max.clamp(Span::from_millis(100), HINT_MAX);
        self.silence = Some(Silence { max, deadline: now.plus(max), excused: false });
    }

    /// The peer pinged: life, but no data.
    pub(crate) fn pinged(&mut self, now: Timestamp) {
        self.alive();
        self.spoke(now);
    }

    fn spoke(&mut self, now: Timestamp) {
        if let Some(silence) = self.silence.as_mut().filter(|_| cfg!(feature = "socketio")) {
            (silence.deadline, silence.excused) = (now.plus(silence.max), false);
        }
    }

    /// Gives a peer that could not be heard time to speak.
    fn excuse(&mut self, until: Timestamp) {
        let silence = self.silence.as_mut().filter(|silence| !silence.excused);
        if let Some(silence) = silence.filter(|_| cfg!(feature = "socketio")) {
            (silence.deadline, silence.excused) = (silence.deadline.max(until), true);
        }
    }

    /// Takes over the interval and deadline that the server asked for, within what settings accept.
    pub(crate) fn retime(&mut self, now: Timestamp, interval: Span, timeout: Span) {
        self.interval = interval.clamp(Span::from_millis(100), HINT_MAX);
        self.timeout = timeout.clamp(Span::from_millis(50), HINT_MAX);
        self.next_ping = now.plus(self.interval);
    }

    /// Something came. Whether it is life depends on who can have sent it: a control frame of the
    /// protocol can come from a proxy, so it does not answer for an application that has pings of its own.
    pub(crate) fn heard(&mut self, now: Timestamp, data: bool) {
        if data {
            self.last_data = now;
            self.spoke(now);
        }
        if data || self.level != Some(PingLevel::Application) {
            self.alive();
        }
    }

    /// The application of the peer showed life, with or without data.
    pub(crate) fn alive(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.deadline = None;
        }
    }

    /// A pong came; one without a number vouches only for what was sent before the oldest open ping.
    pub(crate) fn pong(&mut self, now: Timestamp, level: PingLevel, nonce: Option<u32>) -> Answer {
        if level == PingLevel::Application || self.level != Some(PingLevel::Application) {
            self.alive();
        }
        if self.level != Some(level) {
            return Answer::Nothing;
        }
        self.nameless = nonce.is_none();
        // Pongs without a name come in the order of their pings: this one may answer an older ping,
        // which says nothing of what was sent after that.
        let vouched = nonce.unwrap_or(self.answered.saturating_add(1));
        if vouched <= self.answered || vouched > self.nonce {
            return Answer::Nothing;
        }
        self.answered = vouched;
        let measured = nonce.unwrap_or(self.expected.max(vouched)).min(self.nonce);
        self.expected = measured.saturating_add(1);
        let newest = if measured == self.nonce { self.pending.take() } else { None };
        newest.map_or(Answer::Older, |pending| Answer::Newest(now.passed(pending.sent)))
    }

    /// Makes the heartbeat that is due, if one is.
    pub(crate) fn beat_due(&mut self, now: Timestamp) -> Option<Beat> {
        if self.level.is_none() || self.next_beat() > now {
            return None;
        }
        self.next_ping = now.plus(self.interval);
        self.beat(now, self.timeout, false)
    }

    /// Makes a probe with its short deadline, at most one in [`PROBE_SPACING`].
    pub(crate) fn probe(&mut self, now: Timestamp) -> Option<Beat> {
        let is_fresh = self.last_probe.is_some_and(|last| now < last.plus(PROBE_SPACING));
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

    /// Gives a peer that could not be heard while we slept the time of a probe; once, until it is
    /// heard. The time that was `missed` does not count as silence.
    pub(crate) fn woke(&mut self, now: Timestamp, missed: Span) -> Option<Beat> {
        self.last_data = self.last_data.plus(missed).min(now);
        self.excuse(now.plus(self.probe_timeout));
        if self.is_probing() {
            return None;
        }
        self.last_probe = Some(now);
        self.alive();
        self.beat(now, self.probe_timeout, true)
    }

    /// Makes a ping whose pong says that everything sent before it has been taken in.
    pub(crate) fn mark(&mut self, now: Timestamp) -> Option<Beat> {
        self.beat(now, self.timeout, false)
    }

    fn beat(&mut self, now: Timestamp, timeout: Span, probe: bool) -> Option<Beat> {
        let level = self.level?;
        self.nonce = self.nonce.saturating_add(1);
        // One ping without an answer on a link that lives otherwise: were it waited for for ever, each
        // later pong would be taken for that of the ping before, and nothing be measured any more.
        if self.pending.is_some_and(|pending| self.is_overdue(now, &pending)) {
            self.expected = self.nonce;
        }
        let deadline = now.plus(timeout);
        // An unanswered older ping keeps its deadline and its doubts: a newer one must not put death off.
        let older = self.pending.filter(|pending| pending.deadline.is_some());
        let deadline = older.and_then(|older| older.deadline).map_or(deadline, |o| o.min(deadline));
        let half = now.plus(deadline.passed(now) / 2);
        let suspect = probe || older.is_some_and(|older| older.suspect);
        let probe = probe || older.is_some_and(|older| older.probe);
        self.pending = Some(Pending { sent: now, deadline: Some(deadline), half, suspect, probe });
        Some(Beat { level, nonce: self.nonce })
    }

    fn is_overdue(&self, now: Timestamp, pending: &Pending) -> bool {
        pending.sent.plus(self.timeout) <= now
    }

    /// Returns when the next heartbeat is due. Where pongs have no names, none is sent while the one
    /// before may still be answered: of two it would stay unknown which the pong belongs to.
    fn next_beat(&self) -> Timestamp {
        let open = self.pending.filter(|_| self.nameless);
        open.map_or(self.next_ping, |open| self.next_ping.max(open.sent.plus(self.timeout)))
    }

    /// Our side stops or resumes reading: silence says nothing while we do not listen.
    pub(crate) fn set_paused(&mut self, now: Timestamp, paused: bool) {
        self.paused = paused;
        self.last_data = now;
        self.spoke(now);
        if !paused && let Some(pending) = &mut self.pending {
            let fresh = now.plus(self.timeout);
            pending.half = now.plus(self.timeout / 2);
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

    /// Takes note that half of the time for an answer has passed; returns whether that is news. A
    /// transport that begins to carry the connection takes note at once: a deadline that lies in the
    /// past from the start would look like a machine that slept.
    pub(crate) fn half_missed(&mut self, now: Timestamp) -> bool {
        let due = self.half_at().is_some_and(|at| at <= now);
        if due && let Some(pending) = &mut self.pending {
            pending.suspect = true;
        }
        due
    }

    fn half_at(&self) -> Option<Timestamp> {
        let silent = |pending: &Pending| !pending.suspect && pending.deadline.is_some();
        self.pending.filter(silent).filter(|_| !self.paused).map(|pending| pending.half)
    }

    /// Returns whether something looks wrong, and no sign of life has come since.
    pub(crate) fn is_suspect(&self) -> bool {
        self.pending.is_some_and(|pending| pending.suspect && pending.deadline.is_some())
    }

    /// Returns whether the transport has answered a heartbeat, or has none to answer.
    pub(crate) fn is_proven(&self) -> bool {
        self.answered > 0 || self.level.is_none()
    }

    /// Returns whether the ping with this number, or a later one, was answered for certain.
    pub(crate) fn has_answered(&self, nonce: u32) -> bool {
        self.answered() >= nonce
    }

    /// Returns the highest number of a ping that was answered for certain.
    pub(crate) fn answered(&self) -> u32 {
        self.answered
    }

    /// Returns when no data will have come for `stale_after`; never while we do not read.
    pub(crate) fn stale_at(&self, stale_after: Span) -> Option<Timestamp> {
        (!self.paused).then(|| self.last_data.plus(stale_after))
    }

    pub(crate) fn deadlines(&self, earliest: &mut Deadline) {
        if self.level.is_some() {
            earliest.at(self.next_beat(), Timer::Heartbeat);
        }
        if !self.paused
            && let Some(deadline) = self.death()
        {
            earliest.at(deadline, Timer::Pong);
        }
    }

    /// Adds when half of the time for an answer has passed, for a transport that carries the
    /// connection: a second one is dialed then.
    pub(crate) fn suspicion_deadline(&self, earliest: &mut Deadline) {
        if let Some(half) = self.half_at() {
            earliest.at(half, Timer::Suspicion);
        }
    }

    fn death(&self) -> Option<Timestamp> {
        let unanswered = self.pending.and_then(|pending| pending.deadline);
        let silent = self.silence.filter(|_| cfg!(feature = "socketio"));
        let silent = silent.map(|silence| silence.deadline);
        unanswered.into_iter().chain(silent).min()
    }
}
