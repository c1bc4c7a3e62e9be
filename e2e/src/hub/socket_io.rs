//! A room on socketioxide, over WebSocket alone.

use std::time::Duration;

use axum::Router;
use socketioxide::extract::{Data, SocketRef};
use socketioxide::{SocketIo, TransportType};

/// Who connects with `role=publisher` says something to the room; everyone else is in it.
pub(super) fn router() -> Router {
    let (layer, io) = SocketIo::builder()
        .transports([TransportType::Websocket])
        .ping_interval(HEARTBEAT)
        .build_layer();
    io.ns("/", async |socket: SocketRef| {
        let query = socket.req_parts().uri.query().unwrap_or_default();
        if !query.contains("role=publisher") {
            socket.join("room");
            return;
        }
        socket.on("publish", async |socket: SocketRef, Data::<String>(text)| {
            // Who reads too slowly misses it.
            let _ = socket.to("room").emit("message", &text).await;
        });
    });
    Router::new().layer(layer)
}

const HEARTBEAT: Duration = Duration::from_secs(20);
