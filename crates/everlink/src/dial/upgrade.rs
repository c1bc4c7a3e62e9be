//! The HTTP request that turns a connection into a WebSocket (RFC 6455, section 4.1).

use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use everlink_engine::Cause;
use everlink_wire::ws::{DeflateConfig, DeflateParams, accept_key, handshake_key};
use http_body_util::Empty;
use hyper::header::{
    AUTHORIZATION, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use hyper::{Request, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use url::Url;

use super::endpoint::Endpoint;
use super::error::{DialError, Hint, HttpAnswer, Phase};
use super::headers::{Subprotocols, check_header_name};
use super::http::{Answered, Rest, classify, exchange, facts};
use super::options::DialOptions;

/// What to ask of the server.
#[derive(Clone)]
pub struct UpgradeRequest {
    host: String,
    authority: String,
    target: String,
    headers: HeaderMap,
    subprotocols: Subprotocols,
    deflate: Option<DeflateConfig>,
}

impl UpgradeRequest {
    /// Makes the request for `endpoint`; `extra` are headers of this attempt alone, such as a
    /// fresh `Authorization`, and replace those of the same name from the options.
    ///
    /// # Errors
    ///
    /// [`Cause::Local`] when `extra` has a header that belongs to the hand-shake itself.
    pub fn new(
        endpoint: &Endpoint,
        options: &DialOptions,
        extra: &HeaderMap,
    ) -> Result<Self, DialError> {
        let mut headers = HeaderMap::new();
        if let Some(value) = endpoint.authorization() {
            headers.insert(AUTHORIZATION, value.clone());
        }
        replace(&mut headers, &options.headers);
        for name in extra.keys() {
            check_header_name(name)
                .map_err(|error| DialError::new(Cause::Local, Phase::Upgrade, error.to_string()))?;
        }
        replace(&mut headers, extra);
        headers.values_mut().for_each(|value| value.set_sensitive(true));
        Ok(Self {
            host: endpoint.url_host(),
            authority: endpoint.authority(),
            target: endpoint.target().to_owned(),
            headers,
            subprotocols: options.subprotocols.clone(),
            deflate: options.deflate,
        })
    }

    fn build(&self, key: &str) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
        let mut request = Request::builder()
            .uri(&self.target)
            .header(HOST, &self.authority)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, key);
        if let Some(offer) = self.subprotocols.offer() {
            request = request.header(SEC_WEBSOCKET_PROTOCOL, offer);
        }
        if let Some(deflate) = &self.deflate {
            request = request.header(SEC_WEBSOCKET_EXTENSIONS, deflate.offer());
        }
        let mut request = request.body(Empty::new())?;
        replace(request.headers_mut(), &self.headers);
        Ok(request)
    }
}

impl fmt::Debug for UpgradeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeRequest")
            .field("authority", &self.authority)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("subprotocols", &self.subprotocols)
            .finish_non_exhaustive()
    }
}

/// A connection that is a WebSocket now.
#[derive(Debug)]
#[non_exhaustive]
pub struct Upgraded<T> {
    /// The connection.
    pub io: T,
    /// Bytes that came behind the answer: the first frames, to be read before `io`.
    pub leftover: Bytes,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// How messages may be compressed; none when that was not agreed on.
    pub deflate: Option<DeflateParams>,
}

/// Asks for the upgrade and checks the answer; sends nothing else.
///
/// # Errors
///
/// [`Cause::UpgradeTimedOut`] after `limit`; [`Cause::UpgradeMalformed`] for what is not HTTP/1.1
/// or has more than [`HEADER_BYTES_MAX`](super::HEADER_BYTES_MAX) of headers;
/// [`Cause::HttpStatus`], [`Cause::Redirected`] and [`Cause::CaptivePortal`] for another answer than
/// 101; [`Cause::AcceptMismatch`], [`Cause::SubprotocolMismatch`] and [`Cause::ExtensionMismatch`]
/// for a wrong one; [`Cause::Reset`] when the peer goes away.
///
/// # Cancel safety
///
/// Dropping the future closes `io`.
pub async fn upgrade<T>(
    io: T,
    request: &UpgradeRequest,
    limit: Duration,
) -> Result<Upgraded<T>, DialError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let local = |text: String| DialError::new(Cause::Local, Phase::Upgrade, text);
    let key = new_key().map_err(local)?;
    let http = request.build(&key).map_err(|error| local(error.to_string()))?;
    let what = format!("the upgrade at {}", request.authority);
    match timeout(limit, exchange(io, http)).await {
        Ok(Ok(answered)) => judge(answered, request, &key, &what),
        Ok(Err(error)) => Err(classify(Phase::Upgrade, &what, &error)),
        Err(_elapsed) => {
            let cause = Cause::UpgradeTimedOut;
            Err(DialError::timed_out(cause, Phase::Upgrade, &what, limit))
        }
    }
}

