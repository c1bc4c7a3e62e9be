//! Messages, habits and expectations.

use crate::client::{Client, Lost, bounded, serve};
use everlink_testkit::server::{Ending, Script, ScriptFailure, Seen};
use everlink_wire::ws::Item;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn req_n08_by_default_everything_is_echoed_and_remembered() {
    let server = everlink_testkit::server::ScriptedServer::builder().build().await.unwrap();
    let mut client = Client::open(&server).await;
    client.text("one").await;
    client.expect_text("one").await;
    client.send(|encoder, bytes| encoder.binary(bytes, b"\0\x01")).await;
    assert_eq!(client.next().await, Ok(Item::Binary(b"\0\x01"[..].into())));
    client.send(|encoder, bytes| encoder.ping(bytes, b"p").unwrap()).await;
    assert_eq!(client.next().await, Ok(Item::Pong(b"p"[..].into())));
    client.close(1000).await;
    assert!(matches!(client.next().await, Ok(Item::Close(Some(close))) if close.code == 1000));
    assert_eq!(client.next().await, Err(Lost::Eof));
    let record = server.connection(1).await.unwrap().ended().await.unwrap();
    assert_eq!(record.ending, Some(Ending::CloseHandshake));
    assert_eq!(
        record.seen,
        [
            Seen::Text("one".to_owned()),
            Seen::Binary(b"\0\x01"[..].into()),
            Seen::Ping(b"p"[..].into()),
            Seen::Close(Some((1000, String::new()))),
        ]
    );
}

#[tokio::test]
async fn req_n08_a_script_sends_expects_and_closes() {
    let script = Script::new()
        .send_text("hello")
        .send_binary(&b"\x02"[..])
        .send_ping(&b"?"[..])
        .expect_text("hi")
        .expect_text_containing("middle")
        .expect_any_text()
        .close(4001, "enough");
    let server = serve(script).await;
    let mut client = Client::open(&server).await;
    client.expect_text("hello").await;
    assert_eq!(client.next().await, Ok(Item::Binary(b"\x02"[..].into())));
    assert_eq!(client.next().await, Ok(Item::Ping(b"?"[..].into())));
    for text in ["hi", "in the middle of it", "anything"] {
        client.text(text).await;
    }
    let close = client.next().await;
    assert!(matches!(&close, Ok(Item::Close(Some(close))) if close.code == 4001), "{close:?}");
    client.close(4001).await;
    let connection = server.connection(1).await.unwrap();
    connection.finished().await.unwrap();
    assert_eq!(connection.ended().await.unwrap().ending, Some(Ending::CloseHandshake));
}

#[tokio::test]
async fn req_n08_an_unexpected_message_fails_the_script_and_ends_the_connection() {
    let server = serve(Script::new().expect_text("right")).await;
    let mut client = Client::open(&server).await;
    client.text("wrong").await;
    assert_eq!(client.next().await, Err(Lost::Eof));
    let failure = server.connection(1).await.unwrap().finished().await.unwrap_err();
    let message = failure.to_string();
    assert!(message.contains("right") && message.contains("wrong"), "{message}");
}

#[tokio::test]
async fn req_n08_a_client_that_leaves_fails_a_script_that_still_expects() {
    let server = serve(Script::new().expect_any_text()).await;
    drop(Client::open(&server).await);
    let failure = server.connection(1).await.unwrap().finished().await.unwrap_err();
    assert_eq!(failure, ScriptFailure::Ended(Ending::ClientClosed));
}

#[tokio::test(start_paused = true)]
async fn req_n08_fault_25_pings_and_application_pings_are_answered_or_ignored_apart() {
    for (answer_pings, answer_app_pings) in [(true, false), (false, true), (true, true)] {
        let script = Script::new().answer_pings(answer_pings).answer_app_pings(answer_app_pings);
        let server = serve(script).await;
        let mut client = Client::open(&server).await;
        client.send(|encoder, bytes| encoder.ping(bytes, b"p").unwrap()).await;
        client.text(r#"{"type":"ping","n":5}"#).await;
        if answer_pings {
            assert_eq!(client.next().await, Ok(Item::Pong(b"p"[..].into())));
        }
        if answer_app_pings {
            client.expect_text(r#"{"n":5,"type":"pong"}"#).await;
        }
        let silence = timeout(Duration::from_secs(60), client.next()).await;
        assert!(silence.is_err(), "{silence:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn req_n08_fault_19_a_close_can_go_unanswered() {
    let server = serve(Script::new().never_echo_close()).await;
    let mut client = Client::open(&server).await;
    client.close(1000).await;
    let connection = server.connection(1).await.unwrap();
    let seen = |seen: &Seen| matches!(seen, Seen::Close(_));
    connection.wait_for("close", |record| record.seen.iter().any(seen)).await.unwrap();
    let silence = timeout(Duration::from_secs(60), client.next()).await;
    assert!(silence.is_err(), "{silence:?}");
    drop(client);
    assert_eq!(connection.ended().await.unwrap().ending, Some(Ending::ClientClosed));
}

#[tokio::test]
async fn req_n08_a_test_can_await_subscriptions_and_play_more_steps() {
    let server = serve(Script::new()).await;
    let mut client = Client::open(&server).await;
    let connection = server.connection(1).await.unwrap();
    client.text(r#"{"method":"SUBSCRIBE","params":["x@trade"],"id":1}"#).await;
    connection.subscribed("x@trade").await.unwrap();
    connection.play(Script::new().send_text("tick").echo()).unwrap();
    client.expect_text("tick").await;
    client.text("tock").await;
    client.expect_text("tock").await;
    connection.play(Script::new().reset()).unwrap();
    assert_eq!(client.next().await, Err(Lost::Reset));
    let record = connection.ended().await.unwrap();
    assert_eq!(record.subscriptions(), ["x@trade"]);
    let late = bounded(async {
        loop {
            // The last of the task goes a moment after the record.
            if let Err(error) = connection.play(Script::new()) {
                break error;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(late.await, ScriptFailure::Ended(Ending::Script));
}

#[tokio::test(start_paused = true)]
async fn req_n08_a_wait_is_bounded_and_says_what_there_was() {
    let server = serve(Script::new()).await;
    let error = server.connection(2).await.unwrap_err();
    assert_eq!(error.to_string(), "connection 2: not seen within 10s; 0 connections");
    let mut client = Client::open(&server).await;
    client.text("only one").await;
    let error = server.connection(1).await.unwrap().texts(2).await.unwrap_err().to_string();
    assert!(error.starts_with("connection 1: 2 text messages: not seen within 10s;"), "{error}");
    assert!(error.contains("only one"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn req_n08_habits_go_on_while_a_script_waits() {
    let script = Script::new().echo().wait(Duration::from_secs(5)).send_text("done");
    let server = serve(script).await;
    let mut client = Client::open(&server).await;
    client.text("during").await;
    client.expect_text("during").await;
    client.expect_text("done").await;
}
