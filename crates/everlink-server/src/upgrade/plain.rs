//! Endpoints that speak something else than `everlink.v1`.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::response::Response;
use futures_util::future::BoxFuture;

use crate::speech::Speech;

type Open =
    dyn Fn(&Parts) -> BoxFuture<'static, Result<Box<dyn Speech>, Box<Response>>> + Send + Sync;

/// Takes requests to `/ws` that ask for no subprotocol.
#[derive(Clone)]
pub struct PlainEndpoint(Arc<Open>);

impl PlainEndpoint {
    /// Makes an endpoint that looks at a request and says how the connection speaks, or refuses it with
    /// a response. The opening handshake is checked already.
    pub fn new<F, A>(open: F) -> Self
    where
        F: Fn(&Parts) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Box<dyn Speech>, Box<Response>>> + Send + 'static,
    {
        Self(Arc::new(move |parts| Box::pin(open(parts))))
    }

    pub(super) async fn open(&self, parts: &Parts) -> Result<Box<dyn Speech>, Box<Response>> {
        (self.0)(parts).await
    }
}

impl fmt::Debug for PlainEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainEndpoint")
    }
}
