//! What a request must bring (RFC 6455, section 4.2.1), and what it is told if it does not.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everlink_wire::v1::Encoding;
use everlink_wire::ws::DeflateParams;

use crate::limits::Exceeded;
use crate::node::Node;

type Checked<T> = Result<T, Box<Response>>;

/// Checks method, version and headers. Returns the key.
pub(super) fn handshake(method: &Method, version: Version, headers: &HeaderMap) -> Checked<String> {
    if method != Method::GET {
        let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket begins with GET");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return Err(Box::new(response));
    }
    let upgrades = has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket");
    if !upgrades || version != Version::HTTP_11 {
        return Err(upgrade_required(
            "this is a WebSocket endpoint: send `Connection: upgrade` and `Upgrade: websocket` by HTTP/1.1",
        ));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(upgrade_required("`Sec-WebSocket-Version` must be 13"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
    match key.map(str::trim).filter(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == 16)) {
        Some(key) => Ok(key.to_owned()),
        None => Err(Box::new(refusal(
            StatusCode::BAD_REQUEST,
            "`Sec-WebSocket-Key` must be 16 bytes in base64",
        ))),
    }
}

/// Checks where a browser's page comes from.
pub(crate) fn origin(node: &Node, headers: &HeaderMap) -> Checked<()> {
    let origin = headers.get(header::ORIGIN);
    if origin.is_none_or(|origin| node.settings.accepts_origin(origin.as_bytes())) {
        return Ok(());
    }
    node.counters.refuse("origin");
    Err(Box::new(refusal(StatusCode::FORBIDDEN, "pages of this origin are not accepted")))
}

/// Refuses while the node drains.
pub(crate) fn drain(node: &Node) -> Checked<()> {
    let Some(left) = node.drain.left(node.now()) else {
        return Ok(());
    };
    node.counters.refuse("drain");
    let mut response =
        refusal(StatusCode::SERVICE_UNAVAILABLE, "this node is going; another is there");
    let seconds = left.as_secs().max(1);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Err(Box::new(response))
}

/// Agrees on compression, where it is on and asked for.
pub(super) fn deflate(node: &Node, headers: &HeaderMap) -> Checked<Option<DeflateParams>> {
    let Some(config) = &node.settings.deflate else {
        return Ok(None);
    };
    let lines = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    config.answer(&lines.join(", ")).map_err(|error| {
        Box::new(refusal(
            StatusCode::BAD_REQUEST,
            &format!("`Sec-WebSocket-Extensions` cannot be read: {error}"),
        ))
    })
}

/// Says that an address uses too much.
pub(super) fn exceeded(node: &Node, exceeded: Exceeded) -> Box<Response> {
    node.counters.refuse("limit");
    let Exceeded { what, retry } = exceeded;
    let mut response =
        refusal(StatusCode::TOO_MANY_REQUESTS, &format!("too many {what} from this address"));
    let seconds = retry.as_secs_f64().ceil().max(1.0) as u64;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Box::new(response)
}

/// The subprotocols that a client offers, in its order of preference.
pub(super) struct Offers(Vec<String>);

impl Offers {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn complaint(&self) -> String {
        let known = Encoding::ALL.map(Encoding::subprotocol).join(", ");
        if self.is_empty() {
            return format!("a subprotocol is missing; `Sec-WebSocket-Protocol` may be: {known}");
        }
        format!("none of the subprotocols offered is spoken here; accepted: {known}")
    }
}

/// Refuses with a reason in words.
pub(super) fn refusal(status: StatusCode, why: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{why}\n")));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

/// Says what a WebSocket needs (RFC 6455, section 4.4; RFC 9110, section 15.5.22).
fn upgrade_required(why: &str) -> Box<Response> {
    let mut response = refusal(StatusCode::UPGRADE_REQUIRED, why);
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    Box::new(response)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}
