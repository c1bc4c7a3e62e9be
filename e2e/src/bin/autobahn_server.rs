//! An echo for Autobahn's fuzzing client, on our server: its listener, its upgrade, its connections and
//! their sessions. Usage: `autobahn_server ADDRESS`.

use std::collections::VecDeque;
use std::env;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use everlink::wire::ws::DeflateConfig;
use everlink_engine::server::{Hello, Reply, Request};
use everlink_server::listen::Listener;
use everlink_server::speech::{Format, Incoming, Name, Payload, Speech, SpeechError};
use everlink_server::{PlainEndpoint, Server};
use everlink_wire::Message;

#[tokio::main]
async fn main() -> Result<()> {
    let address: SocketAddr = env::args().nth(1).context("no address given")?.parse()?;
    let connections = Arc::new(AtomicU64::new(0));
    let endpoint = PlainEndpoint::new(move |_| {
        let number = connections.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(Box::new(Echo { number, ..Echo::default() }) as Box<dyn Speech>))
    });
    let server = Server::builder()
        .plain(endpoint)
        .frame_max(FRAME_MAX)
        .presence(false)
        .deflate(DeflateConfig::default())
        .build()?;
    let listener = Listener::bind(&[address])?;
    listener.serve(server.router(), std::future::pending()).await;
    Ok(())
}

/// What comes waits here until the session answers, which it does before it takes the next: a log would
/// answer later, and the suite wants the echo of what came before a broken frame.
#[derive(Debug, Default)]
struct Echo {
    number: u64,
    waiting: VecDeque<Payload>,
}

impl Echo {
    fn echo(&mut self, payload: Payload) -> Request<Name, Message> {
        self.waiting.push_back(payload);
        Request::Ping { nonce: 0 }
    }
}

impl Speech for Echo {
    fn greeting(&mut self) -> Option<Hello<Name>> {
        let name: Name = format!("echo-{}", self.number).into();
        Some(Hello {
            version: 1,
            client: Name::clone(&name),
            producer: name,
            auth: None,
            channels: Vec::new(),
            frame_max: None,
            last: None,
        })
    }

    fn decode(
        &mut self,
        incoming: Incoming,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        Ok(match incoming {
            Incoming::Text(text) => Some(self.echo(Payload::Text(text.as_str().to_owned()))),
            Incoming::Binary(bytes) => Some(self.echo(Payload::Binary(bytes.to_vec()))),
            Incoming::Pong(_) => None,
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "an echo says nothing else")]
    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        match reply {
            Reply::Pong { .. } => self.waiting.pop_front().unwrap_or(Payload::Nothing),
            Reply::Ping { nonce } => Payload::Ping(*nonce),
            _ => Payload::Nothing,
        }
    }

    fn format(&self) -> Option<Format> {
        None
    }
}

/// The suite's longest message.
const FRAME_MAX: usize = 16 * 1024 * 1024;
