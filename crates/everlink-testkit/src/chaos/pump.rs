//! Carries one way of one connection, under its conditions.

use super::conditions::WayConditions;
use super::counters::Tally;
use super::dice::{Dice, Topic};
use super::direction::{End, Way};
use super::in_flight::{Head, InFlight};
use super::limits::PIECE_BYTES_MAX;
use super::pace::Pacer;
use super::view::View;
use bytes::{BufMut, BytesMut};
use socket2::SockRef;
use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Which ways of a connection have lost bytes, and so can never carry any again.
#[derive(Debug, Default)]
pub(crate) struct Holes {
    up: AtomicBool,
    down: AtomicBool,
}

impl Holes {
    fn of(&self, way: Way) -> &AtomicBool {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}

/// One way of one connection.
#[derive(Debug)]
pub(crate) struct Pump<'a> {
    way: Way,
    from: &'a TcpStream,
    to: &'a TcpStream,
    view: View,
    holes: &'a Holes,
    tally: &'a Tally,
    dice: Dice,
    in_flight: InFlight,
    buffer: BytesMut,
    read_pace: Pacer,
    write_pace: Pacer,
    bytes_read: u64,
    bytes_written: u64,
    is_read_out: bool,
    is_done: bool,
}

/// What can be done now, and when to look again.
#[derive(Debug)]
struct Plan {
    read: usize,
    write: bool,
    wake: Option<Instant>,
}

impl<'a> Pump<'a> {
    pub(crate) fn new(
        way: Way,
        (from, to): (&'a TcpStream, &'a TcpStream),
        view: View,
        holes: &'a Holes,
        tally: &'a Tally,
        dice: Dice,
    ) -> Self {
        Self {
            way,
            from,
            to,
            view,
            holes,
            tally,
            dice,
            in_flight: InFlight::default(),
            buffer: BytesMut::new(),
            read_pace: Pacer::default(),
            write_pace: Pacer::default(),
            bytes_read: 0,
            bytes_written: 0,
            is_read_out: false,
            is_done: false,
        }
    }

    /// Runs until FIN was carried or swallowed; an error says how the whole connection must end.
    pub(crate) async fn run(mut self) -> Result<(), End> {
        loop {
            self.check_byte_limit()?;
            self.swallow_in_flight();
            if self.is_done {
                return Ok(());
            }
            let plan = self.plan(Instant::now());
            let (from, to) = (self.from, self.to);
            tokio::select! {
                biased;
                changed = self.view.changed() => changed?,
                _ = to.writable(), if plan.write => self.write()?,
                _ = from.readable(), if plan.read > 0 => self.read(plan.read)?,
                () = sleep_until(plan.wake.unwrap_or_else(Instant::now)), if plan.wake.is_some() => {}
            }
            // A busy peer must not keep the other tasks of the test from running.
            tokio::task::consume_budget().await;
        }
    }

    fn plan(&self, now: Instant) -> Plan {
        let mut plan = Plan { read: 0, write: false, wake: None };
        if self.view.now().frozen {
            return plan;
        }
        let rules = self.rules();
        let room = self.in_flight.room().min(PIECE_BYTES_MAX);
        if !self.is_read_out && room > 0 {
            match self.read_pace.allowance(now, rules.read_rate, room) {
                Ok(bytes) => plan.read = bytes,
                Err(at) => plan.wake = Some(at),
            }
        }
        let due = self.in_flight.due(rules).map(|due| {
            let paced = self.write_pace.allowance(now, rules.write_rate, PIECE_BYTES_MAX);
            paced.map_or_else(|at| at.max(due), |_| due)
        });
        match due {
            Some(at) if at > now => plan.wake = Some(plan.wake.map_or(at, |wake| wake.min(at))),
            Some(_) => plan.write = true,
            None => {}
        }
        plan
    }

