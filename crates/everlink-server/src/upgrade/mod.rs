//! From a request to a WebSocket (RFC 6455, section 4.2).

pub(crate) mod check;
mod io;
mod plain;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use everlink_wire::v1::{Encoding, HELLO_BYTES_MAX};
use everlink_wire::ws::{DeflateParams, accept_key};
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;

pub(crate) use io::Io;
pub use plain::PlainEndpoint;

use self::check::{Offers, refusal};
use crate::connection::{Connection, Opened, Socket, Wire};
use crate::limits::{Principal, Seat};
use crate::node::Node;
use crate::plain::{BEARER_PROTOCOL, Endpoint, Target, open as plain_open};
use crate::speech::{Speech, V1};

/// Where a request comes from and what it said.
#[derive(Debug)]
pub(crate) struct RequestOrigin {
    pub(crate) headers: HeaderMap,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) target: Arc<str>,
}

/// Answers a request for `everlink.v1`, or for the plain endpoint where there is one.
pub(crate) async fn everlink(
    node: &Arc<Node>,
    plain: Option<&PlainEndpoint>,
    request: Request,
) -> Response {
    if let Err(refused) = check::handshake(request.method(), request.version(), request.headers()) {
        return *refused;
    }
    let offers = Offers::of(request.headers());
    let chosen = offers.iter().find_map(Encoding::from_subprotocol);
    if let Some(encoding) = chosen {
        let speech = Box::new(V1::new(encoding));
        return with_speech(node, request, Some(encoding.subprotocol()), speech);
    }
    let bearer =
        offers.iter().next().is_some_and(|first| first.eq_ignore_ascii_case(BEARER_PROTOCOL));
    if !offers.is_empty() && !bearer {
        node.counters.refuse("subprotocol");
        return refusal(StatusCode::BAD_REQUEST, &offers.complaint());
    }
    let (parts, body) = request.into_parts();
    let speech = match plain {
        Some(plain) => plain.open(&parts).await,
        None => messenger(node, Endpoint::Messenger, Target::Query, &parts).await,
    };
    match speech {
        Ok(speech) => {
            let protocol = bearer.then_some(BEARER_PROTOCOL);
            with_speech(node, Request::from_parts(parts, body), protocol, speech)
        }
        Err(refused) => *refused,
    }
}

/// Answers a request for an endpoint of plain JSON whose path names the conversation.
pub(crate) async fn plain_json(
    node: &Arc<Node>,
    endpoint: Endpoint,
    conversation: String,
    request: Request,
) -> Response {
    if let Err(refused) = check::handshake(request.method(), request.version(), request.headers()) {
        return *refused;
    }
    let offers = Offers::of(request.headers());
    let bearer =
        offers.iter().next().is_some_and(|first| first.eq_ignore_ascii_case(BEARER_PROTOCOL));
    let (parts, body) = request.into_parts();
    match messenger(node, endpoint, Target::Path(conversation), &parts).await {
        Ok(speech) => {
            let protocol = bearer.then_some(BEARER_PROTOCOL);
            with_speech(node, Request::from_parts(parts, body), protocol, speech)
        }
        Err(refused) => *refused,
    }
}

async fn messenger(
    node: &Arc<Node>,
    endpoint: Endpoint,
    target: Target,
    parts: &Parts,
) -> Result<Box<dyn Speech>, Box<Response>> {
    match plain_open(node, endpoint, target, parts).await {
        Ok(speech) => Ok(Box::new(speech)),
        Err(problem) => Err(problem.boxed()),
    }
}

/// Upgrades a request to a connection that speaks like that, or says why not.
pub(crate) fn with_speech(
    node: &Arc<Node>,
    request: Request,
    protocol: Option<&'static str>,
    speech: Box<dyn Speech>,
) -> Response {
    let (mut parts, _body) = request.into_parts();
    prepare(node, &mut parts, protocol, speech).unwrap_or_else(|refused| *refused)
}

