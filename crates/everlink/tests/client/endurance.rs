//! Many messages and many reconnects.

use std::time::Duration;

use everlink::ConnectionState;
use tokio::net::TcpListener;

use crate::support::{Server, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_is_kept_across_reconnects_at_high_volume() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    client.start().unwrap();
    let sender = client.clone();
    // A cut swallows what is on its way, so the sender goes on until enough has arrived.
    let sending = tokio::spawn(async move {
        for number in 0_u32.. {
            if sender.send(number.to_string()).await.map(drop).is_err() {
                return;
            }
        }
    });
    let mut last = None;
    let reading = async {
        for _ in 0..7 {
            let mut peer = server.accept().await;
            for _ in 0..3_000 {
                let number: u32 = peer.text().await.parse().unwrap();
                assert!(last.is_none_or(|last| last < number), "{number} after {last:?}");
                last = Some(number);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.unwrap();
    assert!(last.is_some_and(|last| last >= 20_999), "{last:?}");
    soon(client.close()).await;
    sending.await.unwrap();
}

#[tokio::test]
async fn a_client_can_be_opened_and_closed_many_times() {
    let server = Server::start().await;
    let client = server.client().build().unwrap();
    for _ in 0..200 {
        let (connected, mut peer) = tokio::join!(soon(client.connect()), server.accept());
        connected.unwrap();
        tokio::join!(soon(client.close()), async {
            peer.item().await;
            drop(peer);
        });
    }
    assert_eq!(client.info().dials, 200);
}

#[tokio::test]
async fn a_refusing_address_costs_one_dial_after_the_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server { url, ..Server::start().await };
    let client =
        server.client().settings(|settings| settings.attempts_max(Some(500))).build().unwrap();
    client.start().unwrap();
    soon(client.wait_until(ConnectionState::Error)).await;
    assert_eq!(client.info().dials, 501);
}
