//! From a client's message to the log: asked about, appended, answered.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use everlink_engine::server::{Code, Refusals, SessionInput};
use everlink_wire::Message;
use everlink_wire::ws::Text;
use futures_util::future::BoxFuture;
use slab::Slab;
use tokio::time::Instant;

use super::Connection;
use super::permissions::{no_more_channels, poll_answer};
use super::untraced::Untraced;
use crate::hooks::{Answer, Decision, Operation, Publishing, Refusal};
use crate::log::{Append, Appended, Body, LogError};
use crate::node::{AppendTicket, Mail};
use crate::plain::given_id;
use crate::server::is_name;
use crate::speech::Name;

/// A message of the client.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) channel: Name,
    /// As the client names it; `None` is the one of its greeting.
    pub(super) producer: Option<Name>,
    pub(super) sequence: u64,
    pub(super) before: u64,
    /// It is certainly the first of its producer in its channel on this connection.
    pub(super) first: bool,
    pub(super) payload: Message,
}

/// Messages on their way to the log. The session bounds how many there are.
#[derive(Default)]
pub(crate) struct Publishes {
    /// Not asked about yet.
    queue: VecDeque<Pending>,
    /// Being asked about.
    asking: Option<Box<Asking>>,
    /// With the log.
    appended: Slab<AppendedMessage>,
    untraced: Untraced,
}

struct Asking {
    pending: Pending,
    answer: Question,
}

