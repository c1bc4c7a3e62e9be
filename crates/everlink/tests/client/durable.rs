//! Messages that survive the process.

use everlink::outbox::{DurableOutbox, OutboxLimits};
use everlink::{ConnectionState, Delivery, Dropped, SendError};

use crate::support::{Server, soon};

fn open(folder: &tempfile::TempDir) -> DurableOutbox {
    DurableOutbox::open(folder.path().join("outbox"), OutboxLimits::default()).unwrap()
}

#[tokio::test]
async fn req_m06_what_one_run_could_not_send_the_next_sends_first_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let client = server.client().outbox(open(&folder)).build().unwrap();
    client.start().unwrap();
    let request = server.request().await;
    for text in ["one", "two"] {
        client.send(text).await.map(drop).unwrap();
    }
    let three = client.send("three").await.unwrap();
    soon(client.close()).await;
    assert_eq!(soon(three).await, Delivery::Dropped { why: Dropped::Cleared });
    drop((client, request));

    let outbox = soon(async {
        loop {
            let path = folder.path().join("outbox");
            match DurableOutbox::open(path, OutboxLimits::default()) {
                Ok(outbox) => return outbox,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    assert_eq!(outbox.len(), 3);
    let client = server
        .client()
        .settings(|settings| settings.queue_messages_max(2))
        .outbox(outbox.clone())
        .build()
        .unwrap();
    client.start().unwrap();
    let sending = client.clone();
    let four = tokio::spawn(async move { soon(sending.send("four").await.unwrap()).await });
    let mut peer = server.accept().await;
    for text in ["one", "two", "three", "four"] {
        assert_eq!(peer.text().await, text);
    }
    assert_eq!(soon(four).await.unwrap(), Delivery::Written);
    assert!(outbox.is_empty());
}

#[tokio::test]
async fn closing_and_connecting_again_sends_what_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let client = server.client().outbox(open(&folder)).build().unwrap();
    assert!(client.send("too early").await.unwrap_err().is_closed());
    client.start().unwrap();
    let request = server.request().await;
    client.send("kept").await.map(drop).unwrap();
    assert_eq!(client.try_send("x").unwrap_err(), SendError::MustWait);
    soon(client.close()).await;
    drop(request);
    client.start().unwrap();
    let mut peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    assert_eq!(peer.text().await, "kept");
    client.send("next").await.map(drop).unwrap();
    assert_eq!(peer.text().await, "next");
}
