//! What a connection waits for beside its socket: the application's answers, and the log's.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::server::{Code, ReadOrder, Reply, SessionInput};
use everlink_wire::Message;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

use super::attachments::{Attachment, attach};
use super::news::bounds;
use super::permissions::Asker;
use super::reading::LOG_READ;
use super::{Client, Connection};
use crate::conversation::{READ_KEY, mark_read};
use crate::hooks::{Answer, Attempt, Operation, Refusal, User};
use crate::log::{Head, LogError, Page, PageLimit};
use crate::node::{Mailbox, Node, stored};
use crate::server::is_reserved;
use crate::speech::Name;

/// What is waited for. Holds no memory while there is nothing.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    running: Option<Box<FuturesUnordered<BoxFuture<'static, Done>>>>,
    replaying: bool,
    /// One was started that has not been looked at.
    new: bool,
}

/// What has come about.
#[derive(Debug)]
pub(super) enum Done {
    Authenticated { result: Result<User, Refusal> },
    Joined { channel: Name, join: u32, result: Result<(Attachment, Head), Refusal> },
    Replayed { order: ReadOrder<Name>, page: Result<Page, LogError> },
    Paged { request: u32, channel: Name, result: Result<Page, Refusal> },
    Rechecked { result: Result<(), Refusal> },
    Allowed { channel: Name, key: Name, payload: Message, result: Result<(), Refusal> },
}

impl Jobs {
    pub(super) const fn is_replaying(&self) -> bool {
        self.replaying
    }

