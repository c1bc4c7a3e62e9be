//! An assistant without a mind: it takes its time, tells what it does, and answers by keywords or with what it heard.

use std::time::Duration;

use everlink_server::responders::{
    Keywords, KeywordsError, Question, Reply, Responder, ResponderError,
};
use everlink_server::{Server, StatusEvent, StatusKind};
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::{Rule, table};

/// Answers in the assistant's room. While it works, the conversation's status says so, so that one can cut the
/// connection meanwhile and see that neither the answer nor the status is missed.
#[derive(Debug)]
pub(super) struct Assistant {
    known: Keywords,
    server: Server,
}

impl Assistant {
    pub(super) fn new(server: Server) -> Result<Self, KeywordsError> {
        Ok(Self { known: table(&KNOWN, "")?, server })
    }

    fn say(&self, question: &Question) -> Option<String> {
        let text = question.text.as_deref()?;
        let known = self.known.find(text).filter(|reply| !reply.is_empty());
        Some(known.map_or_else(|| echo(text), str::to_owned))
    }

    /// Evaluates what was said, in appearance: after the answer, as a worker behind a webhook would.
    fn evaluate(&self, channel: &str) {
        let (server, channel) = (self.server.clone(), channel.to_owned());
        tokio::spawn(async move {
            for (pause, event) in [
                (ANSWERED, StatusEvent::new(StatusKind::ExtractionStart)),
                (EXTRACTING, StatusEvent::new(StatusKind::ExtractionComplete).with_summary(true)),
                (SUMMING_UP, StatusEvent::new(StatusKind::SummaryComplete)),
            ] {
                sleep(pause).await;
                if let Err(error) = server.set_status(&channel, event) {
                    tracing::warn!(%error, channel, "a status is not told");
                }
            }
        });
    }
}

impl Responder for Assistant {
    fn respond<'a>(
        &'a self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<Option<Reply>, ResponderError>> {
        Box::pin(async move {
            let Some(reply) = self.say(question) else { return Ok(None) };
            sleep(thinking(&reply)).await;
            self.evaluate(&question.channel);
            Ok(Some(Reply::text(reply)))
        })
    }
}

/// Gives back what was said with "I" and "you" exchanged.
fn echo(text: &str) -> String {
    let heard: String = text.chars().take(HEARD_MAX).collect();
    let turned: Vec<&str> = heard.split_whitespace().map(turn).collect();
    format!(
        "You say: “{}”. I am a demonstration without a mind, so I can only give that back; but it came exactly once.",
        turned.join(" ")
    )
}

fn turn(word: &str) -> &str {
    let turned = TURNED.iter().find(|(from, _)| word.eq_ignore_ascii_case(from));
    turned.map_or(word, |(_, to)| to)
}

/// A longer answer takes longer.
fn thinking(reply: &str) -> Duration {
    let characters = u32::try_from(reply.len()).unwrap_or(u32::MAX).min(THOUGHT_CHARACTERS_MAX);
    THINKING_MIN + THINKING_CHARACTER * characters
}

const TURNED: [(&str, &str); 8] = [
    ("i", "you"),
    ("am", "are"),
    ("my", "your"),
    ("me", "you"),
    ("mine", "yours"),
    ("you", "I"),
    ("your", "my"),
    ("yours", "mine"),
];

const KNOWN: [Rule; 7] = [
    (
        &["hello", "hi", "hey"],
        "Hello! I am a demonstration: keywords, and pauses that look like thinking. Cut the connection while I think, and see that my answer still comes.",
    ),
    (
        &["exactly once", "twice", "doubled", "duplicate", "duplicates"],
        "Each message has a number that it keeps for ever. What is sent again is known by it and stored once; what comes again is dropped by its place in the log.",
    ),
    (
        &["order", "reordered", "sequence"],
        "A message is delivered only after the one before it. A hole is asked for again, and if it cannot be filled, you are told instead of misled.",
    ),
    (
        &["half open", "half-open", "freeze", "frozen", "silent", "heartbeat"],
        "A socket can be dead and look open. A heartbeat notices: no answer within its time, and the connection is made anew. Press Freeze and watch.",
    ),
    (
        &["backoff", "back-off", "reconnect", "reconnects", "retry", "attempts"],
        "The first attempt comes soon, later ones after longer pauses, each with chance in it, so that a million clients do not come back in the same second.",
    ),
    (
        &["offline", "queue", "queued", "tunnel"],
        "What you write offline waits in a queue with a bound, and goes out in order when the connection is back.",
    ),
    (
        &["who are you", "what are you", "are you real", "human"],
        "A table of keywords inside the server. A real worker would be asked by a webhook, in the same place.",
    ),
];

const THINKING_MIN: Duration = Duration::from_millis(1200);
const THINKING_CHARACTER: Duration = Duration::from_millis(10);
const THOUGHT_CHARACTERS_MAX: u32 = 200;

/// Between the steps after an answer.
const ANSWERED: Duration = Duration::from_millis(600);
const EXTRACTING: Duration = Duration::from_millis(1600);
const SUMMING_UP: Duration = Duration::from_millis(1800);

/// Of what it heard, so many characters are given back.
const HEARD_MAX: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_does_not_know_comes_back_with_the_persons_exchanged() {
        assert!(echo("I love my cat").starts_with("You say: “you love your cat”."));
        assert!(echo(&"ü".repeat(1000)).chars().count() < 300);
    }

    #[test]
    fn no_answer_takes_longer_than_a_few_seconds() {
        for (_, reply) in KNOWN {
            assert!(thinking(reply) <= Duration::from_secs(4), "{reply}");
        }
        assert!(thinking("") >= Duration::from_secs(1), "one must be able to cut meanwhile");
    }
}
