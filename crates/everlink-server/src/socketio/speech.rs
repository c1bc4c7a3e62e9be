//! Socket.IO as the speech of a connection.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::task::Context;

use bytes::Bytes;
use everlink_engine::server::{Code, Hello, Publish, Reply, Request};
use everlink_wire::Message;
use everlink_wire::socketio::{Assembler, Body as Said, Limits, Packet};
use everlink_wire::v1::TOKEN_BYTES_MAX;
use everlink_wire::ws::Text;
use serde_json::{Value, json};

use super::core::Core;
use super::entering::Entering;
use super::handshake::Handshake;
use super::inbox::{Inbox, Page, Refused, Reply as Waiting, Stored};
use super::member::{Member, refuse};
use super::namespace::Namespace;
use crate::hooks::User;
use crate::node::random_token;
use crate::plain::{given_id, id_producer, message_id};
use crate::speech::{Capacity, Closed, Incoming, Name, Payload, Speech, SpeechError, Step};

/// Speaks Socket.IO for all sockets of one connection.
#[derive(Debug)]
pub(super) struct SocketIoSpeech {
    pub(super) core: Arc<Core>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) members: Vec<Member>,
    pub(super) steps: VecDeque<Step>,
    handshake: Arc<Handshake>,
    assembler: Assembler,
    greeting: Greeting,
    token: Option<Name>,
    /// As the log names it.
    producer: String,
    user: Option<Arc<User>>,
    /// CONNECTs that are being judged, by number.
    entering: Vec<(u32, Text)>,
    numbers: u32,
    sequence: u64,
    publishes: Vec<Published>,
    pages: Vec<(u32, Waiting<Page>)>,
}

/// Whether it is known who is at the other end.
#[derive(Debug)]
enum Greeting {
    Awaited,
    /// These wait for it.
    Asked(Vec<Wish>),
    Welcome,
}

/// A CONNECT.
#[derive(Debug)]
struct Wish {
    namespace: Arc<Namespace>,
    auth: Value,
}

/// A message on its way.
#[derive(Debug)]
struct Published {
    channel: Name,
    producer: Option<Name>,
    sequence: u64,
    done: Waiting<Stored>,
}

impl SocketIoSpeech {
    pub(super) fn new(core: Arc<Core>, handshake: Handshake) -> Self {
        let mut limits = Limits::default();
        limits.packet_bytes_max = core.settings.packet_bytes_max;
        Self {
            core,
            inbox: Arc::new(Inbox::default()),
            members: Vec::new(),
            steps: VecDeque::new(),
            handshake: Arc::new(handshake),
            assembler: Assembler::new(limits),
            greeting: Greeting::Awaited,
            token: None,
            producer: String::new(),
            user: None,
            entering: Vec::new(),
            numbers: 0,
            sequence: 0,
            publishes: Vec::new(),
            pages: Vec::new(),
        }
    }

    fn packet(&mut self, packet: Packet) -> Result<Option<Request<Name, Message>>, SpeechError> {
        let Packet { namespace, body } = packet;
        if let Said::Connect(auth) = body {
            return self.connect(&namespace, auth.as_ref());
        }
        let Some(at) = self.members.iter().position(|member| member.namespace == namespace) else {
            // A leaving of what was never entered, or an answer to what left, is nothing.
            return match body {
                Said::Disconnect | Said::Ack { .. } => Ok(None),
                Said::Connect(_) | Said::Event(_) | Said::ConnectError(_) => {
                    Err(broken("a packet of a namespace that is not connected".into()))
                }
            };
        };
        match body {
            Said::Disconnect => self.leave(at, "client namespace disconnect"),
            Said::Event(event) => self.event(at, event)?,
            Said::Ack { id, data, attachments } => self.acked(at, id, data, attachments),
            Said::Connect(_) => {}
            Said::ConnectError(_) => return Err(broken("CONNECT_ERROR is a server's".into())),
        }
        Ok(None)
    }