fn judge<T>(
    answered: Answered<T>,
    request: &UpgradeRequest,
    key: &str,
    what: &str,
) -> Result<Upgraded<T>, DialError> {
    let Answered { status, headers, rest } = answered;
    tracing::debug!(%status, "upgrade answered");
    let (io, leftover) = match rest {
        Rest::Switched { io, leftover } => (io, leftover),
        Rest::Body(start) => return Err(rejected(request, what, status, &headers, &start)),
    };
    let wrong =
        |cause, text: String| DialError::new(cause, Phase::Upgrade, format!("{what}: {text}"));
    check_accept(&headers, key).map_err(|text| wrong(Cause::AcceptMismatch, text))?;
    let subprotocol = request
        .subprotocols
        .accept(&texts(&headers, &SEC_WEBSOCKET_PROTOCOL))
        .map_err(|text| wrong(Cause::SubprotocolMismatch, format!("subprotocol: {text}")))?;
    let deflate = check_extensions(&headers, request.deflate.as_ref())
        .map_err(|text| wrong(Cause::ExtensionMismatch, format!("extensions: {text}")))?;
    Ok(Upgraded { io, leftover, subprotocol, deflate })
}

/// The answer of someone who is no WebSocket server, or not for us.
fn rejected(
    request: &UpgradeRequest,
    what: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> DialError {
    let answer = facts(status, headers);
    let code = status.as_u16();
    let portal = looks_like_a_portal(&answer, body);
    let cause = match code {
        _ if portal => Cause::CaptivePortal,
        300..=399 => Cause::Redirected(code),
        _ => Cause::HttpStatus(code),
    };
    let suspicious = portal || (300..=399).contains(&code) && leads_elsewhere(request, &answer);
    let to = answer.location.as_deref().map(|to| format!(", to {to}"));
    let detail = format!("{what}: answered {status}{}", to.unwrap_or_default());
    let error = DialError::new(cause, Phase::Upgrade, detail).with_http(answer);
    if suspicious {
        return error.with_hint(Hint::CaptivePortal);
    }
    error
}

/// A redirect to the same host wants another path or scheme; one to another host may be a portal.
fn leads_elsewhere(request: &UpgradeRequest, answer: &HttpAnswer) -> bool {
    let location = answer.location.as_deref().and_then(|to| Url::parse(to).ok());
    location.is_some_and(|to| to.host_str() != Some(&request.host))
}

/// 511 says it outright (RFC 6585, section 6); else a page where a WebSocket was asked for.
fn looks_like_a_portal(answer: &HttpAnswer, body: &[u8]) -> bool {
    let is_page = match &answer.content_type {
        Some(content_type) => {
            let essence = content_type.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("text/html")
                || essence.eq_ignore_ascii_case("application/xhtml+xml")
        }
        None => {
            let start = body.trim_ascii_start().to_ascii_lowercase();
            start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
        }
    };
    answer.status == 511 || ((200..300).contains(&answer.status) && is_page)
}

fn check_accept(headers: &HeaderMap, key: &str) -> Result<(), String> {
    let upgrade = texts(headers, &UPGRADE);
    if !matches!(upgrade[..], [one] if one.eq_ignore_ascii_case("websocket")) {
        return Err(format!("`Upgrade` is {upgrade:?}, expected is websocket"));
    }
    let connection = texts(headers, &CONNECTION);
    let mut tokens = connection.iter().flat_map(|line| line.split(','));
    if !tokens.any(|token| token.trim().eq_ignore_ascii_case("upgrade")) {
        return Err(format!("`Connection` is {connection:?}, expected is upgrade"));
    }
    match texts(headers, &SEC_WEBSOCKET_ACCEPT)[..] {
        [one] if one == accept_key(key) => Ok(()),
        [] => Err("`Sec-WebSocket-Accept` is missing".to_owned()),
        _ => Err("`Sec-WebSocket-Accept` does not belong to our key".to_owned()),
    }
}

fn check_extensions(
    headers: &HeaderMap,
    offered: Option<&DeflateConfig>,
) -> Result<Option<DeflateParams>, String> {
    let answer = texts(headers, &SEC_WEBSOCKET_EXTENSIONS).join(", ");
    match offered {
        Some(offered) => offered.read_answer(&answer).map_err(|error| error.to_string()),
        None if answer.is_empty() => Ok(None),
        None => Err(format!("{answer:?} chosen, none was offered")),
    }
}

/// Returns the values of a header, one for each line, trimmed. What is no text is no match either.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let text = |value: &'a HeaderValue| value.to_str().unwrap_or("\u{fffd}").trim();
    headers.get_all(name).iter().map(text).collect()
}

/// Sets all headers of `from`, with every value, in place of those of the same name.
fn replace(headers: &mut HeaderMap, from: &HeaderMap) {
    for name in from.keys() {
        headers.remove(name);
        for value in from.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// A nonce of 16 random bytes (RFC 6455, section 4.1, item 7).
fn new_key() -> Result<String, String> {
    let mut nonce = [0; 16];
    let random = rustls::crypto::ring::default_provider().secure_random;
    let filled = random.fill(&mut nonce);
    filled.map_err(|_| "no random bytes from the system".to_owned())?;
    Ok(handshake_key(nonce))
}

#[cfg(test)]
mod tests {
    use super::new_key;

    #[test]
    fn each_key_is_fresh() {
        assert_ne!(new_key(), new_key());
        assert_eq!(new_key().map(|key| key.len()), Ok(24));
    }
}
