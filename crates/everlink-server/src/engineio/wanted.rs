//! What a request to an endpoint of Engine.IO asks for.

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{Method, header};

use super::refusal::Refusal;
use super::settings::EngineIo;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A session that begins by polling.
    Polling,
    /// A session that begins by a WebSocket.
    WebSocket,
    /// Something of a session that is there.
    Of { sid: String, upgrade: bool },
}

impl Wanted {
    /// Reads a request in the order of the official server, so that what is wrong in several ways is told the
    /// same.
    pub(super) fn of(parts: &Parts, settings: &EngineIo) -> Result<Self, Refusal> {
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) else {
            return Err(Refusal::BadRequest);
        };
        let value =
            |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let upgrades = parts.headers.contains_key(header::UPGRADE);
        let websocket = match value("transport") {
            Some("websocket") => true,
            Some("polling") if settings.polling => false,
            Some(_) | None => return Err(Refusal::UnknownTransport),
        };
        if let Some(sid) = value("sid").filter(|sid| !sid.is_empty()) {
            if websocket != upgrades || value("j").is_some() {
                return Err(Refusal::BadRequest);
            }
            return Ok(Self::Of { sid: sid.to_owned(), upgrade: websocket });
        }
        if parts.method != Method::GET {
            return Err(Refusal::BadMethod);
        }
        if websocket != upgrades || value("j").is_some() {
            return Err(Refusal::BadRequest);
        }
        if value("EIO") != Some("4") {
            return Err(Refusal::UnsupportedProtocol);
        }
        Ok(if websocket { Self::WebSocket } else { Self::Polling })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn wanted(method: &str, query: &str, upgrade: bool) -> Result<Wanted, u8> {
        let mut request = Request::builder().method(method).uri(format!("/engine.io/?{query}"));
        if upgrade {
            request = request.header("upgrade", "websocket");
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Wanted::of(&parts, &EngineIo::new()).map_err(|refusal| refusal.code().unwrap())
    }

    #[test]
    fn what_is_asked_for_is_read_and_what_is_wrong_has_the_official_code() {
        let of = |upgrade| Ok(Wanted::Of { sid: "x".to_owned(), upgrade });
        let cases = [
            ("GET", "EIO=4&transport=polling", false, Ok(Wanted::Polling)),
            ("GET", "EIO=4&transport=polling&t=abc", false, Ok(Wanted::Polling)),
            ("GET", "EIO=4&transport=websocket", true, Ok(Wanted::WebSocket)),
            ("GET", "EIO=4&transport=polling&sid=x", false, of(false)),
            ("POST", "EIO=4&transport=polling&sid=x", false, of(false)),
            ("GET", "EIO=4&transport=websocket&sid=x", true, of(true)),
            ("GET", "", false, Err(0)),
            ("GET", "EIO=4&transport=carrier-pigeon", false, Err(0)),
            ("POST", "EIO=4&transport=polling", false, Err(2)),
            ("GET", "EIO=4&transport=websocket", false, Err(3)),
            ("GET", "EIO=4&transport=polling", true, Err(3)),
            ("GET", "EIO=4&transport=websocket&sid=x", false, Err(3)),
            ("GET", "EIO=4&transport=polling&j=0", false, Err(3)),
            ("GET", "EIO=4&transport=polling&%zz=%ff", false, Ok(Wanted::Polling)),
            ("GET", "EIO=3&transport=polling", false, Err(5)),
            ("GET", "transport=polling", false, Err(5)),
        ];
        for (method, query, upgrade, expected) in cases {
            assert_eq!(wanted(method, query, upgrade), expected, "{method} {query}");
        }
    }
}
