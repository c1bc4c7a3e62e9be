//! An echo client for Autobahn's fuzzing server. Usage: `autobahn_client ADDRESS AGENT`.

mod autobahn;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::{env, io};

use autobahn::{Connection, deflate_config, header, read_head};
use everlink_wire::ws::{Decoder, Encoder, Limits, Role, accept_key, handshake_key};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let agent = env::args().nth(2).unwrap_or_else(|| "everlink-wire".to_owned());
    let count = run(&address, "/getCaseCount").await?;
    let count: u32 = count.parse().map_err(io::Error::other)?;
    for case in 1..=count {
        if let Err(error) = run(&address, &format!("/runCase?case={case}&agent={agent}")).await {
            eprintln!("case {case}: {error}");
        }
    }
    run(&address, &format!("/updateReports?agent={agent}")).await.map(drop)
}

/// Runs one connection to its end; returns the last text that came.
async fn run(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let config = deflate_config().map_err(io::Error::other)?;
    let mut keys = keys();
    let key = handshake_key(std::array::from_fn(|_| keys()[0]));
    let offer = config.offer();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Extensions: {offer}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let (head, more) = read_head(&mut stream).await?;
    if !head.starts_with("HTTP/1.1 101 ")
        || header(&head, "Sec-WebSocket-Accept") != accept_key(&key)
    {
        return Err(io::Error::other(format!("no upgrade: {head}")));
    }
    let answer = header(&head, "Sec-WebSocket-Extensions");
    let params = config.read_answer(&answer).map_err(io::Error::other)?;
    let mut decoder = Decoder::new(Role::Client, Limits::default());
    let mut encoder = Encoder::client(keys);
    if let Some(params) = params {
        decoder = decoder.with_deflate(&params);
        encoder = encoder.with_deflate(&config, &params);
    }
    decoder.read_buffer().extend_from_slice(&more);
    Connection { stream, decoder, encoder }.echo().await
}

/// Makes masking keys. Not for the open network: its sequence can be predicted.
fn keys() -> impl FnMut() -> [u8; 4] + Send + 'static {
    let mut state = RandomState::new().build_hasher().finish() | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state as u32).to_ne_bytes()
    }
}
