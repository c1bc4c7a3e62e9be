//! Engine.IO and Socket.IO on one transport: what the server says, in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use everlink_engine::{Cause, ChannelId, MessageId, News, Received};
use everlink_wire::Message;
use everlink_wire::engineio::{Handshake, Packet as Transported, Problem};
use everlink_wire::socketio::{Args, Assembler, Body, Event, Limits, Packet, PacketError, text};
use everlink_wire::ws::Text;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Parcel, Question, Role, SocketIo};
use crate::client::{Event as Told, EventArgs};
use crate::driver::options::Options;
use crate::driver::state::State;
use crate::driver::transport::{Ended, Transport};

/// What one transport remembers. It holds a secret, so that nothing shows it.
pub(crate) struct Dialog {
    stage: Stage,
    assembler: Assembler,
    /// What proves who we are: an object in JSON.
    auth: Option<String>,
    /// Emits that subscribe or give up, by the number under which their answers come.
    asked: BTreeMap<u64, Asked>,
}

/// How far the hand-shake is.
#[derive(Clone, Debug)]
enum Stage {
    /// The server has to say how it pings.
    Opening,
    /// We have asked to be let in.
    Entering(Handshake),
    /// We are in.
    Entered,
}

/// An emit that subscribes or gives up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) request: u32,
    pub(super) channel: ChannelId,
    pub(super) joins: bool,
}

impl Dialog {
    pub(crate) fn new(auth: Option<String>, packet_bytes_max: usize) -> Self {
        let mut limits = Limits::default();
        limits.packet_bytes_max = packet_bytes_max;
        let assembler = Assembler::new(limits);
        Self { stage: Stage::Opening, assembler, auth, asked: BTreeMap::new() }
    }
}

impl Dialog {
    /// An emit asks for its answer. Of a server that answers none, the oldest are not waited for any more.
    pub(super) fn asks(&mut self, id: u64, asked: Asked) {
        self.asked.insert(id, asked);
        if self.asked.len() > ASKED_MAX {
            self.asked.pop_first();
        }
    }
}

/// Takes a message of the server in. An error ends the transport.
pub(in super::super) fn hear(
    transport: &mut Transport,
    state: &mut State,
    message: &Message,
    options: &Options,
) -> Result<News<Message>, Ended> {
    // A transport that was left has no voice.
    if !state.engine.is_current(transport.id) {
        return Ok(LIFE);
    }
    let packet = match Transported::from_message(message) {
        Ok(packet) => packet,
        Err(error) => {
            let is_data = matches!(error.problem, Problem::NotUtf8 | Problem::Handshake { .. });
            let cause = if is_data { Cause::PeerDataInvalid } else { Cause::PeerProtocolError };
            return Err(breaks(transport, state, cause, &error.to_string()));
        }
    };
    match packet {
        Transported::Open(handshake) => open(transport, state, handshake),
        Transported::Ping(_) => Ok(News::Frame(Received::Ping { nonce: None })),
        Transported::Message(message) => {
            let taken = match &mut transport.dialog {
                Some(dialog) => dialog.assembler.take(message),
                None => Ok(None),
            };
            match taken {
                Ok(Some(packet)) => whole(transport, state, packet, options),
                Ok(None) => Ok(LIFE),
                Err(error) => Err(broken(transport, state, &error)),
            }
        }
        Transported::Close => {
            let detail = "the server ended the Engine.IO session".to_owned();
            Err(transport.breaks(Cause::Closed(CODE_DONE), CODE_DONE, detail))
        }
        Transported::Pong(_) | Transported::Noop => Ok(LIFE),
        Transported::Upgrade => {
            let what = "an upgrade, which only a client may send";
            Err(breaks(transport, state, Cause::PeerProtocolError, what))
        }
    }
}

/// What the server said is told.
pub(in super::super) fn told(state: &mut State) {
    if let Some(sio) = &mut state.socketio {
        sio.arriving = None;
    }
}

