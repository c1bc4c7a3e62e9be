//! An endpoint of Engine.IO: the requests to one path.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;

use super::settings::EngineIo;
use crate::node::Node;
use crate::server::{BuildError, Settings};
use crate::speech::Speech;

type Open = dyn Fn(&Parts) -> Result<Box<dyn Speech>, Box<Response>> + Send + Sync;

struct Endpoint {
    node: Arc<Node>,
    settings: EngineIo,
    open: Box<Open>,
}

/// Makes the routes of an endpoint.
pub(crate) fn router(
    node: &Arc<Node>,
    path: &str,
    settings: &EngineIo,
    open: Box<Open>,
) -> Result<Router, BuildError> {
    settings.check()?;
    let path = path.strip_suffix('/').unwrap_or(path);
    Settings::check_path(path)?;
    let endpoint = Arc::new(Endpoint { node: Arc::clone(node), settings: settings.clone(), open });
    Ok(Router::new()
        .route(path, any(answer))
        .route(&format!("{path}/"), any(answer))
        .with_state(endpoint))
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let _ = (&endpoint.node, &endpoint.settings, &endpoint.open, request);
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
