//! Faults that swallow: black hole and half-open.

use crate::bed::{Bed, expect, expect_fin, expect_silence, send};
use everlink_testkit::chaos::{Fault, Scope, Way};
use socket2::SockRef;
use std::time::Duration;

#[tokio::test]
async fn req_n07_a_black_hole_swallows_both_ways_and_keeps_sockets_open() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::BlackHole).unwrap();
    send(&mut client, "up").await;
    send(&mut server, "down").await;
    bed.until(|counters| counters.swallowed_up == 2 && counters.swallowed_down == 4).await;
    expect_silence(&client);
    expect_silence(&server);
}

#[tokio::test]
async fn req_n07_a_stream_with_a_hole_stays_dead_after_the_black_hole_ends() {
    let bed = Bed::new().await;
    let (mut old_client, old_server) = bed.pair().await;
    let (mut lucky_client, mut lucky_server) = bed.pair().await;
    bed.proxy.set(Fault::BlackHole).unwrap();
    send(&mut old_client, "lost").await;
    bed.until(|counters| counters.swallowed_up == 4).await;
    bed.proxy.clear();
    send(&mut old_client, "lost too").await;
    bed.until(|counters| counters.swallowed_up == 12).await;
    expect_silence(&old_server);
    send(&mut lucky_client, "nothing of this one was lost").await;
    expect(&mut lucky_server, "nothing of this one was lost").await;
}

#[tokio::test]
async fn req_n07_a_connection_made_into_a_black_hole_never_reaches_the_server() {
    let bed = Bed::with(|builder| builder.fault(Fault::BlackHole)).await;
    let mut lost = bed.client().await;
    send(&mut lost, "hello?").await;
    bed.until(|counters| counters.swallowed_up == 6).await;
    bed.proxy.clear();
    let (mut client, mut server) = bed.pair().await;
    send(&mut client, "second").await;
    expect(&mut server, "second").await;
    expect_silence(&lost);
}

#[tokio::test]
async fn req_n07_fault_20_a_peer_that_vanishes_into_a_black_hole_sends_no_fin() {
    let bed = Bed::new().await;
    let (client, server) = bed.pair().await;
    let (mut witness, mut witness_server) = bed.pair().await;
    bed.proxy.set_on(Scope::Connection(1), Fault::BlackHole).unwrap();
    drop(client);
    // The witness went through the same proxy after the FIN.
    send(&mut witness, "x").await;
    expect(&mut witness_server, "x").await;
    expect_silence(&server);
    drop(server);
    bed.until(|counters| counters.connections_open == 1).await;
}

#[tokio::test]
async fn req_n07_half_open_up_swallows_the_client_and_carries_the_server() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::HalfOpen { swallowed: Way::Up }).unwrap();
    send(&mut client, "unheard").await;
    bed.until(|counters| counters.swallowed_up == 7).await;
    send(&mut server, "heard").await;
    expect(&mut client, "heard").await;
    expect_silence(&server);
}

#[tokio::test]
async fn req_n07_half_open_down_swallows_the_server_and_carries_the_client() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::HalfOpen { swallowed: Way::Down }).unwrap();
    send(&mut server, "unheard").await;
    bed.until(|counters| counters.swallowed_down == 7).await;
    send(&mut client, "heard").await;
    expect(&mut server, "heard").await;
    expect_silence(&client);
}

#[tokio::test]
async fn req_n07_fault_21_a_client_that_dies_half_open_leaves_a_ghost_at_the_server() {
    let bed = Bed::new().await;
    let (client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::HalfOpen { swallowed: Way::Up }).unwrap();
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    // The server writes to nobody: the RST that answers it is swallowed as well.
    for sent in 1..=3 {
        send(&mut server, "anyone?").await;
        bed.until(|counters| counters.swallowed_down + counters.bytes_down >= 7 * sent).await;
    }
    expect_silence(&server);
    bed.proxy.cut(everlink_testkit::chaos::End::Close);
    expect_fin(&mut server).await;
}
