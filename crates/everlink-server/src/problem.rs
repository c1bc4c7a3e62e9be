//! What a request is told when it fails: a problem document (RFC 9457) that names what is wrong, where,
//! the value, and what is accepted.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use everlink_engine::server::Code;
use serde::Serialize;
use utoipa::ToSchema;

use crate::hooks::Refusal;
use crate::log::LogError;
use crate::server::{PublishError, ValueError};

/// Why a request failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Names the kind of problem, for programs: `urn:everlink:…`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: Box<str>,
    /// The kind of problem, in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// Where the mistake is: a part of the request.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<&'static str>,
    /// What stands there, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    value: Option<Box<str>>,
    /// What would be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    accepted: Option<Box<str>>,
    /// After how many seconds to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        title: &'static str,
        detail: impl Into<Box<str>>,
    ) -> Self {
        Self {
            kind: format!("urn:everlink:{}", title.replace(' ', "-")).into(),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            place: None,
            value: None,
            accepted: None,
            retry_after_s: None,
        }
    }

    /// A part of the request cannot be used.
    pub(crate) fn invalid(
        place: &'static str,
        value: impl AsRef<str>,
        detail: impl Into<Box<str>>,
        accepted: impl Into<Box<str>>,
    ) -> Self {
        let value: String = value.as_ref().chars().take(VALUE_CHARS_MAX).collect();
        let problem = Self::new(StatusCode::BAD_REQUEST, "invalid request", detail);
        let (value, accepted) = (Some(value.into()), Some(accepted.into()));
        Self { place: Some(place), value, accepted, ..problem }
    }

    /// The body is larger than what is accepted.
    pub(crate) fn too_large(bytes_max: usize) -> Self {
        let problem =
            Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too large", "the body is too large");
        let accepted = format!("up to {bytes_max} bytes");
        Self { place: Some("body"), accepted: Some(accepted.into()), ..problem }
    }

    pub(crate) fn with_retry(mut self, after: Duration) -> Self {
        self.retry_after_s = Some(after.as_secs_f64().ceil().max(1.0) as u64);
        self
    }

    /// Answers with it, for code that boxes what it refuses with.
    pub(crate) fn boxed(self) -> Box<Response> {
        Box::new(self.into_response())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, why, retry } = refusal;
        let known = OF_CODES.iter().find(|(codes, ..)| codes.contains(&code));
        let (status, title) = known
            .map_or((StatusCode::FORBIDDEN, "forbidden"), |(_, status, title)| (*status, *title));
        let problem = Self::new(status, title, &*why);
        retry.map_or(problem.clone(), |after| problem.with_retry(after))
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        tracing::warn!(%error, "the log failed for a request");
        if let LogError::TooLong { bytes_max, .. } = error {
            return Self::too_large(bytes_max);
        }
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store unavailable", error.to_string())
            .with_retry(STORE_RETRY)
    }
}

impl From<ValueError> for Problem {
    fn from(error: ValueError) -> Self {
        let detail = error.to_string();
        match error {
            ValueError::Channel { channel } => {
                Self::invalid("path: conversation", channel, detail, "1 to 256 bytes")
            }
            ValueError::Name { what, name } => Self::invalid(what, name, detail, "1 to 256 bytes"),
            ValueError::Key { key } => Self::invalid("kind", key, detail, "1 to 256 bytes"),
            ValueError::Payload { reason } => Self::invalid("body", reason, detail, "JSON"),
            ValueError::TooManyKeys { .. } => {
                Self::new(StatusCode::CONFLICT, "too many kinds", detail)
            }
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Log(error) => error.into(),
            PublishError::Value(error) => error.into(),
            PublishError::Refused { .. } => {
                Self::new(StatusCode::CONFLICT, "refused", error.to_string())
            }
            PublishError::Hole { .. } => Self::new(StatusCode::CONFLICT, "hole", error.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Plain data always serializes.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json; charset=utf-8"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            // RFC 6750, section 3.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What the reasons for a refusal are in HTTP; any other is forbidden.
const OF_CODES: [(&[Code], StatusCode, &str); 7] = [
    (&[Code::Unauthorized, Code::CredentialsExpired], StatusCode::UNAUTHORIZED, "unauthorized"),
    (&[Code::TooLarge], StatusCode::PAYLOAD_TOO_LARGE, "too large"),
    (&[Code::TooFast, Code::Busy], StatusCode::TOO_MANY_REQUESTS, "too fast"),
    (&[Code::UnknownChannel], StatusCode::NOT_FOUND, "unknown conversation"),
    (&[Code::BadFrame, Code::DataInvalid], StatusCode::BAD_REQUEST, "invalid request"),
    (&[Code::Internal], StatusCode::INTERNAL_SERVER_ERROR, "server at fault"),
    (&[Code::Overload, Code::Restart], StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
];

/// Of a wrong value, so much is repeated.
const VALUE_CHARS_MAX: usize = 100;

/// When to try again after the log failed.
const STORE_RETRY: Duration = Duration::from_secs(2);
