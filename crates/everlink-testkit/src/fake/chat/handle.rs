//! The handle of a running chat.

use super::builder::ChatBuilder;
use super::counters::ChatCounters;
use super::hall::Hall;
use super::script::{What, person};
use crate::fake::error::FakeError;
use crate::fake::gate::{Cut, Server};
use crate::fake::limits::WAIT_MAX;
use std::net::SocketAddr;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A running fake chat. When it is dropped, every socket closes and every task ends.
///
/// Lines are `MSG {"nick","features","timestamp","data"}`, to all and to the sender too, `NAMES {…}` for
/// newcomers, `JOIN {…}`, `QUIT {…}`, `ERR "word"`, and `PONG …` as the answer to `PING …`. Who has no token, or one that
/// is not known, may read only: `ERR "needlogin"`. A token comes as a cookie (`authtoken`, `jwt`, `sid`), as
/// `Authorization: Bearer` or as `?token=`.
///
/// # Examples
///
/// ```
/// use everlink_testkit::fake::{Chat, Cut, ScriptLine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let script: ScriptLine = "2s alice: anybody here?".parse()?;
/// let chat = Chat::builder().bot("secret", "helper").script([script]).build().await?;
/// println!("point the bot at {} with its token", chat.url());
///
/// chat.say("alice", "hello")?;
/// chat.silence();
/// chat.cut(Cut::Fin)?;
/// chat.restart().await?;
/// assert_eq!(chat.counters().messages, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Chat {
    pub(super) server: Server<Hall>,
    pub(super) script: Option<JoinHandle<()>>,
}

impl Chat {
    /// Starts to configure a chat.
    #[must_use]
    pub fn builder() -> ChatBuilder {
        ChatBuilder::default()
    }

    /// Returns the address that the chat listens on, also while it is stopped.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns its address as a URL, `ws://127.0.0.1:PORT/ws`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/ws", self.local_addr())
    }

    /// Returns its address for commands, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.local_addr())
    }

    /// Returns what it has seen and done so far.
    #[must_use]
    pub fn counters(&self) -> ChatCounters {
        self.server.host().counters.borrow().clone()
    }

    /// Waits until `wanted` holds, and returns the counters as they were then.
    ///
    /// # Errors
    ///
    /// When it did not hold within 10 s.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait_for(
        &self,
        what: &str,
        wanted: impl Fn(&ChatCounters) -> bool,
    ) -> Result<ChatCounters, FakeError> {
        let mut counters = self.server.host().counters.subscribe();
        let waited = timeout(WAIT_MAX, counters.wait_for(|counters| wanted(counters))).await;
        if let Ok(Ok(counters)) = waited {
            return Ok(counters.clone());
        }
        Err(FakeError::NotSeen {
            what: what.to_owned(),
            waited: WAIT_MAX,
            found: format!("{:?}", self.counters()),
        })
    }

    /// Sends a message of somebody who is not connected. No limit applies to it.
    ///
    /// # Errors
    ///
    /// When the nick is not one: 1 to 64 characters without space or colon.
    pub fn say(&self, nick: &str, text: &str) -> Result<(), FakeError> {
        let what = What::Message(person(nick)?, text.to_owned());
        self.server.host().perform(&what);
        Ok(())
    }

    /// Sends all a line as it is, right or wrong.
    pub fn line(&self, text: &str) {
        self.server.host().perform(&What::Line(text.to_owned()));
    }

    /// Answers new WebSockets with a status of 400 to 599 until told otherwise with `None`.
    ///
    /// # Errors
    ///
    /// When the status is another.
    pub fn refuse_connections(&self, status: Option<u16>) -> Result<(), FakeError> {
        Ok(self.server.refuse(status)?)
    }

    /// Sends nothing but pings, and answers to them, from now on; connections stay open.
    pub fn silence(&self) {
        self.server.order(|orders| orders.is_silent = true);
    }

    /// Ends a silence. What was said meanwhile is not sent.
    pub fn resume(&self) {
        self.server.order(|orders| orders.is_silent = false);
    }

    /// Ends every connection; new ones are welcome.
    ///
    /// # Errors
    ///
    /// When a close frame may not carry the code (RFC 6455, section 7.4).
    pub fn cut(&self, how: Cut) -> Result<(), FakeError> {
        Ok(self.server.cut(how)?)
    }

    /// Resets every connection and closes the port.
    ///
    /// # Errors
    ///
    /// When the port was not closed within 10 s.
    ///
    /// # Cancel safety
    ///
    /// The order stands once the future was polled.
    pub async fn stop(&self) -> Result<(), FakeError> {
        self.server.stop().await
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    ///
    /// When the port could not be had within 10 s.
    ///
    /// # Cancel safety
    ///
    /// The order stands once the future was polled.
    pub async fn start(&self) -> Result<(), FakeError> {
        self.server.start_again().await
    }

    /// Stops and starts again, on the same port.
    ///
    /// # Errors
    ///
    /// As [`Self::stop`] and [`Self::start`].
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, the chat may stay stopped.
    pub async fn restart(&self) -> Result<(), FakeError> {
        self.stop().await?;
        self.start().await
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        if let Some(script) = &self.script {
            script.abort();
        }
    }
}
