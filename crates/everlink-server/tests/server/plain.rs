//! Endpoints that speak otherwise, in the same rooms; streams that are not bare TCP; the example.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::serve::Listener;
use everlink_engine::server::{Hello, Place, Publish, Reply, Request};
use everlink_server::speech::{Format, Incoming, Name, Payload, Speech, SpeechError};
use everlink_server::{PlainEndpoint, Server};
use everlink_wire::Message;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Raw, Served, key_lines, request, serve, serve_router};

#[path = "../../examples/own_app.rs"]
#[expect(dead_code, reason = "an example has a main function of its own")]
mod own_app;

/// A chat without greeting, numbers or acknowledgements: a text is said, and a text is heard.
#[derive(Debug)]
struct Lines {
    room: Name,
    user: Name,
    sequence: u64,
}

impl Speech for Lines {
    fn greeting(&mut self) -> Option<Hello<Name>> {
        Some(Hello {
            version: 1,
            client: Name::clone(&self.user),
            producer: Name::clone(&self.user),
            auth: None,
            channels: vec![Place { channel: Name::clone(&self.room), from: None }],
            frame_max: None,
            last: None,
        })
    }

    fn decode(
        &mut self,
        incoming: Incoming,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        match incoming {
            Incoming::Text(text) => {
                self.sequence += 1;
                Ok(Some(Request::Publish(Publish {
                    channel: Name::clone(&self.room),
                    producer: None,
                    sequence: self.sequence,
                    before: None,
                    payload: json!(text.as_str()).to_string().into(),
                })))
            }
            Incoming::Pong(_) => Ok(Some(Request::Pong { nonce: 0 })),
            Incoming::Binary(_) => {
                Err(SpeechError { code: 4400, why: "text only".into(), fatal: false })
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else means nothing to these clients")]
    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        match reply {
            Reply::Message(stored) => {
                Payload::Text(stored.payload.as_text().unwrap_or_default().to_owned())
            }
            Reply::Err { why, .. } => Payload::Text(format!("error: {why}")),
            Reply::Ping { nonce } => Payload::Ping(*nonce),
            _ => Payload::Nothing,
        }
    }

    fn format(&self) -> Option<Format> {
        Some(Format::Chat)
    }
}

async fn serve_lines() -> Served {
    serve(|builder| {
        builder.presence(false).plain(PlainEndpoint::new(|parts| {
            let query = parts.uri.query().unwrap_or_default();
            let fields: HashMap<_, _> =
                query.split('&').filter_map(|f| f.split_once('=')).collect();
            let field = |name| Name::from(fields.get(name).copied().unwrap_or("nobody"));
            let (room, user) = (field("room"), field("user"));
            let speech = Lines { room, user, sequence: 0 };
            async move { Ok(Box::new(speech) as Box<dyn Speech>) }
        }))
    })
    .await
}

async fn open_lines(served: &Served, user: &str) -> Raw {
    let target = format!("/ws?room=hall&user={user}");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    let lines = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{upgrade}{}\r\n", key_lines());
    Raw::over(request(served.addr, &lines).await)
}

#[tokio::test]
async fn an_endpoint_of_plain_text_meets_everlink_clients_in_one_room() {
    let served = serve_lines().await;
    let mut everlink = served.attach("a", &["hall"]).await;
    let mut plain = open_lines(&served, "ben").await;
    plain.text("hello").await;
    let heard = everlink.take("msg").await;
    assert_eq!((&heard["d"], &heard["p"]), (&json!("hello"), &json!("ben")));
    assert_eq!(plain.next().await, "hello", "it hears itself");
    everlink.publish("hall", 1, json!("hi ben")).await;
    assert_eq!(plain.next().await, "hi ben");
    plain.binary(&[1]).await;
    assert!(matches!(plain.item().await, Some(everlink_wire::ws::Item::Text(text))
        if text == "error: text only"));
    plain.text("still here").await;
    assert_eq!(plain.next().await, "still here");
}

/// A listener whose streams are not bare TCP, as with TLS.
#[derive(Debug)]
struct Wrapped(TcpListener);

#[derive(Debug)]
struct WrappedStream(TcpStream);

impl Listener for Wrapped {
    type Io = WrappedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (WrappedStream, SocketAddr) {
        loop {
            if let Ok((stream, addr)) = self.0.accept().await {
                return (WrappedStream(stream), addr);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl AsyncRead for WrappedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for WrappedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn streams_that_are_not_bare_tcp_work_alike() {
    let server = Server::builder().build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = server.router();
    tokio::spawn(async move { axum::serve(Wrapped(listener), router).await });
    let served = Served { server, addr };
    let mut raw = served.attach("a", &["room"]).await;
    let long = "x".repeat(100_000);
    served.server.publish("room", json!(long).to_string()).await.unwrap();
    assert_eq!(raw.take("msg").await["d"], Value::from(long));
    raw.silent().await;
}

#[tokio::test]
async fn the_example_of_an_own_application_works() {
    let (server, app) = own_app::app().unwrap();
    let served = serve_router(server, app).await;
    let mut raw = served.open().await;
    let subs = json!([{"c": "answers"}]);
    raw.say(
        json!({"t": "hello", "v": 1, "client": "a", "producer": "a", "auth": "ann", "subs": subs}),
    )
    .await;
    raw.take("welcome").await;
    raw.take("sub_ok").await;
    raw.publish("chat", 1, json!("buy spam")).await;
    assert_eq!(raw.take("nack").await["why"], "no advertising here");
    raw.publish("questions", 1, json!("why?")).await;
    let mut answer = raw.next().await;
    while answer["t"] != "msg" {
        answer = raw.next().await;
    }
    assert_eq!(answer["d"]["to"], "why?");
    let status = request(served.addr, "GET /status HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let status: Value = serde_json::from_str(&status.body).unwrap();
    assert_eq!(status["connections"], 1);
}
