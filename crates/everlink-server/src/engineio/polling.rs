//! The session's half of polling, and of the way from there to a WebSocket.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use everlink_engine::Timestamp;
use everlink_wire::Message;
use everlink_wire::engineio::{BodyWriter, PROBE, Packet};
use everlink_wire::ws::Item;

use super::polls::{Fault, News, Polls};
use super::sids::{Place, Sids};
use crate::connection::Wire;
use crate::speech::Name;

/// Packets that wait for a poll, those that came by POST, and a WebSocket that is tried.
pub(super) struct Polling {
    sids: Arc<Sids>,
    sid: Name,
    polls: Arc<Polls>,
    /// As long as it polls.
    place: Option<Place>,
    upgrade_timeout: Duration,
    out: VecDeque<Packet>,
    out_bytes: usize,
    incoming: VecDeque<Packet>,
    candidate: Option<Candidate>,
    /// When the client must have shown that it is there, as the requests know it.
    deadline: Option<Timestamp>,
}

/// A WebSocket to which the session may go over.
struct Candidate {
    wire: Box<Wire>,
    deadline: Timestamp,
    stage: Probe,
}

/// How far a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// It has said nothing yet.
    New,
    /// Its probe was answered. Polls end soon, so that the client has none open when it goes over.
    Answered { noop_at: Timestamp },
}

/// What became of reading from a candidate.
enum Tried {
    Waits,
    Upgrades,
    Fails,
}

impl Polling {
    pub(super) const fn new(
        sids: Arc<Sids>,
        sid: Name,
        polls: Arc<Polls>,
        place: Place,
        upgrade_timeout: Duration,
    ) -> Self {
        Self {
            sids,
            sid,
            polls,
            place: Some(place),
            upgrade_timeout,
            out: VecDeque::new(),
            out_bytes: 0,
            incoming: VecDeque::new(),
            candidate: None,
            deadline: None,
        }
    }

    /// The client must show by then that it is there; `None` while nothing is asked of it, or it is not read.
    pub(super) fn expect(&mut self, deadline: Option<Timestamp>) {
        if self.deadline != deadline {
            self.deadline = deadline;
            self.polls.expect(deadline);
        }
    }

    pub(super) fn push(&mut self, packet: Packet) {
        self.out_bytes += size(&packet);
        self.out.push_back(packet);
    }

    pub(super) const fn waiting(&self) -> usize {
        self.out_bytes
    }

    pub(super) fn next_packet(&mut self) -> Option<Packet> {
        self.incoming.pop_front()
    }

    /// Takes what requests have brought. Returns how many bytes that were.
    pub(super) fn read(&mut self, cx: &Context<'_>, now: Timestamp) -> Result<usize, Fault> {
        let News { packets, bytes, taken, candidate, fault } = self.polls.take(cx);
        if let Some(fault) = fault {
            return Err(fault);
        }
        if let Some(wire) = candidate {
            let deadline = now.after(self.upgrade_timeout);
            self.candidate = Some(Candidate { wire, deadline, stage: Probe::New });
        }
        self.incoming.extend(packets);
        if let Some(taken) = taken {
            // Whoever has gone is noticed by his request's end.
            let _ = taken.send(());
        }
        Ok(bytes)
    }

    /// Reads what the candidate says. Returns it once the session goes over to it.
    pub(super) fn poll_upgrade(
        &mut self,
        cx: &mut Context<'_>,
        now: Timestamp,
    ) -> Option<Box<Wire>> {
        let candidate = self.candidate.as_mut()?;
        // A poll that waits ends at once. One that comes behind the probe may be of a client that goes over without
        // waiting for the answer: it waits a moment, as any later one.
        let noop_at = if self.polls.is_polled() { now } else { now.after(NOOP_INTERVAL) };
        match candidate.poll(cx, noop_at) {
            Tried::Waits => None,
            Tried::Fails => {
                self.give_up(cx);
                None
            }
            Tried::Upgrades => {
                self.polls.upgraded();
                self.candidate.take().map(|candidate| candidate.wire)
            }
        }
    }

    /// The session has gone over: returns what was not polled.
    pub(super) fn upgraded(&mut self) -> VecDeque<Packet> {
        self.place = None;
        self.take_out()
    }

    fn take_out(&mut self) -> VecDeque<Packet> {
        self.out_bytes = 0;
        std::mem::take(&mut self.out)
    }

