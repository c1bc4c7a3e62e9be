//! What a client sends.

use std::task::{Context, Poll};

use everlink_engine::server::{Reply, Request, SessionInput};
use everlink_wire::Message;
use everlink_wire::ws::{Close, Item};

use super::socket::{Breach, Came};
use super::{ABRUPT, Connection, Stage};
use crate::hooks::Code;
use crate::speech::{Closed, Incoming, Name, SpeechError};

impl Connection {
    /// Takes in what has come.
    pub(super) fn receive(&mut self, cx: &mut Context<'_>) {
        self.unread = true;
        for _ in 0..READS_MAX {
            self.take_items();
            if self.is_deaf() {
                return;
            }
            match self.socket.poll_read(cx) {
                Poll::Pending => {
                    self.unread = false;
                    return;
                }
                Poll::Ready(Ok(count)) if count > 0 => self.came(count),
                Poll::Ready(ended) => {
                    if let Err(error) = ended {
                        tracing::debug!(number = self.number, %error, "a read failed");
                    }
                    self.ends(self.socket.lost());
                    return self.end(ABRUPT);
                }
            }
        }
    }

    /// Returns whether more can be read now than was.
    pub(super) fn may_receive(&self) -> bool {
        self.unread && !self.is_deaf()
    }

    fn came(&mut self, count: usize) {
        self.node.counters.bytes_in.add(count as u64);
        self.active = Some(self.now);
        self.input(SessionInput::Heard);
    }

    /// Returns whether nothing is to be read now: TCP holds the client back.
    pub(super) fn is_deaf(&self) -> bool {
        match self.stage {
            Stage::Open => {
                self.session.is_paused() || self.slowed.is_some() || self.speech.is_busy()
            }
            // What still comes is drained, so that the system does not answer it with a reset, which
            // could overtake the close frame.
            Stage::Closing { .. } => false,
            Stage::Ended { .. } => true,
        }
    }

    /// Takes in what is decoded.
    fn take_items(&mut self) {
        while !self.is_deaf() {
            match self.socket.next_item() {
                Ok(None) => return,
                Ok(Some(Came::Item(item))) => self.item(item),
                Ok(Some(Came::Bye)) => self.bye(),
                Err(error) => return self.broke_rules(&error),
            }
            // What the session answers to this must be known before the next.
            self.carry_out();
        }
    }

    fn item(&mut self, item: Item) {
        if let Item::Close(close) = item {
            return self.peer_closed(close);
        }
        if self.stage != Stage::Open {
            return;
        }
        match item {
            Item::Text(text) => {
                let bytes = text.len();
                self.heard(Incoming::Text(text), bytes);
            }
            Item::Binary(binary) => {
                let bytes = binary.len();
                self.heard(Incoming::Binary(binary), bytes);
            }
            Item::Ping(payload) => self.socket.pong(&payload),
            Item::Pong(payload) => self.heard(Incoming::Pong(payload), 0),
            Item::Close(_) => {}
        }
    }

    fn heard(&mut self, incoming: Incoming, bytes: usize) {
        match self.speech.decode(incoming) {
            Ok(Some(request)) => self.request(request, bytes),
            Ok(None) => {}
            Err(error) => self.not_understood(&error),
        }
    }

    pub(super) fn request(&mut self, frame: Request<Name, Message>, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        match &frame {
            Request::Publish(_) | Request::Volatile { .. } => self.charge(bytes),
            Request::Ping { .. } => {
                let window = self.node.return_window();
                self.input(SessionInput::ReturnWindow(window));
            }
            Request::Hello(_)
            | Request::Subscribe { .. }
            | Request::Unsubscribe { .. }
            | Request::Read { .. }
            | Request::Auth { .. }
            | Request::Pong { .. }
            | Request::Bye => {}
        }
        self.input(SessionInput::Frame { frame, bytes });
    }

    /// Charges a message to user and address. What they owe is waited for, and the client is told once.
    fn charge(&mut self, bytes: u32) {
        self.node.counters.messages_in.add(1);
        let paid =
            self.seats.iter().flatten().filter_map(|seat| seat.charge(self.now, bytes)).max();
        let Some(paid) = paid else {
            return;
        };
        if self.slowed.is_none() {
            self.say(&Reply::Err {
                code: Code::TooFast.number(),
                fatal: false,
                retry: Some(paid.since(self.now)),
                why: "more is sent than the limits allow: the rest is read later".into(),
            });
        }
        self.slowed = Some(paid);
    }

    /// What came makes no sense as a frame.
    fn not_understood(&mut self, error: &SpeechError) {
        tracing::debug!(number = self.number, %error, "a frame is not understood");
        let why = Name::clone(&error.why);
        let (code, fatal) = (u32::from(error.code), error.fatal);
        self.say(&Reply::Err { code, fatal, retry: None, why });
        if error.fatal {
            self.close(error.code, &error.why);
        }
    }

    /// The peer breaks the rules of what carries it.
    fn broke_rules(&mut self, breach: &Breach) {
        if self.stage == Stage::Open {
            tracing::debug!(number = self.number, error = %breach, "the client breaks the rules");
            self.ends(Closed::Broken);
            let answers = self.socket.close_for(breach);
            self.begin_closing(breach.close_code(), !answers);
            self.failing = true;
        }
    }

    /// The peer ends what is carried.
    fn bye(&mut self) {
        self.ends(Closed::ByClient);
        self.close(NORMAL, "");
    }

    /// The peer closes; its code is echoed (RFC 6455, section 5.5.1).
    fn peer_closed(&mut self, close: Option<Close>) {
        match &mut self.stage {
            Stage::Open => {
                self.ends(Closed::ByClient);
                let code = close.map(|close| close.code);
                self.socket.close(code.map(|code| (code, "")));
                self.begin_closing(code.unwrap_or(NO_CODE), true);
            }
            Stage::Closing { answered, .. } => *answered = true,
            Stage::Ended { .. } => {}
        }
    }
}

/// Everything is as it should be (RFC 6455, section 7.4.1).
const NORMAL: u16 = 1000;

/// Stands for a close frame without a code (RFC 6455, section 7.1.5).
const NO_CODE: u16 = 1005;

/// Reads before something else has its turn.
const READS_MAX: usize = 8;
