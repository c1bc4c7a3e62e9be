//! What happened, in sentences that a test can expect.
#![expect(clippy::wildcard_enum_match_arm, reason = "a story leaves out what no test reads")]

use everlink_engine::{ConnectionState, Event, Outcome};

/// Adds what an event says; a loss and the plan that follows it are one sentence.
pub(super) fn tell(story: &mut Vec<String>, event: &Event<u64>) {
    let sentence = match event {
        Event::Connected { .. } | Event::Reconnected { .. } => "connected".to_owned(),
        Event::Disconnected { .. } => "lost".to_owned(),
        Event::AttemptFailed { .. } => "failed".to_owned(),
        Event::Reconnecting { attempt, .. } => {
            let plan = format!("attempt {attempt} next");
            match story.last_mut() {
                Some(last) if last == "lost" || last == "failed" => {
                    last.push_str(", ");
                    last.push_str(&plan);
                    return;
                }
                Some(_) | None => plan,
            }
        }
        Event::ReconnectFailed { attempts, .. } => format!("gave up after {attempts}"),
        Event::StateChanged { to: ConnectionState::Closed, .. } => "closed".to_owned(),
        Event::Moved => "moved".to_owned(),
        Event::Message { payload, .. } => format!("< {payload}"),
        Event::Gap { from, to, cause, .. } => format!("gap {from} to {to}: {cause:?}"),
        Event::Supervised { cause, attempt } => format!("second level {attempt}: {cause:?}"),
        Event::Breaker { open } => {
            (if *open { "breaker open" } else { "breaker closed" }).to_owned()
        }
        Event::Subscribed { channel } => format!("subscribed {}", channel.0),
        Event::SubscriptionRejected { channel, .. } => format!("refused {}", channel.0),
        Event::Resubscribed { channels } => format!("all {channels} subscribed"),
        Event::Settled { first, last, outcome } => match outcome {
            Outcome::Written | Outcome::Acknowledged { .. } => return,
            other => format!("{} {other:?}", range(first.0, last.0)),
        },
        Event::InDoubt { first, last } => format!("{} in doubt", range(first.0, last.0)),
        Event::OutboxRoom => "room".to_owned(),
        Event::Away { .. } => "asked away".to_owned(),
        _ => return,
    };
    story.push(sentence);
}

fn range(first: u64, last: u64) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}
