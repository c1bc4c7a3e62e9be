//! The request that a client opens with.

use super::limits::REQUEST_HEADERS_MAX;

/// An upgrade request, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpgradeRequest {
    /// Method, `GET` from a client that knows its protocol.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers in their order, names as the client wrote them.
    pub headers: Vec<(String, String)>,
}

impl UpgradeRequest {
    /// Returns the first header of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the subprotocols that the client offers, in its order.
    #[must_use]
    pub fn subprotocols(&self) -> Vec<&str> {
        let headers = self.headers.iter();
        headers
            .filter(|(key, _)| key.eq_ignore_ascii_case("sec-websocket-protocol"))
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// Reads a request head; gives its length too, or `None` when there is more to come.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, httparse::Error> {
        let mut headers = [httparse::EMPTY_HEADER; REQUEST_HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(len) = request.parse(bytes)? else {
            return Ok(None);
        };
        let headers = request.headers.iter().map(|header| {
            (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned())
        });
        let read = Self {
            headers: headers.collect(),
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
        };
        Ok(Some((read, len)))
    }
}
