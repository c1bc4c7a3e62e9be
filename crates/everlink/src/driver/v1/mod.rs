//! `everlink.v1` as the task speaks it: names for the engine's numbers, and what a frame says
//! besides what the engine needs.

mod dispatch;
mod names;
mod reply;
mod request;
mod send;
mod speech;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{Kept, ProducerId, ValueKey};
use everlink_wire::v1::Encoding;
use everlink_wire::{ChannelError, Channels};
use tokio::sync::oneshot;

use super::keys::random_name;
use crate::client::{HistoryError, HistoryPage};
use names::Names;

pub(crate) use dispatch::Readers;
use reply::Arriving;
pub(super) use speech::{Speech, hear, told};

/// What one client knows of its server and of names.
#[derive(Debug)]
pub(crate) struct V1 {
    pub(super) encoding: Encoding,
    /// Names this client for as long as it lives.
    client: Arc<str>,
    /// The producer of this run: a fresh one, so that nothing of an earlier run is taken for its own.
    pub(super) producer: Arc<str>,
    /// The same as others see it.
    as_seen: Arc<str>,
    frame_max: u32,
    /// Kinds of values that this side says.
    kinds: Channels,
    /// Producers of earlier runs, whose messages are sent on. The first has the number 1.
    earlier: Channels,
    /// Who and what the server names.
    names: Names,
    /// What the frame says that is handed to the engine just now.
    pub(super) arriving: Arriving,
    /// Who waits for which page.
    pub(super) reads: HashMap<u32, oneshot::Sender<Result<HistoryPage, HistoryError>>>,
    pub(super) last_read: u32,
    pub(super) server: Option<ServerSays>,
}

/// What the server's last welcome said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerSays {
    pub(crate) node: Arc<str>,
    pub(crate) kept: Kept,
    pub(crate) origin_ttl: Duration,
    pub(crate) frame_max: u32,
    pub(crate) rate: Option<u32>,
}

impl V1 {
    pub(crate) fn new(encoding: Encoding, frame_max: usize) -> Self {
        let producer: Arc<str> = random_name().into();
        Self {
            encoding,
            client: random_name().into(),
            as_seen: Arc::clone(&producer),
            producer,
            frame_max: u32::try_from(frame_max).unwrap_or(u32::MAX),
            kinds: Channels::default(),
            earlier: Channels::default(),
            names: Names::default(),
            arriving: Arriving::Nothing,
            reads: HashMap::new(),
            last_read: 0,
            server: None,
        }
    }

    /// Returns the number of a kind of value that this side says.
    pub(super) fn kind(&mut self, name: &str) -> Result<ValueKey, ChannelError> {
        Ok(ValueKey(self.kinds.register(name)?.0))
    }

    /// Returns the number of a producer that an earlier run, or this one, named.
    pub(super) fn publisher(&mut self, name: &str) -> Result<ProducerId, ChannelError> {
        if *name == *self.producer {
            return Ok(ProducerId(0));
        }
        Ok(ProducerId(self.earlier.register(name)?.0.saturating_add(1)))
    }
}
