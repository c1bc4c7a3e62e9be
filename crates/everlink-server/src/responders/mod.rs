//! What answers messages by itself: a table of keywords, or a worker elsewhere that is asked by a webhook.
//!
//! A responder is attached to channels by a pattern. Its answers are messages like any others, with `role`
//! `assistant`; while it works, the conversation's status says so. It answers each message at least once,
//! crashes included, and its answer is stored at most once: an answer's origin is the responder and the
//! place of what it answers.

mod answer;
mod feed;
mod file;
mod keywords;
mod post;
mod webhook;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use everlink_wire::Message;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

pub use feed::RespondHandle;
pub use file::{ResponderFile, ResponderFileError};
pub use keywords::{Keywords, KeywordsError};
pub use webhook::{Webhook, WebhookError};

use crate::conversation::StatusEvent;
use crate::server::{Server, ValueError};

/// Answers messages.
pub trait Responder: fmt::Debug + Send + Sync + 'static {
    /// Answers a message; `None` says nothing.
    ///
    /// Tries again by itself where that helps: after an error the message is left unanswered. May be asked
    /// about the same message again after a crash.
    fn respond<'a>(
        &'a self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<Option<Reply>, ResponderError>>;

    /// Returns whether an answer takes no time, so that the status says nothing about messages that get none.
    ///
    /// Default: no.
    fn is_instant(&self) -> bool {
        false
    }
}

/// A message that may be answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// The name under which the responder answers.
    pub responder: Arc<str>,
    /// The conversation.
    pub channel: Arc<str>,
    /// The life of its log.
    pub epoch: u64,
    /// The message's place in it.
    pub offset: u64,
    /// The message's name.
    pub id: String,
    /// Who sent it, where that is known.
    pub sender: Option<String>,
    /// Its text, where it has one.
    pub text: Option<String>,
    /// What was sent.
    pub payload: Message,
    /// The message as clients of plain JSON see it.
    pub(crate) view: Value,
}

/// What a responder says.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// The fields of the message, such as `plaintext`; none is no message.
    pub content: Map<String, Value>,
    /// What else it does, told after the answer.
    pub events: Vec<StatusEvent>,
}

impl Reply {
    /// Answers with a text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let content = std::iter::once(("plaintext".to_owned(), Value::String(text.into())));
        Self { content: content.collect(), events: Vec::new() }
    }
}

/// A responder could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
#[non_exhaustive]
pub struct ResponderError {
    /// Why.
    pub why: String,
}

impl ResponderError {
    /// Makes an error.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

/// How a responder is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it is attached by `Server::respond`"]
pub struct RespondOptions {
    name: Arc<str>,
    channels: String,
    age_max: Duration,
    concurrent_max: usize,
}

impl RespondOptions {
    /// Names a responder, as its answers say (`sender_id`), and the channels that it answers in: a pattern in
    /// which `*` stands for any characters.
    ///
    /// After a restart it goes on where it was by its name.
    pub fn new(name: impl Into<Arc<str>>, channels: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            channels: channels.into(),
            age_max: Duration::from_secs(3600),
            concurrent_max: 16,
        }
    }

    /// Leaves messages unanswered that are older, as after a long standstill.
    ///
    /// Unit: time. Default: 1 h.
    pub const fn age_max(mut self, age: Duration) -> Self {
        self.age_max = age;
        self
    }

    /// How many conversations it answers in at once; in each, one message after the other.
    ///
    /// Default: 16. Range: 1 to 1,024.
    pub const fn concurrent_max(mut self, conversations: usize) -> Self {
        self.concurrent_max = conversations;
        self
    }

    fn check(&self) -> Result<(), ValueError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let named = (1..=NAME_BYTES_MAX).contains(&self.name.len()) && self.name.chars().all(plain);
        if !named {
            let accepted = "a responder's name: 1 to 64 letters, digits, `-`, `_` and `.`";
            return Err(ValueError::Payload {
                reason: format!("{:?} is not {accepted}", self.name),
            });
        }
        if !(1..=CONCURRENT_MAX).contains(&self.concurrent_max) {
            let reason = format!(
                "concurrent_max is {}; accepted: 1 to {CONCURRENT_MAX}",
                self.concurrent_max
            );
            return Err(ValueError::Payload { reason });
        }
        Ok(())
    }
}

impl Server {
    /// Attaches a responder to channels. It first answers what came while it was not there, if that is not too
    /// old, and then what comes, until the handle is dropped or the server's last handle is gone.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The name or a number of the options is not accepted.
    pub fn respond(
        &self,
        options: RespondOptions,
        responder: impl Responder,
    ) -> Result<RespondHandle, ValueError> {
        options.check()?;
        Ok(feed::start(self, options, Arc::new(responder)))
    }
}

/// Longest name of a responder, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Most conversations that a responder can answer in at once.
const CONCURRENT_MAX: usize = 1024;
