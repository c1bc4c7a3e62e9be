//! A client in a namespace, as handlers hold it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use everlink_engine::Cursor;
use everlink_wire::Message;
use everlink_wire::socketio::RESERVED_EVENTS;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::ack::{AckError, Acks, EmitError};
use super::args::Args;
use super::broadcast::Broadcast;
use super::core::Core;
use super::entering::Entering;
use super::handshake::Handshake;
use super::inbox::{Command, EMITS_MAX, Emission, Emitted, Inbox, Joined, Page, Stored};
use super::namespace::Namespace;
use super::personal::Personal;
use super::room::{channel_of, room_of};
use crate::hooks::{Code, Refusal, User};
use crate::log::PageLimit;
use crate::node::random_name;
use crate::server::Server;
use crate::speech::Name;

/// A client in a namespace. Cloning makes another handle of the same one.
///
/// It may be held longer than the client is there: what is asked of it then has no effect, or with recovery
/// waits for the client's return.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    namespace: Arc<Namespace>,
    sid: Name,
    user: Arc<User>,
    handshake: Arc<Handshake>,
    /// Who its client says that it is.
    claimed: Option<Name>,
    personal: Option<Personal>,
    recovered: AtomicBool,
    /// Whom it is connected by now.
    inbox: Mutex<Arc<Inbox>>,
    acks: Acks,
    rooms: Mutex<Vec<Name>>,
    /// Of what it broadcasts. Another one in each life, as its numbers begin anew.
    producer: Name,
    /// Numbers that.
    sequence: Mutex<u64>,
}

impl Socket {
    pub(super) fn new(entering: &Entering, sid: Name, personal: Option<Personal>) -> Self {
        Self(Arc::new(Inner {
            producer: random_name(&format!("{PRODUCER}{sid}~")).into(),
            core: Arc::clone(&entering.core),
            namespace: Arc::clone(&entering.namespace),
            sid,
            user: Arc::clone(&entering.user),
            handshake: Arc::clone(&entering.handshake),
            claimed: entering.claimed(),
            personal,
            recovered: AtomicBool::new(false),
            inbox: Mutex::new(Arc::clone(&entering.inbox)),
            acks: Acks::default(),
            rooms: Mutex::default(),
            sequence: Mutex::new(0),
        }))
    }