/// The transport is open: asks to be let in, with the session of before if there is one.
fn open(
    transport: &mut Transport,
    state: &mut State,
    handshake: Handshake,
) -> Result<News<Message>, Ended> {
    let (Some(sio), Some(dialog)) = (&state.socketio, &mut transport.dialog) else {
        return Ok(LIFE);
    };
    let Stage::Opening = dialog.stage else {
        return Err(breaks(transport, state, Cause::PeerProtocolError, "a second open packet"));
    };
    dialog.stage = Stage::Entering(handshake);
    let auth = greeting(sio, dialog.auth.as_deref());
    let packet = Packet::new(sio.namespace.clone(), Body::Connect(auth.map(Text::from)));
    transport.say(&Transported::Message(Message::Text(packet.to_text())).into_message());
    Ok(LIFE)
}

/// Returns what CONNECT carries: the application's object, and the session to go on with. What the
/// application says itself goes first, as with other clients.
fn greeting(sio: &SocketIo, auth: Option<&str>) -> Option<String> {
    let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
    if let Some(auth) = auth {
        let own: HashMap<String, Box<RawValue>> = serde_json::from_str(auth).unwrap_or_default();
        fields.extend(own);
        fields.sort_by(|one, other| one.0.cmp(&other.0));
    }
    let entered = sio.entered.as_ref();
    let known = [
        ("pid", entered.and_then(|entered| entered.pid.as_ref())),
        ("offset", entered.and_then(|entered| entered.offset.as_ref())),
    ];
    for (name, value) in known {
        let taken = fields.iter().any(|(own, _)| own == name);
        if let Some(value) = value.filter(|_| !taken)
            && let Ok(value) = serde_json::value::to_raw_value(&**value)
        {
            fields.push((name.to_owned(), value));
        }
    }
    if fields.is_empty() {
        return None;
    }
    let member = |(name, value): &(String, Box<RawValue>)| {
        format!("{}:{}", serde_json::Value::from(name.as_str()), value.get())
    };
    Some(format!("{{{}}}", fields.iter().map(member).collect::<Vec<_>>().join(",")))
}

/// A whole packet of Socket.IO came.
fn whole(
    transport: &mut Transport,
    state: &mut State,
    packet: Packet,
    options: &Options,
) -> Result<News<Message>, Ended> {
    let (Some(sio), Some(dialog)) = (&mut state.socketio, &mut transport.dialog) else {
        return Ok(LIFE);
    };
    if packet.namespace != sio.namespace {
        let error = "socket.io: a packet of a namespace that we are not in".into();
        state.news.push(Told::BadMessage { error });
        return Ok(LIFE);
    }
    match (packet.body, &dialog.stage) {
        (Body::Connect(Some(data)), Stage::Entering(handshake)) => {
            let silence_max = handshake.ping_interval.saturating_add(handshake.ping_timeout);
            let Some(Let { sid, pid }) = let_in(&data) else {
                let what = "CONNECT without a sid";
                return Err(breaks(transport, state, Cause::PeerProtocolError, what));
            };
            dialog.stage = Stage::Entered;
            let recovered = sio.enters(sid.into(), pid.map(Into::into));
            Ok(News::Frame(Received::Entered { silence_max: Some(silence_max), recovered }))
        }
        (Body::ConnectError(data), Stage::Entering(_)) => {
            Err(refused(transport, data.as_ref(), options))
        }
        (Body::Disconnect, _) => {
            sio.ends();
            let detail = "the server disconnected this client".to_owned();
            Err(transport.breaks(Cause::Closed(CODE_DISMISSED), CODE_DONE, detail))
        }
        // A server that takes a session up may send what was missed before it says that it does.
        (Body::Event(event), Stage::Entering(_) | Stage::Entered) => {
            Ok(News::Frame(event_of(sio, event)))
        }
        (Body::Ack { id, data, attachments }, Stage::Entering(_) | Stage::Entered) => {
            Ok(answer(sio, dialog, id, EventArgs::of_answer(data, attachments)))
        }
        (Body::Connect(_) | Body::ConnectError(_) | Body::Event(_) | Body::Ack { .. }, _) => {
            let what = "a packet that does not belong here";
            Err(breaks(transport, state, Cause::PeerProtocolError, what))
        }
    }
}

