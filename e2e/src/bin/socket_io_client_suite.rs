//! The server that the tests of npm's `socket.io-client` talk to: `socket_io_client_suite 127.0.0.1:3210`.
//!
//! It answers what those tests ask for; they themselves are not part of this repository. Run them as they are, but
//! without their own server.

#![expect(clippy::print_stdout, reason = "it says where it is")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use everlink_server::Server;
use everlink_server::listen::Listener;
use everlink_server::socketio::{AckSender, Args, ConnectRefusal, Namespace, Socket, SocketIo};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let address: SocketAddr =
        std::env::args().nth(1).context("usage: socket_io_client_suite ADDRESS")?.parse()?;
    let server = Server::builder().build()?;
    let mut io =
        SocketIo::builder()
            .ping_interval(Duration::from_secs(2))
            .recovery(Some(Duration::from_secs(120)))
            .namespace(main_namespace())
            .namespace(id(Namespace::new("/foo")))
            .namespace(Namespace::new("/abc").on_connect(|socket, auth| async move {
                tell(&socket, "handshake", handshake(&socket, &auth));
            }))
            .namespace(Namespace::new("/no").middleware(|_| async {
                Err(ConnectRefusal::new("Auth failed (custom namespace)"))
            }));
    for name in ["/timeout_socket", "/valid", "/asd"] {
        io = io.namespace(Namespace::new(name));
    }
    let router = io.build(&server)?.router().layer(from_fn(late));
    let listener = Listener::bind(&[address])?;
    println!("{}", listener.local_addrs()[0]);
    listener.serve(router, std::future::pending()).await;
    Ok(())
}

/// Nobody is connected at once, so that time-outs of the client can be seen.
async fn late(request: Request, next: Next) -> Response {
    if !request.uri().query().is_some_and(|query| query.contains("sid=")) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    next.run(request).await
}

fn main_namespace() -> Namespace {
    let namespace = Namespace::new("/").middleware(|arrival| async move {
        match arrival.handshake.query("fail") {
            Some(_) => Err(ConnectRefusal::new("Auth failed (main namespace)")),
            None => Ok(()),
        }
    });
    binary(dates(acknowledged(id(namespace))))
        .on("hi", |socket, _, _| async move { tell(&socket, "hi", ()) })
        .on("false", |socket, _, _| async move { tell(&socket, "false", json!(false)) })
        .on("getUtf8", |socket, _, _| async move {
            TEXTS.iter().for_each(|text| tell(&socket, "takeUtf8", *text));
        })
}

fn acknowledged(namespace: Namespace) -> Namespace {
    let auths: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
    let kept = Arc::clone(&auths);
    namespace
        .on_connect(move |socket, auth| {
            let kept = Arc::clone(&kept);
            async move {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(socket.id().to_owned(), auth);
            }
        })
        .on("getHandshake", move |socket, _, ack| {
            let auth =
                auths.lock().unwrap_or_else(PoisonError::into_inner).get(socket.id()).cloned();
            async move { ack.send(handshake(&socket, &auth.unwrap_or_default())) }
        })
        .on("echo", |_, args, ack| async move { ack.send(args) })
        .on("ack", |socket, _, _| async move {
            let answer = socket.emit_with_ack("ack", (), Duration::from_secs(10)).await;
            let is_right = answer.is_ok_and(|answer| {
                answer.get(0) == Some(5) && answer.get::<Value>(1) == Some(json!({ "test": true }))
            });
            if is_right {
                tell(&socket, "got it", ());
            }
        })
}

fn id(namespace: Namespace) -> Namespace {
    namespace.on("getId", |socket: Socket, _, ack: AckSender| async move { ack.send(socket.id()) })
}

fn dates(namespace: Namespace) -> Namespace {
    namespace
        .on("getAckDate", |_, _, ack| async move { ack.send(date()) })
        .on("getDate", |socket, _, _| async move { tell(&socket, "takeDate", date()) })
        .on("getDateObj", |socket, _, _| async move {
            tell(&socket, "takeDateObj", json!({ "date": date() }));
        })
}

fn binary(namespace: Namespace) -> Namespace {
    let first: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let seen = Arc::clone(&first);
    namespace
        .on("doge", |socket, _, _| async move {
            tell(&socket, "doge", Args::new().with_bytes(&b"asdfasdf"[..]));
        })
        .on("buffa", |socket, args, _| async move {
            if args.attachments().len() == 1 {
                tell(&socket, "buffack", ());
            }
        })
        .on("jsonbuff", |socket, args, _| async move {
            let object: Value = args.get(0).unwrap_or_default();
            if object["hello"] == "lol"
                && object["message"]["_placeholder"] == true
                && object["goodbye"] == "gotcha"
                && args.attachments().len() == 1
            {
                tell(&socket, "jsonbuff-ack", ());
            }
        })
        .on("abuff1", move |socket, args, _| {
            if args.attachments().len() == 1 {
                first.lock().unwrap_or_else(PoisonError::into_inner).insert(socket.id().to_owned());
            }
            async {}
        })
        .on("abuff2", move |socket, _, _| {
            let is_second =
                seen.lock().unwrap_or_else(PoisonError::into_inner).contains(socket.id());
            async move {
                if is_second {
                    tell(&socket, "abuff2-ack", ());
                }
            }
        })
}

fn tell(socket: &Socket, event: &str, args: impl Into<Args>) {
    // A socket that is gone needs no answer.
    let _ = socket.emit(event, args);
}

fn handshake(socket: &Socket, auth: &Value) -> Value {
    let handshake = socket.handshake();
    let query: BTreeMap<_, _> = handshake.query_pairs().collect();
    let auth = if auth.is_null() { json!({}) } else { auth.clone() };
    json!({ "query": query, "auth": auth, "url": &*handshake.target, "time": date() })
}

fn date() -> Value {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string().into()
}

/// What the tests expect, letter by letter.
const TEXTS: [&str; 5] = ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"];
