//! What answers in `support-chat` and `ai-assistant` as long as nothing else is asked for: a demonstration, and it says so.

mod assistant;

use everlink_server::Server;
use everlink_server::responders::{Keywords, KeywordsError, RespondHandle, RespondOptions};

use crate::exit::usage;
use assistant::Assistant;

/// Rooms in which they answer.
pub(super) const ROOMS: [&str; 2] = [SUPPORT, ASSISTANT];

const SUPPORT: &str = "support-chat";
const ASSISTANT: &str = "ai-assistant";

/// Attaches them.
pub(super) fn attach(server: &Server) -> anyhow::Result<Vec<RespondHandle>> {
    let support = RespondOptions::new("support-demo", SUPPORT);
    let assistant = RespondOptions::new("assistant-demo", ASSISTANT);
    Ok(vec![
        server.respond(support, table(&FAQ, FAQ_ELSE)?).map_err(usage)?,
        server.respond(assistant, Assistant::new(server.clone())?).map_err(usage)?,
    ])
}

type Rule = (&'static [&'static str], &'static str);

fn table(rules: &[Rule], otherwise: &'static str) -> Result<Keywords, KeywordsError> {
    let table = rules
        .iter()
        .try_fold(Keywords::new(), |table, (words, reply)| table.rule(*words, *reply))?;
    Ok(table.fallback(otherwise))
}

const FAQ: [Rule; 8] = [
    (
        &["hello", "hi", "hey", "good morning", "good evening"],
        "Hello! I am a demonstration that answers by keywords. Ask me about prices, opening hours, delivery or a refund.",
    ),
    (
        &["price", "prices", "cost", "costs", "how much", "fee"],
        "Everlink costs nothing: it is under MIT or Apache 2.0, as you like.",
    ),
    (
        &["hours", "open", "closed", "when"],
        "This demonstration is open as long as the server runs, and answers what came while it did not.",
    ),
    (
        &["delivery", "shipping", "deliver", "arrive"],
        "Messages are delivered once and in order. Cut the connection on the right and send some: they come.",
    ),
    (
        &["refund", "return", "money back", "cancel"],
        "Gladly: you get back everything that you paid, which is nothing.",
    ),
    (
        &["lost", "missing", "gone", "broken", "down"],
        "Nothing is lost here. If a message does not say that it is stored, it waits, and goes out when the connection is back.",
    ),
    (
        &["human", "person", "agent", "operator", "somebody"],
        "I am only a table of keywords. In your own system, a webhook can bring a person in at this point.",
    ),
    (
        &["thanks", "thank you", "bye", "goodbye"],
        "You are welcome. I am here whenever the server is.",
    ),
];

const FAQ_ELSE: &str = "I did not understand that: I only know a few words, such as price, hours, delivery, refund or human.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_r04_support_answers_by_keywords_and_says_what_it_knows() {
        let table = table(&FAQ, FAQ_ELSE).unwrap_or_default();
        let find = |text| table.find(text).unwrap_or_default();
        assert!(find("How much is it?").contains("costs nothing"));
        assert!(find("can I speak to a HUMAN").contains("webhook"));
        assert_eq!(find("xyzzy"), FAQ_ELSE);
    }
}