    /// Gives a candidate up that has taken too long.
    pub(super) fn tick(&mut self, now: Timestamp) {
        let late = self.candidate.as_ref().is_some_and(|candidate| candidate.deadline <= now);
        if late {
            self.give_up_silently();
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let candidate = self.candidate.as_ref()?;
        match candidate.stage {
            Probe::Answered { noop_at } if self.polls.is_polled() => {
                Some(noop_at.min(candidate.deadline))
            }
            Probe::Answered { .. } | Probe::New => Some(candidate.deadline),
        }
    }

    /// Says that the session ends: to the poll that waits, or to the next one where the client does not know yet.
    pub(super) fn close(&mut self, bye: bool) {
        self.candidate = None;
        if !bye {
            return self.push(Packet::Close);
        }
        self.take_out();
        if self.polls.is_polled() {
            self.push(Packet::Noop);
        }
    }

    /// Answers the poll that waits, if there is something to say. Returns how many bytes it got.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, now: Timestamp) -> io::Result<usize> {
        if let Some(candidate) = &mut self.candidate
            && candidate.wire.write(cx).is_err()
        {
            self.give_up_silently();
        }
        let ends = self.candidate.as_mut().is_some_and(|candidate| candidate.ends_polls(now));
        if self.out.is_empty() && !ends {
            return Ok(0);
        }
        let (out, mut failed, mut bytes) = (&mut self.out, None, 0);
        let answered = self.polls.answer(cx, || {
            let body = write_body(out, &mut failed)?;
            bytes = body.len();
            Some(body)
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if answered {
            self.out_bytes = self.out.iter().map(size).sum();
            if let Some(candidate) = &mut self.candidate {
                candidate.polls_ended(now);
            }
            return Ok(bytes);
        }
        Ok(0)
    }

    pub(super) fn rest(&mut self) {
        self.out.shrink_to_fit();
        self.incoming.shrink_to_fit();
    }

    /// Ends what requests wait for.
    pub(super) fn end(&mut self, bye: bool) {
        self.sids.remove(&self.sid);
        self.polls.end(if bye { "6" } else { "1" });
    }

    /// Closes a candidate, as far as that can be said at once; polling goes on.
    fn give_up(&mut self, cx: &mut Context<'_>) {
        if let Some(Candidate { mut wire, .. }) = self.candidate.take() {
            wire.close(None);
            // It is of no use to anybody whether that works.
            let _ = wire.write(cx);
            wire.shutdown(cx);
        }
        self.polls.upgrade_failed();
    }

    fn give_up_silently(&mut self) {
        self.candidate = None;
        self.polls.upgrade_failed();
    }
}

impl Candidate {
    /// Reads what has come; after a probe, polls end from `noop_at` on.
    fn poll(&mut self, cx: &mut Context<'_>, noop_at: Timestamp) -> Tried {
        for _ in 0..READS_MAX {
            loop {
                match self.wire.next_item() {
                    Ok(None) => break,
                    Ok(Some(item)) => match self.item(item, noop_at) {
                        Tried::Waits => {}
                        tried @ (Tried::Upgrades | Tried::Fails) => return tried,
                    },
                    Err(_) => return Tried::Fails,
                }
            }
            match self.wire.poll_read(cx) {
                Poll::Pending => return Tried::Waits,
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(_) => return Tried::Fails,
            }
        }
        cx.waker().wake_by_ref();
        Tried::Waits
    }

    fn item(&mut self, item: Item, noop_at: Timestamp) -> Tried {
        let text = match item {
            Item::Text(text) => text,
            Item::Ping(payload) => {
                self.wire.pong(&payload);
                return Tried::Waits;
            }
            Item::Pong(_) => return Tried::Waits,
            Item::Binary(_) | Item::Close(_) => return Tried::Fails,
        };
        match (Packet::from_message(&Message::Text(text)), self.stage) {
            (Ok(Packet::Ping(text)), Probe::New) if text == PROBE => {
                self.wire.say_message(&Packet::Pong(text).into_message());
                self.stage = Probe::Answered { noop_at };
                Tried::Waits
            }
            (Ok(Packet::Upgrade), Probe::Answered { .. }) => Tried::Upgrades,
            (Ok(_) | Err(_), Probe::New | Probe::Answered { .. }) => Tried::Fails,
        }
    }

    /// Returns whether a poll that waits is to end now.
    const fn ends_polls(&self, now: Timestamp) -> bool {
        match self.stage {
            Probe::Answered { noop_at } => noop_at.since(now).is_zero(),
            Probe::New => false,
        }
    }

    fn polls_ended(&mut self, now: Timestamp) {
        if let Probe::Answered { noop_at } = &mut self.stage {
            *noop_at = now.after(NOOP_INTERVAL);
        }
    }
}

/// Writes what waits and has room, or a noop where nothing does.
fn write_body(out: &mut VecDeque<Packet>, failed: &mut Option<io::Error>) -> Option<Bytes> {
    let mut body = BodyWriter::new();
    if out.is_empty() {
        out.push_back(Packet::Noop);
    }
    for packet in out.drain(..out.len().min(PACKETS_MAX)) {
        if let Err(error) = body.push(&packet) {
            *failed = Some(io::Error::new(io::ErrorKind::InvalidData, error));
            return None;
        }
    }
    Some(body.take())
}

/// Returns about how much a packet takes.
fn size(packet: &Packet) -> usize {
    match packet {
        Packet::Message(message) => 1 + message.len(),
        Packet::Open(_) => 200,
        Packet::Ping(text) | Packet::Pong(text) => 1 + text.len(),
        Packet::Close | Packet::Upgrade | Packet::Noop => 1,
    }
}

/// Packets in one answer: python-engineio lets go of a server that says more at once.
const PACKETS_MAX: usize = 16;

/// While a WebSocket is tried, a poll waits no longer than this, so that the client can go over.
const NOOP_INTERVAL: Duration = Duration::from_millis(100);

/// Reads before something else has its turn.
const READS_MAX: usize = 8;
