//! Who is in a conversation.

use axum::Json;
use axum::extract::State;

use super::Conversation;
use super::caller::Caller;
use crate::hooks::Operation;
use crate::node::Presence;
use crate::problem::Problem;
use crate::server::Server;

/// Returns who reads a conversation now, on this node.
#[utoipa::path(
    get,
    path = "/conversations/{conversation}/presence",
    tag = "conversations",
    params(("conversation" = String, Path, description = "The conversation")),
    responses(
        (status = 200, description = "Who is there", body = Presence),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not permitted", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn read(
    State(server): State<Server>,
    Conversation(channel): Conversation,
    caller: Caller,
) -> Result<Json<Presence>, Problem> {
    caller.ask(&channel, Operation::Read).await?;
    Ok(Json(server.presence(&channel)))
}
