//! How a connection began.

use std::net::SocketAddr;
use std::time::SystemTime;

use axum::http::HeaderMap;

use crate::speech::Name;

/// What a client said when it opened its connection, for all its namespaces.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Handshake {
    /// The headers of the request.
    pub headers: HeaderMap,
    /// The query of the request, in its order.
    pub query: Vec<(String, String)>,
    /// Path and query of the request.
    pub target: Name,
    /// From where it comes, where the application serves with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub peer: Option<SocketAddr>,
    /// When it came.
    pub at: SystemTime,
}

impl Handshake {
    pub(crate) fn new(headers: HeaderMap, target: Name, peer: Option<SocketAddr>) -> Self {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('&').filter(|pair| !pair.is_empty()).take(QUERY_MAX);
        let query = query.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        });
        Self { query: query.collect(), headers, target, peer, at: SystemTime::now() }
    }

    /// Returns the first value of a name in the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_what_is_broken_stays() {
        let target = "/socket.io/?EIO=4&name=J%C3%BCrgen+B&x=%zz&y=%e4&empty&=v";
        let handshake = Handshake::new(HeaderMap::new(), target.into(), None);
        assert_eq!(handshake.query("name"), Some("Jürgen B"));
        assert_eq!(handshake.query("x"), Some("%zz"));
        assert_eq!(handshake.query("y"), Some("\u{fffd}"));
        assert_eq!((handshake.query("empty"), handshake.query("no")), (Some(""), None));
    }
}
