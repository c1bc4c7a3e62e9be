//! A room on servers of Socket.IO.

use std::time::Duration;

use anyhow::Result;
use axum::Router;
use everlink_server::Server;
use everlink_server::engineio::EngineIo;
use everlink_server::socketio::{Args, Namespace, SocketIo};
use socketioxide::extract::{Data, SocketRef};

/// Ours; sessions are recovered. Who connects with `role=publisher` says something to the room; everyone
/// else is in it.
pub(super) fn ours() -> Result<Router> {
    // Who is in a room is told to nobody by the other servers.
    let server = Server::builder().presence(false).build()?;
    let room = Namespace::new("/")
        .on_connect(|socket, _auth| async move {
            if socket.handshake().query("role").as_deref() != Some("publisher") {
                // Nothing is refused here, and whoever has gone need not be told.
                let _ = socket.join("room").await;
                let _ = socket.emit("joined", Args::new());
            }
        })
        .on("publish", |socket, args, _ack| async move {
            // A store that fails ends the benchmark, since nothing arrives.
            let _ = socket.to("room").emit("message", args).await;
        });
    let transport = EngineIo::new().ping_interval(HEARTBEAT);
    let io = SocketIo::builder()
        .transport(transport)
        .recovery(Some(RECOVERY))
        .namespace(room)
        .build(&server)?;
    Ok(io.router())
}

/// socketioxide, as it comes. Who connects with `role=publisher` says something to the room; everyone else is in it.
pub(super) fn socketioxide() -> Router {
    let (layer, io) = socketioxide::SocketIo::builder().ping_interval(HEARTBEAT).build_layer();
    io.ns("/", async |socket: SocketRef| {
        let query = socket.req_parts().uri.query().unwrap_or_default();
        if !query.contains("role=publisher") {
            socket.join("room");
            // Whoever has gone need not be told.
            let _ = socket.emit("joined", &());
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

/// As the server of npm has it here.
const RECOVERY: Duration = Duration::from_secs(120);
