//! One session: what carries it, and how it goes over from polling to a WebSocket.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::Timestamp;
use everlink_wire::Message;
use everlink_wire::engineio::{Handshake, Packet, PacketError};
use everlink_wire::ws::{Item, Text, WsError};

use super::heartbeat::{Due, Heartbeat};
use super::polling::Polling;
use super::polls::{Fault, Polls};
use super::settings::EngineIo;
use super::sids::{Place, Sids};
use crate::connection::{Came, Wire};
use crate::speech::{Closed, Name, Payload};

/// A session of Engine.IO, as the task that owns it sees it: messages in and out, over one carrier at a time.
pub(crate) struct Session {
    heartbeat: Heartbeat,
    carrier: Carrier,
    /// Of a session that began by polling, for as long as it lives.
    polling: Option<Box<Polling>>,
    payload_max: usize,
    now: Timestamp,
    /// The client has ended it.
    bye: bool,
    fault: Option<Fault>,
}

/// What packets go over.
#[expect(clippy::large_enum_variant, reason = "most are WebSockets, and a session is boxed")]
enum Carrier {
    WebSocket(Wire),
    Polling,
}

/// The client breaks the rules of Engine.IO, or of its WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Breach {
    #[error(transparent)]
    Packet(#[from] PacketError),
    #[error("a packet {what} of a client; accepted: messages, pongs and a close")]
    Direction { what: &'static str },
    #[error("RFC 6455: {0}")]
    WebSocket(#[from] WsError),
}

impl Breach {
    /// Returns the code with which a WebSocket is closed for it.
    pub(crate) const fn close_code(&self) -> u16 {
        match self {
            Self::WebSocket(error) => error.close_code(),
            Self::Packet(_) | Self::Direction { .. } => BROKEN,
        }
    }
}

impl Session {
    /// Begins by a WebSocket, and says the handshake.
    pub(super) fn over(mut wire: Wire, sid: &str, settings: &EngineIo, now: Timestamp) -> Self {
        let open = Packet::Open(handshake(sid, settings, Vec::new())).into_message();
        wire.say_message(&open);
        Self::new(Carrier::WebSocket(wire), None, settings, now)
    }

    /// Begins by polling; the handshake answers the first poll.
    pub(super) fn polling(
        sids: &Arc<Sids>,
        place: Place,
        sid: Name,
        settings: &EngineIo,
        now: Timestamp,
    ) -> (Self, Arc<Polls>) {
        let open = Packet::Open(handshake(&sid, settings, vec!["websocket".to_owned()]));
        let polls = Arc::new(Polls::default());
        sids.insert(Arc::clone(&sid), Arc::clone(&polls));
        let mut polling = Polling::new(
            Arc::clone(sids),
            sid,
            Arc::clone(&polls),
            place,
            settings.upgrade_timeout,
        );
        polling.push(open);
        (Self::new(Carrier::Polling, Some(Box::new(polling)), settings, now), polls)
    }

    fn new(
        carrier: Carrier,
        polling: Option<Box<Polling>>,
        settings: &EngineIo,
        now: Timestamp,
    ) -> Self {
        let heartbeat = Heartbeat::new(now, settings.ping_interval, settings.ping_timeout);
        let payload_max = settings.max_payload;
        Self { heartbeat, carrier, polling, payload_max, now, bye: false, fault: None }
    }

    /// Returns how large a message of the client may be.
    pub(super) const fn payload_max(&self) -> usize {
        self.payload_max
    }

    pub(crate) const fn begin_turn(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Does what is due. Returns whether the client has been silent for too long.
    pub(crate) fn tick(&mut self, reads: bool) -> bool {
        if let Some(polling) = &mut self.polling {
            polling.tick(self.now);
        }
        let due = self.heartbeat.tick(self.now, reads);
        let deadline = self.heartbeat.deadline().filter(|_| reads);
        if let Some(polling) = &mut self.polling {
            polling.expect(deadline);
        }
        match due {
            Due::Nothing => false,
            Due::Silence => true,
            Due::Ping => {
                self.send(Packet::Ping(Text::default()));
                false
            }
        }
    }

    /// The client has shown that it is there.
    pub(super) fn heard(&mut self) {
        self.heartbeat.heard(self.now);
    }

    pub(crate) fn poll_timeout(&self) -> Timestamp {
        let heartbeat = self.heartbeat.poll_timeout();
        let upgrade = self.polling.as_ref().and_then(|polling| polling.poll_timeout());
        upgrade.map_or(heartbeat, |upgrade| upgrade.min(heartbeat))
    }

    /// Returns what came next, from what is here already.
    pub(crate) fn next_item(&mut self) -> Result<Option<Came>, Breach> {
        while let Some(packet) = self.polling.as_mut().and_then(|polling| polling.next_packet()) {
            if let Some(came) = self.packet(packet)? {
                return Ok(Some(came));
            }
        }
        loop {
            let Some(wire) = self.wire() else {
                return Ok(None);
            };
            let message = match wire.next_item()? {
                None => return Ok(None),
                Some(Item::Text(text)) => Message::Text(text),
                Some(Item::Binary(bytes)) => Message::Binary(bytes),
                Some(Item::Ping(payload)) => {
                    wire.pong(&payload);
                    continue;
                }
                Some(Item::Pong(_)) => continue,
                Some(Item::Close(close)) => return Ok(Some(Came::Item(Item::Close(close)))),
            };
            let packet = Packet::from_message(&message)?;
            if let Some(came) = self.packet(packet)? {
                return Ok(Some(came));
            }
        }
    }

    fn packet(&mut self, packet: Packet) -> Result<Option<Came>, Breach> {
        match packet {
            Packet::Message(Message::Text(text)) => Ok(Some(Came::Item(Item::Text(text)))),
            Packet::Message(Message::Binary(bytes)) => Ok(Some(Came::Item(Item::Binary(bytes)))),
            Packet::Pong(_) => {
                self.heartbeat.answered();
                Ok(None)
            }
            Packet::Close => {
                self.bye = true;
                Ok(Some(Came::Bye))
            }
            Packet::Noop => Ok(None),
            Packet::Open(_) => Err(Breach::Direction { what: "open" }),
            Packet::Ping(_) => Err(Breach::Direction { what: "ping" }),
            Packet::Upgrade => Err(Breach::Direction { what: "upgrade" }),
        }
    }

    /// Reads what has come; 0 is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Carrier::WebSocket(wire) = &mut self.carrier {
            let read = wire.poll_read(cx);
            if matches!(read, Poll::Ready(Ok(count)) if count > 0) {
                self.heartbeat.heard(self.now);
            }
            return read;
        }
        let Some(polling) = &mut self.polling else {
            return Poll::Ready(Ok(0));
        };
        match polling.read(cx, self.now) {
            Err(fault) => {
                self.fault = Some(fault);
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            Ok(0) => match polling.poll_upgrade(cx, self.now) {
                Some(wire) => self.upgrade(wire),
                None => Poll::Pending,
            },
            Ok(count) => {
                self.heartbeat.heard(self.now);
                Poll::Ready(Ok(count))
            }
        }
    }

    /// Goes over to a WebSocket: what was not polled is said there, in its order.
    fn upgrade(&mut self, mut wire: Box<Wire>) -> Poll<io::Result<usize>> {
        if let Some(polling) = &mut self.polling {
            for packet in polling.upgraded() {
                wire.say_message(&packet.into_message());
            }
        }
        self.carrier = Carrier::WebSocket(*wire);
        self.heartbeat.heard(self.now);
        Poll::Ready(Ok(1))
    }

    /// Returns how it ended, after a read or a write has failed.
    pub(crate) const fn lost(&self) -> Closed {
        match self.fault {
            Some(Fault::Overlap | Fault::Body) => Closed::Broken,
            Some(Fault::Lost) | None => Closed::Lost,
        }
    }

    pub(crate) fn say(&mut self, payload: &Payload) {
        match (&mut self.carrier, payload) {
            (Carrier::WebSocket(wire), Payload::Text(text)) => wire.say_text("4", text),
            (Carrier::WebSocket(wire), Payload::Binary(_)) => wire.say(payload),
            (Carrier::Polling, Payload::Text(text)) => self.send_message(text.as_str().into()),
            (Carrier::Polling, Payload::Binary(bytes)) => self.send_message(bytes.clone().into()),
            // Several are said one by one; the heartbeat is the transport's own.
            (_, Payload::Several(_) | Payload::Ping(_) | Payload::Nothing) => {}
        }
    }

    /// Says a message.
    pub(super) fn send_message(&mut self, message: Message) {
        self.send(Packet::Message(message));
    }

    fn send(&mut self, packet: Packet) {
        match (&mut self.carrier, &mut self.polling) {
            (Carrier::WebSocket(wire), _) => wire.say_message(&packet.into_message()),
            (Carrier::Polling, Some(polling)) => polling.push(packet),
            (Carrier::Polling, None) => {}
        }
    }

    pub(crate) const fn shares(&self) -> bool {
        match &self.carrier {
            Carrier::WebSocket(wire) => wire.shares(),
            Carrier::Polling => false,
        }
    }

    /// Says that it ends. Returns whether the client answers that.
    pub(crate) fn close(&mut self, close: Option<(u16, &str)>) -> bool {
        match (&mut self.carrier, &mut self.polling) {
            (Carrier::WebSocket(wire), _) => {
                wire.close(close);
                true
            }
            (Carrier::Polling, Some(polling)) => {
                polling.close(self.bye);
                false
            }
            (Carrier::Polling, None) => false,
        }
    }

    /// Writes what waits, as far as it is taken. Returns how much that was.
    pub(crate) fn write(&mut self, cx: &mut Context<'_>) -> io::Result<usize> {
        match (&mut self.carrier, &mut self.polling) {
            (Carrier::WebSocket(wire), _) => wire.write(cx),
            (Carrier::Polling, Some(polling)) => polling.write(cx, self.now),
            (Carrier::Polling, None) => Ok(0),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        match (&self.carrier, &self.polling) {
            (Carrier::WebSocket(wire), _) => wire.waiting(),
            (Carrier::Polling, Some(polling)) => polling.waiting(),
            (Carrier::Polling, None) => 0,
        }
    }

    pub(crate) fn is_congested(&self) -> bool {
        match &self.carrier {
            Carrier::WebSocket(wire) => wire.waiting() > 0,
            Carrier::Polling => self.waiting() >= POLL_FULL,
        }
    }

    pub(crate) fn rest(&mut self) {
        if let Some(polling) = &mut self.polling {
            polling.rest();
        }
        if let Some(wire) = self.wire() {
            wire.rest();
        }
    }

    pub(crate) const fn wire(&mut self) -> Option<&mut Wire> {
        match &mut self.carrier {
            Carrier::WebSocket(wire) => Some(wire),
            Carrier::Polling => None,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(polling) = &mut self.polling {
            polling.end(self.bye);
        }
    }
}

fn handshake(sid: &str, settings: &EngineIo, upgrades: Vec<String>) -> Handshake {
    Handshake {
        sid: sid.to_owned(),
        upgrades,
        ping_interval: settings.ping_interval,
        ping_timeout: settings.ping_timeout,
        max_payload: Some(settings.max_payload as u64),
    }
}

/// The peer breaks the protocol (RFC 6455, section 7.4.1).
const BROKEN: u16 = 1002;

/// A client that polls and leaves more than this waiting takes too little.
const POLL_FULL: usize = 64 * 1024;
