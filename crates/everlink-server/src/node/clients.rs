//! Who is connected: for take-over, and for whatever concerns every connection.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use everlink_engine::server::Code;

use super::mailbox::{Mail, Mailbox};
use crate::speech::Name;

/// Names a client: how it names itself, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey {
    pub(crate) user: Option<Name>,
    pub(crate) client: Name,
}

/// The connections of a node.
#[derive(Debug)]
pub(crate) struct Clients {
    /// Every connection, by its number.
    connections: DashMap<u64, Arc<Mailbox>>,
    /// The connection that each client has attached with.
    attached: DashMap<ClientKey, Registered>,
}

/// A connection, by its number.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) number: u64,
    pub(crate) mailbox: Arc<Mailbox>,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Self { connections: DashMap::new(), attached: DashMap::new() }
    }

    pub(crate) fn opened(&self, connection: &Registered) {
        self.connections.insert(connection.number, Arc::clone(&connection.mailbox));
    }

    pub(crate) fn closed(&self, number: u64) {
        self.connections.remove(&number);
    }

    /// A client has attached: its older connection is told, if it has one.
    pub(crate) fn attach(&self, key: ClientKey, connection: &Registered) {
        let older = match self.attached.entry(key) {
            Entry::Occupied(mut entry) => Some(entry.insert(connection.clone())),
            Entry::Vacant(entry) => {
                entry.insert(connection.clone());
                None
            }
        };
        if let Some(older) = older.filter(|older| older.number != connection.number) {
            older.mailbox.push(Mail::TakenOver);
        }
    }

    /// A connection no longer stands for its client.
    pub(crate) fn detach(&self, key: &ClientKey, number: u64) {
        self.attached.remove_if(key, |_, registered| registered.number == number);
    }

    /// Ends the connections of a user.
    pub(crate) fn cut(&self, user: &str) -> usize {
        self.tell_user(user, || Mail::Cut { code: Code::Unauthorized })
    }

    /// Lets go of the sockets of a user.
    pub(crate) fn sever(&self, user: &str) -> usize {
        self.tell_user(user, || Mail::Sever)
    }

    fn tell_user(&self, user: &str, mail: impl Fn() -> Mail) -> usize {
        let of_user =
            self.attached.iter().filter(|entry| entry.key().user.as_deref() == Some(user));
        let mailboxes: Vec<_> = of_user.map(|entry| Arc::clone(&entry.mailbox)).collect();
        for mailbox in &mailboxes {
            mailbox.push(mail());
        }
        mailboxes.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Returns every connection there is now.
    pub(crate) fn all(&self) -> Vec<Arc<Mailbox>> {
        self.connections.iter().map(|entry| Arc::clone(entry.value())).collect()
    }
}
