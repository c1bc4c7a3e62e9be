//! Who is in a room.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::speech::Name;

/// Who is in a room: a retained value of the kind [`PRESENCE_KEY`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct Presence {
    /// How many: known users, each once, and connections without a known user.
    pub count: u64,
    /// The ids of the first [`PRESENCE_MEMBERS_MAX`] known users, in alphabetical order. How clients
    /// name themselves is told to nobody: whoever knew it could take over their connections.
    #[schema(value_type = Vec<String>)]
    pub members: Vec<Name>,
}

/// The kind under which presence is retained.
pub const PRESENCE_KEY: &str = "presence";

/// Most members that presence names.
pub const PRESENCE_MEMBERS_MAX: usize = 100;

/// Counts who is in a room.
#[derive(Debug, Default)]
pub(crate) struct Members {
    users: BTreeMap<Name, u32>,
    unknown: u64,
    /// It has changed since it was last told.
    pub(crate) changed: bool,
    /// It waits to be told.
    pub(crate) queued: bool,
}

impl Members {
    pub(crate) fn enter(&mut self, user: Option<&Name>) {
        let Some(user) = user else {
            self.unknown += 1;
            self.changed = true;
            return;
        };
        let connections = self.users.entry(Arc::clone(user)).or_default();
        *connections += 1;
        self.changed |= *connections == 1;
    }

    pub(crate) fn leave(&mut self, user: Option<&Name>) {
        let Some(user) = user else {
            self.unknown = self.unknown.saturating_sub(1);
            self.changed = true;
            return;
        };
        if let Some(connections) = self.users.get_mut(user) {
            *connections -= 1;
            if *connections == 0 {
                self.users.remove(user);
                self.changed = true;
            }
        }
    }

    pub(crate) fn presence(&self) -> Presence {
        Presence {
            count: self.unknown + self.users.len() as u64,
            members: self.users.keys().take(PRESENCE_MEMBERS_MAX).cloned().collect(),
        }
    }
}
