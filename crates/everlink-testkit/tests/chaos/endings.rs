//! Faults that end connections or refuse them.

use crate::bed::{Bed, bounded, expect, expect_fin, expect_rst, read, send};
use everlink_testkit::chaos::{ChaosProxy, Direction, End, Fault, Refusal};
use socket2::SockRef;
use std::io;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn req_n07_drop_closes_live_and_new_connections_by_fin() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::Drop).unwrap();
    expect_fin(&mut client).await;
    expect_fin(&mut server).await;
    expect_fin(&mut bed.client().await).await;
    assert_eq!(bed.until(|counters| counters.connections_open == 0).await.connections_cut, 2);
}

#[tokio::test]
async fn req_n07_reset_resets_live_and_new_connections() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::Reset).unwrap();
    expect_rst(&mut client).await;
    expect_rst(&mut server).await;
    expect_rst(&mut bed.client().await).await;
    assert_eq!(bed.until(|counters| counters.connections_open == 0).await.connections_reset, 2);
}

#[tokio::test]
async fn req_n07_a_cut_ends_what_is_live_and_lets_the_next_in() {
    let bed = Bed::new().await;
    for end in [End::Close, End::Reset] {
        let (mut client, mut server) = bed.pair().await;
        bed.proxy.cut(end);
        match end {
            End::Close => (expect_fin(&mut client).await, expect_fin(&mut server).await),
            End::Reset => (expect_rst(&mut client).await, expect_rst(&mut server).await),
        };
    }
    let (mut client, mut server) = bed.pair().await;
    send(&mut client, "welcome").await;
    expect(&mut server, "welcome").await;
}

#[tokio::test]
async fn req_n07_close_after_n_lets_exactly_n_bytes_through() {
    for (direction, bytes) in [(Direction::Up, 5), (Direction::Down, 70_000), (Direction::Up, 1)] {
        let bed = Bed::with(|builder| builder.fault(Fault::CloseAfter { direction, bytes })).await;
        let (mut client, mut server) = bed.pair().await;
        let (from, to) = match direction {
            Direction::Up => (&mut client, &mut server),
            Direction::Down | Direction::Both => (&mut server, &mut client),
        };
        send(from, vec![3; 100_000]).await;
        assert_eq!(read(to, bytes as usize).await.len(), bytes as usize);
        expect_fin(to).await;
    }
}

#[tokio::test]
async fn req_n07_reset_after_n_resets_both_sides() {
    let fault = Fault::ResetAfter { direction: Direction::Down, bytes: 4 };
    let bed = Bed::with(|builder| builder.fault(fault)).await;
    let (mut client, mut server) = bed.pair().await;
    send(&mut client, "not counted").await;
    expect(&mut server, "not counted").await;
    send(&mut server, "counted").await;
    let mut seen = Vec::new();
    let error = bounded(client.read_to_end(&mut seen)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(b"coun".starts_with(&seen), "{seen:?}");
    expect_rst(&mut server).await;
    assert_eq!(bed.proxy.counters().bytes_down, 4);
}

#[tokio::test]
async fn req_n07_a_byte_limit_set_late_ends_a_connection_that_is_past_it() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    send(&mut client, "0123456789").await;
    expect(&mut server, "0123456789").await;
    bed.proxy.set(Fault::CloseAfter { direction: Direction::Both, bytes: 10 }).unwrap();
    expect_fin(&mut client).await;
    expect_fin(&mut server).await;
}

#[tokio::test]
async fn req_n07_fault_05_refuse_by_reset_accepts_and_resets_new_connections_only() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::Refuse { how: Refusal::Reset }).unwrap();
    expect_rst(&mut bed.client().await).await;
    assert_eq!(bed.until(|counters| counters.connections_refused == 1).await.connections, 2);
    send(&mut client, "still here").await;
    expect(&mut server, "still here").await;
}

#[tokio::test]
async fn req_n07_fault_05_refuse_closed_closes_the_listener_and_opens_it_again() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::Refuse { how: Refusal::Closed }).unwrap();
    // The listener closes in the proxy's own task, which this one lets run.
    bounded(async {
        while !TcpStream::connect(bed.proxy.local_addr())
            .await
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    send(&mut client, "still here").await;
    expect(&mut server, "still here").await;
    bed.proxy.clear();
    let again = bounded(async {
        loop {
            if let Ok(stream) = TcpStream::connect(bed.proxy.local_addr()).await {
                break stream;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(again.await.peer_addr().unwrap(), bed.proxy.local_addr());
}

#[tokio::test]
async fn req_n07_an_upstream_that_is_away_resets_the_client_and_is_counted() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = ChaosProxy::builder().upstream(gone).build().await.unwrap();
    let mut client = bounded(TcpStream::connect(proxy.local_addr())).await.unwrap();
    expect_rst(&mut client).await;
    assert_eq!(proxy.counters().upstream_failures, 1);
}

#[tokio::test]
async fn req_n07_without_a_fault_fin_and_rst_pass_as_they_are() {
    let bed = Bed::new().await;
    let (client, mut server) = bed.pair().await;
    drop(client);
    expect_fin(&mut server).await;

    let (mut client, server) = bed.pair().await;
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    expect_rst(&mut client).await;
}
