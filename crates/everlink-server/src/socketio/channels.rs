//! What the channels of a connection's sockets tell.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use everlink_engine::server::{Place, Request, Stored};
use everlink_engine::{Cursor, Epoch, GapCause};
use everlink_wire::Message;
use everlink_wire::socketio::RESERVED_EVENTS;
use serde_json::{Value, json};

use super::args::Args;
use super::body::{Body, MESSAGE, close, news};
use super::broadcast::EVENT_KEY;
use super::member::{Member, Room, refuse};
use super::personal::{self, Record, cursor};
use super::speech::SocketIoSpeech;
use crate::conversation::{READ_KEY, STATUS_KEY};
use crate::node::PRESENCE_KEY;
use crate::speech::{Name, Payload};

impl SocketIoSpeech {
    /// Says a message of a channel. What is the same for all its receivers is made once, and `shared`.
    pub(super) fn message(
        &mut self,
        stored: &Stored<Name, Message>,
        shared: Option<&OnceLock<Bytes>>,
    ) -> Payload {
        let channel = &stored.channel;
        if let Some(at) = self.members.iter().position(|member| member.is_own(channel)) {
            return self.own(at, stored);
        }
        let Some((member, at)) = self.find(channel) else { return Payload::Nothing };
        let room = &mut member.rooms[at];
        room.at.offset = stored.offset;
        if member.socket.published(&stored.producer) {
            return Payload::Nothing;
        }
        let offset = member.offset();
        if let Some(open) = shared.and_then(OnceLock::get) {
            return close(open, offset.as_deref());
        }
        let Some(body) = Body::of_stored(&member.namespace, stored) else {
            return Payload::Nothing;
        };
        if let Some(shared) = shared.filter(|_| body.attachments.is_empty()) {
            // Another may have been quicker.
            let _ = shared.set(body.open.clone());
        }
        body.close(offset.as_deref())
    }

    /// A record of a socket's own log takes effect.
    fn own(&mut self, at: usize, stored: &Stored<Name, Message>) -> Payload {
        let member = &mut self.members[at];
        if let Some(place) = &mut member.personal {
            place.offset = stored.offset;
        }
        let said = match personal::read(&stored.payload) {
            Some(Record::Emit(emit)) => {
                if emit.id.is_some_and(|id| member.socket.acks().is_answered(id)) {
                    Payload::Nothing
                } else {
                    let id = emit.id;
                    let (data, attachments) = emit.into_parts();
                    let body = Body::new(&member.namespace, id, data.as_bytes(), attachments);
                    // Its last argument is the client's callback, which is no place to be.
                    let offset = if id.is_some() { None } else { member.offset() };
                    body.map_or(Payload::Nothing, |body| body.close(offset.as_deref()))
                }
            }
            Some(Record::Join(channel, epoch, offset)) => {
                self.join_recorded(at, channel, cursor(epoch, offset));
                Payload::Nothing
            }
            Some(Record::Leave(channel)) => {
                self.forget_room(at, &channel);
                Payload::Nothing
            }
            Some(Record::Mark(mark)) => {
                let before = member.marked.replace(mark.at);
                self.trim(&stored.channel, before);
                Payload::Nothing
            }
            Some(Record::Acked(_)) | None => Payload::Nothing,
        };
        let member = &self.members[at];
        if let Some(own) = member.socket.personal() {
            own.mark_if_due(&self.core.server, || member.mark());
        }
        said
    }

    fn join_recorded(&mut self, at: usize, channel: Name, from: Cursor) {
        let member = &mut self.members[at];
        let waiting = member.take_joining(&channel);
        if let Some(room) = member.room(&channel) {
            waiting.into_iter().for_each(|waiting| room.wait(waiting));
            return;
        }
        member.rooms.push(Room::new(Arc::clone(&channel), from, waiting));
        self.ask(Request::Subscribe { channels: vec![Place { channel, from: Some(from) }] });
    }

    /// Lets the part of a socket's own log go that no client needs any more.
    fn trim(&self, channel: &Name, before: Option<u64>) {
        let Some(before) = before.filter(|before| *before > 0) else { return };
        let (log, channel) = (Arc::clone(self.core.server.log()), Arc::clone(channel));
        tokio::spawn(async move {
            if let Err(error) = log.trim(&channel, before + 1).await {
                tracing::warn!(%error, "a socket's log is not trimmed");
            }
        });
    }

