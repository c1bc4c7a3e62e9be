//! permessage-deflate, where both sides agreed on it.

use bytes::BytesMut;
use everlink::Message;
use everlink::wire::ws::{DeflateConfig, Item};

use crate::support::{Server, soon};

#[tokio::test]
async fn messages_are_compressed_both_ways_when_that_was_agreed_on() {
    let server = Server::start().await;
    let config = DeflateConfig::default();
    let client = server.client().deflate(config).build().unwrap();
    client.start().unwrap();
    let mut peer = server.request().await.accept_compressed(&config).await;
    let text = "a word said again and again, ".repeat(1000);
    client.send(&*text).await.map(drop).unwrap();
    assert!(matches!(peer.item().await, Some(Item::Text(said)) if said == *text));
    let read = peer.bytes_read;
    assert!(read < text.len() / 10, "{read} bytes for {}", text.len());

    let mut out = BytesMut::new();
    peer.encoder.text(&mut out, &text);
    assert!(out.len() < text.len() / 10);
    tokio::io::AsyncWriteExt::write_all(&mut peer.stream, &out).await.unwrap();
    assert_eq!(soon(client.recv()).await, Some(Message::from(text)));
}

#[tokio::test]
async fn a_server_that_does_not_compress_is_talked_to_plainly() {
    let server = Server::start().await;
    let client = server.client().deflate(DeflateConfig::default()).build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    let offer = request.header("sec-websocket-extensions").unwrap();
    assert!(offer.starts_with("permessage-deflate"), "{offer}");
    let mut peer = request.accept().await;
    client.send("plain").await.map(drop).unwrap();
    assert_eq!(peer.text().await, "plain");
}
