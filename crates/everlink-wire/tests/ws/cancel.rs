//! Reads that are dropped half-way, in virtual time.

use std::time::Duration;

use bytes::BytesMut;
use everlink_wire::ws::{Decoder, Encoder, Item, Limits, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::{sleep, timeout};

#[tokio::test(start_paused = true)]
async fn a_cancelled_read_loses_nothing() {
    let mut wire = BytesMut::new();
    let mut encoder = Encoder::client(|| [1, 2, 3, 4]);
    let expected: Vec<Item> =
        (0..50_usize).map(|n| Item::Binary(vec![7; n * 100].into())).collect();
    for item in &expected {
        let Item::Binary(data) = item else { unreachable!("only binary messages above") };
        encoder.binary(&mut wire, data);
    }
    let (near, far) = tokio::io::duplex(64);
    let writing = tokio::spawn(write_slowly(near, wire.to_vec()));
    let (found, cancelled) =
        timeout(Duration::from_secs(600), read_impatiently(far)).await.unwrap();
    writing.await.unwrap();
    assert!(cancelled > 100, "{cancelled}");
    assert!(found == expected);
}

async fn write_slowly(mut stream: DuplexStream, bytes: Vec<u8>) {
    for piece in bytes.chunks(37) {
        stream.write_all(piece).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
}

/// Drops each read that takes more than 3 ms; returns what came, and how many reads it dropped.
async fn read_impatiently(mut stream: DuplexStream) -> (Vec<Item>, u32) {
    let mut decoder = Decoder::new(Role::Server, Limits::default());
    let (mut found, mut cancelled) = (Vec::new(), 0);
    loop {
        tokio::select! {
            read = stream.read_buf(decoder.read_buffer()) => if read.unwrap() == 0 { break },
            () = sleep(Duration::from_millis(3)) => cancelled += 1,
        }
        while let Some(item) = decoder.next_item().unwrap() {
            found.push(item);
        }
    }
    assert!(!decoder.is_partial());
    (found, cancelled)
}
