//! Which messages are answered.

use std::fmt;
use std::sync::Arc;

use super::message::ChatMessage;

type Judge = dyn Fn(&ChatMessage) -> bool + Send + Sync;

/// Decides which messages may be answered (B07): those that every filter lets through.
///
/// Handlers of [`on_message`](super::ChatClientBuilder::on_message) see every message all the same.
#[derive(Clone)]
pub struct ResponseFilter {
    name: Arc<str>,
    judge: Arc<Judge>,
}

impl ResponseFilter {
    /// Makes a filter of a function that says whether a message may be answered. After a panic of the
    /// function it may not.
    pub fn new(name: &str, judge: impl Fn(&ChatMessage) -> bool + Send + Sync + 'static) -> Self {
        Self { name: name.into(), judge: Arc::new(judge) }
    }

    /// Lets through what contains a word, whatever its case.
    #[must_use]
    pub fn containing(word: &str) -> Self {
        let wanted = word.to_lowercase();
        Self::new("containing", move |message| message.data.to_lowercase().contains(&wanted))
    }

    /// Lets through what others say: without it, a bot may answer itself for ever where the server
    /// echoes.
    #[must_use]
    pub fn not_from(nick: &str) -> Self {
        let nick = nick.to_lowercase();
        Self::new("not_from", move |message| message.nick.to_lowercase() != nick)
    }

    /// Lets through what people with this feature say.
    #[must_use]
    pub fn with_feature(feature: &str) -> Self {
        let feature = feature.to_owned();
        Self::new("with_feature", move |message| message.has_feature(&feature))
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn lets_through(&self, message: &ChatMessage) -> bool {
        (self.judge)(message)
    }
}

impl fmt::Debug for ResponseFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseFilter").field(&self.name).finish()
    }
}
