//! Asks a worker elsewhere.

use std::fmt;
use std::time::Duration;

use axum::http::Uri;
use axum::http::header::HeaderValue;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use super::post::{Posted, post};
use super::{Question, Reply, Responder, ResponderError};
use crate::conversation::StatusEvent;

/// Asks a worker by `POST`ing each message to a URL:
///
/// `{"responder", "conversation_id", "message": {"id", "sequence_number", "sender_id", …}}`, with the
/// header `Idempotency-Key`, which is the same whenever the same message is asked about.
///
/// It answers `{"reply": "text" or {fields}, "events": [{"type": "extraction_start"}, …]}`, either of them left
/// out as it likes, or a text, or 204 to say nothing. What fails by a time-out, a lost connection, 408,
/// 425, 429 or 5xx is tried again.
#[derive(Clone)]
pub struct Webhook {
    url: Uri,
    timeout: Duration,
    attempts_max: u32,
    authorization: Option<HeaderValue>,
}

impl Webhook {
    /// Asks at a URL, `http://` or `https://`.
    ///
    /// # Errors
    ///
    /// It is no such URL, or has a user's name in it.
    pub fn new(url: &str) -> Result<Self, WebhookError> {
        let wrong = || WebhookError::Url { url: url.chars().take(200).collect() };
        let parsed: Uri = url.parse().map_err(|_| wrong())?;
        let scheme = parsed.scheme_str().is_some_and(|scheme| ["http", "https"].contains(&scheme));
        let plain = parsed.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if !scheme || !plain {
            return Err(wrong());
        }
        Ok(Self { url: parsed, timeout: TIMEOUT, attempts_max: ATTEMPTS, authorization: None })
    }

    /// How long the worker may take to answer, from the connection to the last byte.
    ///
    /// Unit: time. Default: 60 s. Why: models take their time.
    ///
    /// # Errors
    ///
    /// It is not 100 ms to 15 min.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, WebhookError> {
        if !(Duration::from_millis(100)..=Duration::from_secs(900)).contains(&timeout) {
            return Err(WebhookError::Timeout { timeout });
        }
        self.timeout = timeout;
        Ok(self)
    }

    /// How often a message is tried.
    ///
    /// Default: 6, which takes half a minute where the worker refuses at once. Range: 1 to 20.
    ///
    /// # Errors
    ///
    /// It is out of this range.
    pub fn attempts_max(mut self, attempts: u32) -> Result<Self, WebhookError> {
        if !(1..=20).contains(&attempts) {
            return Err(WebhookError::Attempts { attempts });
        }
        self.attempts_max = attempts;
        Ok(self)
    }

    /// Sends `Authorization: Bearer` with a secret.
    ///
    /// # Errors
    ///
    /// It cannot stand in a header.
    pub fn bearer(mut self, secret: &str) -> Result<Self, WebhookError> {
        let value = HeaderValue::from_str(&format!("Bearer {secret}"));
        let mut value = value.map_err(|_| WebhookError::Secret)?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    async fn ask(&self, question: &Question) -> Result<Option<Reply>, ResponderError> {
        let Question { responder, channel, epoch, offset, view, .. } = question;
        let body = json!({ "responder": responder, "conversation_id": channel, "message": view });
        let (body, key) = (body.to_string(), idempotency_key(channel, *epoch, *offset));
        let mut attempt = 1;
        loop {
            let posted = post(&self.url, self.authorization.as_ref(), &key, body.clone());
            let posted = timeout(self.timeout, posted).await;
            let (why, wait) = match posted {
                Ok(Ok(Posted::Answer { json, body })) => return read(json, &body),
                Ok(Ok(Posted::Refused { status })) => {
                    return Err(ResponderError::new(format!("the webhook answered {status}")));
                }
                Ok(Ok(Posted::Busy { status, wait })) => {
                    (format!("the webhook answered {status}"), wait)
                }
                Ok(Err(error)) => (format!("the webhook cannot be reached: {error}"), None),
                Err(_) => (format!("the webhook took longer than {:?}", self.timeout), None),
            };
            if attempt >= self.attempts_max {
                return Err(ResponderError::new(format!("{why}, tried {attempt} times")));
            }
            tracing::debug!(%responder, attempt, why, "a webhook is tried again");
            sleep(wait.map_or_else(|| pause(attempt), |wait| wait.min(WAIT_MAX))).await;
            attempt += 1;
        }
    }
}