    /// A client asks to enter a namespace.
    fn connect(
        &mut self,
        name: &Text,
        auth: Option<&Text>,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        let known = self.core.namespaces.get(name.as_str()).cloned();
        let Some(namespace) = known else {
            self.refuse_connect(name, &Refused::of("Invalid namespace"));
            return Ok(None);
        };
        let auth = auth.and_then(|auth| serde_json::from_slice(auth.as_bytes()).ok());
        let wish = Wish { namespace, auth: auth.unwrap_or(Value::Null) };
        let entered = self.members.iter().any(|member| member.namespace == *name);
        let asked = self.entering.iter().any(|(_, entering)| entering == name);
        if entered || asked {
            return Ok(None);
        }
        let token = wish.auth.get("token").and_then(Value::as_str).map(Name::from);
        if token.as_ref().is_some_and(|token| token.len() > TOKEN_BYTES_MAX) {
            let why = format!("auth.token has more than {TOKEN_BYTES_MAX} bytes");
            self.refuse_connect(name, &Refused::of(&why));
            return Ok(None);
        }
        match &mut self.greeting {
            Greeting::Welcome => {
                if token.is_some() && token != self.token && self.core.server.asks_for_credentials()
                {
                    let why = "the token differs from that of this connection; accepted: the same one, or another connection (forceNew)";
                    self.refuse_connect(name, &Refused::of(why));
                    return Ok(None);
                }
                self.enter(wish);
                Ok(None)
            }
            // Nothing is read while credentials are judged.
            Greeting::Asked(wishes) => {
                wishes.push(wish);
                Ok(None)
            }
            Greeting::Awaited => {
                self.greeting = Greeting::Asked(vec![wish]);
                self.token = token.clone();
                Ok(Some(Request::Hello(self.hello(token))))
            }
        }
    }

    fn hello(&mut self, token: Option<Name>) -> Hello<Name> {
        // Fresh for each connection: take-over is by private ids.
        let name = Name::from(random_token("sio-"));
        self.producer = name.to_string();
        let header = || self.handshake.bearer_token().map(Name::from);
        Hello {
            version: 1,
            client: Arc::clone(&name),
            producer: name,
            auth: token.or_else(header),
            channels: Vec::new(),
            frame_max: None,
            last: None,
        }
    }

    /// Has a CONNECT judged.
    fn enter(&mut self, wish: Wish) {
        let Wish { namespace, auth } = wish;
        let user = self.user.clone().unwrap_or_else(|| Arc::new(User::anonymous()));
        self.numbers = self.numbers.wrapping_add(1);
        self.entering.push((self.numbers, Text::from(namespace.name.to_string())));
        let entering = Entering {
            core: Arc::clone(&self.core),
            namespace,
            user,
            handshake: Arc::clone(&self.handshake),
            inbox: Arc::clone(&self.inbox),
            auth,
        };
        entering.start(self.numbers);
    }

    pub(super) fn refuse_connect(&mut self, namespace: &Text, Refused(said): &Refused) {
        let said = Said::ConnectError(Some(Text::from(said.clone())));
        self.say(&Packet::new(namespace.clone(), said));
    }

    /// A CONNECT was judged: returns the namespace, if it is still asked for.
    pub(super) fn take_entering(&mut self, number: u32) -> Option<Text> {
        let at = self.entering.iter().position(|(known, _)| *known == number)?;
        Some(self.entering.swap_remove(at).1)
    }

    pub(super) fn say(&mut self, packet: &Packet) {
        self.steps.push_back(Step::Say(said(packet)));
        self.inbox.wake();
    }

    pub(super) fn ask(&mut self, request: Request<Name, Message>) {
        self.steps.push_back(Step::Request(request));
        self.inbox.wake();
    }

    /// Publishes what a handler asks for as the client would.
    pub(super) fn publish(
        &mut self,
        channel: Name,
        id: Option<&str>,
        payload: Message,
        done: Waiting<Stored>,
    ) {
        let (producer, sequence) = match id {
            Some(id) => (Some(Name::from(id_producer(id))), 1),
            None => {
                self.sequence += 1;
                (None, self.sequence)
            }
        };
        let (named, to) = (producer.clone(), Arc::clone(&channel));
        self.publishes.push(Published { channel: to, producer: named, sequence, done });
        let before = Some(0).filter(|_| producer.is_none());
        self.ask(Request::Publish(Publish { channel, producer, sequence, before, payload }));
    }

