//! A room on axum's own WebSocket: with what its documentation shows, and with writes in batches.

use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::{MissedTickBehavior, interval};

#[derive(Clone, Debug)]
struct Hub {
    room: Sender<Message>,
    batched: bool,
}

/// `/room` is in the room, `/publish` says something to it.
pub(super) fn router(batched: bool) -> Router {
    let (room, _) = broadcast::channel(WAITING_MAX);
    Router::new()
        .route("/room", get(enter))
        .route("/publish", get(publish))
        .route("/stream", get(stream))
        .with_state(Hub { room, batched })
}

async fn enter(State(hub): State<Hub>, upgrade: WebSocketUpgrade) -> Response {
    let messages = hub.room.subscribe();
    if hub.batched {
        let upgrade = upgrade.read_buffer_size(SMALL).write_buffer_size(BATCH);
        return upgrade.on_upgrade(|socket| async { drop(batched(socket, messages).await) });
    }
    upgrade.on_upgrade(|socket| async { drop(flushed(socket, messages).await) })
}

async fn publish(State(hub): State<Hub>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.next().await {
            if matches!(message, Message::Text(_)) {
                // An empty room is no failure.
                let _ = hub.room.send(message);
            }
        }
    })
}

/// Sends texts as fast as they are taken.
async fn stream(Query(asked): Query<Stream>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.write_buffer_size(BATCH).on_upgrade(move |mut socket| async move {
        let text = Message::from("x".repeat(asked.size.min(STREAM_SIZE_MAX)));
        for _ in 0..asked.messages {
            if socket.feed(text.clone()).await.is_err() {
                return;
            }
        }
        if socket.flush().await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    })
}

#[derive(serde::Deserialize)]
struct Stream {
    messages: u64,
    size: usize,
}

/// Sends each message on its own.
async fn flushed(mut socket: WebSocket, mut messages: Receiver<Message>) -> Result<()> {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.tick().await;
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Ok(message) => socket.send(message).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            came = socket.next() => match came {
                Some(came) => drop(came?),
                None => return Ok(()),
            },
            _ = heartbeat.tick() => socket.send(Message::Ping(Bytes::new())).await?,
        }
    }
}

/// Takes all that waits before it flushes.
async fn batched(mut socket: WebSocket, mut messages: Receiver<Message>) -> Result<()> {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.tick().await;
    loop {
        tokio::select! {
            message = messages.recv() => {
                match message {
                    Ok(message) => socket.feed(message).await?,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                }
                loop {
                    match messages.try_recv() {
                        Ok(message) => socket.feed(message).await?,
                        Err(TryRecvError::Lagged(_)) => {}
                        Err(TryRecvError::Empty) => break,
                        Err(TryRecvError::Closed) => return Ok(()),
                    }
                }
                socket.flush().await?;
            }
            came = socket.next() => match came {
                Some(came) => drop(came?),
                None => return Ok(()),
            },
            _ = heartbeat.tick() => socket.send(Message::Ping(Bytes::new())).await?,
        }
    }
}

/// Messages that one connection may be behind the room.
const WAITING_MAX: usize = 1024;
const STREAM_SIZE_MAX: usize = 1024 * 1024;
const SMALL: usize = 1024;
const BATCH: usize = 16 * 1024;
const HEARTBEAT: Duration = Duration::from_secs(20);