fn prepare(
    node: &Arc<Node>,
    parts: &mut Parts,
    protocol: Option<&'static str>,
    speech: Box<dyn Speech>,
) -> Result<Response, Box<Response>> {
    let agreed = Agreed::on(node, parts, protocol)?;
    check::drain(node)?;
    let seat = seat(node, parts)?;
    let origin = RequestOrigin::of(parts);
    let (response, pending) = agreed.answer();
    let node = Arc::clone(node);
    tokio::spawn(async move {
        let Some(wire) = pending.wire(&node, HELLO_BYTES_MAX).await else {
            return;
        };
        let socket = Socket::WebSocket(wire);
        let opened = Opened { socket, speech, origin, seat, config: None };
        // In a task of its own, which is no larger than it must be.
        tokio::spawn(Connection::new(node, opened));
    });
    Ok(response)
}

/// Takes a connection's place among those of its address.
pub(crate) fn seat(node: &Node, parts: &Parts) -> Result<Option<Seat>, Box<Response>> {
    let Some(peer) = peer(parts) else {
        return Ok(None);
    };
    let seat = node.accounts.take_seat(Principal::address(peer.ip()), node.now());
    seat.map_err(|exceeded| check::exceeded(node, exceeded))
}

fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

impl RequestOrigin {
    /// Takes what is needed out of a request.
    pub(crate) fn of(parts: &mut Parts) -> Box<Self> {
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let (target, peer) = (target.into(), peer(parts));
        Box::new(Self { headers: std::mem::take(&mut parts.headers), peer, target })
    }
}

/// An opening handshake that can be accepted.
pub(crate) struct Agreed {
    key: String,
    protocol: Option<&'static str>,
    pending: Pending,
}

/// A WebSocket that is there once the response is sent.
pub(crate) struct Pending {
    on_upgrade: OnUpgrade,
    deflate: Option<DeflateParams>,
}

impl Agreed {
    /// Checks a request for a WebSocket, and where it comes from.
    pub(crate) fn on(
        node: &Node,
        parts: &mut Parts,
        protocol: Option<&'static str>,
    ) -> Result<Self, Box<Response>> {
        let key = check::handshake(&parts.method, parts.version, &parts.headers)?;
        check::origin(node, &parts.headers)?;
        let deflate = check::deflate(node, &parts.headers)?;
        let Some(on_upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            return Err(Box::new(refusal(
                StatusCode::UPGRADE_REQUIRED,
                "this connection cannot be upgraded: it is served without upgrades, or is not HTTP/1.1",
            )));
        };
        Ok(Self { key, protocol, pending: Pending { on_upgrade, deflate } })
    }

    /// Accepts it.
    pub(crate) fn answer(self) -> (Response, Pending) {
        let Self { key, protocol, pending } = self;
        (switching(&key, protocol, pending.deflate.as_ref()), pending)
    }
}

impl Pending {
    /// Waits for the response to be sent.
    pub(crate) async fn wire(self, node: &Node, message_max: usize) -> Option<Wire> {
        let Self { on_upgrade, deflate } = self;
        let upgraded = match timeout(UPGRADE_TIMEOUT, on_upgrade).await {
            Ok(Ok(upgraded)) => upgraded,
            Ok(Err(error)) => {
                tracing::debug!(%error, "an upgrade failed");
                return None;
            }
            Err(_) => {
                tracing::debug!("an upgrade did not come about in time");
                return None;
            }
        };
        let (io, leftover) = Io::new(upgraded);
        let config = node.settings.deflate.as_ref().zip(deflate.as_ref());
        Some(Wire::new(io, &leftover, message_max, config))
    }
}

fn switching(
    key: &str,
    protocol: Option<&'static str>,
    deflate: Option<&DeflateParams>,
) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept_key(key)) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    if let Some(Ok(extensions)) = deflate.map(|params| HeaderValue::try_from(params.to_string())) {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, extensions);
    }
    response
}

/// How long the response of an upgrade may take to be sent.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
