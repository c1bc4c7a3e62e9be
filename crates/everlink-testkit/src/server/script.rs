//! What a connection of the server does, step by step.

use super::frames::BadFrame;
use bytes::Bytes;
use std::time::Duration;

/// Steps for one connection, played in order.
///
/// A step that needs an open WebSocket accepts the upgrade first, if no step has. After its last step
/// the connection stays open: it reads, remembers, and answers what its habits tell it to (pings,
/// application pings, close frames; each can be turned off), until the peer leaves, the server is
/// killed or [`Connection::play`](super::Connection::play) brings more steps.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) accept_delay: Option<Stall>,
}

/// Which subprotocol the server names in its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Subprotocol {
    /// The first that the client offers; none if it offers none.
    #[default]
    First,
    /// None, whatever the client offers.
    None,
    /// This one, whether it was offered or not.
    Named(String),
}

/// How long a connection does nothing at all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stall {
    For(Duration),
    Forever,
}

/// One step. The public face is [`Script`].
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Stall(Stall),
    Drip(Duration),
    Subprotocol(Subprotocol),
    WrongAccept,
    AnswerHeader(String, String),
    Accept,
    Respond { status: u16, headers: Vec<(String, String)>, body: String },
    EndlessHeaders,
    SendRaw(Bytes),
    Habit(Habit, bool),
    CloseWithoutFrame,
    Reset,
    Open(OpenStep),
}

/// A step that needs an open WebSocket.
#[derive(Clone, Debug)]
pub(crate) enum OpenStep {
    SendText(String),
    SendBinary(Bytes),
    SendPing(Bytes),
    ExpectText(Expected),
    Wait(Duration),
    Close { code: u16, reason: String },
    HugeFrame(u64),
    FragmentsFlood(u64),
}

/// What a text must be.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Exactly(String),
    Containing(String),
    Anything,
}

/// What a connection does by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Habit {
    Echo,
    AnswerPings,
    AnswerAppPings,
    EchoClose,
}

impl Script {
    /// Starts an empty script: accept, then stay.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts, and sends back every message for ever.
    #[must_use]
    pub fn echoing() -> Self {
        Self::new().echo()
    }

    /// Leaves the TCP connection in the accept queue for `length`: the client sees it open, and
    /// nothing happens. Later connections wait behind it.
    #[must_use]
    pub fn stall_before_accept(mut self, length: Duration) -> Self {
        self.accept_delay = Some(Stall::For(length));
        self
    }

    /// Leaves the TCP connection in the accept queue for ever, and all later ones behind it.
    #[must_use]
    pub fn never_accept(mut self) -> Self {
        self.accept_delay = Some(Stall::Forever);
        self
    }

    /// Neither reads nor writes for `length`: before the upgrade or after it, as it stands.
    #[must_use]
    pub fn stall(self, length: Duration) -> Self {
        self.then(Step::Stall(Stall::For(length)))
    }

    /// Neither reads nor writes any more; the socket stays open.
    #[must_use]
    pub fn stall_forever(self) -> Self {
        self.then(Step::Stall(Stall::Forever))
    }

    /// Sends the HTTP answer one byte in each `interval`.
    #[must_use]
    pub fn drip(self, interval: Duration) -> Self {
        self.then(Step::Drip(interval))
    }

    /// Chooses the subprotocol of the answer. Default: the first that the client offers.
    #[must_use]
    pub fn subprotocol(self, choice: Subprotocol) -> Self {
        self.then(Step::Subprotocol(choice))
    }

    /// Answers with a `Sec-WebSocket-Accept` that does not fit the key.
    #[must_use]
    pub fn wrong_accept(self) -> Self {
        self.then(Step::WrongAccept).accept()
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn answer_header(self, name: &str, value: &str) -> Self {
        self.then(Step::AnswerHeader(name.to_owned(), value.to_owned()))
    }

    /// Reads the upgrade request and accepts it.
    #[must_use]
    pub fn accept(self) -> Self {
        self.then(Step::Accept)
    }

    /// Reads the request, answers with this status, and closes.
    #[must_use]
    pub fn reject(self, status: u16, headers: &[(&str, &str)]) -> Self {
        self.respond(status, headers, "")
    }

    /// Reads the request, redirects it to `location` (302), and closes.
    #[must_use]
    pub fn redirect(self, location: &str) -> Self {
        self.respond(302, &[("Location", location)], "")
    }

    /// Answers as a captive portal does: 200, and a page of HTML.
    #[must_use]
    pub fn captive_portal(self) -> Self {
        let page = "<!doctype html><title>Welcome</title><p>Accept the terms to go online.\n";
        self.respond(200, &[("Content-Type", "text/html; charset=utf-8")], page)
    }

    /// Reads the request, answers with status, headers and body, and closes.
    #[must_use]
    pub fn respond(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.then(Step::Respond { status, headers: headers.collect(), body: body.to_owned() })
    }

    /// Reads the request, begins to accept it, and sends headers without end.
    #[must_use]
    pub fn endless_headers(self) -> Self {
        self.then(Step::EndlessHeaders)
    }

    /// Sends bytes as they are, whatever has been said before.
    #[must_use]
    pub fn send_raw(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::SendRaw(bytes.into()))
    }