    pub(super) fn read(&mut self, channel: Name, after: u64, limit: u32, done: Waiting<Page>) {
        self.numbers = self.numbers.wrapping_add(1);
        let request = self.numbers;
        self.pages.push((request, done));
        self.ask(Request::Read { request, channel, after, limit });
    }

    fn refused(
        &mut self,
        channel: &Name,
        producer: Option<&Name>,
        sequence: u64,
        code: u32,
        why: &Name,
    ) {
        let is_it = |one: &Published| {
            one.channel == *channel && one.producer.as_ref() == producer && one.sequence == sequence
        };
        if let Some(at) = self.publishes.iter().position(is_it) {
            refuse(Some(self.publishes.swap_remove(at).done), code, why);
        }
    }

    fn paged(&mut self, request: u32) -> Option<Waiting<Page>> {
        let at = self.pages.iter().position(|(number, _)| *number == request)?;
        Some(self.pages.swap_remove(at).1)
    }

    /// The session ends with an error: who waits to be let in hears why.
    fn failed(&mut self, why: &str) -> Payload {
        let Greeting::Asked(wishes) = &mut self.greeting else {
            return Payload::Nothing;
        };
        let refused = Text::from(json!({ "message": why }).to_string());
        let packets = std::mem::take(wishes).into_iter().map(|wish| {
            let namespace = Text::from(wish.namespace.name.to_string());
            said(&Packet::new(namespace, Said::ConnectError(Some(refused.clone()))))
        });
        Payload::Several(packets.collect())
    }
}

