//! What the official test suites of Socket.IO and Engine.IO expect of a server, and how a Socket.IO server is
//! written with handlers of one's own:
//!
//! ```text
//! cargo run -p everlink-server --example socketio_suite -- 3000 3001
//! ```
//!
//! Socket.IO is on the first port, Engine.IO alone, which sends back what comes, on the second.
#![expect(clippy::print_stdout, reason = "it says where it is")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use everlink_server::Server;
use everlink_server::engineio::{EngineIo, Handler, Link};
use everlink_server::listen::Listener;
use everlink_server::socketio::{Namespace, SocketIo};
use everlink_wire::Message;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ports = match &arguments[..] {
        [] => [3000, 3001],
        [socket, engine] => [socket.parse()?, engine.parse()?],
        _ => return Err("usage: socketio_suite [SOCKET_IO_PORT ENGINE_IO_PORT]".into()),
    };
    let server = Server::builder().allow_anonymous(true).build()?;
    let transport = EngineIo::new()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .connect_timeout(Duration::from_secs(1))
        .max_payload(1_000_000);
    let io = SocketIo::builder()
        .transport(transport.clone())
        .namespace(namespace("/"))
        .namespace(namespace("/custom"))
        .build(&server)?;
    let engine = server.engine_io_handler("/engine.io", &transport, Echo)?;
    let served = serve(ports[0], io.router());
    tokio::try_join!(served, serve(ports[1], engine))?;
    Ok(())
}

/// Says what a client said about itself, and gives back what it sends.
fn namespace(name: &str) -> Namespace {
    Namespace::new(name)
        .on_connect(|socket, auth| async move {
            let auth = if auth.is_null() { serde_json::json!({}) } else { auth };
            // Whoever is gone meanwhile needs no answer.
            let _ = socket.emit("auth", auth);
        })
        .on("message", |socket, args, _ack| async move {
            let _ = socket.emit("message-back", args);
        })
        .on("message-with-ack", |_socket, args, ack| async move { ack.send(args) })
}

#[derive(Debug)]
struct Echo;

impl Handler for Echo {
    fn on_message(&self, link: &Link, message: Message) {
        if link.send(message).is_err() {
            link.close();
        }
    }
}

async fn serve(port: u16, router: Router) -> Result<(), Box<dyn Error>> {
    // Small packets are sent at once, which `axum::serve` leaves to the listener.
    let listener = Listener::bind(&[SocketAddr::from((Ipv4Addr::LOCALHOST, port))])?;
    for address in listener.local_addrs() {
        println!("http://{address}");
    }
    listener.serve(router, std::future::pending()).await;
    Ok(())
}
