//! An echo for Autobahn's fuzzing client, through the whole of our server: what comes is published to
//! a channel of the connection's own, and read back from its log. Usage: `autobahn_server ADDRESS`.

use std::env;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use bytes::{BufMut as _, BytesMut};
use everlink::wire::ws::DeflateConfig;
use everlink_engine::server::{Hello, Place, Publish, Reply, Request};
use everlink_engine::{Cursor, Epoch};
use everlink_server::listen::Listener;
use everlink_server::log::{LogOptions, MemoryLog, Retention, RetentionPolicy};
use everlink_server::speech::{Format, Incoming, Name, Payload, Speech, SpeechError};
use everlink_server::{PlainEndpoint, Server};
use everlink_wire::Message;

#[tokio::main]
async fn main() -> Result<()> {
    let address: SocketAddr = env::args().nth(1).context("no address given")?.parse()?;
    let few = RetentionPolicy::new("*", Retention::ALL.max_records(2));
    let log = Arc::new(MemoryLog::new(LogOptions::default().retention(vec![few]))?);
    let connections = Arc::new(AtomicU64::new(0));
    let endpoint = PlainEndpoint::new(move |_| {
        let number = connections.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(Box::new(Echo { number, sequence: 0 }) as Box<dyn Speech>))
    });
    let server = Server::builder()
        .log(log)
        .plain(endpoint)
        .frame_max(FRAME_MAX)
        .presence(false)
        .deflate(DeflateConfig::default())
        .build()?;
    let listener = Listener::bind(&[address])?;
    listener.serve(server.router(), std::future::pending()).await;
    Ok(())
}

/// What comes is published as bytes, with its kind before it: a log takes texts only as JSON.
#[derive(Debug)]
struct Echo {
    number: u64,
    sequence: u64,
}

impl Echo {
    fn name(&self) -> Name {
        format!("echo-{}", self.number).into()
    }

    fn publish(&mut self, kind: u8, bytes: &[u8]) -> Request<Name, Message> {
        self.sequence += 1;
        let mut payload = BytesMut::with_capacity(1 + bytes.len());
        payload.put_u8(kind);
        payload.put_slice(bytes);
        Request::Publish(Publish {
            channel: self.name(),
            producer: None,
            sequence: self.sequence,
            before: None,
            payload: Message::Binary(payload.freeze()),
        })
    }
}

impl Speech for Echo {
    fn greeting(&mut self) -> Option<Hello<Name>> {
        // A place in a life that never was: the channel is read from its beginning.
        let from = Some(Cursor { epoch: Epoch(1), offset: 0 });
        Some(Hello {
            version: 1,
            client: self.name(),
            producer: self.name(),
            auth: None,
            channels: vec![Place { channel: self.name(), from }],
            frame_max: None,
            last: None,
        })
    }

    fn decode(
        &mut self,
        incoming: Incoming,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        Ok(match incoming {
            Incoming::Text(text) => Some(self.publish(TEXT, text.as_bytes())),
            Incoming::Binary(bytes) => Some(self.publish(BINARY, &bytes)),
            Incoming::Pong(_) => None,
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "an echo says nothing else")]
    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        match reply {
            Reply::Message(stored) => echoed(&stored.payload).unwrap_or(Payload::Nothing),
            Reply::Ping { nonce } => Payload::Ping(*nonce),
            _ => Payload::Nothing,
        }
    }

    fn format(&self) -> Option<Format> {
        None
    }
}

fn echoed(payload: &Message) -> Option<Payload> {
    let (kind, bytes) = payload.as_bytes().split_first()?;
    let bytes = bytes.to_vec();
    match *kind {
        TEXT => String::from_utf8(bytes).ok().map(Payload::Text),
        _ => Some(Payload::Binary(bytes)),
    }
}

const TEXT: u8 = b't';
const BINARY: u8 = b'b';

/// The suite's longest message.
const FRAME_MAX: usize = 16 * 1024 * 1024;
