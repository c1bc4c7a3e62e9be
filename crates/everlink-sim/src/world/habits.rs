//! What an application and a network do by themselves when a world runs by its seed.

use std::time::Duration;

use everlink_engine::{Cause, ChannelId, ConnectionState, Input, MessageId, SendPolicy};

use super::World;
use crate::agenda::Due;
use crate::network::{Fault, Met};

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1000 * MILLI;

/// How an application and a network behave by themselves.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    /// Mean time between two things the application does.
    pub(crate) acts_every: u64,
    /// Mean time between two faults.
    pub(crate) breaks_every: u64,
    /// Channels that the application may want; 0 if the dialect has none.
    pub(crate) channels: u32,
    /// Messages name a channel.
    pub(crate) addressed: bool,
    /// Messages may ask for an answer.
    pub(crate) asks: bool,
    pub(crate) faults: &'static [(u64, Fault)],
    pub(crate) weight: u64,
    /// Until when dials meet `meets`.
    pub(crate) outage_until: u64,
}

impl World {
    pub(crate) fn live_by(&mut self, habits: Habits) {
        let (acts, breaks) = (habits.acts_every, habits.breaks_every);
        self.habits = Some(habits);
        let delay = self.core.dice.waiting(acts);
        self.core.later(delay, Due::App);
        let delay = self.core.dice.waiting(breaks);
        self.core.later(delay, Due::Weather);
    }

    /// The application does something.
    pub(super) fn act(&mut self) {
        let Some(habits) = &self.habits else { return };
        let (acts_every, channels) = (habits.acts_every, habits.channels);
        let addressed = habits.addressed;
        let delay = self.core.dice.waiting(acts_every);
        self.core.later(delay, Due::App);
        match (self.engine.state(), self.core.dice.below(1000)) {
            (ConnectionState::Closed, _) => self.input(Input::Connect),
            (ConnectionState::Error, 0..500) => self.input(Input::Reconnect),
            (ConnectionState::Error, 500..600) => self.input(Input::Connect),
            (_, 0) => self.input(Input::Disconnect),
            (_, 1..4) => self.input(Input::Reconnect),
            (_, 4) => self.input(Input::Connect),
            (_, 5..10) if channels > 0 => {
                let channel = ChannelId(self.core.dice.below(u64::from(channels)) as u32);
                self.input(Input::Unsubscribe { channel });
            }
            (_, 10..30) if channels > 0 => {
                let channel = ChannelId(self.core.dice.below(u64::from(channels) + 1) as u32);
                self.input(Input::Subscribe { channel, from: None });
            }
            (_, 50..70) if channels > 0 && addressed => {
                let channel = ChannelId(self.core.dice.below(u64::from(channels)) as u32);
                self.input(Input::Pause { channel });
            }
            (_, 70..110) if channels > 0 && addressed => {
                let channel = ChannelId(self.core.dice.below(u64::from(channels)) as u32);
                self.input(Input::Resume { channel });
            }
            (_, 30..50) if channels > 0 && addressed => {
                let channel = ChannelId(self.core.dice.below(u64::from(channels) + 1) as u32);
                let after = self.core.dice.below(200);
                for _ in 0..self.core.dice.pick(&[1, 1, 3, 80]).unwrap_or(1) {
                    self.read(channel, after, 50);
                }
            }
            (_, 110..140) => self.take_back(),
            _ => self.speak(),
        }
    }

    /// The application takes one of its last messages back, whatever has become of it.
    fn take_back(&mut self) {
        let ago = self.core.dice.below(6);
        let message = MessageId(self.next_id.saturating_sub(ago));
        self.input(Input::Withdraw { message });
    }

    fn speak(&mut self) {
        let Some(habits) = &self.habits else { return };
        let (channels, addressed, asks) = (habits.channels, habits.addressed, habits.asks);
        let dice = &mut self.core.dice;
        let messages = if dice.one_in(500) { dice.between(20, 300) } else { dice.between(1, 4) };
        for _ in 0..messages {
            let dice = &mut self.core.dice;
            let policy = match dice.below(20) {
                0 => SendPolicy::Wait,
                1 => SendPolicy::Fail,
                2 => SendPolicy::DropOldest,
                3 => SendPolicy::Coalesce { key: dice.below(3) as u32 },
                4 => SendPolicy::Volatile,
                _ => SendPolicy::Configured,
            };
            let bytes = dice.between(1, 2000) as u32;
            let channel = ChannelId(dice.below(u64::from(channels.max(1))) as u32);
            let channel = addressed.then_some(channel);
            let asks = asks && self.core.dice.one_in(2);
            let _ = self.post(channel, bytes, policy, asks);
        }
    }

