//! What other people say, and when.

use super::room::Person;
use crate::chaos::Rejected;
use crate::fake::limits::NICK_CHARS_MAX;
use std::str::FromStr;
use std::time::Duration;

/// A line of a chat's script.
///
/// As text: `2s alice: hello` for a message, or `2s SUBONLY {"data":"on"}` for a line as it is; the time
/// is that since the line before.
///
/// # Examples
///
/// ```
/// use everlink_testkit::fake::ScriptLine;
/// use std::time::Duration;
///
/// let line: ScriptLine = "1500ms alice: hello".parse()?;
/// assert_eq!(line, ScriptLine::message(Duration::from_millis(1_500), "alice", "hello")?);
/// # Ok::<(), everlink_testkit::chaos::Rejected>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLine {
    pub(crate) after: Duration,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Message(Person, String),
    Line(String),
}

impl ScriptLine {
    /// Makes a message of somebody, `after` the line before.
    ///
    /// # Errors
    ///
    /// When the nick is not one: 1 to 64 characters without space or colon.
    pub fn message(after: Duration, nick: &str, text: &str) -> Result<Self, Rejected> {
        Ok(Self { after, what: What::Message(person(nick)?, text.to_owned()) })
    }

    /// Makes a line that is sent as it is, `after` the line before.
    #[must_use]
    pub fn line(after: Duration, text: &str) -> Self {
        Self { after, what: What::Line(text.to_owned()) }
    }
}

/// Makes somebody of a nick.
pub(crate) fn person(nick: &str) -> Result<Person, Rejected> {
    let is_plain =
        nick.chars().all(|char| !char.is_whitespace() && char != ':' && !char.is_control());
    if !is_plain || !(1..=NICK_CHARS_MAX).contains(&nick.chars().count()) {
        let accepted = format!("1 to {NICK_CHARS_MAX} characters without space or colon");
        return Err(Rejected::new("fake chat", "nick", nick, accepted));
    }
    Ok(Person { nick: nick.to_owned(), features: Vec::new() })
}

impl FromStr for ScriptLine {
    type Err = Rejected;

    fn from_str(text: &str) -> Result<Self, Rejected> {
        let reject = || Rejected::new("script", "line", text, "`2s alice: hello` or `2s NAME {…}`");
        let (time, rest) = text.trim().split_once(char::is_whitespace).ok_or_else(reject)?;
        let after = humantime::parse_duration(time).map_err(|_| reject())?;
        let rest = rest.trim();
        let word = rest.split_whitespace().next().ok_or_else(reject)?;
        if word.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self::line(after, rest));
        }
        let (nick, message) = rest.split_once(':').ok_or_else(reject)?;
        Self::message(after, nick.trim(), message.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_n08_a_line_that_is_none_is_refused_with_what_is_accepted() {
        for text in ["", "hello", "2s", "2s alice", "two alice: hi", "1s a b: hi"] {
            let error = text.parse::<ScriptLine>().unwrap_err().to_string();
            assert!(error.contains("accepted: "), "{text}: {error}");
        }
        let line: ScriptLine = "0s SUBONLY {\"data\":\"on\"}".parse().unwrap();
        assert_eq!(line.what, What::Line("SUBONLY {\"data\":\"on\"}".to_owned()));
    }
}
