//! What every client can do, each in the way that its own documentation shows.

mod bare;
mod everlink;
mod ezsockets;
mod tungstenite;

use std::future::Future;

use anyhow::Result;

pub(super) use bare::Bare;
pub(super) use everlink::Everlink;
pub(super) use ezsockets::Ezsockets;
pub(super) use tungstenite::{Tungstenite, TungsteniteSmall};

/// One connection of a client.
pub(super) trait Peer: Sized + Send + 'static {
    /// A text in the client's own type, cheap to send many times.
    type Text: AsRef<[u8]> + Send + Sync;

    fn text(text: &str) -> Self::Text;

    fn connect(url: &str) -> impl Future<Output = Result<Self>> + Send;

    /// Opens a connection that will be cut again and again.
    fn connect_to_be_cut(url: &str) -> impl Future<Output = Result<Self>> + Send {
        Self::connect(url)
    }

    /// Queues a text; waits when too much is queued.
    fn send(&mut self, text: &Self::Text) -> impl Future<Output = Result<()>> + Send;

    /// Returns the next text. What is queued is written before it waits.
    fn recv(&mut self) -> impl Future<Output = Result<Self::Text>> + Send;

    /// Waits for the end of the connection and until it stands again.
    fn restored(self, url: &str) -> impl Future<Output = Result<Self>> + Send;
}
