//! Names and TCP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use everlink::dial::{Endpoint, HeaderMap, Io, Phase, ResolveError, SystemResolver, dial, resolve};
use everlink_engine::Cause;
use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::{
    Answers, SOON, Silent, closed_port, dial_url, drain, failure, listen, listen_at, options,
    read_head, websocket_server,
};

#[tokio::test]
async fn fault_01_a_missing_name_and_a_failing_resolver_are_told_apart() {
    for (error, cause) in [
        (ResolveError::NotFound("NXDOMAIN".to_owned()), Cause::NameNotFound),
        (ResolveError::Failed("SERVFAIL".to_owned()), Cause::NameLookupFailed),
    ] {
        let text = format!("name: server.test: {error}");
        let options = options().resolver(Answers::new(vec![Err(error)]));
        let (error, _) = failure("ws://server.test/", options).await;
        assert_eq!((error.failure.cause, error.phase), (cause, Phase::Name));
        assert_eq!(error.to_string(), text);
    }
}

#[tokio::test(start_paused = true)]
async fn fault_01_a_silent_resolver_costs_five_seconds() {
    let options = options().resolver(Arc::new(Silent));
    let (error, elapsed) = failure("ws://server.test/", options).await;
    assert_eq!(error.failure.cause, Cause::NameLookupTimedOut);
    assert!(elapsed.abs_diff(Duration::from_secs(5)) < MOMENT, "{elapsed:?}");
}

#[tokio::test]
async fn fault_01_a_name_without_addresses_does_not_exist() {
    let options = options().resolver(Answers::always(&[]));
    let (error, _) = failure("ws://server.test/", options).await;
    assert_eq!(error.failure.cause, Cause::NameNotFound);
}

#[tokio::test]
async fn fault_01_the_resolver_is_asked_again_at_each_attempt() {
    let address = websocket_server("", b"").await;
    let lost = ResolveError::Failed("SERVFAIL".to_owned());
    let resolver = Answers::new(vec![Err(lost), Ok(vec![address])]);
    let options = options().resolver(Arc::clone(&resolver) as _).build().unwrap();
    let endpoint = Endpoint::parse("ws://server.test/").unwrap();
    let first = dial(&endpoint, &options, &HeaderMap::new()).await;
    assert_eq!(first.unwrap_err().failure.cause, Cause::NameLookupFailed);
    let second = dial(&endpoint, &options, &HeaderMap::new()).await;
    assert_eq!(second.unwrap().peer, address);
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_systems_resolver_knows_localhost_and_an_address_needs_none() {
    let addresses = resolve(&SystemResolver::default(), "localhost", 4711, SOON).await.unwrap();
    assert!(addresses.iter().all(|a| a.ip().is_loopback() && a.port() == 4711));
    let addresses = resolve(&Silent, "::1", 4711, SOON).await.unwrap();
    assert_eq!(addresses, ["[::1]:4711".parse().unwrap()]);
}

#[tokio::test]
async fn fault_02_a_name_that_moved_is_followed_at_the_next_attempt() {
    let (old, new) = (websocket_server("", b"").await, websocket_server("", b"").await);
    let options = options().resolver(Answers::new(vec![Ok(vec![old]), Ok(vec![new])]));
    let options = options.build().unwrap();
    let endpoint = Endpoint::parse("ws://server.test/").unwrap();
    for expected in [old, new, new] {
        let opened = dial(&endpoint, &options, &HeaderMap::new()).await.unwrap();
        assert_eq!(opened.peer, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn fault_05_after_a_refusal_the_next_address_is_tried_at_once() {
    let (closed, open) = (closed_port().await, websocket_server("", b"").await);
    let options = options().resolver(Answers::always(&[closed, open]));
    let opened = dial_url("ws://server.test/", options).await.unwrap();
    assert_eq!(opened.peer, open);
    assert!(opened.timings.whole < MOMENT, "{:?}", opened.timings);
}

#[tokio::test]
async fn fault_05_when_all_refuse_the_error_names_each_address() {
    let (one, two) = (closed_port().await, closed_port().await);
    let options = options().resolver(Answers::always(&[one, two]));
    let (error, _) = failure("ws://server.test/", options).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::Refused, Phase::Connect));
    for address in [one, two] {
        assert!(error.detail.contains(&address.to_string()), "{error}");
    }
}

#[tokio::test]
async fn fault_05_a_reset_during_the_upgrade_is_a_reset() {
    let address = listen(|mut stream| async move {
        read_head(&mut stream).await;
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    })
    .await;
    let (error, _) = failure(&format!("ws://{address}/"), options()).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::Reset, Phase::Upgrade));
}

#[tokio::test]
async fn fault_05_a_close_before_the_answer_is_complete_is_a_reset() {
    let address = listen(|mut stream| async move {
        read_head(&mut stream).await;
    })
    .await;
    let (error, _) = failure(&format!("ws://{address}/"), options()).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::Reset, Phase::Upgrade));
}

#[tokio::test]
async fn the_socket_has_the_options_that_were_asked_for() {
    let address = websocket_server("", b"").await;
    let keepalive = Duration::from_secs(45);
    let options = options().tcp_keepalive(Some(keepalive)).bind(Some("127.0.0.9".parse().unwrap()));
    let opened = dial_url(&format!("ws://{address}/"), options).await.unwrap();
    let tcp = opened.io.tcp();
    assert_eq!(tcp.local_addr().unwrap().ip().to_string(), "127.0.0.9");
    assert!(tcp.nodelay().unwrap());
    let socket = SockRef::from(tcp);
    assert_eq!(socket.tcp_keepalive_time().unwrap(), keepalive);
    #[cfg(target_os = "linux")]
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn an_address_that_is_not_ours_to_bind_is_a_local_failure() {
    let address = websocket_server("", b"").await;
    let options = options().bind(Some("192.0.2.1".parse().unwrap()));
    let (error, _) = failure(&format!("ws://{address}/"), options).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::Local, Phase::Connect));
}

#[tokio::test]
async fn a_dropped_dial_closes_its_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let dialing = tokio::spawn(async move { dial_url(&url, options()).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    read_head(&mut stream).await;
    dialing.abort();
    let after = timeout(SOON, drain(stream)).await.expect("the socket is closed");
    assert_eq!(after, b"");
}

#[tokio::test]
async fn plain_tcp_carries_bytes_both_ways() {
    let address = listen_at("127.0.0.1:0", |stream| async move {
        crate::support::serve_websocket(stream, "", b"hello").await;
    })
    .await;
    let mut opened = dial_url(&format!("ws://{address}/"), options()).await.unwrap();
    assert!(matches!(opened.io, Io::Tcp(_)));
    let mut got = opened.leftover.to_vec();
    while got.len() < 5 {
        let count = timeout(SOON, opened.io.read_buf(&mut got)).await.unwrap().unwrap();
        assert_ne!(count, 0, "closed too early");
    }
    assert_eq!(got, b"hello");
}

/// More than a loopback connection ever takes in virtual time, less than any deadline.
const MOMENT: Duration = Duration::from_millis(100);
