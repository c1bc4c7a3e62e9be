//! A session on a bench: inputs in short calls, outputs in short words.

use std::sync::Arc;
use std::time::Duration;

use everlink_engine::server::{
    Bounds, Hello, Place, Publish, ReadOrder, Reply, Request, Session, SessionConfig, SessionInput,
    SessionOutput, SessionStage,
};
use everlink_engine::{Cursor, Epoch, Timestamp};

pub(crate) type Input = SessionInput<&'static str, u64>;
pub(crate) type Output = SessionOutput<&'static str, u64>;

/// A session, and the time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bench {
    pub(crate) session: Session<&'static str, u64>,
    pub(crate) now: Timestamp,
}

pub(crate) fn config() -> SessionConfig<&'static str> {
    SessionConfig::new("node")
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn bounds(epoch: u64, first: u64, head: u64) -> Bounds {
    Bounds { epoch: Epoch(epoch), first, head }
}

pub(crate) fn place(channel: &'static str, from: Option<(u64, u64)>) -> Place<&'static str> {
    let from = from.map(|(epoch, offset)| Cursor { epoch: Epoch(epoch), offset });
    Place { channel, from }
}

pub(crate) fn hello(channels: Vec<Place<&'static str>>) -> Input {
    frame(Request::Hello(Hello {
        version: 1,
        client: "client",
        producer: "me",
        auth: Some("token"),
        channels,
        frame_max: None,
        last: None,
    }))
}

pub(crate) fn frame(frame: Request<&'static str, u64>) -> Input {
    SessionInput::Frame { frame, bytes: 100 }
}

pub(crate) fn publish(channel: &'static str, sequence: u64) -> Input {
    let (producer, before, payload) = (None, None, sequence);
    frame(Request::Publish(Publish { channel, producer, sequence, before, payload }))
}

pub(crate) fn stored(channel: &'static str, sequence: u64, offset: u64) -> Input {
    SessionInput::Stored { channel, producer: None, sequence, offset }
}

pub(crate) fn sub(channels: Vec<Place<&'static str>>) -> Input {
    frame(Request::Subscribe { channels })
}

pub(crate) const ADMITTED: Input = SessionInput::Admitted { suffix: None, expires: None };

impl Bench {
    /// A connection that has just opened.
    pub(crate) fn new(config: SessionConfig<&'static str>) -> Self {
        let now = Timestamp::from_millis(1_000);
        Self { session: Session::new(Arc::new(config), now), now }
    }

    /// A connection that stands, without a channel; what was said until then is forgotten.
    pub(crate) fn attached(config: SessionConfig<&'static str>) -> Self {
        let mut bench = Self::new(config);
        bench.give(hello(Vec::new()));
        bench.give(ADMITTED);
        bench.said();
        bench
    }

    /// A connection that reads channel `c` from a cursor of epoch 1, with this log.
    pub(crate) fn reading(from: u64, log: Bounds) -> Self {
        let mut bench = Self::attached(config());
        bench.give(sub(vec![place("c", Some((1, from)))]));
        bench.join("c", 1, log);
        bench.said();
        bench
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
    }

    pub(crate) fn join(&mut self, channel: &'static str, join: u32, bounds: Bounds) {
        self.give(SessionInput::Joined { channel, join, bounds });
    }

    pub(crate) fn advance(&mut self, channel: &'static str, bounds: Bounds) {
        self.give(SessionInput::Advanced { channel, bounds });
    }

    pub(crate) fn sent(&mut self, channel: &'static str, first: u64, through: u64) {
        self.give(SessionInput::Sent { channel, epoch: Epoch(1), first, through });
    }

    /// Lets time pass, with every deadline in it.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<String> {
        let until = self.now.after(time);
        let mut said = self.said();
        while let Some((at, _)) = self.session.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = at.max(self.now);
            self.give(SessionInput::Timeout);
            let more = self.said();
            let moved = self.session.poll_timeout().is_none_or(|(next, _)| next > self.now);
            assert!(moved || !more.is_empty(), "a deadline that does nothing: a busy loop");
            said.extend(more);
        }
        self.now = until;
        said
    }

    /// Takes all outputs, in words.
    pub(crate) fn said(&mut self) -> Vec<String> {
        self.outputs().iter().map(words).collect()
    }

    pub(crate) fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.session.poll_output()).collect()
    }

    /// Gives an input, and takes what is said to it, in words.
    pub(crate) fn says(&mut self, input: Input) -> Vec<String> {
        self.give(input);
        self.said()
    }

    /// What is to be read next: channel, offset before, last one.
    pub(crate) fn next(&mut self) -> Option<(&'static str, u64, u64)> {
        let order = self.session.next_read();
        order.map(|ReadOrder { channel, after, head, .. }| (channel, after, head))
    }

    pub(crate) fn stage(&self) -> SessionStage {
        self.session.info().stage
    }
}

