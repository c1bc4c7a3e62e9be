//! Emits that subscribe: sent again in each session that is not the one of before.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use everlink_engine::{ChannelId, Input};

use super::SocketIo;
use crate::client::{Emit, EventArgs, SubscribeError};
use crate::driver::queue::Queue;
use crate::driver::shared::Shared;
use crate::driver::state::State;

/// What is emitted to subscribe, and to give up.
#[derive(Debug)]
pub(crate) struct Join {
    enter: Mutex<Emit>,
    leave: Option<Emit>,
    /// What the server answered; the oldest goes when too many wait.
    pub(crate) answers: Queue<EventArgs>,
}

/// The list of an event, and its attachments.
type Said = (String, Vec<Bytes>);

impl Join {
    pub(crate) fn new(enter: Emit, leave: Option<Emit>) -> Self {
        let answers = Queue::new(ANSWERS_MAX, Arc::default());
        Self { enter: Mutex::new(enter), leave, answers }
    }

    /// Sets what is emitted from the next time on.
    pub(crate) fn set_enter(&self, enter: Emit) {
        *self.enter.lock().unwrap_or_else(PoisonError::into_inner) = enter;
    }

    pub(super) fn enter(&self) -> Said {
        self.enter.lock().unwrap_or_else(PoisonError::into_inner).said()
    }

    pub(super) fn leave(&self) -> Option<Said> {
        self.leave.as_ref().map(Emit::said)
    }

    pub(super) fn answered(&self, args: EventArgs) {
        self.answers.push_over(args);
    }

    /// Returns how events name it: what it emits.
    fn label(&self) -> Arc<str> {
        self.enter().0.into()
    }
}

impl SocketIo {
    /// Returns how events name a channel.
    pub(crate) fn label(&self, channel: ChannelId) -> Option<Arc<str>> {
        self.joins.get(&channel).map(|join| join.label())
    }

    fn next_channel(&mut self) -> ChannelId {
        // Four thousand million later the first ones are long given up.
        self.last_channel = self.last_channel.wrapping_add(1);
        ChannelId(self.last_channel)
    }
}

impl Shared {
    /// Subscribes by an emit, across every reconnect.
    pub(crate) fn join(&self, join: Arc<Join>) -> Result<ChannelId, SubscribeError> {
        let mut state = self.lock();
        let dialect = state.engine.config().dialect().name;
        let Some(sio) = &mut state.socketio else {
            return Err(SubscribeError::NotSocketIo { dialect });
        };
        let channel = sio.next_channel();
        sio.joins.insert(channel, join);
        if let Err(error) = state.input(Input::Subscribe { channel, from: None }) {
            if let Some(sio) = &mut state.socketio {
                sio.joins.remove(&channel);
            }
            return Err(error.into());
        }
        drop(state);
        self.waker.wake();
        Ok(channel)
    }

    /// Gives it up.
    pub(crate) fn leave(&self, channel: ChannelId) {
        let mut state = self.lock();
        let closed = state.is_closed();
        if let Some(sio) = &mut state.socketio
            && let Some(join) = sio.joins.remove(&channel)
            && join.leave.is_some()
            && !closed
        {
            sio.leaves.insert(channel, join);
            if sio.leaves.len() > LEAVES_MAX {
                sio.leaves.pop_first();
            }
        }
        unsubscribe(&mut state, channel);
        drop(state);
        self.waker.wake();
    }
}

fn unsubscribe(state: &mut State, channel: ChannelId) {
    let given_up = state.input(Input::Unsubscribe { channel });
    debug_assert!(given_up.is_ok(), "only sends and subscriptions can fail");
}

/// Most emits that give up which are kept because the server has not confirmed them: beyond that the oldest
/// is not said again in a session that goes on.
const LEAVES_MAX: usize = 1024;

/// Most answers of one subscription that wait to be taken.
const ANSWERS_MAX: usize = 16;