    pub(super) fn subscribed(&mut self, channel: &Name, epoch: Epoch, head: u64, replay: u64) {
        let Some((member, at)) = self.find(channel) else { return };
        let room = &mut member.rooms[at];
        room.at = Cursor { epoch, offset: head.saturating_sub(replay) };
        room.head = head;
        room.settle(replay);
    }

    pub(super) fn subscription_refused(&mut self, channel: &Name, code: u32, why: &Name) {
        let server = self.core.server.clone();
        let Some((member, at)) = self.find(channel) else { return };
        if let Some(personal) = member.socket.personal() {
            personal.left(&server, channel);
        }
        member.socket.left_room(channel);
        let room = member.rooms.remove(at);
        refuse(room.waiting, code, why);
    }

    /// Messages are gone before they could be read.
    pub(super) fn gap(
        &mut self,
        channel: &Name,
        (from, to): (u64, u64),
        cause: GapCause,
        epoch: Option<Epoch>,
    ) -> Payload {
        if let Some(own) = self.members.iter_mut().find(|member| member.is_own(channel)) {
            move_on(own.personal.as_mut(), to, epoch);
            return Payload::Nothing;
        }
        let Some((member, at)) = self.find(channel) else { return Payload::Nothing };
        move_on(Some(&mut member.rooms[at].at), to, epoch);
        if from > to || !member.socket.settings().channel_news {
            return Payload::Nothing;
        }
        let why = match cause {
            GapCause::Expired => "expired",
            GapCause::Epoch => "epoch",
            GapCause::Slow => "slow",
        };
        let room = member.socket.room(channel).to_owned();
        let said = json!({ "room": room, "from": from, "to": to, "why": why });
        event(member, "gap", said)
    }

    /// Says a value of a channel that is no message.
    pub(super) fn value(
        &mut self,
        channel: &Name,
        key: &str,
        user: Option<&str>,
        payload: &Message,
    ) -> Payload {
        let Some((member, at)) = self.find(channel) else { return Payload::Nothing };
        if key == EVENT_KEY
            && let Some(body) = Body::of_event(&member.namespace, payload)
        {
            return body.close(member.offset().as_deref());
        }
        if !member.socket.settings().channel_news {
            return Payload::Nothing;
        }
        let (name, user) = match key.split_once(':') {
            Some((READ_KEY, _)) => (READ_KEY, user),
            _ => (key, user),
        };
        // These are the server's to say.
        let forged = user.is_some() && [STATUS_KEY, PRESENCE_KEY].contains(&key);
        if RESERVED_EVENTS.contains(&name) || name == MESSAGE || forged {
            return Payload::Nothing;
        }
        let said = news(member.socket.room(channel), user, payload);
        if key == STATUS_KEY {
            // Each comes as an event, and the last one as the state.
            let version = said.get("version").and_then(Value::as_u64).unwrap_or(0);
            let room = &mut member.rooms[at];
            if version <= room.status {
                return Payload::Nothing;
            }
            room.status = version;
        }
        event(member, name, said)
    }

    /// The server asks its clients to come back elsewhere or later.
    pub(super) fn away(&mut self, slot: Duration) -> Payload {
        let slot_ms = u64::try_from(slot.as_millis()).unwrap_or(u64::MAX);
        let told = self.members.iter().filter(|member| member.socket.settings().channel_news);
        let said = told.map(|member| event(member, "away", json!({ "slot_ms": slot_ms })));
        Payload::Several(said.collect())
    }

    fn find(&mut self, channel: &str) -> Option<(&mut Member, usize)> {
        self.members.iter_mut().find_map(|member| {
            let at = member.rooms.iter().position(|room| *room.channel == *channel)?;
            Some((member, at))
        })
    }
}

fn event(member: &Member, name: &str, said: Value) -> Payload {
    let body = Body::of_args(&member.namespace, None, name, &Args::from(said));
    body.map_or(Payload::Nothing, |body| body.close(member.offset().as_deref()))
}

fn move_on(place: Option<&mut Cursor>, to: u64, epoch: Option<Epoch>) {
    if let Some(place) = place {
        match epoch {
            Some(epoch) => *place = Cursor { epoch, offset: to },
            None => place.offset = place.offset.max(to),
        }
    }
}
