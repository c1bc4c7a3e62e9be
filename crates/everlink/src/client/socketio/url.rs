//! The address of a Socket.IO server, as people write it.

use url::Url;

use crate::dial::{Endpoint, EndpointError, web_socket_address};

/// Turns an address with `http`, `https`, `ws` or `wss` into that of the WebSocket: path `/socket.io/`
/// unless it has one, and what Engine.IO wants to read in the query.
pub(in super::super) fn endpoint(text: &str) -> Result<Endpoint, EndpointError> {
    let Ok(mut url) = Url::parse(&web_socket_address(text)) else {
        return Endpoint::parse(text);
    };
    match url.path() {
        "" | "/" => url.set_path(PATH),
        path if !path.ends_with('/') => {
            let path = format!("{path}/");
            url.set_path(&path);
        }
        _ => {}
    }
    let own: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut query = url.query_pairs_mut();
    query.clear();
    for (name, value) in own.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
        query.append_pair(name, value);
    }
    query.append_pair("EIO", "4").append_pair("transport", "websocket");
    drop(query);
    Endpoint::parse(url.as_str())
}

/// Where Socket.IO servers listen unless they are told otherwise.
const PATH: &str = "/socket.io/";

/// What only the protocol itself can say.
const OURS: [&str; 3] = ["EIO", "transport", "sid"];

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn addresses_become_those_of_the_web_socket() {
        for (text, tls, authority, target) in [
            ("http://h", false, "h", "/socket.io/?EIO=4&transport=websocket"),
            ("HTTPS://h:8443/", true, "h:8443", "/socket.io/?EIO=4&transport=websocket"),
            ("ws://h/rt", false, "h", "/rt/?EIO=4&transport=websocket"),
            ("wss://h/rt/?room=a%20b&EIO=3", true, "h", "/rt/?room=a+b&EIO=4&transport=websocket"),
        ] {
            let endpoint = endpoint(text).unwrap();
            assert_eq!(
                (endpoint.is_tls(), endpoint.authority().as_str(), endpoint.target()),
                (tls, authority, target),
                "{text}"
            );
        }
        assert!(endpoint("ftp://h/").is_err());
        assert!(endpoint("nonsense").is_err());
    }
}
