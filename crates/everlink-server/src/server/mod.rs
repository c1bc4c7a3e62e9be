//! The handle of a server.

mod builder;
mod follow;
mod publish;
mod settings;
mod status;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;

pub use builder::ServerBuilder;
pub use follow::{Context, Messages, StoredMessage};
pub(crate) use publish::is_name;
pub use publish::{HistoryPage, Publication, PublishError, Published, ValueError, json};
pub use settings::BuildError;
pub(crate) use settings::Settings;
pub use status::{DrainStatus, QualityStatus, RateStatus, StoreStatus, TotalStatus};

use crate::drain::Drained;
use crate::log::Log;
use crate::node::Node;
use crate::speech::Speech;
use crate::upgrade::{self, PlainEndpoint};

pub use status::Status;

/// A server: rooms over a [`Log`](crate::log::Log), and the endpoints to them.
///
/// Cloning makes another handle of the same server. It serves wherever its [`router`](Self::router) is
/// mounted; publishing, history and the rest work without any connection.
#[derive(Clone, Debug)]
pub struct Server {
    node: Arc<Node>,
    plain: Option<PlainEndpoint>,
}

impl Server {
    /// Starts to set a server up.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    pub(crate) const fn new(node: Arc<Node>, plain: Option<PlainEndpoint>) -> Self {
        Self { node, plain }
    }

    /// Returns the endpoint `/ws` (`everlink.v1.json`, `everlink.v1.cbor`), to be merged into an
    /// application or served alone.
    ///
    /// Serve with `into_make_service_with_connect_info::<std::net::SocketAddr>()`, so that hooks and
    /// limits know addresses.
    pub fn router(&self) -> Router {
        let server = self.clone();
        let endpoint = move |request: Request| {
            let server = server.clone();
            async move { server.websocket(request).await }
        };
        Router::new().route("/ws", any(endpoint))
    }

    /// Answers a request for `everlink.v1`: upgrades it, or says why not.
    ///
    /// # Cancel safety
    ///
    /// Cancelling refuses the request, unless it is upgraded already.
    pub async fn websocket(&self, request: Request) -> Response {
        upgrade::everlink(&self.node, self.plain.as_ref(), request).await
    }

    /// Upgrades a request to a WebSocket that speaks like `speech`, in a handler of one's own: the
    /// connection takes part in the same rooms as all others.
    ///
    /// # Cancel safety
    ///
    /// As [`websocket`](Self::websocket).
    pub async fn upgrade(&self, request: Request, speech: Box<dyn Speech>) -> Response {
        upgrade::with_speech(&self.node, request, None, speech)
    }

    /// Asks all clients to go, each in a slot of its own within `window`, refuses new ones with 503, and
    /// returns when all are gone. Whoever is still there some seconds after its slot is closed with 1012.
    ///
    /// `window` ends at 10 minutes, since clients obey no longer hint. A second call joins the first.
    ///
    /// # Cancel safety
    ///
    /// The drain goes on when this is cancelled; calling it again waits for its end.
    pub async fn drain(&self, window: Duration) -> Drained {
        crate::drain::drain(&self.node, window, None).await
    }

    /// As [`drain`](Self::drain), and tells the clients where to go: for nodes that do not share one
    /// address.
    ///
    /// # Cancel safety
    ///
    /// As [`drain`](Self::drain).
    pub async fn drain_to(&self, window: Duration, url: &str) -> Drained {
        crate::drain::drain(&self.node, window, Some(url.into())).await
    }

    /// Ends all connections of a user with [`Code::Unauthorized`], which makes their clients ask for fresh
    /// credentials: his token is revoked, or what he may do has changed. Returns how many there were.
    ///
    /// [`Code::Unauthorized`]: crate::hooks::Code::Unauthorized
    pub fn disconnect(&self, user: &str) -> usize {
        self.node.clients.cut(user)
    }

    /// Returns how the server is.
    #[must_use]
    pub fn status(&self) -> Status {
        status::status(&self.node)
    }

    /// Returns the node's name.
    #[must_use]
    pub fn node_name(&self) -> &str {
        &self.node.settings.node
    }

    /// Returns the log.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.node.log
    }

    pub(crate) const fn node(&self) -> &Arc<Node> {
        &self.node
    }
}
