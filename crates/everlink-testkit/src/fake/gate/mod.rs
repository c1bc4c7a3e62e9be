//! What both fake servers have in common: one port for WebSockets, HTTP and commands, and the ways to end
//! connections.

mod acceptor;
mod commands;
mod http;
mod orders;
mod pipe;
mod server;

pub use commands::COMMANDS;
pub(crate) use http::{Asked, Reply, json_reply};
pub use orders::Cut;
pub(crate) use orders::{Cuts, Orders};
pub(crate) use pipe::{Ending, Frames, Pipe};
pub(crate) use server::{Observer, Server};

use crate::chaos::Rejected;
use crate::chaos::fields::Fields;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;

/// What a fake server adds to the gate.
pub(crate) trait Host: Send + Sync + 'static {
    /// What is known of a client whose WebSocket was accepted.
    type Guest: Send + 'static;

    /// Accepts a WebSocket, or answers otherwise.
    fn admit(&self, asked: &Asked<'_>) -> Result<Self::Guest, Box<Reply>>;

    /// Answers a request that asks for no WebSocket; `None` if there is nothing at its path.
    fn answer(&self, asked: &Asked<'_>) -> Option<Reply>;

    /// Obeys a command that only this server knows; `None` if it does not know it either.
    fn command(&self, name: &str, fields: &mut Fields) -> Option<Result<Value, Rejected>>;

    /// Tells what `GET /control/state` shows.
    fn state(&self) -> Value;

    /// Serves an open WebSocket to its end.
    fn talk(
        self: Arc<Self>,
        guest: Self::Guest,
        pipe: Pipe,
        orders: watch::Receiver<Orders>,
        cuts: Cuts,
    ) -> impl Future<Output = ()> + Send;
}