enum Question {
    Permission(BoxFuture<'static, Result<(), Refusal>>),
    Decision(BoxFuture<'static, Decision>),
}

/// A message that is with the log.
struct AppendedMessage {
    channel: Name,
    producer: Option<Name>,
    log_producer: Name,
    sequence: u64,
    /// It is refused, and only its number is stored.
    refusal: Option<Refusal>,
    since: Instant,
}

/// How far a message is.
enum Step {
    Ask(Question),
    Append(Message),
    Refuse(Refusal),
}

impl Publishes {
    pub(super) fn push(&mut self, pending: Pending) {
        self.queue.push_back(pending);
    }

    /// Returns whether one can be taken further at once.
    pub(super) fn has_new(&self) -> bool {
        self.asking.is_none() && !self.queue.is_empty() && !self.waits_for_log()
    }

    /// Whether what the log says of those that are with it must come first: it may make room.
    fn waits_for_log(&self) -> bool {
        self.untraced.is_full() && !self.appended.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn rest(&mut self) {
        self.queue.shrink_to_fit();
        self.untraced.rest();
        self.appended.shrink_to_fit();
    }
}

impl Connection {
    /// Takes messages on their way, one after the other.
    pub(super) fn poll_publishes(&mut self, cx: &mut Context<'_>) {
        loop {
            if self.publishes.waits_for_log() {
                return;
            }
            let (pending, step) = if let Some(mut asking) = self.publishes.asking.take() {
                let Some(step) = self.poll_question(cx, &mut asking) else {
                    self.publishes.asking = Some(asking);
                    return;
                };
                (asking.pending, step)
            } else {
                let Some(pending) = self.publishes.queue.pop_front() else {
                    return;
                };
                let step = self.first_step(&pending);
                (pending, step)
            };
            match step {
                Step::Ask(answer) => {
                    self.publishes.asking = Some(Box::new(Asking { pending, answer }));
                }
                Step::Append(payload) => self.append(pending, Ok(payload)),
                Step::Refuse(refusal) => self.append(pending, Err(refusal)),
            }
        }
    }

    fn first_step(&mut self, pending: &Pending) -> Step {
        let channel = &pending.channel;
        if self.permissions.has(channel, Operation::Publish) {
            return self.decide(pending);
        }
        let Some(asker) = self.asker() else {
            return Step::Refuse(Refusal::new(Code::Unauthorized, "nobody is known to publish it"));
        };
        match asker.begin(channel, Operation::Publish) {
            Answer::Now(answer) => self.permitted(pending, answer),
            Answer::Later(answer) => Step::Ask(Question::Permission(answer)),
        }
    }

    fn poll_question(&mut self, cx: &mut Context<'_>, asking: &mut Asking) -> Option<Step> {
        match &mut asking.answer {
            Question::Permission(answer) => match poll_answer(cx, answer) {
                Poll::Pending => None,
                Poll::Ready(answer) => {
                    let answer = answer.unwrap_or_else(|| Err(Refusal::panicked("authorize")));
                    Some(self.permitted(&asking.pending, answer))
                }
            },
            Question::Decision(answer) => match poll_answer(cx, answer) {
                Poll::Pending => None,
                Poll::Ready(decision) => Some(decided(&asking.pending, decision)),
            },
        }
    }

    fn permitted(&mut self, pending: &Pending, answer: Result<(), Refusal>) -> Step {
        match answer {
            Err(refusal) => Step::Refuse(refusal),
            Ok(()) => {
                self.permissions.allow(&pending.channel, Operation::Publish);
                self.decide(pending)
            }
        }
    }

    /// Asks the application about a message that may be published.
    fn decide(&self, pending: &Pending) -> Step {
        let Some(client) = &self.client else {
            return Step::Refuse(Refusal::new(Code::Unauthorized, "nobody is known to publish it"));
        };
        let publishing = Publishing {
            user: Arc::clone(&client.user),
            channel: Arc::clone(&pending.channel),
            payload: pending.payload.clone(),
        };
        let hooks = std::panic::AssertUnwindSafe(&self.node.hooks);
        match std::panic::catch_unwind(|| hooks.on_publish(&publishing)) {
            Ok(Answer::Now(decision)) => decided(pending, Some(decision)),
            Ok(Answer::Later(answer)) => Step::Ask(Question::Decision(answer)),
            Err(_) => decided(pending, None),
        }
    }

    /// Hands a message to the log, or only its number where it is refused.
    fn append(&mut self, pending: Pending, payload: Result<Message, Refusal>) {
        let Pending { channel, producer, sequence, before, first, .. } = pending;
        let Some(client) = &self.client else {
            return;
        };
        let log_producer = match &producer {
            None => Arc::clone(&client.producer),
            Some(name) => log_name(name, client.suffix.as_ref()),
        };
        let (body, refusal) = match payload {
            Ok(payload) => (Body::Message(own_memory(payload)), None),
            Err(refusal) => (Body::Refused(refusal.code.number()), Some(refusal)),
        };
        let id = producer.as_deref().and_then(given_id).map(Name::from);
        let refused = match body {
            // One that names its message has no other.
            Body::Refused(code) if id.is_none() => {
                if !self.publishes.untraced.add(&channel, &log_producer, (sequence, before), code) {
                    let (code, why) = (Code::TooFast, Code::TooFast.why().into());
                    return self.input(SessionInput::End { code, why });
                }
                Refusals::new()
            }
            Body::Message(_) => self.publishes.untraced.of(&channel, &log_producer),
            Body::Refused(_) | Body::Skip => Refusals::new(),
        };
        let append = Append {
            channel: Arc::clone(&channel),
            producer: log_producer,
            sequence,
            before,
            id,
            user: client.user.id().cloned(),
            first,
            refused,
            body,
        };
        let log_producer = Arc::clone(&append.producer);
        let since = Instant::now();
        let appended =
            AppendedMessage { channel, producer, log_producer, sequence, refusal, since };
        let ticket = self.publishes.appended.insert(appended);
        let mailbox = Arc::clone(&self.mailbox);
        let done = move |outcome| mailbox.push(Mail::Stored(ticket, outcome));
        self.node.log.append(append, Box::new(done));
    }

    /// The log has answered.
    pub(super) fn stored(&mut self, ticket: AppendTicket, outcome: Result<Appended, LogError>) {
        let Some(message) = self.publishes.appended.try_remove(ticket) else {
            return;
        };
        let AppendedMessage { channel, producer, log_producer, sequence, refusal, since } = message;
        self.node.counters.meters.store.record(since.elapsed().as_secs_f64());
        if matches!(outcome, Ok(Appended::New { offset: 1.., .. })) {
            self.publishes.untraced.settled(&channel, &log_producer);
        }
        let input = match (outcome, refusal) {
            (Err(LogError::TooManyChannels { .. }), _) => {
                let Refusal { code, why, .. } = no_more_channels();
                SessionInput::Refused { channel, producer, sequence, code, why }
            }
            // Once it comes back, its client shows which of them it knows.
            (Err(error @ LogError::TooManyRefusals { .. }), _) => {
                SessionInput::End { code: Code::Restart, why: error.to_string().into() }
            }
            (Err(error), _) => {
                tracing::warn!(%error, %channel, "a message cannot be stored");
                SessionInput::Unavailable { retry: None }
            }
            (Ok(Appended::Hole(_)), _) => SessionInput::Hole { channel, producer, sequence },
            (Ok(Appended::New { .. }), Some(Refusal { code, why, .. })) => {
                SessionInput::Refused { channel, producer, sequence, code, why }
            }
            (Ok(Appended::New { offset, .. }), None) => {
                SessionInput::Stored { channel, producer, sequence, offset }
            }
            (Ok(Appended::Refused { code }), _) => {
                let code = Code::from_number(code).unwrap_or(Code::Forbidden);
                let why = code.why().into();
                SessionInput::Refused { channel, producer, sequence, code, why }
            }
            (Ok(Appended::Known { last, .. }), _) => {
                let offset = if last.sequence == sequence { last.offset } else { 0 };
                SessionInput::Stored { channel, producer, sequence, offset }
            }
        };
        if let SessionInput::Stored { channel, producer, sequence, offset } = &input {
            self.speech.stored(channel, producer.as_ref(), *sequence, *offset);
        }
        self.input(input);
    }

    /// Refuses a message whose names the log must not see; nothing of it is stored.
    pub(super) fn refuse_names(&mut self, pending: &Pending) -> bool {
        let own = |name: &Name| is_name(name) && !name.contains(USER_MARK);
        let producer = pending.producer.as_ref().is_none_or(own);
        if producer && is_name(&pending.channel) {
            return false;
        }
        self.input(SessionInput::Refused {
            channel: Arc::clone(&pending.channel),
            producer: pending.producer.clone(),
            sequence: pending.sequence,
            code: Code::BadFrame,
            why: "a channel and a producer are names of 1 to 256 bytes, a producer's without `~`"
                .into(),
        });
        true
    }
}

/// Names a producer as the log knows it: nobody else's.
pub(super) fn log_name(name: &Name, suffix: Option<&Name>) -> Name {
    match suffix {
        None => Arc::clone(name),
        Some(suffix) => format!("{name}{suffix}").into(),
    }
}

/// Stands between a producer's name and whose it is.
pub(super) const USER_MARK: char = '~';

fn decided(pending: &Pending, decision: Option<Decision>) -> Step {
    match decision {
        Some(Decision::Accept) => Step::Append(pending.payload.clone()),
        Some(Decision::Replace(payload)) => Step::Append(payload),
        Some(Decision::Refuse(refusal)) => Step::Refuse(refusal),
        None => Step::Refuse(Refusal::panicked("on_publish")),
    }
}

/// Moves a small payload out of the read buffer, of which it would keep all alive while it is stored.
fn own_memory(payload: Message) -> Message {
    if payload.len() > COPIED_MAX {
        return payload;
    }
    match payload {
        Message::Binary(bytes) => Message::Binary(Bytes::copy_from_slice(&bytes)),
        Message::Text(text) => match Text::try_from(Bytes::copy_from_slice(text.as_bytes())) {
            Ok(copy) => Message::Text(copy),
            Err(_) => Message::Text(text),
        },
    }
}

impl fmt::Debug for Publishes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publishes")
            .field("queue", &self.queue.len())
            .field("appended", &self.appended.len())
            .finish_non_exhaustive()
    }
}

/// Larger payloads come in buffers of their own.
const COPIED_MAX: usize = 8 * 1024;
