//! How a server is.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::node::Node;

/// How a server is: for `/health`, a status page, a command in the terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct Status {
    /// The node's name.
    pub node: String,
    /// How long it has been up, in seconds.
    pub uptime_s: u64,
    /// Connections that stand now.
    pub connections: u64,
    /// Channels in use.
    pub rooms: u64,
    /// What happened in the last second.
    pub rates: RateStatus,
    /// What happened since the start.
    pub totals: TotalStatus,
    /// How well clients fare.
    pub quality: QualityStatus,
    /// How clients of Socket.IO fare.
    pub socket_io: SocketIoStatus,
    /// How the log is.
    pub store: StoreStatus,
    /// How far a drain is, if there is one.
    pub drain: Option<DrainStatus>,
}

/// What happened in the last whole second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct RateStatus {
    /// Messages and volatile values of clients.
    pub messages_in: u64,
    /// Entries and volatile values handed to sockets.
    pub messages_out: u64,
    /// Connections that were welcomed.
    pub accepted: u64,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct TotalStatus {
    /// Connections that were welcomed.
    pub accepted: u64,
    /// Connections that were refused.
    pub refused: u64,
    /// Connections of clients that had one before.
    pub reconnects: u64,
    /// Messages and volatile values of clients.
    pub messages_in: u64,
    /// Entries and volatile values handed to sockets.
    pub messages_out: u64,
    /// Bytes read from sockets.
    pub bytes_in: u64,
    /// Bytes written to sockets.
    pub bytes_out: u64,
    /// Entries read from the log for readers that were behind.
    pub replayed: u64,
}

/// How well clients fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct QualityStatus {
    /// Ranges that readers were told will not come.
    pub gaps: u64,
    /// Times that readers were found not to have been told of the log's end.
    pub feed_holes: u64,
    /// Connections a second that this node is known to accept.
    pub accept_rate: u32,
    /// Over which time clients are asked to return after a loss, in milliseconds.
    pub return_window_ms: u64,
}

/// How the log is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Its kind.
    pub kind: &'static str,
    /// Channels in it.
    pub channels: u64,
    /// Messages in it.
    pub records: u64,
    /// Bytes of payload and names in it.
    pub bytes: u64,
    /// Appends that are not stored yet.
    pub pending: u64,
    /// Why it cannot store now, if it cannot.
    pub fault: Option<String>,
}

/// How clients of Socket.IO fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct SocketIoStatus {
    /// Sockets in a namespace now.
    pub sockets: u64,
    /// Sockets that began anew, since the start.
    pub connected: u64,
    /// Sockets that came back and got all that they missed.
    pub recovered: u64,
    /// Sockets that came back too late, or to what is gone.
    pub not_recovered: u64,
}

/// How far a drain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct DrainStatus {
    /// Until the last slot, in milliseconds.
    pub left_ms: u64,
    /// Connections that are still there.
    pub connections: u64,
}

pub(super) fn status(node: &Node) -> Status {
    let counters = &node.counters;
    let connections = node.clients.len() as u64;
    let store = node.log.status();
    let returns = node.returns.lock();
    let window = returns.window(u32::try_from(connections).unwrap_or(u32::MAX));
    Status {
        node: node.settings.node.clone(),
        uptime_s: node.clock_ms() / 1000,
        connections,
        rooms: node.rooms() as u64,
        rates: RateStatus {
            messages_in: counters.rates.messages_in.get(),
            messages_out: counters.rates.messages_out.get(),
            accepted: counters.rates.accepted.get(),
        },
        totals: TotalStatus {
            accepted: counters.accepted.get(),
            refused: counters.refused.get(),
            reconnects: counters.reconnects.get(),
            messages_in: counters.messages_in.get(),
            messages_out: counters.messages_out.get(),
            bytes_in: counters.bytes_in.get(),
            bytes_out: counters.bytes_out.get(),
            replayed: counters.replayed.get(),
        },
        quality: QualityStatus {
            gaps: counters.gaps.get(),
            feed_holes: counters.feed_holes.get(),
            accept_rate: returns.rate(),
            return_window_ms: millis(window),
        },
        socket_io: SocketIoStatus {
            sockets: counters.socket_io.sockets(),
            connected: counters.socket_io.connected.get(),
            recovered: counters.socket_io.recovered.get(),
            not_recovered: counters.socket_io.not_recovered.get(),
        },
        store: StoreStatus {
            kind: store.kind,
            channels: store.channels,
            records: store.records,
            bytes: store.bytes,
            pending: store.pending,
            fault: store.fault,
        },
        drain: node
            .drain
            .left(node.now())
            .map(|left| DrainStatus { left_ms: millis(left), connections }),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
