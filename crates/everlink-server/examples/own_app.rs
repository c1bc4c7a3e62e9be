//! A chat in an application of one's own: `cargo run -p everlink-server --example own_app`, then connect
//! clients to ws://127.0.0.1:8080/ws with a token such as `ann`.
//!
//! The application decides who comes in and what is said, answers in a room of its own, and has other
//! routes beside the server's.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use everlink_server::hooks::{Code, Decision, Refusal, User};
use everlink_server::{BuildError, Server};
use tokio::net::TcpListener;

/// Makes the application.
///
/// # Errors
///
/// A setting is out of its range, or there is no tokio runtime.
pub(crate) fn app() -> Result<(Server, Router), BuildError> {
    let server = Server::builder()
        .authenticate(|attempt| async move {
            let token = attempt.token.ok_or_else(|| Refusal::new(Code::Unauthorized, "who?"))?;
            User::new(token).map_err(|error| Refusal::new(Code::Unauthorized, error.to_string()))
        })
        .on_publish(|publishing| async move {
            match publishing.payload.as_text() {
                Some(text) if text.contains("spam") => {
                    Decision::Refuse(Refusal::new(Code::Forbidden, "no advertising here"))
                }
                _ => Decision::Accept,
            }
        })
        .build()?;
    server.on_message("questions", |context, question: String| async move {
        let answer = serde_json::json!({ "to": question, "answer": "let me think" });
        if let Err(error) = context.server.publish("answers", answer.to_string()).await {
            eprintln!("the answer was not published: {error}");
        }
    });
    let status = server.clone();
    let app = Router::new()
        .route("/", get(|| async { "a chat lives at /ws" }))
        .route("/status", get(|| async move { axum::Json(status.status()) }))
        .merge(server.sockets());
    Ok((server, app))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (_server, app) = app()?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
