//! What a connection may do, asked once.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::server::Code;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::hooks::{Answer, Operation, Operations, Permission, Refusal, User};
use crate::log::LogError;
use crate::node::Node;
use crate::speech::Name;

/// What has been allowed, by channel.
#[derive(Debug, Default)]
pub(crate) struct Permissions(Vec<(Name, Operations)>);

impl Permissions {
    pub(crate) fn has(&self, channel: &str, operation: Operation) -> bool {
        self.search(channel).is_ok_and(|at| self.0[at].1.contains(operation))
    }

    pub(crate) fn allow(&mut self, channel: &Name, operation: Operation) {
        let operation = Operations::of(operation);
        match self.search(channel) {
            Ok(at) => self.0[at].1 = self.0[at].1 | operation,
            Err(_) if self.0.len() >= PERMISSIONS_MAX => self.0.clear(),
            Err(at) => self.0.insert(at, (Arc::clone(channel), operation)),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0 = Vec::new();
    }

    fn search(&self, channel: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(channel))
    }
}

/// Asks the application on behalf of a user.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) node: Arc<Node>,
    pub(crate) user: Arc<User>,
}

impl Asker {
    /// Asks whether the user may do something.
    pub(crate) async fn ask(&self, channel: &Name, operation: Operation) -> Result<(), Refusal> {
        let asked = self.begin(channel, operation);
        match asked {
            Answer::Now(answer) => answer,
            Answer::Later(answer) => {
                let answered = AssertUnwindSafe(answer).catch_unwind().await;
                answered.unwrap_or_else(|_| Err(Refusal::panicked("authorize")))
            }
        }
    }

    /// As [`ask`](Self::ask), with the answer as the application gives it.
    pub(crate) fn begin(
        &self,
        channel: &Name,
        operation: Operation,
    ) -> Answer<Result<(), Refusal>> {
        let (user, channel) = (Arc::clone(&self.user), Arc::clone(channel));
        let permission = Permission { user, channel, operation };
        let asked =
            std::panic::catch_unwind(AssertUnwindSafe(|| self.node.hooks.authorize(permission)));
        asked.unwrap_or_else(|_| Answer::Now(Err(Refusal::panicked("authorize"))))
    }
}

/// Polls the answer of a hook, and contains its panic.
pub(crate) fn poll_answer<T>(
    cx: &mut Context<'_>,
    answer: &mut BoxFuture<'static, T>,
) -> Poll<Option<T>> {
    let polled = std::panic::catch_unwind(AssertUnwindSafe(|| answer.poll_unpin(cx)));
    match polled {
        Ok(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    }
}

/// What a client is told when the log fails.
pub(crate) fn log_refusal(error: &LogError) -> Refusal {
    tracing::warn!(%error, "the log failed");
    if matches!(error, LogError::TooManyChannels { .. }) {
        return no_more_channels();
    }
    Refusal::new(Code::Overload, "the log cannot be read now")
}

/// What is answered to whoever would make one channel too many.
pub(crate) fn no_more_channels() -> Refusal {
    Refusal::new(Code::UnknownChannel, "there are as many channels as there may be")
}

/// Channels whose permissions are remembered.
const PERMISSIONS_MAX: usize = 1024;
