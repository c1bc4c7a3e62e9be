//! Requests: WebSockets, answers of the server, commands.

use super::Host;
use super::commands;
use super::orders::Cuts;
use super::pipe::Pipe;
use super::server::Gate;
use crate::chaos::Rejected;
use crate::chaos::fields::Fields;
use crate::fake::limits::REQUEST_TIME_MAX;
use everlink_wire::ws::accept_key;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use url::form_urlencoded;

/// An answer over HTTP.
pub(crate) type Reply = Response<Full<Bytes>>;

/// What somebody asks for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) peer: IpAddr,
}

impl Asked<'_> {
    /// Returns the parameters of the query; one that is given twice is an error.
    pub(crate) fn fields(&self) -> Result<Fields, Rejected> {
        let mut fields = Fields::new("query");
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            fields.add(&name, &value)?;
        }
        Ok(fields)
    }

    /// Returns the first parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let mut cookies = self.header("cookie")?.split(';').filter_map(|pair| pair.split_once('='));
        cookies.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    }
}

/// A client whose WebSocket was accepted, and the socket to be.
type Slot<G> = Arc<Mutex<Option<(G, OnUpgrade)>>>;

/// Serves one connection from its first byte to its last.
pub(crate) async fn serve<H: Host>(
    gate: Arc<Gate<H>>,
    stream: TcpStream,
    peer: IpAddr,
    cuts: Cuts,
) {
    let slot: Slot<H::Guest> = Slot::default();
    let service = service_fn(|request| {
        let reply = answer(&gate, request, peer, &slot);
        async move { Ok::<_, Infallible>(reply) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "fake server: connection ended");
        return;
    }
    let taken = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((guest, upgrade)) = taken else { return };
    let Ok(upgraded) = upgrade.await else { return };
    let parts = upgraded.downcast::<TokioIo<TcpStream>>();
    let Ok(parts) = parts else { return };
    let pipe = Pipe::new(parts.io.into_inner(), &parts.read_buf);
    gate.host.clone().talk(guest, pipe, gate.orders.subscribe(), cuts).await;
}

fn answer<H: Host>(
    gate: &Gate<H>,
    mut request: Request<Incoming>,
    peer: IpAddr,
    slot: &Slot<H::Guest>,
) -> Reply {
    let upgrade = hyper::upgrade::on(&mut request);
    let asked = Asked {
        method: request.method(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
        peer,
    };
    if asked.path.starts_with("/control") {
        return commands::answer(gate, &asked);
    }
    if !names(asked.headers, UPGRADE, "websocket") {
        return gate.host.answer(&asked).unwrap_or_else(|| not_found(asked.path));
    }
    let refusal = gate.orders.borrow().refusal;
    match refusal {
        Some(status) => json_reply(status, &json!({ "error": "refused by a command" })),
        None => match accept(&gate.host, &asked) {
            Ok((guest, reply)) => {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((guest, upgrade));
                reply
            }
            Err(reply) => *reply,
        },
    }
}

/// Accepts an upgrade (RFC 6455, section 4.2).
fn accept<H: Host>(host: &Arc<H>, asked: &Asked<'_>) -> Result<(H::Guest, Reply), Box<Reply>> {
    let key = asked.header(SEC_WEBSOCKET_KEY.as_str()).map(str::trim);
    let (Some(key), &Method::GET) = (key, asked.method) else {
        let why = "a WebSocket is asked for by GET with a Sec-WebSocket-Key";
        return Err(json_reply(400, &json!({ "error": why })).into());
    };
    if !names(asked.headers, SEC_WEBSOCKET_VERSION, "13") {
        let mut reply = json_reply(426, &json!({ "error": "Sec-WebSocket-Version 13 is spoken" }));
        reply.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return Err(reply.into());
    }
    let guest = host.admit(asked)?;
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    let accept = HeaderValue::from_str(&accept_key(key));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.expect("base64 is made of printable characters"));
    Ok((guest, reply))
}

/// Returns whether one of the values of a header is this word.
fn names(headers: &HeaderMap, header: hyper::header::HeaderName, word: &str) -> bool {
    let values = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
}

fn not_found(path: &str) -> Reply {
    json_reply(
        404,
        &json!({ "error": format!("nothing at {path}; GET /control lists the commands") }),
    )
}

/// Answers with JSON, and closes behind it.
pub(crate) fn json_reply(status: u16, value: &Value) -> Reply {
    with_body(status, "application/json", format!("{value}\n"))
}

pub(super) fn with_body(status: u16, kind: &'static str, body: String) -> Reply {
    let mut reply = Reply::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}