    pub(super) const fn has_new(&self) -> bool {
        self.new
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Asks who a client is.
    pub(super) fn authenticate(&mut self, node: &Arc<Node>, attempt: Attempt) {
        let node = Arc::clone(node);
        let ask = async move {
            match node.hooks.authenticate(attempt) {
                Answer::Now(answer) => answer,
                Answer::Later(answer) => answer.await,
            }
        };
        self.start(async move {
            let asked = AssertUnwindSafe(ask).catch_unwind().await;
            let result = asked.unwrap_or_else(|_| Err(Refusal::panicked("authenticate")));
            Done::Authenticated { result }
        });
    }

    /// Asks to read a channel, which may be the connection's own.
    pub(super) fn join(
        &mut self,
        asker: Asker,
        (channel, own): (Name, bool),
        join: u32,
        mailbox: Arc<Mailbox>,
    ) {
        self.start(async move {
            let result = attach(asker, &channel, own, mailbox).await;
            Done::Joined { channel, join, result }
        });
    }

    /// Reads from the log what a room does not have.
    pub(super) fn replay(&mut self, node: &Arc<Node>, order: ReadOrder<Name>) {
        self.replaying = true;
        let log = Arc::clone(&node.log);
        self.start(async move {
            let page = log.read(&order.channel, order.after, LOG_READ).await;
            Done::Replayed { order, page }
        });
    }

    /// Reads a page of history.
    pub(super) fn page(
        &mut self,
        asker: Asker,
        request: u32,
        channel: Name,
        after: u64,
        messages: u32,
    ) {
        self.start(async move {
            let result = read_page(asker, &channel, after, messages).await;
            Done::Paged { request, channel, result }
        });
    }

    /// Asks again what may be read.
    pub(super) fn recheck(&mut self, asker: Asker, channels: Vec<Name>) {
        self.start(async move {
            let mut result = Ok(());
            for channel in &channels {
                result = result.and(asker.ask(channel, Operation::Read).await);
            }
            Done::Rechecked { result }
        });
    }

    /// Asks whether a volatile value may be sent.
    pub(super) fn allow(&mut self, asker: Asker, channel: Name, key: Name, payload: Message) {
        self.start(async move {
            let result = asker.ask(&channel, Operation::Volatile).await;
            Done::Allowed { channel, key, payload, result }
        });
    }

    fn start(&mut self, job: impl Future<Output = Done> + Send + 'static) {
        self.new = true;
        self.running.get_or_insert_default().push(Box::pin(job));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Option<Done> {
        self.new = false;
        match self.running.as_mut()?.poll_next_unpin(cx) {
            Poll::Ready(Some(done)) => {
                self.replaying &= !matches!(done, Done::Replayed { .. });
                Some(done)
            }
            Poll::Ready(None) => {
                self.running = None;
                None
            }
            Poll::Pending => None,
        }
    }
}

async fn read_page(
    asker: Asker,
    channel: &Name,
    after: u64,
    messages: u32,
) -> Result<Page, Refusal> {
    asker.ask(channel, Operation::History).await?;
    let limit = PageLimit { records: messages as usize, bytes: PAGE_BYTES };
    let page = asker.node.log.read(channel, after, limit).await;
    page.map_err(|error| super::permissions::log_refusal(&error))
}

impl Connection {
    /// Takes in what has come about.
    pub(super) fn poll_jobs(&mut self, cx: &mut Context<'_>) {
        while let Some(done) = self.jobs.poll(cx) {
            match done {
                Done::Authenticated { result } => self.authenticated(result),
                Done::Joined { channel, join, result } => self.joined(channel, join, result),
                Done::Replayed { order, page } => self.replayed(&order, page),
                Done::Paged { request, channel, result } => self.paged(request, channel, result),
                // The client attaches again; what it still may read it gets then.
                Done::Rechecked { result: Err(Refusal { why, .. }) } => {
                    self.input(SessionInput::End { code: Code::Unauthorized, why });
                }
                Done::Rechecked { result: Ok(()) } => {}
                Done::Allowed { channel, key, payload, result } => {
                    self.allowed(&channel, key, payload, result);
                }
            }
            self.carry_out();
        }
    }

    fn joined(&mut self, channel: Name, join: u32, result: Result<(Attachment, Head), Refusal>) {
        if !self.attachments.settle(&channel, join) {
            return;
        }
        let (mut attachment, head) = match result {
            Ok(joined) => joined,
            Err(Refusal { code, why, .. }) => {
                self.attachments.remove(&channel);
                return self.input(SessionInput::JoinRefused { channel, join, code, why });
            }
        };
        let counts = |client: &&Client| client.attached && !is_reserved(&channel);
        if let Some(client) = self.client.as_deref().filter(counts) {
            attachment.enter(&client.user, &client.name);
        }
        let reader = Arc::clone(&self.attachments.insert(attachment).reader);
        self.input(SessionInput::Joined { channel, join, bounds: bounds(head) });
        self.carry_out();
        self.tell_retained(&reader);
        // What moved since the bounds were asked.
        self.look(&reader);
    }

    fn paged(&mut self, request: u32, channel: Name, result: Result<Page, Refusal>) {
        let reply = match result {
            Ok(page) => Reply::Page {
                request,
                epoch: page.head.epoch,
                first: page.head.first,
                head: page.head.head,
                messages: page.records.iter().map(|record| stored(&channel, record)).collect(),
                channel,
            },
            Err(Refusal { code, why, .. }) => Reply::ReadErr { request, code: code.number(), why },
        };
        self.say(&reply);
        self.input(SessionInput::PageSent);
    }

    /// A volatile value may be sent, or may not.
    fn allowed(
        &mut self,
        channel: &Name,
        key: Name,
        payload: Message,
        result: Result<(), Refusal>,
    ) {
        match result {
            Ok(()) => {
                self.permissions.allow(channel, Operation::Volatile);
                self.hand_on(channel, key, payload);
            }
            Err(Refusal { code, why, retry }) => {
                self.say(&Reply::Err { code: code.number(), fatal: false, retry, why });
            }
        }
    }

    /// Hands a volatile value to the other readers of a channel.
    pub(super) fn hand_on(&mut self, channel: &Name, key: Name, payload: Message) {
        let user = self.client.as_ref().and_then(|client| client.user.id().cloned());
        if &*key == READ_KEY
            && let Some(user) = &user
            && mark_read(&self.node, channel, user, &payload)
        {
            return;
        }
        if let Some(room) = self.node.find_room(channel) {
            room.volatile(key, user, payload, Some(&self.mailbox));
        }
    }
}

/// Bytes of payload after which a page of history ends.
const PAGE_BYTES: usize = 128 * 1024;
