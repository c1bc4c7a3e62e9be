//! Transports: who may speak, how many there are, when silence must have been noticed, and how
//! often a dial is made.

use std::collections::VecDeque;
use std::time::Duration;

use everlink_engine::{
    ConnectionState, Dialect, HangUp, Heartbeat, News, PingLevel, Received, Transmit, TransportId,
};

use super::{Check, Rules, broken, nanos};

const MINUTE: u64 = 60_000_000_000;
/// Flaps: at most this many unstable connections in two minutes.
const FLAPS_MAX: usize = 10;
const LEAVING_MAX: usize = 2;
/// How late a timer may come without being called late.
const SLACK: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Dialing,
    Open,
    /// Hung up with a close frame; it may be abandoned once, by then.
    Leaving {
        until: u64,
    },
}

#[derive(Clone, Debug)]
struct Known {
    transport: TransportId,
    stage: Stage,
    heard: u64,
    interval: u64,
    timeout: u64,
    paused: bool,
    answered: bool,
}

#[derive(Debug)]
pub(crate) struct Transports {
    known: Vec<Known>,
    highest: u32,
    voice: Option<TransportId>,
    dials: VecDeque<u64>,
    stood: VecDeque<u64>,
    /// The same, but never forgiven: the engine may know less of what was stable.
    stood_ever: VecDeque<u64>,
    /// The application, or the second level, asked for the next dial: budgets do not bind it.
    forced: bool,
    forced_to_stand: bool,
    answered: bool,
    /// Since when the connection stands, if it stands.
    since: u64,
    level: Option<PingLevel>,
    interval: u64,
    timeout: u64,
    close_timeout: u64,
    stable_after: Duration,
    per_minute: Option<usize>,
    /// A session belongs to one transport: none is dialed beside it.
    alone: bool,
}

impl Transports {
    pub(crate) fn new(rules: &Rules, dialect: &Dialect) -> Self {
        Self {
            known: Vec::new(),
            highest: 0,
            voice: None,
            dials: VecDeque::new(),
            stood: VecDeque::new(),
            stood_ever: VecDeque::new(),
            forced: false,
            forced_to_stand: false,
            answered: false,
            since: 0,
            level: match rules.heartbeat() {
                Heartbeat::Protocol => Some(PingLevel::Protocol),
                Heartbeat::Application => Some(PingLevel::Application),
                Heartbeat::None => None,
                _ => Some(dialect.ping),
            },
            interval: nanos(rules.heartbeat_interval()),
            timeout: nanos(rules.heartbeat_timeout()),
            close_timeout: nanos(rules.close_timeout()),
            stable_after: rules.stable_after(),
            per_minute: rules.dials_per_minute().map(|max| max as usize),
            alone: dialect.recovers,
        }
    }

    pub(crate) fn dials(
        &mut self,
        now: u64,
        transport: TransportId,
        told: ConnectionState,
    ) -> Check {
        if transport.0 <= self.highest {
            return broken("transport numbers rise", format!("{transport:?} again"));
        }
        self.highest = transport.0;
        let allowed = usize::from(told == ConnectionState::Connected && !self.alone);
        if self.live() > allowed {
            let detail = format!("{transport:?} dialed beside {} others in {told:?}", self.live());
            return broken("no second dial in flight", detail);
        }
        self.count_dial(now)?;
        self.known.push(Known {
            transport,
            stage: Stage::Dialing,
            heard: now,
            interval: self.interval,
            timeout: self.timeout,
            paused: false,
            answered: false,
        });
        Ok(())
    }

    fn count_dial(&mut self, now: u64) -> Check {
        let Some(max) = self.per_minute else {
            return Ok(());
        };
        let forced = std::mem::take(&mut self.forced);
        while self.dials.front().is_some_and(|at| now - at >= MINUTE) {
            self.dials.pop_front();
        }
        if self.dials.len() >= max && !forced {
            return broken("dials a minute", format!("{} within a minute", self.dials.len() + 1));
        }
        self.dials.push_back(now);
        Ok(())
    }

