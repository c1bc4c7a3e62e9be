//! What describes the interface: a document for programs, and a page for people.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use utoipa::openapi::OpenApi;

use crate::server::Server;

/// Shows the interface to people: reads the document, and needs nothing from elsewhere.
#[utoipa::path(
    get,
    path = "/api/docs",
    tag = "server",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub(super) async fn page() -> impl IntoResponse {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                  connect-src 'self'; base-uri 'none'; form-action 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(include_str!("docs.html")))
}

/// Answers `/api/openapi.json` with the document.
pub(super) fn document(openapi: OpenApi) -> Router<Server> {
    let mut openapi = openapi;
    openapi.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let document: Arc<str> = openapi.to_json().unwrap_or_default().into();
    let answer = move || {
        let document = document.to_string();
        async move { ([(header::CONTENT_TYPE, "application/json")], document) }
    };
    Router::new().route(DOCUMENT_PATH, get(answer))
}

const DOCUMENT_PATH: &str = "/api/openapi.json";
