//! A server that does not keep to the protocol.

use everlink::engine::Cause;
use everlink::{ConnectionState, Event};
use everlink_testkit::server::{Script, ScriptedServer, Subprotocol};
use serde_json::json;

use crate::support::{Played, client_of, event, say, soon};

#[tokio::test]
async fn fault_39_a_frame_that_is_none_ends_the_connection_with_its_reason() {
    for (text, cause, word) in [
        ("{\"t\":\"msg\"}", Cause::PeerProtocolError, "msg"),
        ("{\"t\":\"nonsense\"}", Cause::PeerProtocolError, "nonsense"),
        ("{", Cause::PeerDataInvalid, "broken"),
    ] {
        let mut played = Played::start().await;
        let client = played.client().build().unwrap();
        let mut events = client.events();
        client.start().unwrap();
        let (connection, _) = played.welcomed().await;
        soon(client.wait_until(ConnectionState::Connected)).await;
        connection.play(Script::new().send_text(text)).unwrap();
        let error = event(&mut events, |event| match event {
            Event::BadMessage { error, .. } => Some(error.to_string()),
            _ => None,
        })
        .await;
        assert!(error.contains(word), "{error}");
        let lost = event(&mut events, |event| match event {
            Event::Disconnected { error, .. } => Some(error.cause()),
            _ => None,
        })
        .await;
        assert_eq!(lost, cause);
        played.welcomed().await;
        soon(client.wait_until(ConnectionState::Connected)).await;
    }
}

#[tokio::test]
async fn fault_13_a_server_without_our_subprotocol_is_never_greeted() {
    for choice in [Subprotocol::None, Subprotocol::Named("chat".to_owned())] {
        let script = Script::new().subprotocol(choice).accept();
        let server = ScriptedServer::builder().otherwise(script).build().await.unwrap();
        let client = client_of(&server.url()).build().unwrap();
        let mut events = client.events();
        client.start().unwrap();
        let cause = event(&mut events, |event| match event {
            Event::AttemptFailed { error, .. } => Some(error.cause()),
            _ => None,
        })
        .await;
        assert_eq!(cause, Cause::SubprotocolMismatch);
        let first = server.connection(1).await.unwrap();
        assert_eq!(first.record().texts(), Vec::<&str>::new());
    }
}

#[tokio::test]
async fn what_the_server_says_went_wrong_is_told_and_its_hint_is_obeyed() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    say(
        &connection,
        json!({"t": "err", "code": 4302, "fatal": true, "retry_ms": 60_000, "why": "slow down"}),
    );
    connection.play(Script::new().close(4302, "")).unwrap();
    let (code, fatal, why) = event(&mut events, |event| match event {
        Event::ServerError { code, fatal, why, .. } => Some((*code, *fatal, why.to_string())),
        _ => None,
    })
    .await;
    assert_eq!((code, fatal, why.as_str()), (4302, true, "slow down"));
    let delay = event(&mut events, |event| match event {
        Event::Reconnecting { delay, .. } => Some(*delay),
        _ => None,
    })
    .await;
    assert!(delay.as_secs() >= 60, "{delay:?}");
}

#[tokio::test]
async fn a_bye_of_the_server_ends_the_session() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    say(&connection, json!({"t": "bye"}));
    soon(client.wait_until(ConnectionState::Closed)).await;
}
