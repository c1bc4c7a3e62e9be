//! The channels that a connection reads.

use std::sync::Arc;

use super::permissions::Asker;
use crate::hooks::{Attached, Operation, Refusal, User};
use crate::log::Head;
use crate::node::{Mailbox, Node, Reader, Room};
use crate::speech::Name;

/// A connection's place among the readers of a room; it leaves when dropped.
#[derive(Debug)]
pub(crate) struct Attachment {
    node: Arc<Node>,
    pub(crate) room: Arc<Room>,
    pub(crate) reader: Arc<Reader>,
    number: usize,
    /// The version of the retained values that were told.
    pub(crate) retained: u64,
    /// Who is counted in presence by it.
    present: Option<Option<Name>>,
    /// Who is told to the application, if he was.
    told: Option<Box<Attached>>,
}

impl Attachment {
    fn new(node: &Arc<Node>, channel: &Name, mailbox: &Arc<Mailbox>) -> Self {
        let room = node.room(channel);
        let reader = Arc::new(Reader::new(Arc::clone(mailbox), Arc::clone(room.channel())));
        let number = room.join(Arc::clone(&reader));
        let node = Arc::clone(node);
        Self { node, room, reader, number, retained: 0, present: None, told: None }
    }

    /// The client counts as being here.
    pub(crate) fn enter(&mut self, user: &Arc<User>, client: &Name) {
        if self.present.is_none() {
            self.node.enter(&self.room, user.id());
            self.present = Some(user.id().cloned());
        }
        if self.told.is_none() {
            let attached = Box::new(Attached {
                user: Arc::clone(user),
                client: Arc::clone(client),
                channel: Arc::clone(self.room.channel()),
            });
            guard("on_attach", || self.node.hooks.on_attach(&attached));
            self.told = Some(attached);
        }
    }

    /// The client does not count as being here any more, though the channel may be read on.
    pub(crate) fn exit(&mut self) {
        if let Some(user) = self.present.take() {
            self.node.exit(&self.room, user.as_ref());
        }
        if let Some(attached) = self.told.take() {
            guard("on_detach", || self.node.hooks.on_detach(&attached));
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.exit();
        self.room.leave(self.number, self.node.clock_ms());
    }
}

/// Contains the panic of a hook that decides nothing.
fn guard(hook: &'static str, call: impl FnOnce()) {
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err() {
        tracing::error!(hook, "a hook of the application panicked");
    }
}

/// Makes a connection a reader of a channel, if it is its own or its user may read it. The log's bounds are asked after
/// it is one, so that it is told of everything behind them.
pub(crate) async fn attach(
    asker: Asker,
    channel: &Name,
    own: bool,
    mailbox: Arc<Mailbox>,
) -> Result<(Attachment, Head), Refusal> {
    if !own {
        asker.ask(channel, Operation::Read).await?;
    }
    let attachment = Attachment::new(&asker.node, channel, &mailbox);
    match asker.node.bounds(&attachment.room).await {
        Ok(head) => Ok((attachment, head)),
        Err(error) => Err(super::permissions::log_refusal(&error)),
    }
}

/// The attachments of a connection, in the order of their channels.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    attached: Vec<Attachment>,
    /// Wishes that are being asked about.
    joining: Vec<(Name, u32)>,
}

impl Attachments {
    pub(crate) fn begin(&mut self, channel: &Name, join: u32) {
        match self.joining.iter_mut().find(|(joining, _)| joining == channel) {
            Some((_, number)) => *number = join,
            None => self.joining.push((Arc::clone(channel), join)),
        }
    }

    /// Ends a wish. Returns whether it is still one.
    pub(crate) fn settle(&mut self, channel: &Name, join: u32) -> bool {
        let at = self.joining.iter().position(|(name, number)| name == channel && *number == join);
        at.map(|at| self.joining.swap_remove(at)).is_some()
    }

    /// Adds an attachment, in place of an older one of the same channel.
    pub(crate) fn insert(&mut self, attachment: Attachment) -> &mut Attachment {
        let at = match self.search(attachment.room.channel()) {
            Ok(at) => {
                self.attached[at] = attachment;
                at
            }
            Err(at) => {
                self.attached.insert(at, attachment);
                at
            }
        };
        &mut self.attached[at]
    }

    pub(crate) fn remove(&mut self, channel: &str) {
        self.joining.retain(|(joining, _)| **joining != *channel);
        if let Ok(at) = self.search(channel) {
            self.attached.remove(at);
        }
    }

    pub(crate) fn find(&mut self, channel: &str) -> Option<&mut Attachment> {
        let at = self.search(channel).ok()?;
        self.attached.get_mut(at)
    }

    /// Returns the attachment that news is for, unless it has been replaced.
    pub(crate) fn of(&mut self, reader: &Arc<Reader>) -> Option<&mut Attachment> {
        self.find(&reader.channel).filter(|found| Arc::ptr_eq(&found.reader, reader))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Attachment> {
        self.attached.iter_mut()
    }

    pub(crate) fn channels(&self) -> impl Iterator<Item = &Name> {
        self.attached.iter().map(|attachment| attachment.room.channel())
    }

    /// Leaves every channel.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn rest(&mut self) {
        self.attached.shrink_to_fit();
        self.joining.shrink_to_fit();
        for attachment in &self.attached {
            attachment.room.rest();
        }
    }

    fn search(&self, channel: &str) -> Result<usize, usize> {
        self.attached.binary_search_by(|attachment| (**attachment.room.channel()).cmp(channel))
    }
}