    /// Returns by when every budget of dials is free again.
    pub(crate) fn budget_left_at(&self, now: u64) -> u64 {
        let dials = match self.per_minute {
            Some(max) if self.dials.len() >= max => self.dials[self.dials.len() - max] + MINUTE,
            Some(_) | None => 0,
        };
        let flaps = match self.stood_ever.len() {
            len if len >= FLAPS_MAX => self.stood_ever[len - FLAPS_MAX] + 2 * MINUTE,
            _ => 0,
        };
        dials.max(flaps).saturating_sub(now)
    }

    pub(crate) fn hung_up(&mut self, now: u64, transport: TransportId, how: HangUp) -> Check {
        let Some(at) = self.known.iter().position(|known| known.transport == transport) else {
            return broken(
                "a left transport is left alone",
                format!("hung up {transport:?} again"),
            );
        };
        if self.voice == Some(transport) {
            self.voice = None;
        }
        match how {
            HangUp::Abandon => {
                self.known.swap_remove(at);
            }
            HangUp::Close(_) => {
                let known = &mut self.known[at];
                if let Stage::Leaving { .. } = known.stage {
                    return broken("a left transport is left alone", "closed twice");
                }
                known.stage = Stage::Leaving { until: now + self.close_timeout };
            }
        }
        Ok(())
    }

    pub(crate) fn transmits(
        &mut self,
        transport: TransportId,
        frame: &Transmit<u64>,
        told: ConnectionState,
    ) -> Check {
        let known = self.known.iter().find(|known| known.transport == transport);
        if known.is_none_or(|known| known.stage != Stage::Open) {
            let detail = format!("{frame:?} on {transport:?}, which is not open");
            return broken("only an open transport speaks", detail);
        }
        if !carries(frame) {
            return Ok(());
        }
        let voice = *self.voice.get_or_insert(transport);
        if told != ConnectionState::Connected || voice != transport {
            let detail = format!("{frame:?} on {transport:?} in {told:?}; {voice:?} has the voice");
            return broken("one attach has the voice", detail);
        }
        Ok(())
    }

    pub(crate) fn news(&mut self, now: u64, transport: TransportId, news: &News<u64>) {
        let level = self.level;
        let Some(at) = self.known.iter().position(|known| known.transport == transport) else {
            return;
        };
        let known = &mut self.known[at];
        match news {
            News::Opened if known.stage == Stage::Dialing => {
                (known.stage, known.heard) = (Stage::Open, now);
            }
            News::Failed { .. } | News::Lost { .. } => {
                if self.voice == Some(transport) {
                    self.voice = None;
                }
                self.known.swap_remove(at);
            }
            News::Frame(Received::Pong { level: by, .. }) => {
                if *by == PingLevel::Application || level != Some(PingLevel::Application) {
                    known.heard = now;
                }
                if Some(*by) == level {
                    (known.answered, self.answered) = (true, true);
                }
            }
            News::Frame(frame) => {
                known.heard = now;
                if let Received::Welcome { heartbeat: Some((interval, timeout)), .. } = frame {
                    (known.interval, known.timeout) = (nanos(*interval), nanos(*timeout));
                }
            }
            News::Heard { data } if *data || level != Some(PingLevel::Application) => {
                known.heard = now;
            }
            News::ReadPaused => known.paused = true,
            News::ReadResumed => (known.paused, known.heard) = (false, now),
            News::Opened | News::Deferred { .. } | News::Heard { .. } | News::Written { .. } => {}
        }
    }

    /// The client slept: what it could not hear counts from now.
    pub(crate) fn overslept(&mut self, now: u64) {
        for known in &mut self.known {
            known.heard = now;
            if let Stage::Leaving { until } = &mut known.stage {
                *until = now.max(*until);
            }
        }
    }

    pub(crate) fn forced(&mut self) {
        self.forced = true;
        self.forced_to_stand = true;
    }

    pub(crate) fn moved(&mut self) {
        self.voice = None;
    }

