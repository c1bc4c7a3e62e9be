//! Socket.IO as the task speaks it: the session that the server keeps, who waits for which answer, and
//! what is emitted to subscribe.

mod asks;
mod dialog;
mod joins;
mod parcel;
mod say;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use everlink_engine::{ChannelId, Event as EngineEvent, MessageId, Outcome};
use everlink_wire::Message;
use everlink_wire::ws::Text;

use crate::client::{EventArgs, SessionInfo};

pub(crate) use dialog::Dialog;
pub(super) use dialog::{hear, told};
pub(crate) use joins::Join;
pub(crate) use parcel::{Parcel, Question, Role};
pub(super) use say::say;

/// What one client knows of its session.
#[derive(Debug)]
pub(crate) struct SocketIo {
    pub(super) namespace: Text,
    /// The session as it is now; `None` until a server has let us in.
    pub(super) entered: Option<Entered>,
    /// Counts sessions: numbers that a server gave in one mean nothing in another.
    session: u64,
    /// Events of ours whose answer somebody waits for.
    asking: HashSet<MessageId>,
    /// Answers that nobody has taken yet; only of what is asked.
    answers: HashMap<MessageId, EventArgs>,
    /// The answer that is handed to the engine just now.
    arriving: Option<(MessageId, EventArgs)>,
    /// What is emitted to subscribe.
    joins: HashMap<ChannelId, Arc<Join>>,
    /// What is emitted to give up what is not subscribed any more, until the server has confirmed it.
    leaves: BTreeMap<ChannelId, Arc<Join>>,
    last_channel: u32,
    last_request: u64,
}

/// The session that a server keeps for us.
#[derive(Clone, Debug)]
pub(super) struct Entered {
    sid: Arc<str>,
    /// Names the session to the server after a loss, if it recovers sessions.
    pid: Option<Arc<str>>,
    /// The last event's position, in the server's own words.
    offset: Option<Arc<str>>,
    recovered: bool,
}

impl SocketIo {
    pub(crate) fn new(namespace: Text) -> Self {
        Self {
            namespace,
            entered: None,
            session: 0,
            asking: HashSet::new(),
            answers: HashMap::new(),
            arriving: None,
            joins: HashMap::new(),
            leaves: BTreeMap::new(),
            last_channel: 0,
            last_request: 0,
        }
    }

    /// Returns what is known of the session.
    pub(crate) fn info(&self) -> Option<SessionInfo> {
        let Entered { sid, pid, recovered, .. } = self.entered.as_ref()?;
        let recoverable = pid.is_some();
        Some(SessionInfo { sid: Arc::clone(sid), recoverable, recovered: *recovered })
    }

    /// The session is over for good: nobody comes back to it.
    pub(crate) fn ends(&mut self) {
        self.entered = None;
        self.session += 1;
        self.leaves.clear();
    }

    /// The server has let us in; returns whether the session of before goes on.
    fn enters(&mut self, sid: Arc<str>, pid: Option<Arc<str>>) -> bool {
        let before = self.entered.take();
        let known = before.as_ref().and_then(|before| before.pid.as_ref());
        let recovered = pid.is_some() && known == pid.as_ref();
        let offset = before.filter(|_| recovered).and_then(|before| before.offset);
        if !recovered {
            self.session += 1;
            self.leaves.clear();
        }
        self.entered = Some(Entered { sid, pid, offset, recovered });
        recovered
    }

    /// An event came: its last argument is its position, if the server recovers sessions.
    fn moves(&mut self, position: &str) {
        let entered = self.entered.as_mut().filter(|entered| entered.pid.is_some());
        if let Some(entered) = entered.filter(|_| position.len() <= POSITION_BYTES_MAX) {
            entered.offset = Some(position.into());
        }
    }

    /// Takes note of what the engine tells.
    pub(super) fn sees(&mut self, event: &EngineEvent<Message>) {
        if let EngineEvent::Settled { first, outcome: Outcome::Acknowledged { .. }, .. } = event {
            let arrived = self.arriving.take_if(|(id, _)| id == first);
            if let Some((id, args)) = arrived.filter(|(id, _)| self.asking.contains(id)) {
                self.answers.insert(id, args);
            }
        }
    }

    /// Somebody waits for the answer to a message.
    pub(crate) fn awaits(&mut self, id: MessageId) {
        self.asking.insert(id);
    }

    /// Takes the answer to a message.
    pub(crate) fn take_answer(&mut self, id: MessageId) -> Option<EventArgs> {
        self.answers.remove(&id)
    }

    /// Nobody waits any more.
    pub(crate) fn awaits_no_more(&mut self, id: MessageId) {
        self.asking.remove(&id);
        self.answers.remove(&id);
    }

    /// Returns whether an answer to an event of the peer still means something.
    pub(crate) fn is_open(&self, question: Question) -> bool {
        self.entered.is_some() && self.session == question.session
    }

    /// Returns a number for the next emit that subscribes: odd, as those of messages are even.
    fn next_request(&mut self) -> u64 {
        self.last_request += 1;
        self.last_request * 2 + 1
    }
}

/// Returns the number under which the answer to a message comes.
const fn ack_id(id: MessageId) -> u64 {
    id.0 * 2
}

/// A position that is longer is not remembered: it has to be said again after each loss.
const POSITION_BYTES_MAX: usize = 64 * 1024;