/// An output in short words.
pub(crate) fn words(output: &Output) -> String {
    match output {
        SessionOutput::Authenticate { token, greeting } => {
            let who = greeting.as_ref().map_or("again", |greeting| greeting.client);
            format!("authenticate {who} {token:?}")
        }
        SessionOutput::Attached => "attached".into(),
        SessionOutput::Detached => "detached".into(),
        SessionOutput::Transmit(reply) => format!("> {}", reply_words(reply)),
        SessionOutput::Join { channel, join } => format!("join {channel}, wish {join}"),
        SessionOutput::Leave { channel } => format!("leave {channel}"),
        SessionOutput::Append { channel, producer, sequence, before, .. } => {
            let of = producer.map(|producer| format!(" of {producer}")).unwrap_or_default();
            format!("append {channel} {sequence} after {before}{of}")
        }
        SessionOutput::Volatile { channel, key, .. } => format!("volatile {channel} {key}"),
        SessionOutput::Page { request, channel, after, limit } => {
            format!("page r{request} {channel} after {after}, {limit}")
        }
        SessionOutput::PauseReading => "pause".into(),
        SessionOutput::ResumeReading => "resume".into(),
        SessionOutput::Close(code) => format!("close {}", code.close()),
        SessionOutput::Abandon(code) => format!("abandon {code:?}"),
    }
}

fn reply_words(reply: &Reply<&'static str, u64>) -> String {
    match reply {
        Reply::Welcome(welcome) => format!("welcome to {}", welcome.node),
        Reply::Ack { channel, producer, sequence, offset } => {
            let of = producer.map(|producer| format!(" of {producer}")).unwrap_or_default();
            format!("ack {channel} {sequence} at {offset}{of}")
        }
        Reply::Nack { channel, sequence, code, .. } => format!("nack {channel} {sequence}: {code}"),
        Reply::SubscribeOk { channel, epoch, head, replay } => {
            format!("sub_ok {channel} {}:{head}, {replay} come", epoch.0)
        }
        Reply::SubscribeErr { channel, code, .. } => format!("sub_err {channel} {code}"),
        Reply::UnsubscribeOk { request } => format!("unsub_ok r{request}"),
        Reply::Gap { channel, from, to, cause, epoch } => {
            let epoch = epoch.map(|epoch| format!(" now {}", epoch.0)).unwrap_or_default();
            format!("gap {channel} {from}..{to} {cause:?}{epoch}")
        }
        Reply::ReadErr { request, code, .. } => format!("read_err r{request} {code}"),
        Reply::AuthOk { expires } => format!("auth_ok {expires:?}"),
        Reply::Ping { nonce } => format!("ping {nonce}"),
        Reply::Pong { nonce, window } => {
            let window = window.map(|window| format!(" window {window:?}")).unwrap_or_default();
            format!("pong {nonce}{window}")
        }
        Reply::Away { reason, slot, .. } => format!("away {reason:?} in {slot:?}"),
        Reply::Err { code, fatal, .. } => {
            format!("err {code}{}", if *fatal { " fatal" } else { "" })
        }
        other => format!("{other:?}"),
    }
}
