//! What a connection costs, in bytes of heap.
#![expect(clippy::print_stdout, reason = "what was measured is worth reading")]
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

use std::alloc::System;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use everlink_engine::server::{Hello, Place, Reply, Request};
use everlink_server::Server;
use everlink_server::engineio::EngineIo;
use everlink_server::speech::{Format, Incoming, Name, Payload, Speech, SpeechError};
use everlink_wire::Message;
use everlink_wire::ws::{Encoder, handshake_key};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CONNECTIONS: usize = 200;

/// An idle connection with a room and a heartbeat, and the task, timer and registration of tokio.
const IDLE_MAX: usize = 5 * 1024;

/// The same after a message of 64 KiB in either direction.
const AFTER_LARGE_MAX: usize = 8 * 1024;

fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// What is measured is the process's: one measurement at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Opens a WebSocket by blocking calls, which cost no heap on the client's side.
fn open(addr: SocketAddr, path: &str, line: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let key = handshake_key([7; 16]);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{line}\r\n"
    )
    .unwrap();
    let mut head = [0; 1];
    let mut last = [0; 4];
    while last != *b"\r\n\r\n" {
        stream.read_exact(&mut head).unwrap();
        last.rotate_left(1);
        last[3] = head[0];
    }
    stream
}

fn connect(addr: SocketAddr, number: usize) -> TcpStream {
    let mut stream = open(addr, "/ws", "Sec-WebSocket-Protocol: everlink.v1.json\r\n");
    say(
        &mut stream,
        &format!(
            r#"{{"t":"hello","v":1,"client":"c{number}","producer":"c{number}","subs":[{{"c":"room"}}]}}"#
        ),
    );
    wait_for(&mut stream, b"sub_ok");
    stream
}

fn say(stream: &mut TcpStream, text: &str) {
    let mut frame = BytesMut::new();
    Encoder::client(|| [1, 2, 3, 4]).text(&mut frame, text);
    stream.write_all(&frame).unwrap();
}

/// Reads until some bytes have come.
fn wait_for(stream: &mut TcpStream, wanted: &[u8]) {
    let mut came = Vec::new();
    let mut piece = [0; 4096];
    while !came.windows(wanted.len()).any(|window| window == wanted) {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the stream ended");
        came.extend_from_slice(&piece[..count]);
    }
}

/// Waits until nothing is allocated or given back any more, which takes as long as a connection takes
/// to come to rest.
fn rest() {
    let (mut still, mut before) = (0, live());
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(100));
        let now = live();
        still = if now.abs_diff(before) < CONNECTIONS { still + 1 } else { 0 };
        before = now;
        if still > 25 {
            return;
        }
    }
    panic!("it does not come to rest");
}

/// A connection over Engine.IO, in the same room.
fn connect_engine_io(addr: SocketAddr) -> TcpStream {
    let mut stream = open(addr, "/engine.io/?EIO=4&transport=websocket", "");
    wait_for(&mut stream, b"maxPayload");
    say(&mut stream, "4hello");
    wait_for(&mut stream, b"4attached");
    stream
}

/// Reads the room from the first message on, and says little.
#[derive(Debug)]
struct Reader(Name);

impl Speech for Reader {
    fn decode(&mut self, _: Incoming) -> Result<Option<Request<Name, Message>>, SpeechError> {
        let channels = vec![Place { channel: "room".into(), from: None }];
        let (client, producer) = (Name::clone(&self.0), Name::clone(&self.0));
        let (auth, frame_max, last) = (None, None, None);
        let hello = Hello { version: 1, client, producer, auth, channels, frame_max, last };
        Ok(Some(Request::Hello(hello)))
    }

    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        if let Reply::Message(stored) = reply {
            return Payload::Text(stored.payload.as_text().unwrap().to_owned());
        }
        if matches!(reply, Reply::SubscribeOk { .. }) {
            return Payload::Text("attached".to_owned());
        }
        Payload::Nothing
    }

    fn format(&self) -> Option<Format> {
        Some(Format::SocketIo)
    }
}

#[test]
fn an_idle_connection_over_engine_io_costs_about_the_same() {
    let _alone = ONE_AT_A_TIME.lock();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (server, addr) = runtime.block_on(async {
        let server = Server::builder().presence(false).build().unwrap();
        let numbers = AtomicUsize::new(0);
        let speech = move |_: &axum::http::request::Parts| {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Reader(format!("c{number}").into())) as Box<dyn Speech>)
        };
        // What is at rest is measured, so that nobody is to be pinged meanwhile.
        let settings = EngineIo::new().ping_interval(Duration::from_secs(3600));
        let router = server.engine_io("/engine.io", &settings, speech).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        (server, addr)
    });
    let mut clients: Vec<_> = (0..10).map(|_| connect_engine_io(addr)).collect();
    rest();
    let before = live();
    clients.extend((0..CONNECTIONS).map(|_| connect_engine_io(addr)));
    rest();
    let idle = (live() - before) / CONNECTIONS;
    let large = "x".repeat(64 * 1024);
    runtime.block_on(server.publish("room", format!("\"{large}end\""))).unwrap();
    for client in &mut clients {
        wait_for(client, b"xend");
    }
    rest();
    let after = (live() - before).saturating_sub(3 * large.len()) / CONNECTIONS;
    println!("over Engine.IO: idle {idle} bytes, after a large message {after} bytes a connection");
    assert!(idle <= IDLE_MAX, "{idle} bytes an idle connection");
    assert!(after <= AFTER_LARGE_MAX, "{after} bytes after a large message");
}

#[test]
fn an_idle_connection_is_small_and_becomes_small_again_after_a_large_message() {
    let _alone = ONE_AT_A_TIME.lock();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (server, addr) = runtime.block_on(async {
        let server = Server::builder().presence(false).build().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let service = server.router().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        (server, addr)
    });
    // What the first ones allocate for good is not the connections'.
    let mut clients: Vec<_> = (0..10).map(|number| connect(addr, number)).collect();
    rest();
    let before = live();
    clients.extend((10..10 + CONNECTIONS).map(|number| connect(addr, number)));
    rest();
    let idle = (live() - before) / CONNECTIONS;

    let large = "x".repeat(64 * 1024);
    for client in &mut clients {
        say(client, &format!(r#"{{"t":"vol","c":"elsewhere","k":"k","d":"{large}"}}"#));
    }
    let published = server.publish("room", format!("\"{large}end\""));
    runtime.block_on(published).unwrap();
    for client in &mut clients {
        wait_for(client, b"xend");
    }
    rest();
    // The message itself is in the log and in the room, once.
    let after = (live() - before).saturating_sub(3 * large.len()) / CONNECTIONS;
    println!("idle {idle} bytes, after a large message {after} bytes a connection");
    assert!(idle <= IDLE_MAX, "{idle} bytes an idle connection");
    assert!(after <= AFTER_LARGE_MAX, "{after} bytes after a large message");
}