    /// Sends a text message.
    #[must_use]
    pub fn send_text(self, text: impl Into<String>) -> Self {
        self.then_open(OpenStep::SendText(text.into()))
    }

    /// Sends a binary message.
    #[must_use]
    pub fn send_binary(self, bytes: impl Into<Bytes>) -> Self {
        self.then_open(OpenStep::SendBinary(bytes.into()))
    }

    /// Sends a ping of at most 125 bytes; a longer one ends the script with an error.
    #[must_use]
    pub fn send_ping(self, bytes: impl Into<Bytes>) -> Self {
        self.then_open(OpenStep::SendPing(bytes.into()))
    }

    /// Waits for a message that is exactly this text; any other ends the script with an error.
    #[must_use]
    pub fn expect_text(self, text: impl Into<String>) -> Self {
        self.then_open(OpenStep::ExpectText(Expected::Exactly(text.into())))
    }

    /// Waits for a text message that contains `part`; any other message ends the script with an error.
    #[must_use]
    pub fn expect_text_containing(self, part: impl Into<String>) -> Self {
        self.then_open(OpenStep::ExpectText(Expected::Containing(part.into())))
    }

    /// Waits for any text message.
    #[must_use]
    pub fn expect_any_text(self) -> Self {
        self.then_open(OpenStep::ExpectText(Expected::Anything))
    }

    /// Stays for `length`: reads, remembers, and follows its habits.
    #[must_use]
    pub fn wait(self, length: Duration) -> Self {
        self.then_open(OpenStep::Wait(length))
    }

    /// From here on sends back every message, application pings excepted when those are answered.
    #[must_use]
    pub fn echo(self) -> Self {
        self.then(Step::Habit(Habit::Echo, true))
    }

    /// Answers WebSocket pings, or ignores them. Default: answers.
    #[must_use]
    pub fn answer_pings(self, answer: bool) -> Self {
        self.then(Step::Habit(Habit::AnswerPings, answer))
    }

    /// Answers text messages `{"type":"ping", ..}` with the same object of type `pong`, or treats them
    /// as any other. Default: answers.
    #[must_use]
    pub fn answer_app_pings(self, answer: bool) -> Self {
        self.then(Step::Habit(Habit::AnswerAppPings, answer))
    }

    /// Never answers a close frame, and keeps the socket open.
    #[must_use]
    pub fn never_echo_close(self) -> Self {
        self.then(Step::Habit(Habit::EchoClose, false))
    }

    /// Sends a close frame with any code, waits for the peer's, and closes.
    ///
    /// The reason is cut after 123 bytes only by the peer: a longer one makes a frame that is wrong.
    #[must_use]
    pub fn close(self, code: u16, reason: &str) -> Self {
        self.then_open(OpenStep::Close { code, reason: reason.to_owned() })
    }

    /// Closes the socket (FIN) without a close frame.
    #[must_use]
    pub fn close_without_frame(self) -> Self {
        self.then(Step::CloseWithoutFrame)
    }

    /// Resets the socket (RST).
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    /// Sends a text message that is not UTF-8.
    #[must_use]
    pub fn bad_utf8(self) -> Self {
        self.bad_frame(BadFrame::TextNotUtf8)
    }

    /// Sends a frame that breaks a rule.
    #[must_use]
    pub fn bad_frame(self, kind: BadFrame) -> Self {
        self.then(Step::Accept).then(Step::SendRaw(Bytes::from_static(kind.bytes())))
    }

    /// Sends one binary frame of this many bytes, zeros, as far as the peer takes them.
    #[must_use]
    pub fn huge_frame(self, bytes: u64) -> Self {
        self.then_open(OpenStep::HugeFrame(bytes))
    }

    /// Sends a text message in this many fragments of one byte, and never the last one.
    #[must_use]
    pub fn fragments_flood(self, fragments: u64) -> Self {
        self.then_open(OpenStep::FragmentsFlood(fragments))
    }

    fn then_open(self, step: OpenStep) -> Self {
        self.then(Step::Open(step))
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
