//! Answers by keywords.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::{Question, Reply, Responder, ResponderError};

/// Answers messages in which certain words stand: the first rule that fits answers.
///
/// Words are compared whole, and large and small letters are the same; several words in one entry must
/// follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keywords {
    rules: Vec<CheckedRule>,
    fallback: Option<Arc<str>>,
}

/// As a rule stands in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    words: Vec<String>,
    reply: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct CheckedRule {
    phrases: Vec<Vec<String>>,
    reply: Arc<str>,
}

impl Keywords {
    /// Makes an empty table, which answers nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { rules: Vec::new(), fallback: None }
    }

    /// Adds a rule behind the others: any of these words is answered by that.
    ///
    /// # Errors
    ///
    /// There is no word, an entry has no letter or digit, the answer is empty, or there are 1,000 rules already.
    pub fn rule<W: AsRef<str>>(
        mut self,
        words: impl IntoIterator<Item = W>,
        reply: impl Into<String>,
    ) -> Result<Self, KeywordsError> {
        let (reply, number) = (reply.into(), self.rules.len() + 1);
        let mut phrases = Vec::new();
        for entry in words {
            let phrase = split(entry.as_ref());
            if phrase.is_empty() {
                let entry = entry.as_ref().to_owned();
                return Err(KeywordsError::Word { number, entry });
            }
            phrases.push(phrase);
        }
        if phrases.is_empty() || reply.is_empty() {
            return Err(KeywordsError::Empty { number });
        }
        if number > RULES_MAX {
            return Err(KeywordsError::TooMany);
        }
        self.rules.push(CheckedRule { phrases, reply: reply.into() });
        Ok(self)
    }

    /// Answers whatever no rule fits. Default: with nothing.
    #[must_use]
    pub fn fallback(mut self, reply: impl Into<Arc<str>>) -> Self {
        self.fallback = Some(reply.into());
        self
    }

    /// Returns the answer to a text.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&str> {
        let words = split(text);
        let fits = |phrase: &Vec<String>| words.windows(phrase.len()).any(|part| part == phrase);
        let rule = self.rules.iter().find(|rule| rule.phrases.iter().any(fits));
        rule.map(|rule| &*rule.reply).or(self.fallback.as_deref())
    }

    pub(super) fn checked(rules: Vec<Rule>) -> Result<Self, KeywordsError> {
        rules
            .into_iter()
            .try_fold(Self::new(), |table, Rule { words, reply }| table.rule(words, reply))
    }
}

impl Default for Keywords {
    fn default() -> Self {
        Self::new()
    }
}

impl Responder for Keywords {
    fn respond<'a>(
        &'a self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<Option<Reply>, ResponderError>> {
        let reply = question.text.as_deref().and_then(|text| self.find(text)).map(Reply::text);
        Box::pin(std::future::ready(Ok(reply)))
    }

    fn is_instant(&self) -> bool {
        true
    }
}

/// A table of keywords cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeywordsError {
    /// An entry has nothing to compare.
    #[error(
        "rule {number}: {entry:?} has no letter and no digit; accepted: words, as \"opening hours\""
    )]
    #[non_exhaustive]
    Word {
        /// The rule, from 1.
        number: usize,
        /// The entry.
        entry: String,
    },
    /// A rule lacks words or an answer.
    #[error("rule {number} lacks words or a reply; accepted: at least one word, and a reply")]
    #[non_exhaustive]
    Empty {
        /// The rule, from 1.
        number: usize,
    },
    /// There are too many rules.
    #[error("there are more than {RULES_MAX} rules; accepted: up to {RULES_MAX}")]
    TooMany,
}

/// Splits a text into words, in small letters.
fn split(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

const RULES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_r04_the_first_rule_that_fits_answers_and_words_are_compared_whole() {
        let table = Keywords::new()
            .rule(["opening hours", "open"], "From 9 to 5.")
            .unwrap()
            .rule(["Größe"], "Large.")
            .unwrap();
        for (text, expected) in [
            ("When are you OPEN?", Some("From 9 to 5.")),
            ("opening   hours!", Some("From 9 to 5.")),
            ("opened hours", None),
            ("hours opening", None),
            ("welche GRÖSSE? größe", Some("Large.")),
            ("", None),
        ] {
            assert_eq!(table.find(text), expected, "{text}");
        }
        assert_eq!(table.fallback("Pardon?").find("anything"), Some("Pardon?"));
    }

    #[test]
    fn a_rule_that_could_never_answer_is_refused() {
        let error = Keywords::new().rule(["?!"], "x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "rule 1: \"?!\" has no letter and no digit; accepted: words, as \"opening hours\""
        );
        assert_eq!(Keywords::new().rule(["a"], ""), Err(KeywordsError::Empty { number: 1 }));
        let none: [&str; 0] = [];
        assert_eq!(Keywords::new().rule(none, "x"), Err(KeywordsError::Empty { number: 1 }));
    }
}
