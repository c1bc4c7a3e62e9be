//! A socket on its connection: how far it is, and what it reads.

use std::collections::VecDeque;
use std::sync::Arc;

use everlink_engine::Cursor;
use everlink_wire::socketio::Event;
use everlink_wire::ws::Text;
use serde_json::Value;

use super::entering::Entered;
use super::inbox::{Joined, Reply};
use super::offset;
use super::personal::Mark;
use super::socket::Socket;
use crate::hooks::{Code, Refusal};
use crate::speech::Name;

/// A socket on its connection.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) socket: Socket,
    pub(super) namespace: Text,
    pub(super) stage: Stage,
    /// Where it is in its own log.
    pub(super) personal: Option<Cursor>,
    /// Where the last mark in it leads back to.
    pub(super) marked: Option<u64>,
    pub(super) rooms: Vec<Room>,
    /// Rooms whose records have not been read yet.
    pub(super) joining: Vec<(Name, Reply<Joined>)>,
}

/// How far a socket is.
#[derive(Debug)]
pub(super) enum Stage {
    /// CONNECT was answered; events that have come wait until its handlers are told.
    Answered {
        auth: Value,
        events: VecDeque<Event>,
    },
    Connected,
}

/// A room that is read.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) channel: Name,
    pub(super) at: Cursor,
    /// The last message in it when it was joined.
    pub(super) head: u64,
    pub(super) joined: bool,
    /// The version of the status that was told last.
    pub(super) status: u64,
    pub(super) waiting: Vec<Reply<Joined>>,
}

impl Member {
    pub(super) fn new(entered: Entered) -> Self {
        let Entered { socket, auth, reading } = entered;
        // Its client's offset may not say so.
        socket.acks().answered(reading.acked);
        let namespace = Text::from(socket.namespace().to_owned());
        let rooms = reading.rooms.into_iter().map(|(channel, at)| Room::new(channel, at, None));
        Self {
            namespace,
            stage: Stage::Answered { auth, events: VecDeque::new() },
            personal: reading.personal,
            marked: None,
            rooms: rooms.collect(),
            joining: Vec::new(),
            socket,
        }
    }

    /// Gives back what an idle socket does not need.
    pub(super) fn rest(&mut self) {
        self.rooms.shrink_to_fit();
        self.joining.shrink_to_fit();
        for room in &mut self.rooms {
            room.waiting.shrink_to_fit();
        }
    }

    pub(super) fn room(&mut self, channel: &str) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| *room.channel == *channel)
    }

    /// Takes whoever waits for a room out.
    pub(super) fn take_joining(&mut self, channel: &str) -> Option<Reply<Joined>> {
        let at = self.joining.iter().position(|(name, _)| **name == *channel)?;
        Some(self.joining.swap_remove(at).1)
    }

    pub(super) fn is_own(&self, channel: &str) -> bool {
        self.socket.personal().is_some_and(|personal| *personal.channel == *channel)
    }

    /// Returns what the client is to hand back; `None` without recovery.
    pub(super) fn offset(&self) -> Option<String> {
        let personal = self.personal?;
        let mut text = String::with_capacity(16 * (1 + self.rooms.len()));
        let rooms = self.rooms.iter().map(|room| room.at);
        offset::write(std::iter::once(personal).chain(rooms), &mut text);
        Some(text)
    }

    /// Returns what the socket is now.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            sid: Arc::clone(self.socket.sid()),
            namespace: self.socket.namespace().into(),
            user: self.socket.user().id().cloned(),
            at: self.personal.map_or(0, |at| at.offset),
            channels: self.rooms.iter().map(|room| Arc::clone(&room.channel)).collect(),
            acks: self.socket.acks().next(),
        }
    }
}

impl Room {
    pub(super) fn new(channel: Name, at: Cursor, waiting: Option<Reply<Joined>>) -> Self {
        let waiting = waiting.into_iter().collect();
        Self { channel, at, head: at.offset, joined: false, status: 0, waiting }
    }

    /// Somebody else waits for it; it does not begin anew.
    pub(super) fn wait(&mut self, waiting: Reply<Joined>) {
        self.waiting.push(waiting);
        if self.joined {
            self.head = self.at.offset;
            self.settle(0);
        }
    }

    /// Answers whoever waits for it.
    pub(super) fn settle(&mut self, replay: u64) {
        self.joined = true;
        let joined = Joined { epoch: self.at.epoch.0, head: self.head, replay };
        for waiting in std::mem::take(&mut self.waiting) {
            // Nobody may wait for it any more.
            let _ = waiting.send(Ok(joined));
        }
    }
}

/// Refuses a wish.
pub(super) fn refuse<T>(waiting: impl IntoIterator<Item = Reply<T>>, code: u32, why: &Name) {
    for waiting in waiting {
        let code = Code::from_number(code).unwrap_or(Code::Forbidden);
        // Nobody may wait for it any more.
        let _ = waiting.send(Err(Refusal::new(code, Name::clone(why))));
    }
}
