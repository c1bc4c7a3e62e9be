//! How a connection began.

use std::net::SocketAddr;
use std::time::SystemTime;

use axum::http::HeaderMap;

use crate::hooks::bearer_token;
use crate::speech::Name;

/// What a client said when it opened its connection, for all its namespaces.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Handshake {
    /// Path and query of the request.
    pub target: Name,
    /// From where it comes, where the application serves with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub peer: Option<SocketAddr>,
    /// When it came.
    pub at: SystemTime,
    /// Lines of headers, in one piece: it is kept as long as the connection, of which there are many.
    headers: Box<[u8]>,
}

impl Handshake {
    pub(crate) fn new(headers: &HeaderMap, target: Name, peer: Option<SocketAddr>) -> Self {
        let mut lines = Vec::new();
        for (name, value) in headers {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.push(b':');
            lines.extend_from_slice(value.as_bytes());
            lines.push(LINE_END);
        }
        Self { target, peer, at: SystemTime::now(), headers: lines.into() }
    }

    /// Returns the headers of the request: names in lower case, values as they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let lines = self.headers.split(|byte| *byte == LINE_END);
        lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?;
            Some((name, &line[colon + 1..]))
        })
    }

    /// Returns the first header of a name in any case; `None` also where it is no UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// Returns the query of the request in its order, decoded.
    pub fn query_pairs(&self) -> impl Iterator<Item = (String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).take(QUERY_MAX);
        pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        })
    }

    /// Returns the first value of a name in the query, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Returns the token that the request shows (RFC 6750, section 2.1).
    pub(super) fn bearer_token(&self) -> Option<&str> {
        bearer_token(self.header("authorization")?)
    }
}

/// Decodes what forms and browsers write in a query; what is not UTF-8 becomes the replacement character.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = || text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            b'+' => out.push(b' '),
            b'%' => match hex() {
                Some(decoded) => {
                    out.push(decoded);
                    at += 2;
                }
                None => out.push(b'%'),
            },
            other => out.push(*other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Parameters of a query that are looked at.
const QUERY_MAX: usize = 64;

/// No value of a header holds it (RFC 9110, section 5.5).
const LINE_END: u8 = b'\n';

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_query_is_decoded_and_what_is_broken_stays() {
        let target = "/socket.io/?EIO=4&name=J%C3%BCrgen+B&x=%zz&y=%e4&empty&=v";
        let handshake = Handshake::new(&HeaderMap::new(), target.into(), None);
        let query = |name| handshake.query(name);
        assert_eq!(query("name").as_deref(), Some("Jürgen B"));
        assert_eq!(query("x").as_deref(), Some("%zz"));
        assert_eq!(query("y").as_deref(), Some("\u{fffd}"));
        assert_eq!((query("empty").as_deref(), query("no")), (Some(""), None));
    }

    #[test]
    fn headers_are_as_they_came() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", HeaderValue::from_static("a=1:2"));
        headers.append("cookie", HeaderValue::from_static("b"));
        headers.append("x-odd", HeaderValue::from_bytes(b"\xe4").unwrap());
        headers.append("authorization", HeaderValue::from_static("Bearer secret"));
        let handshake = Handshake::new(&headers, "/".into(), None);
        assert_eq!(handshake.header("Cookie"), Some("a=1:2"));
        assert_eq!((handshake.header("x-odd"), handshake.header("no")), (None, None));
        let all: Vec<_> =
            handshake.headers().filter(|(name, _)| *name != "authorization").collect();
        assert_eq!(all, [("cookie", &b"a=1:2"[..]), ("cookie", b"b"), ("x-odd", b"\xe4")]);
        assert_eq!(handshake.bearer_token(), Some("secret"));
    }
}
