//! What a conversation's AI worker does.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::Conversation;
use super::caller::{Caller, read_body};
use crate::conversation::{ConversationStatus, StatusEvent};
use crate::hooks::Operation;
use crate::problem::Problem;
use crate::server::Server;

/// Tells what the AI worker does: every reader hears it at once, and whoever comes later hears the last state.
#[utoipa::path(
    post,
    path = "/conversations/{conversation}/status",
    tag = "conversations",
    params(("conversation" = String, Path, description = "The conversation")),
    request_body = StatusEvent,
    responses(
        (status = 200, description = "Told", body = ConversationStatus),
        (status = 400, description = "What is wrong with it", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not permitted", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too fast", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn post(
    State(server): State<Server>,
    Conversation(channel): Conversation,
    caller: Caller,
    request: Request,
) -> Result<Json<ConversationStatus>, Problem> {
    let body = read_body(request.into_body(), STATUS_BYTES_MAX).await?;
    caller.charge(body.len())?;
    caller.ask(&channel, Operation::Status).await?;
    let mut event: StatusEvent = serde_json::from_slice(&body).map_err(|error| {
        let accepted = "{\"type\": …} with thinking_start, thinking_end, extraction_start, \
                        extraction_complete (summary_triggered: true or false) or summary_complete";
        Problem::invalid("body", String::from_utf8_lossy(&body), error.to_string(), accepted)
    })?;
    event.extra.retain(|name, _| !OWN_FIELDS.contains(&name.as_str()));
    Ok(Json(server.set_status(&channel, event)?))
}

/// Returns what was last told about the AI worker.
#[utoipa::path(
    get,
    path = "/conversations/{conversation}/status",
    tag = "conversations",
    params(("conversation" = String, Path, description = "The conversation")),
    responses(
        (status = 200, description = "The last state", body = ConversationStatus),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not permitted", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing has been told yet", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn read(
    State(server): State<Server>,
    Conversation(channel): Conversation,
    caller: Caller,
) -> Result<Json<ConversationStatus>, Problem> {
    caller.ask(&channel, Operation::Read).await?;
    let status = server.conversation_status(&channel);
    let missing = || {
        let detail = "nothing has been told about the AI worker of this conversation";
        Problem::new(StatusCode::NOT_FOUND, "no status", detail)
    };
    status.map(Json).ok_or_else(missing)
}

/// Fields that the server says.
const OWN_FIELDS: [&str; 6] =
    ["version", "at", "thinking", "extracting", "summary_generating", "conversation_id"];

/// Largest status event.
const STATUS_BYTES_MAX: usize = 16 * 1024;
