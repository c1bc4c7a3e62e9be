//! What a connection does for its sockets: commands of handlers, and packets of the client.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use everlink_engine::server::{Place, Request};
use everlink_wire::socketio::{Body as Said, Event, Packet};
use everlink_wire::ws::Text;
use serde_json::json;

use super::ack::AckSender;
use super::args::{Args, split_event};
use super::body::Body;
use super::entering::Entered;
use super::handlers;
use super::inbox::{Command, Emission, Refused};
use super::member::{Member, Room, Stage};
use super::socket::Socket;
use super::speech::{SocketIoSpeech, broken};
use crate::speech::{Name, SpeechError, Step};

impl SocketIoSpeech {
    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Entered { number, result } => self.entered(number, result),
            Command::Begin { sid } => self.begin(&sid),
            Command::Emit { sid, emission } => self.emit(&sid, &emission),
            Command::Ack { sid, id, args } => self.acknowledge(&sid, id, &args),
            Command::Join { sid, channel, from, done } => {
                let Some(at) = self.at(&sid) else { return };
                let member = &mut self.members[at];
                if let Some(room) = member.room(&channel) {
                    room.wait(done);
                } else if let Some(personal) = member.socket.personal() {
                    personal.joined(&self.core.server, &channel, from);
                    member.joining.push((channel, done));
                } else {
                    member.rooms.push(Room::new(Arc::clone(&channel), from, Some(done)));
                    let channels = vec![Place { channel, from: Some(from) }];
                    self.ask(Request::Subscribe { channels });
                }
            }
            Command::Leave { sid, channel } => {
                if let Some(at) = self.at(&sid) {
                    self.forget_room(at, &channel);
                }
            }
            Command::Publish { channel, id, payload, done } => {
                self.publish(channel, id.as_deref(), payload, done);
            }
            Command::Volatile { channel, key, payload } => {
                self.ask(Request::Volatile { channel, key, payload });
            }
            Command::Read { channel, after, limit, done } => self.read(channel, after, limit, done),
            Command::Disconnect { sid, close } => self.disconnect(&sid, close),
            Command::TakenOver { sid } => self.taken_over(&sid),
        }
    }

    /// A CONNECT was judged.
    fn entered(&mut self, number: u32, result: Result<Entered, Refused>) {
        let Some(namespace) = self.take_entering(number) else { return };
        let entered = match result {
            Ok(entered) => entered,
            Err(refused) => return self.refuse_connect(&namespace, &refused),
        };
        if !entered.socket.is_of(&self.inbox) {
            // It has gone over to yet another connection meanwhile.
            return self.refuse_connect(&namespace, &Refused::of("the socket is taken over"));
        }
        let sid = Arc::clone(entered.socket.sid());
        let mut said = json!({ "sid": &*sid });
        if let Some(personal) = entered.socket.personal() {
            said["pid"] = json!(&*personal.pid);
        }
        self.members.push(Member::new(entered));
        self.core.counts().came();
        let answer = Said::Connect(Some(Text::from(said.to_string())));
        self.say(&Packet::new(namespace, answer));
        let (inbox, pause) = (Arc::clone(&self.inbox), self.core.settings.listen_pause);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            inbox.push(Command::Begin { sid });
        });
    }

    /// What follows CONNECT's answer begins.
    fn begin(&mut self, sid: &Name) {
        let Some(at) = self.at(sid) else { return };
        let member = &mut self.members[at];
        let Stage::Answered { auth, events } =
            std::mem::replace(&mut member.stage, Stage::Connected)
        else {
            return;
        };
        let own = member.socket.personal().map(|personal| Arc::clone(&personal.channel));
        let own = own.zip(member.personal).map(|(channel, at)| Place { channel, from: Some(at) });
        let rooms = member.rooms.iter();
        let rooms =
            rooms.map(|room| Place { channel: Arc::clone(&room.channel), from: Some(room.at) });
        let channels: Vec<_> = own.into_iter().chain(rooms).collect();
        let socket = member.socket.clone();
        if !channels.is_empty() {
            self.ask(Request::Subscribe { channels });
        }
        if let Some(handler) = socket.settings().on_connect.clone() {
            let socket = socket.clone();
            handlers::start(&self.inbox, "on_connect", || handler(socket, auth));
        }
        for event in events {
            self.dispatch(&socket, event);
        }
    }

    fn emit(&mut self, sid: &Name, emission: &Emission) {
        let Some(at) = self.at(sid) else { return };
        let Emission { event, args, id, volatile } = emission;
        let member = &self.members[at];
        if *volatile && matches!(member.stage, Stage::Answered { .. }) {
            return;
        }
        let Some(body) = Body::of_args(&member.namespace, *id, event, args) else { return };
        // Even a volatile event tells the place: a text that is its own last argument would pass for one.
        let offset = if id.is_some() { None } else { member.offset() };
        self.steps.push_back(Step::Say(body.close(offset.as_deref())));
    }

    fn acknowledge(&mut self, sid: &Name, id: u64, args: &Args) {
        let Some(at) = self.at(sid) else { return };
        let namespace = self.members[at].namespace.clone();
        let (data, attachments) = (args.list().clone(), args.attachments().to_vec());
        self.say(&Packet::new(namespace, Said::Ack { id, data, attachments }));
    }

    /// The client has sent an event.
    pub(super) fn event(&mut self, at: usize, event: Event) -> Result<(), SpeechError> {
        let member = &mut self.members[at];
        if let Stage::Answered { events, .. } = &mut member.stage {
            if events.len() >= HELD_EVENTS_MAX {
                return Err(broken("too many events before the namespace was entered".into()));
            }
            events.push_back(event);
            return Ok(());
        }
        let socket = member.socket.clone();
        self.dispatch(&socket, event);
        Ok(())
    }

    fn dispatch(&self, socket: &Socket, event: Event) {
        let Event { id, data, attachments } = event;
        let Some((name, args)) = split_event(&data, attachments) else { return };
        let ack = AckSender::new(id.map(|id| (socket.clone(), id)));
        let settings = Arc::clone(socket.settings());
        let socket = socket.clone();
        if let Some(handler) = settings.events.get(&name) {
            handlers::start(&self.inbox, "on", || handler(socket, args, ack));
        } else if let Some(handler) = &settings.on_any {
            handlers::start(&self.inbox, "on_any", || handler(socket, name, args, ack));
        }
    }

    /// The client has acknowledged an event.
    pub(super) fn acked(&mut self, at: usize, id: u64, data: Text, attachments: Vec<Bytes>) {
        let socket = &self.members[at].socket;
        if let Some(personal) = socket.personal() {
            personal.acked(&self.core.server, id);
        }
        socket.acks().came(id, Args::of_valid(data, attachments));
    }

    fn disconnect(&mut self, sid: &Name, close: bool) {
        let Some(at) = self.at(sid) else { return };
        let namespace = self.members[at].namespace.clone();
        self.say(&Packet::new(namespace, Said::Disconnect));
        self.leave(at, "server namespace disconnect");
        if close {
            let why = Name::from("the server disconnects");
            self.steps.push_back(Step::Close { code: NORMAL, why });
        }
    }

    /// A socket has come again on another connection; it is no more of this one.
    fn taken_over(&mut self, sid: &Name) {
        let Some(at) = self.at(sid) else { return };
        let member = self.members.swap_remove(at);
        self.core.counts().went();
        self.unsubscribe(&member);
        self.say(&Packet::new(member.namespace, Said::Disconnect));
        if self.members.is_empty() {
            let why = Name::from("its socket has come again");
            self.steps.push_back(Step::Close { code: NORMAL, why });
        }
    }

    /// A socket leaves for good.
    pub(super) fn leave(&mut self, at: usize, why: &'static str) {
        let member = self.members.swap_remove(at);
        self.core.counts().went();
        self.unsubscribe(&member);
        if let Some(personal) = member.socket.personal()
            && self.core.held.remove(&personal.pid)
        {
            self.core.forget(&personal.pid);
        }
        member.socket.acks().clear();
        tell_disconnected(member.socket, why);
    }

    /// The connection is over. Sockets with recovery may come back.
    pub(super) fn end(&mut self, why: &'static str) {
        self.inbox.close();
        for member in std::mem::take(&mut self.members) {
            self.core.counts().went();
            match member.socket.personal() {
                Some(personal) => self.core.held.went(&personal.pid, &self.inbox),
                None => member.socket.acks().clear(),
            }
            tell_disconnected(member.socket, why);
        }
        self.steps = VecDeque::new();
    }

    fn unsubscribe(&mut self, member: &Member) {
        let own = member.socket.personal().map(|personal| Arc::clone(&personal.channel));
        let rooms = member.rooms.iter().map(|room| Arc::clone(&room.channel));
        let channels: Vec<_> = own.into_iter().chain(rooms).collect();
        if !channels.is_empty() {
            self.ask(Request::Unsubscribe { request: 0, channels });
        }
    }

    pub(super) fn forget_room(&mut self, at: usize, channel: &Name) {
        let rooms = &mut self.members[at].rooms;
        let before = rooms.len();
        rooms.retain(|room| room.channel != *channel);
        if rooms.len() < before {
            self.ask(Request::Unsubscribe { request: 0, channels: vec![Arc::clone(channel)] });
        }
    }

    fn at(&self, sid: &Name) -> Option<usize> {
        self.members.iter().position(|member| member.socket.sid() == sid)
    }
}

fn tell_disconnected(socket: Socket, why: &'static str) {
    // A server that ends has no runtime any more, and nobody who would be told.
    if tokio::runtime::Handle::try_current().is_err() {
        return;
    }
    if let Some(handler) = socket.settings().on_disconnect.clone() {
        handlers::spawn("on_disconnect", move || handler(socket, why));
    }
}

/// The close code of an end that was meant.
const NORMAL: u16 = 1000;

/// Events that wait until a namespace is entered.
const HELD_EVENTS_MAX: usize = 256;
