//! Engine.IO alone: an echo with handlers of one's own, without rooms and logs, at `/engine.io/`.
//!
//! It is set up as the public test suite of the protocol expects it:
//! `cargo run -p everlink-server --example engine_io_echo -- 127.0.0.1:3000`.
#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use everlink_server::Server;
use everlink_server::engineio::{EngineIo, Handler, Link};
use everlink_server::speech::Closed;
use everlink_wire::Message;

#[derive(Debug)]
struct Echo;

impl Handler for Echo {
    fn on_open(&self, link: &Link) {
        println!("session {} has begun", link.number());
    }

    fn on_message(&self, link: &Link, message: Message) {
        if let Err(error) = link.send(message) {
            println!("session {}: {error}", link.number());
            link.close();
        }
    }

    fn on_close(&self, link: &Link, closed: Closed) {
        println!("session {} has ended: {closed:?}", link.number());
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let settings = EngineIo::new()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .max_payload(1_000_000);
    let server = Server::builder().build()?;
    let address: SocketAddr = address.parse()?;
    server.check_bind(address)?;
    let app = server.engine_io_handler("/engine.io/", &settings, Echo)?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
