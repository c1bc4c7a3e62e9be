//! What a broadcast costs the server: CPU for each delivery, in a room of 1,000 subscribers.
//!
//! `cargo bench -p everlink-server --bench broadcast [-- SUBSCRIBERS MESSAGES PAYLOAD_BYTES IN_FLIGHT]`
//!
//! The subscribers live in a process of their own, so that only the server's time is counted.
#![expect(clippy::unwrap_used, reason = "a benchmark: a failure ends it")]
#![expect(clippy::print_stdout, reason = "it prints its result")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use everlink_server::Server;
use everlink_wire::ws::{Decoder, Encoder, Item, Limits, Role, handshake_key};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Some(addr) = arguments.first().and_then(|argument| argument.parse().ok()) {
        return runtime.block_on(subscribe(addr, arguments[1].parse().unwrap()));
    }
    let number = |at: usize, default| arguments.get(at).map_or(default, |a| a.parse().unwrap());
    let (subscribers, messages) = (number(0, 1000), number(1, 2000));
    let (payload_bytes, in_flight) = (number(2, 128), number(3, 8));
    runtime.block_on(serve(subscribers, messages, payload_bytes, in_flight));
}

async fn serve(subscribers: usize, messages: usize, payload_bytes: usize, in_flight: usize) {
    let server = Server::builder().presence(false).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let service = server.router().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });

    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([addr.to_string(), subscribers.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let window = Arc::new(Semaphore::new(0));
    let told = Arc::clone(&window);
    let lines = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        // The first line says that all are there; each that follows, that all have had a message more.
        for (at, line) in lines.lines().enumerate() {
            let _ = line.unwrap();
            told.add_permits(if at == 0 { in_flight } else { 1 });
        }
    });
    window.acquire().await.unwrap().forget();
    window.add_permits(1);

    let payload = format!("\"{}\"", "x".repeat(payload_bytes));
    let (cpu, began) = (cpu_time(), Instant::now());
    for _ in 0..messages {
        window.acquire().await.unwrap().forget();
        let (server, payload) = (server.clone(), payload.clone());
        tokio::spawn(async move { server.publish("room", payload).await.unwrap() });
    }
    let _all = window.acquire_many(u32::try_from(in_flight).unwrap()).await.unwrap();
    let (cpu, wall) = (cpu_time() - cpu, began.elapsed());
    let deliveries = (subscribers * messages) as f64;
    println!(
        "{subscribers} subscribers, {payload_bytes} B, {in_flight} in flight: \
         {:.2} us CPU a delivery, {:.0} deliveries a second",
        cpu.as_secs_f64() * 1e6 / deliveries,
        deliveries / wall.as_secs_f64(),
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// User and system time of this process; the kernel counts in hundredths of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

async fn subscribe(addr: SocketAddr, subscribers: usize) {
    let delivered = Arc::new(AtomicU64::new(0));
    for number in 0..subscribers {
        let (stream, decoder) = attach(addr, number).await;
        tokio::spawn(count(stream, decoder, Arc::clone(&delivered), subscribers as u64));
    }
    println!("ready");
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

async fn attach(addr: SocketAddr, number: usize) -> (TcpStream, Decoder) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let key = handshake_key([7; 16]);
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Protocol: everlink.v1.json\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let hello = format!(
        r#"{{"t":"hello","v":1,"client":"c{number}","producer":"c","subs":[{{"c":"room"}}]}}"#
    );
    let mut frame = BytesMut::new();
    Encoder::client(|| [1, 2, 3, 4]).text(&mut frame, &hello);
    stream.write_all(&frame).await.unwrap();
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    loop {
        while let Some(item) = decoder.next_item().unwrap() {
            if matches!(item, Item::Text(text) if text.as_str().contains("sub_ok")) {
                return (stream, decoder);
            }
        }
        stream.read_buf(decoder.read_buffer()).await.unwrap();
    }
}

async fn count(mut stream: TcpStream, mut decoder: Decoder, delivered: Arc<AtomicU64>, all: u64) {
    loop {
        while let Some(item) = decoder.next_item().unwrap() {
            if !matches!(item, Item::Text(_)) {
                continue;
            }
            if (delivered.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(all) {
                println!("1");
            }
        }
        if stream.read_buf(decoder.read_buffer()).await.unwrap() == 0 {
            return;
        }
    }
}
