//! A client that does one thing at a time, with every wait bounded.

use bytes::BytesMut;
use everlink_testkit::server::{Script, ScriptedServer};
use everlink_wire::ws::{Decoder, Encoder, Item, Limits, Role, WsError};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(crate) async fn bounded<T>(what: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(100);
    tokio::time::timeout(limit, what).await.expect("did not happen in time")
}

pub(crate) async fn serve(script: Script) -> ScriptedServer {
    ScriptedServer::builder().script(script).build().await.unwrap()
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    encoder: Encoder,
    decoder: Decoder,
}

/// How a wait for a message ended without one.
#[derive(Debug, PartialEq)]
pub(crate) enum Lost {
    Eof,
    Reset,
    Wrong(WsError),
}

impl Client {
    /// Connects and asks for an upgrade, with more headers if given.
    pub(crate) async fn ask(address: SocketAddr, headers: &str) -> Self {
        let mut stream = bounded(TcpStream::connect(address)).await.unwrap();
        // Otherwise the kernel may hold a second message back, in real time.
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET /chat?id=1 HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\
             {headers}\r\n"
        );
        bounded(stream.write_all(request.as_bytes())).await.unwrap();
        let encoder = Encoder::client(|| [1, 2, 3, 4]);
        let limits = Limits { message_max: 100_000, frame_max: 100_000, ..Limits::default() };
        let decoder = Decoder::new(Role::Client, limits);
        Self { stream, encoder, decoder }
    }

    /// Connects and upgrades.
    pub(crate) async fn open(server: &ScriptedServer) -> Self {
        let mut client = Self::ask(server.local_addr(), "").await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
        assert!(head.contains(&format!("Sec-WebSocket-Accept: {ACCEPT}\r\n")), "{head}");
        client
    }

    /// Reads the head of the answer, byte by byte so as to take nothing that follows.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(bounded(self.stream.read_u8()).await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Reads until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        bounded(self.stream.read_to_string(&mut rest)).await.unwrap();
        rest
    }

    pub(crate) async fn send(&mut self, write: impl FnOnce(&mut Encoder, &mut BytesMut)) {
        let mut bytes = BytesMut::new();
        write(&mut self.encoder, &mut bytes);
        bounded(self.stream.write_all(&bytes)).await.unwrap();
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.send(|encoder, bytes| encoder.text(bytes, text)).await;
    }

    pub(crate) async fn close(&mut self, code: u16) {
        self.send(|encoder, bytes| encoder.close(bytes, Some((code, ""))).unwrap()).await;
    }

    pub(crate) async fn next(&mut self) -> Result<Item, Lost> {
        loop {
            if let Some(item) = self.decoder.next_item().map_err(Lost::Wrong)? {
                return Ok(item);
            }
            match bounded(self.stream.read_buf(self.decoder.read_buffer())).await {
                Ok(0) => return Err(Lost::Eof),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(Lost::Reset);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(crate) async fn expect_text(&mut self, expected: &str) {
        match self.next().await {
            Ok(Item::Text(text)) => assert_eq!(text.as_str(), expected),
            other => panic!("{other:?}"),
        }
    }
}