    fn read(&mut self, most: usize) -> Result<(), End> {
        self.buffer.reserve(most);
        let now = Instant::now();
        match self.from.try_read_buf(&mut (&mut self.buffer).limit(most)) {
            Ok(0) => self.read_out(now),
            Ok(count) => {
                self.read_pace.spend(now, self.rules().read_rate, count);
                self.take_in(now, count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // What a black hole swallows includes the RST.
            Err(_) if self.is_swallowing() => self.read_out(now),
            Err(_) => return Err(End::Reset),
        }
        Ok(())
    }

    fn read_out(&mut self, now: Instant) {
        self.is_read_out = true;
        self.in_flight.push_fin(now);
    }

    fn take_in(&mut self, now: Instant, count: usize) {
        let at = self.bytes_read;
        self.bytes_read += count as u64;
        if !self.is_swallowing() {
            self.corrupt(at);
        }
        let bytes = self.buffer.split().freeze();
        self.in_flight.push(now, self.dice.fraction(Topic::Jitter, at), bytes);
    }

    /// Changes bytes of the piece just read, which starts at position `start` of the stream.
    fn corrupt(&mut self, start: u64) {
        let rules = self.view.now().way(self.way);
        if rules.corrupt_probability <= 0.0 && rules.corrupt_at.is_empty() {
            return;
        }
        let mut changed = 0;
        for (at, byte) in (start..).zip(self.buffer.iter_mut()) {
            let hit = self.dice.fraction(Topic::Corrupt, at) < rules.corrupt_probability;
            if hit || rules.corrupt_at.contains(&at) {
                // Never zero, so that the byte does change.
                *byte ^= (self.dice.bits(Topic::Mask, at) % 255 + 1) as u8;
                changed += 1;
            }
        }
        self.tally.corrupted(self.way, changed);
    }

    fn write(&mut self) -> Result<(), End> {
        let now = Instant::now();
        let rate = self.rules().write_rate;
        let left = self.bytes_left();
        let Ok(most) = self.write_pace.allowance(now, rate, PIECE_BYTES_MAX) else {
            return Ok(());
        };
        let bytes = match self.in_flight.head() {
            Some(Head::Bytes(bytes)) => &bytes[..bytes.len().min(most).min(left)],
            Some(Head::Fin) => return self.write_fin(),
            None => return Ok(()),
        };
        match self.to.try_write(bytes) {
            Ok(count) => {
                self.write_pace.spend(now, rate, count);
                self.in_flight.advance(count);
                self.bytes_written += count as u64;
                self.tally.forwarded(self.way, count);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) => self.write_failed(),
        }
    }

    fn write_fin(&mut self) -> Result<(), End> {
        self.is_done = true;
        match SockRef::from(self.to).shutdown(Shutdown::Write) {
            Ok(()) => Ok(()),
            Err(_) => self.write_failed(),
        }
    }

    /// The receiver is gone. Its RST went the opposite way; if that way is swallowed, the sender
    /// must not learn of it, and what it sends goes nowhere.
    fn write_failed(&mut self) -> Result<(), End> {
        let opposite = self.way.opposite();
        let hidden = self.view.now().way(opposite).swallowed
            || self.holes.of(opposite).load(Ordering::Relaxed);
        if !hidden {
            return Err(End::Reset);
        }
        self.holes.of(self.way).store(true, Ordering::Relaxed);
        Ok(())
    }

    fn swallow_in_flight(&mut self) {
        if !self.is_swallowing() {
            return;
        }
        let (bytes, fin) = self.in_flight.swallow();
        if bytes > 0 || fin {
            self.holes.of(self.way).store(true, Ordering::Relaxed);
            self.tally.swallowed(self.way, bytes);
        }
        self.is_done |= fin;
    }

    fn check_byte_limit(&self) -> Result<(), End> {
        match self.rules().end_after {
            Some((bytes, end)) if self.bytes_written >= bytes => Err(end),
            _ => Ok(()),
        }
    }

    fn bytes_left(&self) -> usize {
        let left = self.rules().end_after.map(|(bytes, _)| bytes - self.bytes_written);
        left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    fn is_swallowing(&self) -> bool {
        self.rules().swallowed || self.holes.of(self.way).load(Ordering::Relaxed)
    }

    fn rules(&self) -> &WayConditions {
        self.view.now().way(self.way)
    }
}
