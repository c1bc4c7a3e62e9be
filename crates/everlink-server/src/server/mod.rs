//! The handle of a server.

mod builder;
mod follow;
mod publish;
mod settings;
mod status;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::any;

pub use builder::ServerBuilder;
pub use follow::{Context, Messages, StoredMessage};
pub use publish::{HistoryPage, Publication, PublishError, Published, ValueError, json};
pub(crate) use publish::{check_channel, is_name, is_reserved};
pub use settings::BuildError;
pub(crate) use settings::Settings;
pub use status::{
    DrainStatus, QualityStatus, RateStatus, SocketIoStatus, StoreStatus, TotalStatus,
};

use crate::drain::Drained;
use crate::engineio::{self, Above, EngineIo, Handler};
use crate::log::Log;
use crate::node::Node;
use crate::plain::Endpoint;
use crate::rest;
use crate::speech::Speech;
use crate::upgrade::{self, PlainEndpoint};

pub use status::Status;

/// A server: rooms over a [`Log`], and the endpoints to them.
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

    /// Returns everything that the server answers: [`sockets`](Self::sockets) and [`rest`](Self::rest), to be
    /// merged into an application or served alone.
    ///
    /// Serve with `into_make_service_with_connect_info::<std::net::SocketAddr>()`, so that hooks and
    /// limits know addresses, and ask [`check_bind`](Self::check_bind) first where to listen.
    pub fn router(&self) -> Router {
        self.sockets().merge(self.rest())
    }

    /// Returns the WebSocket endpoints: `/ws` (`everlink.v1.json`, `everlink.v1.cbor`; without a subprotocol
    /// the messenger's plain JSON), `/ws/chat/{conversation}/` and `/ws/status/{conversation}/`.
    ///
    /// [`ServerBuilder::path`] gives them another place than `/ws`.
    pub fn sockets(&self) -> Router {
        let path = &self.node.settings.path;
        let everlink = |State(server): State<Self>, request: Request| async move {
            server.websocket(request).await
        };
        let mut router = Router::new().route(path, any(everlink));
        for (name, endpoint) in [("chat", Endpoint::Chat), ("status", Endpoint::Status)] {
            let plain = move |State(server): State<Self>, Path(conversation), request: Request| async move {
                upgrade::plain_json(&server.node, endpoint, conversation, request).await
            };
            router = router
                .route(&format!("{path}/{name}/{{conversation}}/"), any(plain))
                .route(&format!("{path}/{name}/{{conversation}}"), any(plain));
        }
        router.with_state(self.clone())
    }

    /// Returns what is asked for by plain HTTP: messages, status and presence of conversations, `/health`,
    /// `/metrics`, `/api/status`, `/api/openapi.json` and `/api/docs`. Pages of the
    /// [accepted origins](ServerBuilder::origins) may read the answers.
    pub fn rest(&self) -> Router {
        rest::router(self)
    }

    /// Returns every metric of the server in the text format of Prometheus.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.node.counters.meters.print(&self.node)
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

    /// Returns the routes of an Engine.IO endpoint at `path` and `path/`, to be merged into an application: sessions
    /// of long-polling and WebSocket, each of which speaks like what `speech` returns for its first request, in the
    /// same rooms as all others. `speech` may refuse a request with a response. Origins, limits of addresses and the
    /// drain are those of the server.
    ///
    /// # Errors
    ///
    /// A setting is out of its range, or the path cannot be used.
    pub fn engine_io<F>(
        &self,
        path: &str,
        settings: &EngineIo,
        speech: F,
    ) -> Result<Router, BuildError>
    where
        F: Fn(&Parts) -> Result<Box<dyn Speech>, Box<Response>> + Send + Sync + 'static,
    {
        engineio::router(&self.node, path, settings, Above::Speech(Box::new(speech)))
    }

    /// Returns the routes of an Engine.IO endpoint whose sessions a program handles itself, without rooms and
    /// logs. The rest is as for [`engine_io`](Self::engine_io).
    ///
    /// # Errors
    ///
    /// As for [`engine_io`](Self::engine_io).
    pub fn engine_io_handler(
        &self,
        path: &str,
        settings: &EngineIo,
        handler: impl Handler,
    ) -> Result<Router, BuildError> {
        engineio::router(&self.node, path, settings, Above::Handler(Arc::new(handler)))
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

    /// Lets go of all sockets of a user without a word, as a crash of the server would: no close frame, no
    /// reason. His clients come back by themselves. Returns how many there were.
    ///
    /// For tests and demonstrations; whoever is not to come back is [disconnected](Self::disconnect).
    pub fn sever(&self, user: &str) -> usize {
        self.node.clients.sever(user)
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

    /// Returns whether anybody asks clients for credentials.
    pub(crate) fn asks_for_credentials(&self) -> bool {
        self.node.settings.authenticated
    }

    pub(crate) const fn node(&self) -> &Arc<Node> {
        &self.node
    }
}