    /// Returns the name by which the client knows itself; the same after a recovery.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.sid
    }

    /// Returns the name of its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.0.namespace.name
    }

    /// Returns who it is.
    #[must_use]
    pub fn user(&self) -> &Arc<User> {
        &self.0.user
    }

    /// Returns how its connection began.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Returns the server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.0.core.server
    }

    /// Returns whether the client came back and has all that it missed, in order; its rooms are joined.
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.0.recovered.load(Ordering::Acquire)
    }

    /// Returns the rooms that it is in.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.0.rooms.lock().clone()
    }

    /// Sends an event to the client. With recovery it is stored, and waits for a client that is away.
    ///
    /// # Errors
    ///
    /// The name is reserved, or, without recovery, the socket is gone or its client reads too slowly; the
    /// event was not taken.
    pub fn emit(&self, event: &str, args: impl Into<Args>) -> Result<(), EmitError> {
        self.send(event, args.into(), None)
    }

    /// Sends an event that may be dropped: if the client is away, or reads too slowly.
    ///
    /// # Errors
    ///
    /// The name is reserved.
    pub fn emit_volatile(&self, event: &str, args: impl Into<Args>) -> Result<(), EmitError> {
        check_event(event)?;
        let emission =
            Emission { event: event.into(), args: args.into(), id: None, volatile: true };
        // Nobody there, or no room: that is what volatile means.
        let _ = self.inbox().emit(&self.0.sid, emission);
        Ok(())
    }

    /// Sends an event and waits for the client's acknowledgement.
    ///
    /// With recovery an event that was not acknowledged is sent again to a client that comes back, at least
    /// once therefore; the acknowledgement is heard by whoever still waits for it.
    ///
    /// # Errors
    ///
    /// It cannot be sent, the socket is gone, or the time is up.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the event is sent; the acknowledgement is then ignored.
    pub async fn emit_with_ack(
        &self,
        event: &str,
        args: impl Into<Args>,
        wait: Duration,
    ) -> Result<Args, AckError> {
        let (id, receiver) = self.0.acks.wait(None)?;
        let _waits = Waits { socket: self, id };
        self.send(event, args.into(), Some(id))?;
        match timeout(wait, receiver).await {
            Ok(Ok(args)) => Ok(args),
            Ok(Err(_)) => Err(AckError::Disconnected),
            Err(_) => Err(AckError::Timeout),
        }
    }

    /// Joins a room: its client gets what is stored in it from now on.
    ///
    /// # Errors
    ///
    /// The user may not read the channel, the socket is gone, or the log cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the room may be joined all the same.
    pub async fn join(&self, room: &str) -> Result<(), Refusal> {
        self.join_after(room, None).await.map(drop)
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        let channel = self.channel(room);
        self.0.rooms.lock().retain(|joined| **joined != *room);
        match &self.0.personal {
            Some(personal) => personal.left(&self.0.core.server, &channel),
            None => {
                self.inbox().push(Command::Leave { sid: self.0.sid.clone(), channel });
            }
        }
    }

    /// Speaks to everyone in a room but this socket.
    pub fn to(&self, room: &str) -> Broadcast {
        Broadcast::new(Arc::clone(&self.0.core), self.channel(room), Some(self.clone()))
    }

    /// Lets the client go, from this namespace (`close` false) or with its whole connection. It does not come
    /// back by itself from the former, and cannot recover from either.
    pub fn disconnect(&self, close: bool) {
        self.inbox().push(Command::Disconnect { sid: self.0.sid.clone(), close });
    }

    /// Joins a room from a place on.
    pub(super) async fn join_after(
        &self,
        room: &str,
        after: Option<Cursor>,
    ) -> Result<Joined, Refusal> {
        let channel = self.channel(room);
        let from = match after {
            Some(after) => after,
            None => {
                let log = self.0.core.server.log();
                let page = log.read(&channel, 0, NOTHING).await;
                let head = page.map_err(|error| Refusal::new(Code::Overload, error.to_string()))?;
                Cursor { epoch: head.head.epoch, offset: head.head.head }
            }
        };
        let sid = self.0.sid.clone();
        let joined = self.ask(|done| Command::Join { sid, channel, from, done }).await?;
        let mut rooms = self.0.rooms.lock();
        if !rooms.iter().any(|known| **known == *room) {
            rooms.push(room.into());
        }
        Ok(joined)
    }

    /// Says in fields whose they are, as its client claims; who is known is known anyway.
    pub(super) fn signed(&self, mut fields: Map<String, Value>, field: &str) -> Map<String, Value> {
        if let (Some(claimed), None) = (&self.0.claimed, self.0.user.id()) {
            fields.entry(field.to_owned()).or_insert_with(|| Value::from(&**claimed));
        }
        fields
    }

    /// Publishes as the client itself would: what it may, and within its limits.
    pub(super) async fn publish(
        &self,
        room: &str,
        id: Option<String>,
        payload: Message,
    ) -> Result<Stored, Refusal> {
        let channel = self.channel(room);
        self.ask(|done| Command::Publish { channel, id, payload, done }).await
    }

    /// Sends a volatile value as the client itself would.
    pub(super) fn volatile(&self, room: &str, key: &str, payload: Message) {
        self.volatile_in(self.channel(room), key, payload);
    }

    pub(super) fn volatile_in(&self, channel: Name, key: &str, payload: Message) {
        self.inbox().push(Command::Volatile { channel, key: key.into(), payload });
    }

    /// Reads history as the client itself would.
    pub(super) async fn history(
        &self,
        room: &str,
        after: u64,
        limit: u32,
    ) -> Result<Page, Refusal> {
        let channel = self.channel(room);
        self.ask(|done| Command::Read { channel, after, limit, done }).await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> Command,
    ) -> Result<T, Refusal> {
        let gone = || Refusal::new(Code::Internal, "the socket is disconnected");
        let (done, answer) = oneshot::channel();
        if !self.inbox().push(command(done)) {
            return Err(gone());
        }
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    fn send(&self, event: &str, args: Args, id: Option<u64>) -> Result<(), EmitError> {
        check_event(event)?;
        if let Some(personal) = &self.0.personal {
            return personal.emit(&self.0.core.server, event, &args, id);
        }
        let emission = Emission { event: event.into(), args, id, volatile: false };
        match self.inbox().emit(&self.0.sid, emission) {
            Emitted::Queued => Ok(()),
            Emitted::Full => Err(EmitError::Full { what: "events", max: EMITS_MAX }),
            Emitted::Gone => Err(EmitError::Disconnected),
        }
    }

    pub(super) fn channel(&self, room: &str) -> Name {
        channel_of(&self.0.namespace.name, room)
    }

    pub(super) fn room<'a>(&self, channel: &'a str) -> &'a str {
        room_of(&self.0.namespace.name, channel)
    }

    /// It is not in a room after all.
    pub(super) fn left_room(&self, channel: &str) {
        let room = self.room(channel);
        self.0.rooms.lock().retain(|joined| **joined != *room);
    }

    pub(super) fn sid(&self) -> &Name {
        &self.0.sid
    }

    pub(super) fn inbox(&self) -> Arc<Inbox> {
        Arc::clone(&self.0.inbox.lock())
    }

    pub(super) fn acks(&self) -> &Acks {
        &self.0.acks
    }

    pub(super) fn personal(&self) -> Option<&Personal> {
        self.0.personal.as_ref()
    }

    pub(super) fn settings(&self) -> &Arc<Namespace> {
        &self.0.namespace
    }

    pub(super) fn downgrade(&self) -> WeakSocket {
        WeakSocket(Arc::downgrade(&self.0))
    }

    /// It is connected by another connection now; returns the one before.
    pub(super) fn taken_over(&self, inbox: &Arc<Inbox>, rooms: Vec<Name>) -> Arc<Inbox> {
        self.0.recovered.store(true, Ordering::Release);
        *self.0.rooms.lock() = rooms;
        std::mem::replace(&mut *self.0.inbox.lock(), Arc::clone(inbox))
    }

    /// Returns whether it is connected by this one.
    pub(super) fn is_of(&self, inbox: &Arc<Inbox>) -> bool {
        Arc::ptr_eq(&self.0.inbox.lock(), inbox)
    }

    /// Names what it broadcasts, so that it is known among what comes back.
    pub(super) fn producer(&self) -> Name {
        Arc::clone(&self.0.producer)
    }

    /// Returns whether a message is one that it has broadcast, also in an earlier life.
    pub(super) fn published(&self, producer: &str) -> bool {
        let rest = producer.strip_prefix(PRODUCER).and_then(|rest| rest.strip_prefix(&*self.0.sid));
        rest.is_some_and(|rest| rest.starts_with('~'))
    }

    /// Runs something with the next number of its broadcasts, in their order.
    pub(super) fn numbered<T>(&self, run: impl FnOnce(u64) -> T) -> T {
        let mut sequence = self.0.sequence.lock();
        *sequence += 1;
        run(*sequence)
    }
}

/// An acknowledgement is waited for as long as this is there.
struct Waits<'a> {
    socket: &'a Socket,
    id: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.socket.0.acks.forget(self.id);
    }
}

pub(super) fn check_event(event: &str) -> Result<(), EmitError> {
    if RESERVED_EVENTS.contains(&event) {
        return Err(EmitError::Reserved { event: event.to_owned() });
    }
    Ok(())
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (namespace, id) = (self.namespace(), self.id());
        f.debug_struct("Socket")
            .field("namespace", &namespace)
            .field("id", &id)
            .finish_non_exhaustive()
    }
}

/// A socket that is there as long as anybody holds it.
pub(super) struct WeakSocket(Weak<Inner>);

impl WeakSocket {
    pub(super) fn upgrade(&self) -> Option<Socket> {
        self.0.upgrade().map(Socket)
    }
}

impl fmt::Debug for WeakSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakSocket").field(&self.upgrade()).finish()
    }
}

/// Begins the names of producers of broadcasts; with a `~`, as clients cannot name one.
const PRODUCER: &str = "sio~";

/// Only where the log is.
pub(super) const NOTHING: PageLimit = PageLimit { records: 0, bytes: 0 };
