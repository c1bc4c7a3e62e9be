//! Answers to polls, and what all answers have in common.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::polls::{Fault, Polls};
use crate::node::Node;

/// Lets pages of the accepted origins poll. Cookies are never asked for.
pub(super) fn cors(node: &Arc<Node>) -> CorsLayer {
    let node = Arc::clone(node);
    let accepted =
        move |origin: &HeaderValue, _: &Parts| node.settings.accepts_origin(origin.as_bytes());
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(accepted))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::RETRY_AFTER])
        .max_age(CORS_KEPT)
}

/// Makes a response that nobody keeps.
pub(super) fn text(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer to a poll. Where it is dropped before it is handed over, packets were lost, and the session ends.
pub(super) struct PollReply {
    polls: Arc<Polls>,
    /// None once it is handed over, or there was none to wait for.
    body: Option<Bytes>,
    waits: bool,
}

impl PollReply {
    /// Waits until the session has something to say.
    pub(super) async fn wait(
        polls: Arc<Polls>,
        poll: oneshot::Receiver<Bytes>,
    ) -> Result<Response, Box<Response>> {
        let mut reply = Self { polls, body: None, waits: true };
        let Ok(body) = poll.await else {
            reply.waits = false;
            return Err(reply.polls.why_refused().into());
        };
        reply.body = Some(body);
        Ok(text(StatusCode::OK, "text/plain; charset=UTF-8", Body::new(reply)))
    }
}

impl HttpBody for PollReply {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.waits = false;
        Poll::Ready(self.body.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }
}

impl Drop for PollReply {
    fn drop(&mut self) {
        if self.waits {
            self.polls.fault(Fault::Lost);
        }
    }
}

/// How long a browser may keep the answer to its question.
const CORS_KEPT: std::time::Duration = std::time::Duration::from_secs(600);
