//! Faults: what breaks, and how the two ends learn of it, or do not.

use std::time::Duration;

use everlink_engine::{Input, News, TransportId};

use super::World;
use crate::agenda::Due;
use crate::network::{Down, Fault, Up};
use crate::peer::{Peer, Resume};

const SECOND: u64 = 1_000_000_000;
/// Frames that an operating system takes while nothing flows.
const BUFFER: u32 = 32;

impl World {
    /// Breaks something now: on the connection that stands, or around it.
    pub fn fault(&mut self, fault: Fault) -> &mut Self {
        self.trace.note(self.core.now, || format!("fault {fault:?}"));
        self.core.figures.faults[kind(fault)] += 1;
        let awake = self.asleep_until.is_none();
        match fault {
            // A platform that sleeps says nothing, and an application that sleeps does nothing.
            Fault::Online | Fault::Offline | Fault::NetworkChanged | Fault::ReadPause(_)
                if !awake => {}
            Fault::Crash { durable } => self.peer.crash(&mut self.core, durable),
            Fault::Expire => self.peer.expire(),
            Fault::Suspend(time) => self.suspend(time),
            Fault::Online => self.input(Input::Online),
            Fault::Offline => self.input(Input::Offline),
            Fault::NetworkChanged => self.input(Input::NetworkChanged),
            Fault::NetworkGone => {
                if let Some(transport) = self.core.conns.standing() {
                    self.goes_dark(transport, true, true);
                }
                if awake {
                    self.input(Input::NetworkChanged);
                }
            }
            Fault::Cut
            | Fault::Reset
            | Fault::Close(_)
            | Fault::HalfOpenUp
            | Fault::HalfOpenDown
            | Fault::BlackHole
            | Fault::SlowReader
            | Fault::ReadPause(_)
            | Fault::Away(_)
            | Fault::Noise { .. } => {
                if let Some(transport) = self.core.conns.standing() {
                    self.connection_fault(transport, fault);
                }
            }
        }
        self
    }

    fn connection_fault(&mut self, transport: TransportId, fault: Fault) {
        match fault {
            Fault::Cut => self.cut(transport, true),
            Fault::Reset => self.cut(transport, false),
            Fault::Close(code) => {
                self.peer.lost(transport);
                self.core.peer_closes(transport, code);
            }
            Fault::HalfOpenUp => self.goes_dark(transport, true, false),
            Fault::HalfOpenDown => self.goes_dark(transport, false, true),
            Fault::BlackHole => self.goes_dark(transport, true, true),
            Fault::SlowReader => {
                self.goes_dark(transport, true, false);
                if let Some(conn) = self.core.conns.get_mut(transport) {
                    conn.buffer = Some(0);
                }
            }
            Fault::ReadPause(time) => self.stops_reading(transport, time),
            Fault::Away(slot) => {
                if matches!(self.peer, Peer::Resume(_)) {
                    Resume::ask_away(&mut self.core, transport, slot);
                }
            }
            Fault::Noise { data } => {
                let noise = if data { Down::Part } else { Down::Control };
                self.core.send_down(transport, noise);
            }
            Fault::Crash { .. }
            | Fault::Expire
            | Fault::Suspend(_)
            | Fault::Online
            | Fault::Offline
            | Fault::NetworkChanged
            | Fault::NetworkGone => {}
        }
    }

    /// Some of what is on its way arrives, then both ends learn that it is over.
    fn cut(&mut self, transport: TransportId, in_part: bool) {
        let dice = &mut self.core.dice;
        let Some(conn) = self.core.conns.get_mut(transport) else {
            return;
        };
        let survive = |length: usize, roll: u64| {
            if in_part { roll as usize % (length + 1) } else { 0 }
        };
        conn.up.truncate(survive(conn.up.len(), dice.roll()));
        let partly = conn.down.truncate(survive(conn.down.len(), dice.roll()));
        if partly && in_part {
            self.core.send_down(transport, Down::Part);
        }
        self.core.send_down(transport, Down::End);
        self.core.send_up(transport, Up::End);
        if let Some(conn) = self.core.conns.get_mut(transport) {
            (conn.up.silent, conn.down.silent) = (true, true);
        }
    }

    /// Some of what is on its way arrives, then nothing more, and nobody is told. The peer gives up
    /// after a while of its own.
    fn goes_dark(&mut self, transport: TransportId, up: bool, down: bool) {
        let dice = &mut self.core.dice;
        let Some(conn) = self.core.conns.get_mut(transport) else {
            return;
        };
        if up {
            conn.up.truncate(dice.roll() as usize % (conn.up.len() + 1));
            (conn.up.silent, conn.buffer) = (true, Some(BUFFER));
        }
        if down {
            conn.down.truncate(dice.roll() as usize % (conn.down.len() + 1));
            conn.down.silent = true;
        }
        let patience = dice.between(30 * SECOND, 90 * SECOND);
        self.core.later(patience, Due::PeerLost(transport));
    }

    fn stops_reading(&mut self, transport: TransportId, time: Duration) {
        let Some(conn) = self.core.conns.get_mut(transport) else {
            return;
        };
        if std::mem::replace(&mut conn.paused, true) {
            return;
        }
        self.core.later(time.as_nanos() as u64, Due::ReadOn(transport));
        self.input(Input::Transport(transport, News::ReadPaused));
    }

    /// No input reaches the client for some time; a peer that hears nothing for a minute gives up.
    fn suspend(&mut self, time: Duration) {
        if self.asleep_until.is_some() {
            return;
        }
        let until = self.core.now + time.as_nanos() as u64;
        self.asleep_until = Some(until);
        self.core.agenda.enter(until, Due::Wake);
        self.wake = self.wake.map(|wake| wake.max(until));
        self.says_woke = self.core.dice.one_in(2);
        if time > Duration::from_secs(60)
            && let Some(transport) = self.core.conns.standing()
        {
            self.core.later(60 * SECOND, Due::PeerLost(transport));
            if self.core.dice.one_in(2) {
                self.goes_dark(transport, true, true);
            }
        }
    }
}

/// The place of a fault in [`FAULT_KINDS`](crate::FAULT_KINDS).
fn kind(fault: Fault) -> usize {
    match fault {
        Fault::Cut => 0,
        Fault::Reset => 1,
        Fault::Close(_) => 2,
        Fault::HalfOpenUp => 3,
        Fault::HalfOpenDown => 4,
        Fault::BlackHole => 5,
        Fault::SlowReader => 6,
        Fault::ReadPause(_) => 7,
        Fault::Away(_) => 8,
        Fault::Crash { durable: true } => 9,
        Fault::Crash { durable: false } => 10,
        Fault::NetworkGone => 11,
        Fault::NetworkChanged => 12,
        Fault::Online | Fault::Offline => 13,
        Fault::Suspend(_) => 14,
        Fault::Noise { .. } => 15,
        Fault::Expire => 16,
    }
}
