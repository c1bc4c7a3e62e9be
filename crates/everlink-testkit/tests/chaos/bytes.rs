//! Faults that change bytes, and the bytes that must not change.

use crate::bed::{Bed, bounded, expect, expect_fin, read, send};
use everlink_testkit::chaos::{Direction, Fault, Scope};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn req_n07_without_a_fault_every_byte_arrives_in_order_both_ways() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let copy = async {
        tokio::try_join!(
            async {
                to_client.write_all(&data).await?;
                to_client.shutdown().await
            },
            async {
                to_server.write_all(&data).await?;
                to_server.shutdown().await
            },
            async {
                assert!(all(&mut from_client).await? == data);
                Ok(())
            },
            async {
                assert!(all(&mut from_server).await? == data);
                Ok(())
            },
        )
    };
    bounded(copy).await.unwrap();
    let counters = bed.until(|counters| counters.connections_open == 0).await;
    assert_eq!((counters.bytes_up, counters.bytes_down), (3_000_000, 3_000_000));
}

async fn all(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(stream, &mut bytes).await?;
    Ok(bytes)
}

#[tokio::test]
async fn req_n07_corrupt_at_changes_that_byte_and_no_other() {
    let bed = Bed::new().await;
    bed.proxy.set(Fault::CorruptAt { direction: Direction::Up, byte: 3 }).unwrap();
    let (mut client, mut server) = bed.pair().await;
    send(&mut client, [0; 8]).await;
    let seen = read(&mut server, 8).await;
    let changed: Vec<_> = (0..8).filter(|at| seen[*at] != 0).collect();
    assert_eq!(changed, [3]);
    send(&mut server, [0; 8]).await;
    expect(&mut client, [0; 8]).await;
    assert_eq!(bed.proxy.counters().corrupted_up, 1);
}

/// Sends zeros in pieces of `piece` and returns what arrives.
async fn corrupted(seed: u64, piece: usize) -> Vec<u8> {
    let bed = Bed::with(|builder| builder.seed(seed)).await;
    bed.proxy.set(Fault::Corrupt { direction: Direction::Both, probability: 0.1 }).unwrap();
    let (mut client, mut server) = bed.pair().await;
    let mut seen = Vec::new();
    for _ in 0..1_000 / piece {
        send(&mut client, vec![0; piece]).await;
        seen.extend(read(&mut server, piece).await);
    }
    seen
}

#[tokio::test]
async fn req_n07_corruption_repeats_for_a_seed_however_the_stream_is_cut() {
    let whole = corrupted(5, 1_000).await;
    let changed = whole.iter().filter(|byte| **byte != 0).count();
    assert!((60..140).contains(&changed), "{changed} of 1000 at 10 %");
    assert_eq!(whole, corrupted(5, 10).await);
    assert_ne!(whole, corrupted(6, 1_000).await);
}

#[tokio::test]
async fn req_n07_a_fault_for_new_connections_spares_the_live_one_and_the_reverse() {
    let bed = Bed::new().await;
    let (mut old_client, mut old_server) = bed.pair().await;
    let end = Fault::CloseAfter { direction: Direction::Up, bytes: 1 };
    bed.proxy.set_on(Scope::New, end.clone()).unwrap();
    let (mut new_client, mut new_server) = bed.pair().await;
    send(&mut old_client, "whole").await;
    expect(&mut old_server, "whole").await;
    send(&mut new_client, "cut").await;
    expect(&mut new_server, "c").await;
    expect_fin(&mut new_server).await;

    bed.proxy.clear();
    bed.proxy.set_on(Scope::Live, end).unwrap();
    expect_fin(&mut old_server).await;
    let (mut client, mut server) = bed.pair().await;
    send(&mut client, "whole").await;
    expect(&mut server, "whole").await;
}