impl Responder for Webhook {
    fn respond<'a>(
        &'a self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<Option<Reply>, ResponderError>> {
        Box::pin(self.ask(question))
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What a worker answers.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    reply: Option<Value>,
    #[serde(default)]
    events: Vec<StatusEvent>,
}

fn read(json: bool, body: &[u8]) -> Result<Option<Reply>, ResponderError> {
    if body.is_empty() {
        return Ok(None);
    }
    if !json {
        let text = std::str::from_utf8(body);
        let text = text.map_err(|_| ResponderError::new("the webhook's text is not UTF-8"))?;
        return Ok(Some(Reply::text(text)));
    }
    let wrong =
        |error| ResponderError::new(format!("the webhook's answer is not understood: {error}"));
    // First as an object: a list would pass for an answer without fields.
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(wrong)?;
    let answer: Answer = serde_json::from_value(Value::Object(fields)).map_err(wrong)?;
    let content = match answer.reply {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(Value::String(text)) => Reply::text(text).content,
        Some(other) => {
            let why = format!("the webhook's `reply` is {other}; accepted: a text or an object");
            return Err(ResponderError::new(why));
        }
    };
    Ok(Some(Reply { content, events: answer.events }))
}

/// Names a question, the same whenever it is asked.
fn idempotency_key(channel: &str, epoch: u64, offset: u64) -> String {
    let channel: String = channel.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{channel}-{epoch:x}-{offset}")
}

/// Returns how long to wait before the next try: up to 0.5 s, 1 s, 2 s and so on, anywhere below.
fn pause(attempt: u32) -> Duration {
    let most = PAUSE_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(WAIT_MAX);
    let random = getrandom::u32().unwrap_or(u32::MAX);
    let part = f64::from(random) / f64::from(u32::MAX);
    most.mul_f64(0.5 + part / 2.0)
}

/// A webhook cannot be set up like that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The URL is none.
    #[error("webhook {url:?}: accepted is http:// or https://, a host, and a path")]
    #[non_exhaustive]
    Url {
        /// What was given, shortened.
        url: String,
    },
    /// The time-out is out of its range.
    #[error("the webhook's timeout is {timeout:?}; accepted: 100ms to 15min")]
    #[non_exhaustive]
    Timeout {
        /// What was given.
        timeout: Duration,
    },
    /// The number of attempts is out of its range.
    #[error("the webhook's attempts are {attempts}; accepted: 1 to 20")]
    #[non_exhaustive]
    Attempts {
        /// What was given.
        attempts: u32,
    },
    /// The secret cannot be sent.
    #[error(
        "the webhook's secret has characters that no header can carry; accepted: visible ASCII"
    )]
    Secret,
}

const TIMEOUT: Duration = Duration::from_secs(60);

const ATTEMPTS: u32 = 6;

const PAUSE_FIRST: Duration = Duration::from_millis(500);

/// Longest wait between two tries, whatever the worker says.
const WAIT_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_spread() {
        for (attempt, most) in [(1, 500), (2, 1000), (4, 4000), (9, 60_000), (40, 60_000)] {
            let (pause, most) = (pause(attempt), Duration::from_millis(most));
            assert!((most / 2..=most).contains(&pause), "{attempt}: {pause:?}");
        }
    }

    #[test]
    fn an_answer_is_a_text_an_object_or_nothing() {
        let text = |reply: &str| Ok(Some(Reply::text(reply)));
        assert_eq!(read(false, b"hi"), text("hi"));
        assert_eq!(read(true, br#"{"reply":"hi"}"#), text("hi"));
        assert_eq!(read(true, br#"{"reply":{"plaintext":"hi"}}"#), text("hi"));
        assert_eq!(read(true, br#"{"reply":null}"#), Ok(Some(Reply::default())));
        assert_eq!(read(true, b""), Ok(None));
        for wrong in [&br#"{"reply":7}"#[..], b"[]", br#"{"events":[{"type":"x"}]}"#] {
            assert!(read(true, wrong).is_err(), "{}", wrong.escape_ascii());
        }
        assert!(read(false, &[0xff]).is_err());
    }

    #[test]
    fn urls_that_cannot_be_posted_to_are_refused() {
        for url in ["", "ftp://x/", "/path", "http://ann:secret@x/", "http://"] {
            assert!(Webhook::new(url).is_err(), "{url}");
        }
    }
}