    /// The network does something.
    pub(super) fn weather(&mut self) {
        let Some(habits) = &self.habits else { return };
        let (breaks_every, faults, weight) = (habits.breaks_every, habits.faults, habits.weight);
        let delay = self.core.dice.waiting(breaks_every);
        self.core.later(delay, Due::Weather);
        let mut drawn = self.core.dice.below(weight);
        let found = faults.iter().find(|(share, _)| {
            let found = drawn < *share;
            drawn = drawn.saturating_sub(*share);
            found
        });
        let Some(&(_, fault)) = found else { return };
        self.outage();
        let fault = self.varied(fault);
        self.fault(fault);
    }

    /// A fault of the same kind, with times and codes drawn.
    fn varied(&mut self, fault: Fault) -> Fault {
        let dice = &mut self.core.dice;
        match fault {
            Fault::Close(_) => {
                const CODES: [u16; 12] =
                    [1000, 1000, 1001, 1001, 1005, 1006, 1009, 1011, 1012, 1012, 1013, 4300];
                Fault::Close(dice.pick(&CODES).unwrap_or(1000))
            }
            Fault::ReadPause(_) => {
                Fault::ReadPause(Duration::from_nanos(dice.waiting(20 * SECOND)))
            }
            Fault::Away(_) => Fault::Away(Duration::from_nanos(dice.waiting(20 * SECOND))),
            Fault::Suspend(_) => {
                let mean = dice.pick(&[2, 60, 600, 3600, 8 * 3600]).unwrap_or(60);
                Fault::Suspend(Duration::from_nanos(dice.waiting(mean * SECOND)))
            }
            Fault::Noise { .. } => Fault::Noise { data: dice.one_in(2) },
            Fault::Cut
            | Fault::Reset
            | Fault::HalfOpenUp
            | Fault::HalfOpenDown
            | Fault::BlackHole
            | Fault::SlowReader
            | Fault::Crash { .. }
            | Fault::NetworkGone
            | Fault::NetworkChanged
            | Fault::Online
            | Fault::Offline
            | Fault::Expire => fault,
        }
    }

    /// Now and then the way back is not open at once.
    fn outage(&mut self) {
        let now = self.core.now;
        let dice = &mut self.core.dice;
        let Some(habits) = &mut self.habits else { return };
        if habits.outage_until > now {
            return;
        }
        self.otherwise = Met::Accept;
        if !dice.one_in(6) {
            return;
        }
        let mean = dice.pick(&[3, 3, 10, 60, 300]).unwrap_or(3);
        habits.outage_until = now + dice.waiting(mean * SECOND);
        self.otherwise = match dice.below(16) {
            0..4 => Met::Fail(Cause::Refused),
            4 => Met::Fail(Cause::Reset),
            5 => Met::Fail(Cause::NameLookupFailed),
            6 => Met::Fail(Cause::HttpStatus(503)),
            7 => Met::FailUntil(
                Cause::HttpStatus(503),
                Duration::from_nanos(dice.waiting(20 * SECOND)),
            ),
            8 => Met::FailUntil(Cause::HttpStatus(429), Duration::from_secs(dice.below(60))),
            9 => Met::Fail(Cause::CaptivePortal),
            10 => Met::Fail(Cause::HttpStatus(404)),
            11 => Met::Stall,
            12 => Met::Mute,
            13 => Met::AcceptAfter(Duration::from_nanos(dice.waiting(8 * SECOND))),
            _ => Met::Flap(Duration::from_nanos(dice.waiting(2 * SECOND))),
        };
        let heal = habits.outage_until;
        self.core.agenda.enter(heal, Due::Heal);
    }

    /// The way back is open again.
    pub(super) fn heals(&mut self) {
        if let Some(habits) = &self.habits
            && habits.outage_until <= self.core.now
        {
            self.otherwise = Met::Accept;
        }
    }

    /// Lets everything calm down, and judges that nothing is missing.
    pub(crate) fn calm_down(&mut self) {
        let channels = self.habits.take().map_or(0, |habits| habits.channels);
        self.otherwise = Met::Accept;
        self.dials.clear();
        self.grain = 0;
        if let Some(until) = self.asleep_until {
            self.run_until(until);
        }
        for channel in 0..channels {
            self.input(Input::Resume { channel: ChannelId(channel) });
        }
        self.run_for(Duration::from_secs(12 * 3600));
        if self.engine.state() != ConnectionState::Connected && self.violation().is_none() {
            self.input(Input::Reconnect);
        }
        self.peer.hush();
        self.run_for(Duration::from_secs(3600));
        self.run_for(Duration::from_secs(5));
        // A planned or a stale reconnection may be under way just now.
        for _ in 0..100 {
            if self.engine.state() == ConnectionState::Connected {
                break;
            }
            self.run_for(Duration::from_secs(1));
        }
        let now = self.core.now;
        if self.violation().is_none() {
            self.core.judge.all_quiet(now, &self.peer);
        }
    }
}
