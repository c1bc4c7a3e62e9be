//! One HTTP/1.1 request that is meant to end HTTP on its connection: an upgrade or a `CONNECT`.

use core::future::Future;
use core::pin::Pin;
use core::time::Duration;
use std::error::Error as _;
use std::io;

use bytes::Bytes;
use everlink_engine::Cause;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use url::Url;

use super::error::{DialError, HttpAnswer, Phase, RAW_VALUE_BYTES_MAX};
use super::tls;

/// Most bytes of an answer's status line and headers.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Longest wait for the first bytes of a body that are looked at to recognise a log-in page.
const BODY_START_TIMEOUT: Duration = Duration::from_secs(1);

/// An answer, and the connection again if HTTP is over on it.
pub(super) struct Answered<T> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) rest: Rest<T>,
}

pub(super) enum Rest<T> {
    /// HTTP is over: the connection, and bytes that came behind the answer.
    Switched { io: T, leftover: Bytes },
    /// The start of the answer's body, empty when none came in time. The connection is closed.
    Body(Bytes),
}

/// Sends `request` and waits for the head of the answer. Sends nothing else.
pub(super) async fn exchange<T>(
    io: T,
    request: Request<Empty<Bytes>>,
) -> Result<Answered<T>, hyper::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let connects = request.method() == Method::CONNECT;
    // The first bounds a head, the second what waits while it is incomplete.
    let (mut sender, connection) = http1::Builder::new()
        .max_header_size(HEADER_BYTES_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .handshake(TokioIo::new(io))
        .await?;
    let mut connection = core::pin::pin!(connection.without_shutdown());
    let mut parts = None;
    let answer = beside(sender.send_request(request), connection.as_mut(), &mut parts).await??;
    let (head, body) = answer.into_parts();
    let status = head.status;
    let headers = head.headers;
    let switched = status == StatusCode::SWITCHING_PROTOCOLS || (connects && status.is_success());
    if !switched {
        let start = beside(first_bytes(body), connection, &mut parts);
        let start = timeout(BODY_START_TIMEOUT, start).await;
        let rest = Rest::Body(start.ok().and_then(Result::ok).unwrap_or_default());
        return Ok(Answered { status, headers, rest });
    }
    let parts = match parts {
        Some(parts) => parts,
        None => connection.await?,
    };
    let rest = Rest::Switched { io: parts.io.into_inner(), leftover: parts.read_buf };
    Ok(Answered { status, headers, rest })
}

/// Runs `wanted` to its end while driving the connection, which may end first.
async fn beside<F, C, T>(
    wanted: F,
    mut connection: Pin<&mut C>,
    parts: &mut Option<http1::Parts<T>>,
) -> Result<F::Output, hyper::Error>
where
    F: Future,
    C: Future<Output = Result<http1::Parts<T>, hyper::Error>>,
{
    let mut wanted = core::pin::pin!(wanted);
    loop {
        tokio::select! {
            biased;
            output = &mut wanted => return Ok(output),
            ended = &mut connection, if parts.is_none() => *parts = Some(ended?),
        }
    }
}

async fn first_bytes(mut body: Incoming) -> Bytes {
    let frame = body.frame().await.and_then(Result::ok);
    frame.and_then(|frame| frame.into_data().ok()).unwrap_or_default()
}

/// Returns what people and the engine want to know about an answer.
pub(super) fn facts(status: StatusCode, headers: &HeaderMap) -> HttpAnswer {
    HttpAnswer {
        status: status.as_u16(),
        retry_after: raw(headers, RETRY_AFTER),
        content_type: raw(headers, CONTENT_TYPE),
        location: headers.get(LOCATION).and_then(|value| origin(value.to_str().ok()?)),
    }
}

fn raw(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.as_bytes();
    let kept = &value[..value.len().min(RAW_VALUE_BYTES_MAX)];
    Some(String::from_utf8_lossy(kept).into_owned())
}

fn origin(location: &str) -> Option<String> {
    let url = Url::parse(location).ok()?;
    Some(url.origin().ascii_serialization())
}

/// Classifies a failed exchange. `what` says with whom.
pub(super) fn classify(phase: Phase, what: &str, error: &hyper::Error) -> DialError {
    if let Some(io) = inner_io(error) {
        return match tls::tls_error(io) {
            Some(error) => tls::refused(phase, what, error),
            None => DialError::io(phase, what, io),
        };
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        let detail = format!("{what}: closed before the answer was complete");
        return DialError::new(Cause::Reset, phase, detail);
    }
    let accepted = format!("HTTP/1.1 with at most {HEADER_BYTES_MAX} bytes of headers");
    let detail = format!("{what}: the answer is not {accepted}: {error}");
    DialError::new(Cause::UpgradeMalformed, phase, detail)
}

fn inner_io(error: &hyper::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Some(io);
        }
        source = inner.source();
    }
    None
}
