//! What a request is told that cannot be served, in the words of the official server.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use everlink_wire::engineio::PacketError;
use serde_json::json;

use super::polls::Refused;
use super::reply;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTransport,
    UnknownSid,
    BadMethod,
    BadRequest,
    Forbidden,
    UnsupportedProtocol,
    /// A body is not understood.
    Body(PacketError),
    TooLarge,
    TooSlow,
    /// As many poll as may.
    Full,
}

impl Refusal {
    /// Returns the number that clients know it by.
    pub(super) const fn code(&self) -> Option<u8> {
        match self {
            Self::UnknownTransport => Some(0),
            Self::UnknownSid => Some(1),
            Self::BadMethod => Some(2),
            Self::BadRequest | Self::Body(_) => Some(3),
            Self::Forbidden => Some(4),
            Self::UnsupportedProtocol => Some(5),
            Self::TooLarge | Self::TooSlow | Self::Full => None,
        }
    }

    const fn message(&self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSid => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest | Self::Body(_) => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedProtocol => "Unsupported protocol version",
            Self::TooLarge => "Payload too large",
            Self::TooSlow => "Request timeout",
            Self::Full => "Too many sessions poll",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::UnknownTransport
            | Self::UnknownSid
            | Self::BadMethod
            | Self::BadRequest
            | Self::Body(_)
            | Self::UnsupportedProtocol => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Ended => Self::UnknownSid,
            Refused::Upgraded | Refused::Overlap => Self::BadRequest,
        }
    }
}

impl From<Refusal> for Box<Response> {
    fn from(refusal: Refusal) -> Self {
        let mut body = json!({ "message": refusal.message() });
        if let Some(code) = refusal.code() {
            body["code"] = code.into();
        }
        if let Refusal::Body(error) = &refusal {
            body["context"] = error.to_string().into();
        }
        let body = Body::from(body.to_string());
        let mut response = reply::text(refusal.status(), "application/json", body);
        if refusal == Refusal::Full {
            let seconds = HeaderValue::from(FULL_RETRY_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        Self::new(response)
    }
}

impl From<Refused> for Box<Response> {
    fn from(refused: Refused) -> Self {
        Refusal::from(refused).into()
    }
}

/// When to try again where as many poll as may.
const FULL_RETRY_SECONDS: u64 = 5;
