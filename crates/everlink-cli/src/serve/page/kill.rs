//! Breaking the server's side on purpose: for whoever sits at this machine, and nobody else.

use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use everlink_server::Server;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kill {
    /// The connections of one user: their sockets are let go of without a word.
    Connection,
    /// The whole process, with -9; somebody starts it again.
    Process,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    user: String,
}

/// Answers `POST /demo/kill` with `{"user": …}`.
pub(super) async fn answer(kill: Kill, server: Server, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(why) = from_here(&parts) {
        let accepted = "a request of a program or page of this machine, without a proxy between";
        return refusal(StatusCode::FORBIDDEN, why, accepted);
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large", ACCEPTED);
    };
    let asked: Asked = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string(), ACCEPTED),
    };
    match kill {
        Kill::Connection => {
            Json(json!({ "killed": "connection", "connections": server.sever(&asked.user) }))
                .into_response()
        }
        Kill::Process => die(),
    }
}

/// Checks that nobody else's page, and nobody behind a proxy, asks.
fn from_here(parts: &Parts) -> Result<(), &'static str> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
        return Err("the request comes from another machine");
    }
    if FORWARDED.iter().any(|name| parts.headers.contains_key(*name)) {
        return Err("the request comes through a proxy");
    }
    // A name that leads to this machine today may be another's, whose page then could ask here.
    let host = text(&parts.headers, header::HOST).unwrap_or_default();
    if !is_local(host) {
        return Err("the header `Host` does not name this machine");
    }
    let origin = text(&parts.headers, header::ORIGIN);
    let same = origin.is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host))
    });
    if same { Ok(()) } else { Err("the request comes from a page of another site") }
}

fn is_local(host: &str) -> bool {
    let Ok(uri) = Uri::try_from(format!("http://{host}/")) else { return false };
    let name = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn refusal(status: StatusCode, detail: &str, accepted: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let problem = json!({
        "type": "about:blank", "title": title, "status": status.as_u16(),
        "detail": detail, "accepted": accepted,
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json; charset=utf-8")];
    (status, kind, problem.to_string()).into_response()
}

/// Ends this process as `kill -9` does: nothing more is written, said or tidied up.
#[cfg(unix)]
fn die() -> Response {
    use rustix::process::{Signal, getpid, kill_process};
    let failed = kill_process(getpid(), Signal::KILL);
    let why = format!("cannot kill this process: {failed:?}");
    refusal(StatusCode::INTERNAL_SERVER_ERROR, &why, "a system that lets a process kill itself")
}

#[cfg(not(unix))]
fn die() -> Response {
    std::process::abort()
}

/// What a body may be.
const ACCEPTED: &str = "{\"user\": \"…\"}";

/// Largest body.
const BODY_BYTES_MAX: usize = 4096;

/// What proxies add.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
