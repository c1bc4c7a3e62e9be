//! Settings of a fake chat.

use super::hall::{BOT, Hall};
use super::handle::Chat;
use super::room::Person;
use super::rules::ChatRules;
use super::script::{ScriptLine, person};
use crate::chaos::Rejected;
use crate::fake::error::FakeError;
use crate::fake::gate::{Observer, Orders, Server};
use crate::fake::limits::{NICKS_MAX, SCRIPT_LINES_MAX};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Settings of a [`Chat`].
#[derive(Clone, Debug)]
pub struct ChatBuilder {
    listen: String,
    people: Vec<(String, String, bool)>,
    script: Vec<ScriptLine>,
    is_repeated: bool,
    rules: ChatRules,
    observer: Observer,
}

impl Default for ChatBuilder {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            people: Vec::new(),
            script: Vec::new(),
            is_repeated: false,
            rules: ChatRules::default(),
            observer: Observer::default(),
        }
    }
}

impl ChatBuilder {
    /// Where to listen, as `host:port` of this machine. Default: `127.0.0.1:0`, a free port.
    #[must_use]
    pub fn listen(mut self, address: impl ToString) -> Self {
        self.listen = address.to_string();
        self
    }

    /// Knows a person by a token. Default: nobody is known, and every token is taken as a nick.
    #[must_use]
    pub fn user(mut self, token: impl ToString, nick: impl ToString) -> Self {
        self.people.push((token.to_string(), nick.to_string(), false));
        self
    }

    /// Knows a bot by a token; what a bot says is neither throttled nor compared.
    #[must_use]
    pub fn bot(mut self, token: impl ToString, nick: impl ToString) -> Self {
        self.people.push((token.to_string(), nick.to_string(), true));
        self
    }

    /// Sets what other people say, from the start on. Default: nothing. Range: at most 10,000 lines.
    #[must_use]
    pub fn script(mut self, lines: impl IntoIterator<Item = ScriptLine>) -> Self {
        self.script = lines.into_iter().collect();
        self
    }

    /// Plays the script over and over. Default: once.
    #[must_use]
    pub fn repeat(mut self, is_repeated: bool) -> Self {
        self.is_repeated = is_repeated;
        self
    }

    /// Sets other limits than those that are documented.
    #[must_use]
    pub fn rules(mut self, rules: ChatRules) -> Self {
        self.rules = rules;
        self
    }

    /// Calls `tell` with one line for each thing that happens: connections, their ends, messages, commands.
    /// It is called by the server's tasks and must not block.
    #[must_use]
    pub fn observe(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(tell);
        self
    }

    /// Starts the chat.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range or the address cannot be listened on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn build(self) -> Result<Chat, FakeError> {
        self.rules.check()?;
        self.check_script()?;
        let people = self.people()?;
        let orders = watch::Sender::new(Orders::new());
        let hall = Hall::new(self.rules, people, orders.clone(), self.observer.clone());
        let hall = Arc::new(hall);
        let server = Server::start(&self.listen, hall.clone(), orders, self.observer).await?;
        let is_played = !self.script.is_empty();
        let script = is_played.then(|| play(hall, self.script, self.is_repeated));
        Ok(Chat { server, script })
    }

    fn people(&self) -> Result<BTreeMap<String, Person>, Rejected> {
        let mut people = BTreeMap::new();
        for (token, nick, is_bot) in &self.people {
            let features = is_bot.then(|| BOT.to_owned()).into_iter().collect();
            people.insert(token.clone(), Person { features, ..person(nick)? });
        }
        if people.len() > NICKS_MAX {
            let accepted = format!("at most {NICKS_MAX}");
            return Err(Rejected::new("fake chat", "users", people.len(), accepted));
        }
        Ok(people)
    }

    fn check_script(&self) -> Result<(), Rejected> {
        let count = self.script.len();
        if count > SCRIPT_LINES_MAX {
            let accepted = format!("at most {SCRIPT_LINES_MAX} lines");
            return Err(Rejected::new("fake chat", "script", count, accepted));
        }
        let length: Duration =
            self.script.iter().fold(Duration::ZERO, |sum, line| sum.saturating_add(line.after));
        if self.is_repeated && count > 0 && length < ROUND_MIN {
            let accepted = format!("a script of at least {ROUND_MIN:?} when it is repeated");
            return Err(Rejected::new("fake chat", "script", format!("{length:?}"), accepted));
        }
        Ok(())
    }
}

fn play(hall: Arc<Hall>, script: Vec<ScriptLine>, is_repeated: bool) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            for line in &script {
                sleep(line.after).await;
                hall.perform(&line.what);
            }
            if !is_repeated {
                return;
            }
        }
    })
}

/// Shortest round of a script that is repeated.
const ROUND_MIN: Duration = Duration::from_millis(1);
