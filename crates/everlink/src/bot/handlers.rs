//! The application's functions, none of which can harm another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::filter::ResponseFilter;
use super::message::ChatMessage;
use super::stats::BotStats;
use crate::client::Event;

pub(super) type OnMessage = dyn Fn(&ChatMessage) + Send + Sync;
pub(super) type OnLine = dyn Fn(&str) + Send + Sync;
pub(super) type OnEvent = dyn Fn(&Event) + Send + Sync;
pub(super) type Respond = dyn Fn(&ChatMessage) -> Option<String> + Send + Sync;

/// What the application gave.
#[derive(Clone, Default)]
pub(super) struct Handlers {
    pub(super) message: Vec<Arc<OnMessage>>,
    pub(super) line: Vec<Arc<OnLine>>,
    pub(super) event: Vec<Arc<OnEvent>>,
    pub(super) filters: Vec<ResponseFilter>,
    pub(super) respond: Option<Arc<Respond>>,
}

/// What was counted, shared by client and listener.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BotStats>);

impl Counts {
    pub(super) fn lock(&self) -> MutexGuard<'_, BotStats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a function of the application; `None` is a panic.
    fn call<T>(&self, what: &'static str, function: impl FnOnce() -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(function));
        if result.is_err() {
            self.lock().panics += 1;
            tracing::error!(what, "a function of the application panicked");
        }
        result.ok()
    }
}

impl Handlers {
    pub(super) fn told(&self, counts: &Counts, event: &Event) {
        for handler in &self.event {
            counts.call("handler of events", || handler(event));
        }
    }

    pub(super) fn said(&self, counts: &Counts, line: &str) {
        counts.lock().lines += 1;
        for handler in &self.line {
            counts.call("handler of lines", || handler(line));
        }
    }

    /// Tells a message.
    pub(super) fn heard(&self, counts: &Counts, message: &ChatMessage) {
        counts.lock().messages += 1;
        for handler in &self.message {
            counts.call("handler of messages", || handler(message));
        }
    }

    /// Returns the answer to a message, if there is one.
    pub(super) fn answer(&self, counts: &Counts, message: &ChatMessage) -> Option<String> {
        let respond = self.respond.as_ref()?;
        let may_pass = |filter: &ResponseFilter| {
            counts.call("response filter", || filter.lets_through(message)).unwrap_or(false)
        };
        if !self.filters.iter().all(may_pass) {
            counts.lock().filtered += 1;
            return None;
        }
        counts.call("responder", || respond(message)).flatten()
    }
}
