//! HTTP answers.

use super::request::UpgradeRequest;
use super::script::Subprotocol;
use everlink_wire::ws::accept_key;
use hyper::StatusCode;
use std::fmt::Write as _;

/// How the upgrade is to be accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acceptance {
    pub(crate) subprotocol: Subprotocol,
    pub(crate) is_wrong: bool,
    pub(crate) headers: Vec<(String, String)>,
}

/// Writes the answer that accepts a request (RFC 6455, section 4.2.2).
pub(crate) fn accepting(request: &UpgradeRequest, acceptance: &Acceptance) -> String {
    let key = request.header("sec-websocket-key").unwrap_or_default();
    let accept = if acceptance.is_wrong { accept_key("wrong") } else { accept_key(key.trim()) };
    let mut answer = format!("{SWITCHING}Sec-WebSocket-Accept: {accept}\r\n");
    let subprotocol = match &acceptance.subprotocol {
        Subprotocol::First => request.subprotocols().first().copied(),
        Subprotocol::None => None,
        Subprotocol::Named(name) => Some(name.as_str()),
    };
    if let Some(name) = subprotocol {
        put_header(&mut answer, "Sec-WebSocket-Protocol", name);
    }
    for (name, value) in &acceptance.headers {
        put_header(&mut answer, name, value);
    }
    answer + "\r\n"
}

/// Writes any other answer.
pub(crate) fn responding(status: u16, headers: &[(String, String)], body: &str) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let mut answer = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or("Unknown"));
    for (name, value) in headers {
        put_header(&mut answer, name, value);
    }
    put_header(&mut answer, "Content-Length", &body.len().to_string());
    put_header(&mut answer, "Connection", "close");
    answer + "\r\n" + body
}

fn put_header(answer: &mut String, name: &str, value: &str) {
    write!(answer, "{name}: {value}\r\n").expect("a String takes everything");
}

/// The beginning of every answer that accepts.
pub(crate) const SWITCHING: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