    pub(crate) fn state(&mut self, now: u64, to: ConnectionState) -> Check {
        self.voice = None;
        if to == ConnectionState::Closed {
            self.was_stable(Duration::from_nanos(now - self.since));
        }
        if to == ConnectionState::Connected {
            self.since = now;
            self.answered = self.known.iter().any(|known| known.answered);
            if self.stood.len() >= FLAPS_MAX {
                let first = self.stood[self.stood.len() - FLAPS_MAX];
                if now - first < 2 * MINUTE && !self.forced_to_stand {
                    let detail = format!("{} unstable connections in 2 min", FLAPS_MAX + 1);
                    return broken("flapping is slowed down", detail);
                }
                self.stood.pop_front();
            }
            self.stood.push_back(now);
            if self.stood_ever.len() == FLAPS_MAX {
                self.stood_ever.pop_front();
            }
            self.stood_ever.push_back(now);
            self.forced_to_stand = false;
        }
        Ok(())
    }

    /// A connection that stood for `uptime` is lost: whether it had proved itself.
    pub(crate) fn was_stable(&mut self, uptime: Duration) -> bool {
        let stable = uptime >= self.stable_after && (self.answered || self.level.is_none());
        if stable {
            self.stood.clear();
        }
        stable
    }

    /// Dialed or open, and not left.
    pub(crate) fn live(&self) -> usize {
        let leaving = |known: &&Known| matches!(known.stage, Stage::Leaving { .. });
        self.known.len() - self.known.iter().filter(leaving).count()
    }

    pub(crate) fn is_heard(&self, transport: TransportId) -> bool {
        let open = |known: &Known| known.transport == transport && known.stage == Stage::Open;
        self.known.iter().any(open)
    }

    pub(crate) fn at_rest(&self, now: u64, told: ConnectionState) -> Check {
        let (mut live, mut leaving) = (0, 0);
        let mut primary: Option<&Known> = None;
        for known in &self.known {
            match known.stage {
                Stage::Leaving { until } => {
                    leaving += 1;
                    if now > until + SLACK {
                        let detail = format!("{:?} is still leaving", known.transport);
                        return broken("a close hand-shake is bounded", detail);
                    }
                }
                Stage::Dialing | Stage::Open => {
                    live += 1;
                    if primary.is_none_or(|older| known.transport < older.transport) {
                        primary = Some(known);
                    }
                }
            }
        }
        let most = match told {
            ConnectionState::Connected => 2,
            ConnectionState::Closed | ConnectionState::Error => 0,
            ConnectionState::Connecting
            | ConnectionState::Disconnected
            | ConnectionState::Reconnecting => 1,
        };
        if live > most || leaving > LEAVING_MAX {
            let detail = format!("{live} live and {leaving} leaving in {told:?}");
            return broken("transports are bounded", detail);
        }
        match primary {
            Some(primary) if told == ConnectionState::Connected => self.noticed(now, primary),
            Some(_) | None => Ok(()),
        }
    }

    /// A silent fault is noticed within an interval and a deadline.
    fn noticed(&self, now: u64, primary: &Known) -> Check {
        if self.level.is_none() || primary.paused {
            return Ok(());
        }
        let by = primary.heard + primary.interval + primary.timeout + SLACK;
        if now <= by {
            return Ok(());
        }
        let silence = Duration::from_nanos(now - primary.heard);
        let detail = format!("{:?} has been silent for {silence:?}", primary.transport);
        broken("silence is noticed", detail)
    }
}

/// Whether a frame carries something of the application.
fn carries(frame: &Transmit<u64>) -> bool {
    match frame {
        Transmit::Message { .. }
        | Transmit::Publish { .. }
        | Transmit::Volatile { .. }
        | Transmit::Read { .. } => true,
        Transmit::Hello { .. }
        | Transmit::Subscribe { .. }
        | Transmit::Unsubscribe { .. }
        | Transmit::Ping { .. }
        | Transmit::Pong { .. }
        | Transmit::Bye => false,
    }
}
