//! Emits that subscribe, and are sent again when the server has forgotten us.

use std::future::poll_fn;
use std::sync::Arc;

use everlink_engine::ChannelId;

use super::args::EventArgs;
use super::emit::Emit;
use crate::client::error::SubscribeError;
use crate::client::handle::Client;
use crate::driver::{Join as Joined, Shared};

/// Describes what is emitted to subscribe; made by [`Client::join`].
#[derive(Debug)]
#[must_use]
pub struct JoinBuilder {
    shared: Arc<Shared>,
    enter: Emit,
    leave: Option<Emit>,
}

/// Something subscribed by an emit, until this is dropped, across every reconnect.
///
/// What it brings comes among the events ([`Client::recv_event`]): Socket.IO does not say to which
/// room an event belongs.
#[derive(Debug)]
pub struct Join {
    shared: Arc<Shared>,
    channel: ChannelId,
    joined: Arc<Joined>,
}

impl Client {
    /// Describes a subscription that is made by an emit (dialect `socketio`), such as `join` with the
    /// name of a room.
    ///
    /// The emit asks for its answer. It is sent when the connection stands, ahead of other events, and
    /// again after each loss, unless the server has recovered the session *and* had answered it there.
    /// A server whose handler answers nothing sees it again after every loss.
    ///
    /// ```no_run
    /// # async fn run(client: everlink::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use everlink::Emit;
    ///
    /// let lobby = client
    ///     .join(Emit::new("join").arg("lobby")?)
    ///     .leave(Emit::new("leave").arg("lobby")?)
    ///     .open()?;
    /// let answer = lobby.answer().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(&self, enter: Emit) -> JoinBuilder {
        JoinBuilder { shared: Arc::clone(self.shared()), enter, leave: None }
    }
}

impl JoinBuilder {
    /// Sets what is emitted when the [`Join`] is dropped. Default: nothing, and the server goes on.
    pub fn leave(mut self, leave: Emit) -> Self {
        self.leave = Some(leave);
        self
    }

    /// Subscribes.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if an emit cannot be said, another dialect is spoken, or there are too many.
    pub fn open(self) -> Result<Join, SubscribeError> {
        self.enter.check()?;
        self.leave.as_ref().map_or(Ok(()), Emit::check)?;
        let joined = Arc::new(Joined::new(self.enter, self.leave));
        let channel = self.shared.join(Arc::clone(&joined))?;
        Ok(Join { shared: self.shared, channel, joined })
    }
}

impl Join {
    /// Sets what is emitted from the next time on: where the server can be told how far we are, a fresh
    /// session misses nothing.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if it cannot be said; nothing is changed.
    pub fn set(&self, enter: Emit) -> Result<(), SubscribeError> {
        enter.check()?;
        self.joined.set_enter(enter);
        Ok(())
    }

    /// Returns the server's next answer: there is one each time that the emit was sent and answered.
    /// Sixteen wait here; beyond that the oldest goes. `None` once the subscription is dropped.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no answer.
    pub async fn answer(&self) -> Option<EventArgs> {
        poll_fn(|cx| self.joined.answers.poll_pop(cx)).await
    }
}

impl Drop for Join {
    fn drop(&mut self) {
        self.shared.leave(self.channel);
        self.joined.answers.set_closed(true);
    }
}
