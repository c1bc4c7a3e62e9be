//! Publishing and reading from code.

use std::sync::Arc;

use everlink_engine::Epoch;
use everlink_engine::server::Refusals;
use everlink_wire::Message;
use serde::Serialize;
use tokio::sync::oneshot;

use super::Server;
use crate::log::{Append, Appended, Body, Head, LogError, PageLimit, Record};
use crate::node::{PRESENCE_KEY, Presence, RETAINED_MAX};
use crate::speech::Name;

impl Server {
    /// Publishes a message and returns once it is stored, as safe as the log says.
    ///
    /// Text must be JSON ([`json`] makes it from anything); bytes are anything. A [`Publication`] says
    /// more, such as the user.
    ///
    /// # Errors
    ///
    /// It cannot be stored, or is not acceptable; nothing was published.
    ///
    /// # Cancel safety
    ///
    /// Once called it is published, waited for or not.
    pub async fn publish(
        &self,
        channel: &str,
        payload: impl Into<Message>,
    ) -> Result<Published, PublishError> {
        self.publish_as(Publication::new(channel, payload)).await
    }

    /// Publishes a message with all that can be said about it.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish); with an origin of one's own also when a number before it is
    /// missing.
    ///
    /// # Cancel safety
    ///
    /// As [`publish`](Self::publish).
    pub async fn publish_as(&self, publication: Publication) -> Result<Published, PublishError> {
        self.publish_at_once(publication)?.await
    }

    /// Hands a message to the log at once, and gives what it comes to.
    pub(crate) fn publish_at_once(
        &self,
        publication: Publication,
    ) -> Result<impl Future<Output = Result<Published, PublishError>> + use<>, PublishError> {
        check_channel(&publication.channel)?;
        check_payload(&publication.payload)?;
        publication.check_names()?;
        let (told, outcome) = oneshot::channel();
        let done = Box::new(move |outcome| {
            // Nobody may wait for it any more.
            let _ = told.send(outcome);
        });
        let Publication { channel, payload, id, user, origin } = publication;
        let append = |producer, sequence, before| Append {
            channel: Arc::clone(&channel),
            producer,
            sequence,
            before,
            id,
            user,
            first: false,
            refused: Refusals::new(),
            body: Body::Message(payload),
        };
        let log = &*self.node.log;
        match origin {
            Some(Origin { producer, sequence, before }) => {
                log.append(append(producer, sequence, before), done);
            }
            None => {
                let append = |producer, sequence| append(producer, sequence, 0);
                self.node.producer.append(log, &channel, append, done);
            }
        }
        Ok(async move { published(outcome.await.unwrap_or(Err(LogError::Closed))) })
    }

    /// Sets a retained value of a channel: whoever reads the channel is told, now and at each attach.
    /// It is kept by this node, in memory.
    ///
    /// # Errors
    ///
    /// The channel, the kind or the payload is not acceptable, or the channel has 256 kinds already.
    pub fn retain(
        &self,
        channel: &str,
        key: &str,
        payload: impl Into<Message>,
    ) -> Result<(), ValueError> {
        let payload = payload.into();
        check_channel(channel)?;
        check_key(key)?;
        check_payload(&payload)?;
        let room = self.node.room(&Name::from(channel));
        if room.retain(key.into(), payload, self.node.both_clocks()) {
            return Ok(());
        }
        Err(ValueError::TooManyKeys { channel: channel.to_owned(), keys_max: RETAINED_MAX })
    }

    /// Sends a value to whoever reads a channel now. It is not kept.
    ///
    /// # Errors
    ///
    /// The channel, the kind or the payload is not acceptable.
    pub fn volatile(
        &self,
        channel: &str,
        key: &str,
        payload: impl Into<Message>,
    ) -> Result<(), ValueError> {
        let payload = payload.into();
        check_channel(channel)?;
        check_key(key)?;
        check_payload(&payload)?;
        if let Some(room) = self.node.find_room(channel) {
            room.volatile(key.into(), None, payload, None);
        }
        Ok(())
    }

    /// Reads up to `limit` messages of a channel, at most 500, that follow an offset; 0 is the
    /// beginning. If history no longer reaches back that far, the page begins with what is left.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Cancelling changes nothing.
    pub async fn history(
        &self,
        channel: &str,
        after: u64,
        limit: usize,
    ) -> Result<HistoryPage, LogError> {
        let limit = PageLimit { records: limit.clamp(1, HISTORY_MAX), bytes: HISTORY_BYTES };
        let page = self.node.log.read(channel, after, limit).await?;
        Ok(HistoryPage { head: page.head, messages: page.records })
    }

    /// Returns who is in a channel now, on this node.
    #[must_use]
    pub fn presence(&self, channel: &str) -> Presence {
        self.node.find_room(channel).map(|room| room.presence()).unwrap_or_default()
    }
}

fn published(outcome: Result<Appended, LogError>) -> Result<Published, PublishError> {
    match outcome? {
        Appended::New { epoch, offset, at } => Ok(Published { epoch, offset, at: Some(at) }),
        Appended::Known { epoch, last } => Ok(Published { epoch, offset: last.offset, at: None }),
        Appended::Refused { code } => Err(PublishError::Refused { code }),
        Appended::Hole(last) => Err(PublishError::Hole { last: last.sequence }),
    }
}

/// A message to be published by code.
#[derive(Clone, Debug)]
#[must_use = "it is published by `Server::publish_as`"]
pub struct Publication {
    channel: Name,
    payload: Message,
    id: Option<Name>,
    user: Option<Name>,
    origin: Option<Origin>,
}