impl Speech for SocketIoSpeech {
    fn decode(
        &mut self,
        incoming: Incoming,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        let message = match incoming {
            Incoming::Text(text) => Message::Text(text),
            Incoming::Binary(bytes) => Message::Binary(bytes),
            Incoming::Pong(_) => return Ok(None),
        };
        match self.assembler.take(message) {
            Ok(Some(packet)) => self.packet(packet),
            Ok(None) => Ok(None),
            Err(error) => Err(broken(error.to_string().into())),
        }
    }

    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        match reply {
            Reply::Welcome(welcome) => {
                let suffix = welcome.suffix.as_deref().unwrap_or_default();
                self.producer.push_str(suffix);
                let greeting = std::mem::replace(&mut self.greeting, Greeting::Welcome);
                if let Greeting::Asked(wishes) = greeting {
                    wishes.into_iter().for_each(|wish| self.enter(wish));
                }
                Payload::Nothing
            }
            Reply::Message(stored) => self.message(stored, None),
            Reply::SubscribeOk { channel, epoch, head, replay } => {
                self.subscribed(channel, *epoch, *head, *replay);
                Payload::Nothing
            }
            Reply::SubscribeErr { channel, code, why } => {
                self.subscription_refused(channel, *code, why);
                Payload::Nothing
            }
            Reply::Gap { channel, from, to, cause, epoch } => {
                self.gap(channel, (*from, *to), *cause, *epoch)
            }
            Reply::Nack { channel, producer, sequence, code, why } => {
                self.refused(channel, producer.as_ref(), *sequence, *code, why);
                Payload::Nothing
            }
            Reply::Volatile { channel, key, user, payload } => {
                self.value(channel, key, user.as_deref(), payload)
            }
            Reply::Retained { channel, key, payload, .. } => {
                self.value(channel, key, None, payload)
            }
            Reply::Page { request, epoch, first, head, messages, .. } => {
                if let Some(done) = self.paged(*request) {
                    let head = crate::log::Head { epoch: *epoch, first: *first, head: *head };
                    let _ = done.send(Ok(Page { head, messages: messages.clone() }));
                }
                Payload::Nothing
            }
            Reply::ReadErr { request, code, why } => {
                refuse(self.paged(*request), *code, why);
                Payload::Nothing
            }
            Reply::Err { fatal: true, why, .. } => self.failed(why),
            Reply::Away { slot, .. } => self.away(*slot),
            // Each message is told of by itself.
            Reply::Ack { .. }
            | Reply::Err { .. }
            | Reply::UnsubscribeOk { .. }
            | Reply::AuthOk { .. }
            | Reply::Ping { .. }
            | Reply::Pong { .. }
            | Reply::Bye => Payload::Nothing,
        }
    }

    fn encode_shared(&mut self, reply: &Reply<Name, Message>, shared: &OnceLock<Bytes>) -> Payload {
        if let Reply::Message(stored) = reply {
            return self.message(stored, Some(shared));
        }
        self.encode(reply)
    }

    fn format(&self) -> Option<crate::speech::Format> {
        None
    }

    fn admitted(&mut self, user: &Arc<User>) {
        self.user = Some(Arc::clone(user));
    }

    fn owns(&self, channel: &str) -> bool {
        self.members.iter().any(|member| member.is_own(channel))
    }

    fn stored(&mut self, channel: &Name, producer: Option<&Name>, sequence: u64, offset: u64) {
        let is_it = |one: &Published| {
            one.channel == *channel && one.producer.as_ref() == producer && one.sequence == sequence
        };
        let Some(at) = self.publishes.iter().position(is_it) else { return };
        let id = producer.and_then(|producer| given_id(producer));
        let id = message_id(id, &self.producer, sequence);
        // Nobody may wait for it any more.
        let _ = self.publishes.swap_remove(at).done.send(Ok(Stored { id, offset }));
    }

    fn poll_step(&mut self, cx: &mut Context<'_>, capacity: Capacity) -> Option<Step> {
        loop {
            let may = match self.steps.front() {
                Some(Step::Say(_)) => capacity.messages,
                Some(Step::Request(_)) => capacity.requests,
                Some(Step::Close { .. }) => true,
                None => match self.inbox.take(cx, capacity.messages) {
                    Some(command) => {
                        self.carry_out(command);
                        continue;
                    }
                    None => return None,
                },
            };
            return if may { self.steps.pop_front() } else { None };
        }
    }

    fn is_busy(&self) -> bool {
        self.inbox.is_busy() || self.publishes.len() >= PUBLISHES_MAX
    }

    fn rest(&mut self) {
        self.steps.shrink_to_fit();
        self.entering.shrink_to_fit();
        self.publishes.shrink_to_fit();
        self.pages.shrink_to_fit();
        self.members.shrink_to_fit();
        self.members.iter_mut().for_each(Member::rest);
        self.inbox.rest();
    }

    fn closed(&mut self, closed: Closed) {
        let why = match closed {
            Closed::ByClient | Closed::Lost => "transport close",
            Closed::Broken => "parse error",
            Closed::Silent => "ping timeout",
            Closed::ByServer { code } if code == Code::Restart.close() => "server shutting down",
            Closed::ByServer { code } if code == BROKEN => "parse error",
            Closed::ByServer { .. } => "forced server close",
        };
        self.end(why);
    }
}

impl Drop for SocketIoSpeech {
    fn drop(&mut self) {
        self.end("transport close");
    }
}

/// Makes what is to be written of a packet.
pub(super) fn said(packet: &Packet) -> Payload {
    let text = Payload::Text(packet.to_text().as_str().to_owned());
    if packet.attachments().is_empty() {
        return text;
    }
    let attached = packet.attachments().iter().map(|bytes| Payload::Binary(bytes.to_vec()));
    Payload::Several(std::iter::once(text).chain(attached).collect())
}

/// What breaks the rules ends the connection, as at other servers.
pub(super) fn broken(why: Name) -> SpeechError {
    SpeechError { code: BROKEN, why, fatal: true }
}

/// The close code for what breaks the rules.
const BROKEN: u16 = 1002;

/// Messages of handlers on their way to the log.
const PUBLISHES_MAX: usize = 512;
