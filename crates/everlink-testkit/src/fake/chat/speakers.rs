//! Who may say what, and how soon again: without clock and without sockets.

use super::rules::ChatRules;
use crate::fake::limits::NICKS_MAX;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// What is remembered of those who spoke.
#[derive(Debug, Default)]
pub(crate) struct Speakers {
    speakers: BTreeMap<String, Speaker>,
}

#[derive(Debug)]
struct Speaker {
    last: Instant,
    text: String,
    /// How many delays long the wait after a message is.
    delays: u32,
}

impl Speakers {
    /// Judges a message of a nick; an error is the word for it.
    pub(crate) fn judge(
        &mut self,
        rules: &ChatRules,
        nick: &str,
        text: &str,
        now: Instant,
    ) -> Result<(), &'static str> {
        let Some(speaker) = self.speakers.get_mut(nick) else {
            self.make_room();
            let speaker = Speaker { last: now, text: text.to_owned(), delays: 1 };
            self.speakers.insert(nick.to_owned(), speaker);
            return Ok(());
        };
        let since = now.saturating_duration_since(speaker.last);
        if since > rules.delay_forgotten_after {
            speaker.delays = 1;
        } else if since <= rules.delay {
            speaker.delays = (speaker.delays * 2).min(DELAYS_MAX);
        }
        if !rules.delay.is_zero() && since < rules.delay.saturating_mul(speaker.delays) {
            return Err("throttled");
        }
        speaker.last = now;
        if speaker.text == text {
            speaker.delays = (speaker.delays + 1).min(DELAYS_MAX);
            return Err("duplicate");
        }
        text.clone_into(&mut speaker.text);
        Ok(())
    }

    /// Forgets who has been quiet for longest, when there are too many.
    fn make_room(&mut self) {
        if self.speakers.len() >= NICKS_MAX {
            let speakers = self.speakers.iter();
            let oldest =
                speakers.min_by_key(|(_, speaker)| speaker.last).map(|(nick, _)| nick.clone());
            oldest.map(|nick| self.speakers.remove(&nick));
        }
    }
}

/// Checks a message by itself, and returns it without the space around it.
pub(crate) fn checked<'a>(rules: &ChatRules, text: &'a str) -> Result<&'a str, &'static str> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("msgempty"),
        count if count > rules.message_chars_max => Err("msgtoolong"),
        _ => Ok(text),
    }
}

/// Longest wait after a message, in delays: five minutes with the default.
const DELAYS_MAX: u32 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn req_n08_who_hurries_waits_twice_as_long_each_time_until_all_is_forgotten() {
        let (rules, mut speakers, start) =
            (ChatRules::default(), Speakers::default(), Instant::now());
        let mut said = |after: u64, text: &str| {
            speakers.judge(&rules, "alice", text, start + Duration::from_millis(after))
        };
        assert_eq!(said(0, "a"), Ok(()));
        assert_eq!(said(301, "b"), Ok(()));
        assert_eq!(said(400, "c"), Err("throttled"), "and the wait is two delays");
        assert_eq!(said(850, "c"), Err("throttled"), "two delays after the last are at 901");
        assert_eq!(said(901, "c"), Ok(()));
        assert_eq!(said(1_400, "d"), Err("throttled"), "still two");
        assert_eq!(said(1_501, "d"), Ok(()));
        assert_eq!(said(302_000, "e"), Ok(()), "five minutes later");
        assert_eq!(said(302_301, "f"), Ok(()), "one delay again");
    }

    #[test]
    fn req_n08_the_same_twice_is_a_duplicate_and_another_nick_may_say_it() {
        let (rules, mut speakers, start) =
            (ChatRules::default(), Speakers::default(), Instant::now());
        let mut said = |nick: &str, after: u64| {
            speakers.judge(&rules, nick, "hi", start + Duration::from_secs(after))
        };
        assert_eq!(said("alice", 0), Ok(()));
        assert_eq!(said("bob", 0), Ok(()));
        assert_eq!(said("alice", 10), Err("duplicate"));
        assert_eq!(said("alice", 10_000), Err("duplicate"), "however long ago");
    }

    #[test]
    fn req_n08_a_message_has_1_to_512_characters() {
        let rules = ChatRules::default();
        assert_eq!(checked(&rules, "  hi "), Ok("hi"));
        assert_eq!(checked(&rules, " \t"), Err("msgempty"));
        assert_eq!(checked(&rules, &"ä".repeat(512)).map(str::len), Ok(1_024));
        assert_eq!(checked(&rules, &"a".repeat(513)), Err("msgtoolong"));
    }
}
