//! Black holes and slow peers, in virtual time with the real defaults.

use std::net::SocketAddr;
use std::time::Duration;

use everlink::dial::{Phase, TcpOptions, connect};
use everlink_engine::Cause;
use tokio::io::AsyncWriteExt;

use crate::support::{
    Answers, BlackHole, Silent, dial_url, drain, failure, listen, listen_at, options, read_head,
    serve_websocket, websocket_server,
};

fn check(elapsed: Duration, expected: Duration) {
    let moment = Duration::from_millis(100);
    assert!(elapsed.abs_diff(expected) < moment, "{elapsed:?}, expected {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn fault_03_a_black_hole_in_one_family_costs_a_quarter_of_a_second() {
    let hole = BlackHole::at("[::1]:0").await;
    let open = websocket_server("", b"").await;
    let options = options().resolver(Answers::always(&[hole.address, open]));
    let opened = dial_url("ws://server.test/", options).await.unwrap();
    assert_eq!(opened.peer, open);
    check(opened.timings.whole, Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn fault_03_a_hole_in_the_second_family_costs_nothing() {
    let hole = BlackHole::at("127.0.0.1:0").await;
    let open = listen_at("[::1]:0", |stream| serve_websocket(stream, "", b"")).await;
    let options = options().resolver(Answers::always(&[open, hole.address]));
    let opened = dial_url("ws://server.test/", options).await.unwrap();
    assert_eq!(opened.peer, open);
    check(opened.timings.whole, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn fault_04_each_address_of_a_black_hole_has_five_seconds() {
    let (one, two) = (BlackHole::at("127.0.0.1:0").await, BlackHole::at("127.0.0.2:0").await);
    let options = options().resolver(Answers::always(&[one.address, two.address]));
    let (error, elapsed) = failure("ws://server.test/", options).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::ConnectTimedOut, Phase::Connect));
    check(elapsed, Duration::from_millis(5_250));
    let text = format!("{}: no answer within 5s", two.address);
    assert!(error.detail.contains(&text), "{error}");
}

#[tokio::test(start_paused = true)]
async fn fault_04_many_black_holes_cost_twenty_seconds_in_all() {
    let hole = BlackHole::at("127.0.0.1:0").await;
    let options = options()
        .resolver(Answers::always(&[hole.address; 16]))
        .address_timeout(Duration::from_secs(15))
        .stagger(Duration::from_secs(2));
    let (error, elapsed) = failure("ws://server.test/", options).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::DialTimedOut, Phase::Connect));
    check(elapsed, Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_whole_names_the_phase_in_which_it_struck() {
    let second = Duration::from_secs(1);
    let options = options().resolver(std::sync::Arc::new(Silent)).dial_timeout(second);
    let (error, elapsed) = failure("ws://server.test/", options).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::DialTimedOut, Phase::Name));
    assert_eq!(error.to_string(), "name: the whole dial took longer than 1s");
    check(elapsed, second);
}

#[tokio::test(start_paused = true)]
async fn fault_06_silence_after_the_client_hello_costs_five_seconds() {
    let address = listen(|stream| async move {
        drain(stream).await;
    })
    .await;
    let (error, elapsed) = failure(&format!("wss://{address}/"), options()).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::TlsTimedOut, Phase::Tls));
    check(elapsed, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn fault_08_an_upgrade_that_is_never_answered_costs_ten_seconds() {
    let address = listen(|stream| async move {
        drain(stream).await;
    })
    .await;
    let (error, elapsed) = failure(&format!("ws://{address}/"), options()).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::UpgradeTimedOut, Phase::Upgrade));
    check(elapsed, Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn fault_08_an_answer_of_one_byte_a_second_costs_ten_seconds() {
    let address = listen(|mut stream| async move {
        let request = read_head(&mut stream).await;
        for byte in crate::support::switching(&request, "").into_bytes() {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let (error, elapsed) = failure(&format!("ws://{address}/"), options()).await;
    assert_eq!(error.failure.cause, Cause::UpgradeTimedOut);
    check(elapsed, Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn fault_08_endless_interim_answers_cost_ten_seconds() {
    let address = listen(|mut stream| async move {
        read_head(&mut stream).await;
        while stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await;
    let (error, elapsed) = failure(&format!("ws://{address}/"), options()).await;
    assert_eq!(error.failure.cause, Cause::UpgradeTimedOut);
    check(elapsed, Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_body_never_comes_is_judged_by_its_head() {
    let address = listen(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        drain(stream).await;
    })
    .await;
    let (error, elapsed) = failure(&format!("ws://{address}/"), options()).await;
    assert_eq!(error.failure.cause, Cause::HttpStatus(200));
    check(elapsed, Duration::from_secs(1));
}

/// Returns how many sockets of this machine wait for the first answer of `peer`.
#[cfg(target_os = "linux")]
fn half_open(peer: SocketAddr) -> usize {
    let port = format!(":{:04X}", peer.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let columns = table.lines().map(|line| line.split_whitespace().skip(2));
    // The columns from the third on: the peer and the state, in which 02 is SYN-SENT.
    let waits = |mut rest: SplitWhitespaceFrom<'_>| {
        rest.next().is_some_and(|peer| peer.ends_with(&port)) && rest.next() == Some("02")
    };
    columns.filter(|rest| waits(rest.clone())).count()
}

#[cfg(target_os = "linux")]
type SplitWhitespaceFrom<'a> = std::iter::Skip<std::str::SplitWhitespace<'a>>;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dropped_dial_closes_the_sockets_that_never_connected() {
    let hole = BlackHole::at("127.0.0.1:0").await;
    let addresses = [hole.address; 2];
    let tcp = TcpOptions::default();
    {
        let mut connecting = std::pin::pin!(connect(&addresses, &tcp));
        let both = async {
            while half_open(hole.address) < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = &mut connecting => panic!("a black hole does not answer"),
            () = both => {}
        }
    }
    assert_eq!(half_open(hole.address), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn fault_03_the_loser_of_a_race_is_closed() {
    let hole = BlackHole::at("127.0.0.1:0").await;
    let open = websocket_server("", b"").await;
    let connected = connect(&[hole.address, open], &TcpOptions::default()).await.unwrap();
    assert_eq!(connected.peer, open);
    assert_eq!(half_open(hole.address), 0);
}