/// An event: kept in one message, with the place that the server wants to hear of after a loss.
fn event_of(sio: &mut SocketIo, Event { id, data, attachments }: Event) -> Received<Message> {
    // An event that asks for its answer has no position: what stands last there is the application's own.
    if id.is_none()
        && let Ok(args) = Args::parse(data.as_str())
        && let Some(position) = args.after_event().last().and_then(|last| text(last.get()))
    {
        sio.moves(&position);
    }
    let session = sio.session;
    let role = id.map_or(Role::Tell, |id| Role::Asked(Question { id, session }));
    let payload = Parcel { role, data, attachments }.pack();
    Received::Message { channel: None, key: None, payload }
}

/// The answer to a message, or to an emit that subscribes.
fn answer(sio: &mut SocketIo, dialog: &mut Dialog, id: u64, args: EventArgs) -> News<Message> {
    if id.is_multiple_of(2) {
        let id = MessageId(id / 2);
        sio.arriving = Some((id, args));
        return News::Frame(Received::Answer { id });
    }
    let Some(Asked { request, channel, joins }) = dialog.asked.remove(&id) else {
        return LIFE;
    };
    if !joins {
        sio.leaves.remove(&channel);
    } else if let Some(join) = sio.joins.get(&channel) {
        join.answered(args);
    }
    News::Frame(Received::RequestOk { request })
}

#[derive(Deserialize)]
struct Let {
    sid: String,
    #[serde(default)]
    pid: Option<String>,
}

fn let_in(data: &Text) -> Option<Let> {
    let read: Let = serde_json::from_slice(data.as_bytes()).ok()?;
    (!read.sid.is_empty()).then_some(read)
}

/// The server does not let us in. Why, only its words say: that the namespace is none is the server's
/// own word, everything else is the application's, and mostly about credentials.
fn refused(transport: &mut Transport, data: Option<&Text>, options: &Options) -> Ended {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Refusal {
        Object { message: String },
        Words(String),
    }
    let read = data.and_then(|data| serde_json::from_slice(data.as_bytes()).ok());
    let words = match read {
        Some(Refusal::Object { message } | Refusal::Words(message)) => message,
        None => String::new(),
    };
    let mut words = words.replace(char::is_control, " ");
    words.truncate(words.floor_char_boundary(WORDS_BYTES_MAX));
    let code = if words == NO_NAMESPACE { CODE_NO_NAMESPACE } else { CODE_REFUSED };
    tracing::debug!(client = %options.name, code, "CONNECT_ERROR");
    let detail = match words.as_str() {
        "" => "the server refused the connection".to_owned(),
        words => format!("the server refused the connection: {words}"),
    };
    transport.breaks(Cause::Closed(code), CODE_DONE, detail)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is how it is written")]
fn broken(transport: &mut Transport, state: &mut State, error: &PacketError) -> Ended {
    let cause = match error {
        PacketError::TooLarge { .. } => Cause::PeerMessageTooBig,
        PacketError::Json { .. } | PacketError::TooDeep => Cause::PeerDataInvalid,
        _ => Cause::PeerProtocolError,
    };
    breaks(transport, state, cause, &error.to_string())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these have codes of their own")]
fn breaks(transport: &mut Transport, state: &mut State, cause: Cause, what: &str) -> Ended {
    state.news.push(Told::BadMessage { error: Arc::from(what) });
    let code = match cause {
        Cause::PeerMessageTooBig => 1009,
        Cause::PeerDataInvalid => 1007,
        _ => 1002,
    };
    transport.breaks(cause, code, format!("the peer sent: {what}"))
}

/// Something came that the engine need not know of: life.
const LIFE: News<Message> = News::Heard { data: true };

/// The end of a WebSocket that has done its work.
const CODE_DONE: u16 = 1000;

/// How the engine's table of failures sees that the server did not let us in: credentials are asked for
/// again, once.
const CODE_REFUSED: u16 = 4101;

/// How it sees a namespace that is none.
const CODE_NO_NAMESPACE: u16 = 4404;

/// How it sees that the server disconnected us on purpose: given up, as the official clients do.
const CODE_DISMISSED: u16 = 4500;

/// What servers say of a namespace that is none.
const NO_NAMESPACE: &str = "Invalid namespace";

/// Most emits that subscribe or give up whose answers are waited for on one transport.
const ASKED_MAX: usize = 65_536;

/// Longest part of the server's words that is repeated.
const WORDS_BYTES_MAX: usize = 200;
