//! What is asked for by plain HTTP: messages, status, health, metrics, and what describes all of it.

mod caller;
mod docs;
mod health;
mod messages;
mod presence;
mod server_state;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use health::{Check, Health};

use crate::problem::Problem;
use crate::server::{Server, check_channel};
use crate::speech::Name;

/// Describes the interface; the routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Everlink",
        description = "Messages of conversations, and how the server is. A conversation is a channel: what \
                       is posted here reaches every WebSocket that reads it, and the other way round. With \
                       tokens, send `Authorization: Bearer`."
    ),
    modifiers(&Tokens)
)]
struct Description;

struct Tokens;

impl utoipa::Modify for Tokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
        let components = openapi.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
    }
}

/// Returns the routes, and the document that describes them.
pub(crate) fn router(server: &Server) -> Router {
    let (router, openapi) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(messages::post, messages::list))
        .routes(routes!(status::post, status::read))
        .routes(routes!(presence::read))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(server_state::metrics))
        .routes(routes!(server_state::status))
        .routes(routes!(docs::page))
        .split_for_parts();
    router
        .merge(docs::document(openapi))
        .method_not_allowed_fallback(wrong_method)
        .layer(cors(server))
        .with_state(server.clone())
}

/// Answers a request for a path that is not there with a problem document: a fallback for the
/// application's own router.
pub async fn not_found() -> axum::response::Response {
    let detail = "there is nothing at this path; /api/docs lists what there is";
    *Problem::new(StatusCode::NOT_FOUND, "not found", detail).boxed()
}

async fn wrong_method(method: Method) -> Problem {
    let detail = format!("{method} is not possible here; the header `Allow` says what is");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong method", detail)
}

/// Lets pages of the accepted origins read answers. Cookies are never sent: who asks says so by a token.
fn cors(server: &Server) -> CorsLayer {
    let node = Arc::clone(server.node());
    let accepted =
        move |origin: &HeaderValue, _: &Parts| node.settings.accepts_origin(origin.as_bytes());
    let origin = AllowOrigin::predicate(accepted);
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, IDEMPOTENCY_KEY.clone()])
        .expose_headers([header::RETRY_AFTER])
        .max_age(CORS_KEPT)
}

/// The conversation that a path names.
struct Conversation(Name);

impl FromRequestParts<Server> for Conversation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let Path(name) =
            Path::<String>::from_request_parts(parts, server).await.map_err(|error| {
                let value = parts.uri.path();
                Problem::invalid("path: conversation", value, error.body_text(), "UTF-8")
            })?;
        check_channel(&name)?;
        Ok(Self(name.into()))
    }
}

/// Names a message, for clients that put that into a header.
static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How long a browser may keep the answer to its question.
const CORS_KEPT: std::time::Duration = std::time::Duration::from_secs(600);