/// Who publishes, as which of his.
#[derive(Clone, Debug)]
struct Origin {
    producer: Name,
    sequence: u64,
    before: u64,
}

impl Publication {
    /// Makes a message for a channel.
    pub fn new(channel: impl Into<Arc<str>>, payload: impl Into<Message>) -> Self {
        Self {
            channel: channel.into(),
            payload: payload.into(),
            id: None,
            user: None,
            origin: None,
        }
    }

    /// Gives the message a name, by which its readers know it.
    pub fn id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Says which user it is from.
    pub fn user(mut self, user: impl Into<Arc<str>>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Gives the message an origin, so that publishing it again stores it once: a producer, its number
    /// in this channel, and the number before it. A producer that the log does not know may begin
    /// anywhere. Name it with a `~`, so that no client can.
    ///
    /// Default: the next number of this server.
    pub fn origin(mut self, producer: impl Into<Arc<str>>, sequence: u64, before: u64) -> Self {
        self.origin = Some(Origin { producer: producer.into(), sequence, before });
        self
    }

    /// What the wire cannot name must not be stored: every reader would refuse it.
    fn check_names(&self) -> Result<(), ValueError> {
        let producer = self.origin.as_ref().map(|origin| &origin.producer);
        let names =
            [("id", self.id.as_ref()), ("user", self.user.as_ref()), ("producer", producer)];
        for (what, name) in names {
            if let Some(name) = name.filter(|name| !is_name(name)) {
                let name = name.chars().take(NAME_MAX).collect();
                return Err(ValueError::Name { what, name });
            }
        }
        Ok(())
    }
}

/// A message is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The life of the log.
    pub epoch: Epoch,
    /// Its place; of a message that was stored before, that of its producer's last, 0 where that is
    /// not known any more.
    pub offset: u64,
    /// When it was stored, in milliseconds since 1970; `None` if that was before this call.
    pub at: Option<u64>,
}

/// A page of a channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The log as it was read.
    pub head: Head,
    /// The messages, in order.
    pub messages: Vec<Arc<Record>>,
}

/// A message was not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It cannot be stored.
    #[error(transparent)]
    Log(#[from] LogError),
    /// It is not acceptable.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A message with this number was refused before.
    #[error("its number was refused before, with code {code}")]
    #[non_exhaustive]
    Refused {
        /// The code.
        code: u32,
    },
    /// A number of its producer before it is missing.
    #[error("a number before it is missing: the producer's last is {last}")]
    #[non_exhaustive]
    Hole {
        /// The producer's last number.
        last: u64,
    },
}

/// A channel, a kind of value or a payload cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The channel's name.
    #[error(
        "channel {channel:?}: accepted are 1 to {NAME_MAX} bytes, and none of the server's own"
    )]
    #[non_exhaustive]
    Channel {
        /// The name, shortened.
        channel: String,
    },
    /// The message's id, its user or its producer.
    #[error("{what} {name:?}: accepted are 1 to {NAME_MAX} bytes")]
    #[non_exhaustive]
    Name {
        /// Which of them.
        what: &'static str,
        /// The name, shortened.
        name: String,
    },
    /// The name of the kind.
    #[error("kind of value {key:?}: accepted are 1 to {NAME_MAX} bytes, and not `presence`")]
    #[non_exhaustive]
    Key {
        /// The name, shortened.
        key: String,
    },
    /// A text is not JSON, or nested too deep.
    #[error("payload: {reason}")]
    #[non_exhaustive]
    Payload {
        /// What is wrong with it.
        reason: String,
    },
    /// The channel has too many kinds of retained values.
    #[error(
        "channel {channel:?} has {keys_max} kinds of retained values already, the most there can be"
    )]
    #[non_exhaustive]
    TooManyKeys {
        /// The channel.
        channel: String,
        /// How many there may be.
        keys_max: usize,
    },
}

/// Makes a payload from anything that is JSON.
///
/// # Errors
///
/// Its `Serialize` fails, or it has a map whose keys are no strings.
pub fn json(value: &impl Serialize) -> Result<Message, serde_json::Error> {
    serde_json::to_string(value).map(Message::from)
}

pub(crate) fn check_channel(channel: &str) -> Result<(), ValueError> {
    if is_name(channel) {
        return Ok(());
    }
    Err(ValueError::Channel { channel: channel.chars().take(NAME_MAX).collect() })
}

/// Returns whether it can be the name of a channel, a producer or a kind of value.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len()) && !is_reserved(name)
}

/// Returns whether a channel is the server's own, which no endpoint may touch.
pub(crate) fn is_reserved(channel: &str) -> bool {
    channel.starts_with(crate::socketio::RESERVED)
}

fn check_key(key: &str) -> Result<(), ValueError> {
    if is_name(key) && key != PRESENCE_KEY {
        return Ok(());
    }
    Err(ValueError::Key { key: key.chars().take(NAME_MAX).collect() })
}

fn check_payload(payload: &Message) -> Result<(), ValueError> {
    // What the wire cannot say must not be stored: every reader would refuse it.
    everlink_wire::v1::check_payload(payload)
        .map_err(|problem| ValueError::Payload { reason: problem.to_string() })
}

/// Longest name of a channel, a producer or a kind of value, in bytes.
pub(crate) const NAME_MAX: usize = everlink_wire::v1::NAME_BYTES_MAX;

/// Most messages in a page of history.
const HISTORY_MAX: usize = 500;

/// Bytes of payload after which a page of history ends.
const HISTORY_BYTES: usize = 1024 * 1024;
