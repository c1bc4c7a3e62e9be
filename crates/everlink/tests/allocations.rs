//! What a message costs in allocations. Alone in its process, because it counts all of them.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

#[path = "client/support.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::alloc::System;

use bytes::{Bytes, BytesMut};
use everlink::Message;
use everlink::wire::ws::server_text_frame;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use support::{Server, soon};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MESSAGES: usize = 10_000;

#[tokio::test]
async fn sending_and_receiving_allocate_nothing_for_each_message() {
    let server = Server::start().await;
    let client = server.client().inbox_messages_max(100_000).build().unwrap();
    client.start().unwrap();
    let mut peer = server.accept().await.stream;
    let message = Message::Binary(Bytes::from_static(&[7; 100]));
    let mut scratch = vec![0; 106 * 100];
    let mut round = async |batches: usize| {
        for _ in 0..batches {
            for _ in 0..100 {
                client.send(message.clone()).await.map(drop).unwrap();
            }
            soon(peer.read_exact(&mut scratch)).await.unwrap();
        }
    };
    round(20).await;
    let region = Region::new(ALLOCATOR);
    round(MESSAGES / 100).await;
    let sent = region.change().allocations;

    let frame = server_text_frame(&"x".repeat(100));
    let mut batch = BytesMut::new();
    for _ in 0..100 {
        batch.extend_from_slice(&frame);
    }
    let mut round = async |batches: usize| {
        for _ in 0..batches {
            soon(peer.write_all(&batch)).await.unwrap();
            for _ in 0..100 {
                soon(client.recv()).await.unwrap();
            }
        }
    };
    round(20).await;
    let region = Region::new(ALLOCATOR);
    round(MESSAGES / 100).await;
    let received = region.change().allocations;
    eprintln!("{MESSAGES} sent: {sent} allocations; {MESSAGES} received: {received}");
    // A batch may cost something, a message may not. What comes lives in the read buffers, which it
    // shares: they are allocated as they fill up.
    assert!(sent < MESSAGES / 50, "{sent}");
    assert!(received < MESSAGES / 5, "{received}");
}
