//! Starting, stopping and bounds of the proxy.

use crate::bed::{Bed, bounded, expect_fin, expect_silence};
use everlink_testkit::chaos::{ChaosProxy, Fault};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::runtime::Handle;

#[tokio::test]
async fn req_n07_shutdown_closes_everything_and_returns_the_counters() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    let address = bed.proxy.local_addr();
    let counters = bounded(bed.proxy.shutdown()).await;
    assert_eq!((counters.connections, counters.connections_open), (1, 0));
    expect_fin(&mut client).await;
    expect_fin(&mut server).await;
    bounded(TcpStream::connect(address)).await.unwrap_err();
}

#[tokio::test]
async fn req_n07_dropping_the_handle_closes_every_socket_and_ends_every_task() {
    let tasks_before = Handle::current().metrics().num_alive_tasks();
    let schedule = "1h:blackhole".parse().unwrap();
    let bed = Bed::with(|builder| builder.control("127.0.0.1:0").schedule(schedule)).await;
    let (mut client, mut server) = bed.pair().await;
    let mut frozen = bed.pair().await;
    bed.proxy.set(Fault::Freeze).unwrap();
    let mut control = TcpStream::connect(bed.proxy.control_addr().unwrap()).await.unwrap();
    drop(bed.proxy);
    for stream in [&mut client, &mut server, &mut frozen.0, &mut frozen.1, &mut control] {
        // FIN or RST, by what was unread; either way the end.
        assert!(matches!(bounded(stream.read(&mut [0])).await, Ok(0) | Err(_)));
    }
    bounded(async {
        while Handle::current().metrics().num_alive_tasks() > tasks_before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn req_n07_connections_beyond_the_bound_wait_for_a_place() {
    let bed = Bed::with(|builder| builder.connections_max(1)).await;
    let (first, first_server) = bed.pair().await;
    let second = bed.client().await;
    expect_silence(&second);
    assert_eq!(bed.proxy.counters().connections, 1);
    drop((first, first_server));
    bed.server().await;
    assert_eq!(bed.until(|counters| counters.connections == 2).await.connections, 2);
}

#[tokio::test]
async fn req_n07_settings_that_cannot_work_are_named() {
    let message = |builder: everlink_testkit::chaos::ChaosProxyBuilder| async {
        builder.build().await.unwrap_err().to_string()
    };
    let builder = || ChaosProxy::builder().upstream("127.0.0.1:9");
    for (builder, expected) in [
        (ChaosProxy::builder(), "proxy: upstream is \"missing\"; accepted: host:port"),
        (builder().upstream("nowhere"), "proxy: upstream is \"nowhere\"; accepted: host:port"),
        (builder().connections_max(0), "proxy: connections_max is \"0\"; accepted: 1 and more"),
        (builder().listen("127.0.0.1"), "cannot listen on 127.0.0.1 (proxy)"),
        (builder().control("0.0.0.0:0"), "proxy: control is \"0.0.0.0:0\"; accepted: a loopback"),
    ] {
        let message = message(builder).await;
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_wait_that_fails_says_what_was_seen() {
    let bed = Bed::new().await;
    let wait = bed.proxy.wait_until(Duration::from_secs(1), |counters| counters.connections > 0);
    let error = wait.await.unwrap_err();
    assert!(error.to_string().starts_with("not seen within 1s; counters: Counters"), "{error}");
}
