//! The page that `everlink serve` serves at `/`: a chat to look at the connection with, and to break it.

mod files;
mod kill;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use everlink_server::Server;
use serde::Serialize;

use files::{Files, Policy};
pub(super) use kill::Kill;

/// The page, and what it is told about the server.
#[derive(Clone, Debug)]
pub(super) struct Page {
    files: Files,
    about: About,
    server: Server,
}

/// What the page is told: `GET /api/page`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    /// The version of the command.
    pub(super) version: &'static str,
    /// Path of the WebSocket endpoint.
    pub(super) socket: String,
    /// What `POST /demo/kill` kills; nothing where it is missing.
    pub(super) kill: Option<Kill>,
    /// Rooms in which demonstrations answer.
    pub(super) answered: &'static [&'static str],
    /// Clients must bring a token.
    pub(super) tokens: bool,
    /// Where messages are kept: `memory` or `disk`.
    pub(super) kept: &'static str,
}

impl Page {
    pub(super) const fn new(server: Server, about: About) -> Self {
        Self { files: Files::EMBEDDED, about, server }
    }

    /// Returns whether the page is part of this build.
    pub(super) fn is_built(&self) -> bool {
        self.files.has(HOME)
    }

    /// Returns the routes.
    pub(super) fn router(&self) -> Router {
        let mut router = Router::new()
            .route("/", get(home))
            .route("/classic", get(classic))
            .route("/favicon.svg", get(other))
            .route("/assets/{*file}", get(other))
            .route("/api/page", get(about));
        if let Some(kill) = self.about.kill {
            let server = self.server.clone();
            let answer = move |request: Request| kill::answer(kill, server, request);
            router = router.route("/demo/kill", post(answer));
        }
        router.with_state(self.clone())
    }
}

/// Says that the page is at this path already, if it is.
pub(super) fn takes(path: &str) -> bool {
    ["/classic", "/favicon.svg", "/api/page", "/demo/kill"].contains(&path)
        || path.starts_with("/assets/")
}

async fn home(State(page): State<Page>, request: Request) -> Response {
    if !page.is_built() {
        return not_built();
    }
    let without_wasm = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|parameter| parameter == "engine=js"));
    if without_wasm {
        page.files.answer(HOME_JS, Policy::Script, request.headers())
    } else {
        page.files.answer(HOME, Policy::Wasm, request.headers())
    }
}

async fn classic(State(page): State<Page>, request: Request) -> Response {
    if !page.is_built() {
        return not_built();
    }
    page.files.answer(CLASSIC, Policy::Wasm, request.headers())
}

async fn other(State(page): State<Page>, request: Request) -> Response {
    let name = request.uri().path().trim_start_matches('/');
    page.files.answer(name, Policy::None, request.headers())
}

async fn about(State(page): State<Page>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(&page.about)).into_response()
}

fn not_built() -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::NOT_FOUND, headers, Html(include_str!("not_built.html"))).into_response()
}

const HOME: &str = "index.html";
const HOME_JS: &str = "js.html";
const CLASSIC: &str = "classic.html";

#[cfg(test)]
mod tests;
