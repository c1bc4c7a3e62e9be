//! What the server counts.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::server::{Server, Status};

/// Returns every metric of the server (Prometheus, text format 0.0.4).
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain; version=0.0.4")),
)]
pub(super) async fn metrics(State(server): State<Server>) -> impl IntoResponse {
    let text = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, text)], server.metrics())
}

/// Returns how the server is: rates, totals, quality, store, drain.
#[utoipa::path(
    get,
    path = "/api/status",
    tag = "server",
    responses((status = 200, description = "How it is", body = Status)),
)]
pub(super) async fn status(State(server): State<Server>) -> Json<Status> {
    Json(server.status())
}
