//! How a connection ended is told to the next server, and where a server may send its clients.

use std::future::ready;

use everlink::{Client, Credentials, Event};
use serde_json::{Value, json};

use crate::support::{Played, client_of, event, say};

fn away(url: &str) -> Value {
    json!({"t": "away", "why": "rebalance", "slot_ms": 0, "url": url})
}

/// Why the client does not go where it was sent.
async fn refusal(client: &Client, played: &mut Played, url: &str) -> String {
    let mut events = client.events();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    say(&connection, away(url));
    let why = event(&mut events, |event| match event {
        Event::NotFollowed { why, .. } => Some(why.to_string()),
        _ => None,
    })
    .await;
    let (_, hello) = played.greeted().await;
    assert!(hello["last"].is_null(), "nothing has ended: {hello}");
    why
}

#[tokio::test]
async fn a_greeting_tells_how_the_connection_before_ended() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    client.start().unwrap();
    let (connection, hello) = played.welcomed().await;
    assert!(hello["last"].is_null(), "{hello}");
    connection.play(everlink_testkit::server::Script::new().close(1012, "")).unwrap();
    let (_, hello) = played.welcomed().await;
    assert_eq!((&hello["last"]["code"], &hello["last"]["try"]), (&json!(1012), &json!(1)));
    assert!(hello["last"]["up_ms"].is_number(), "{hello}");
}

#[tokio::test]
async fn req_n05_a_client_moves_to_the_node_of_its_host_that_the_server_names_and_shows_its_token()
{
    let (mut first, mut second) = (Played::start().await, Played::start().await);
    let source = |_| ready(Ok::<_, String>(Credentials::bearer("secret")));
    let client = first.client().credentials(source).build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let (connection, _) = first.welcomed().await;
    let url = second.server.url();
    say(&connection, away(&url));
    let told = event(&mut events, |event| match event {
        Event::Away { url, .. } => Some(url.as_ref().map(|url| url.to_string())),
        _ => None,
    })
    .await;
    assert!(told.is_some_and(|told| url.starts_with(told.trim_end_matches('/'))));
    let (moved, hello) = second.welcomed().await;
    assert_eq!(hello["auth"], "secret");
    event(&mut events, |event| matches!(event, Event::Moved).then_some(())).await;
    // It was for this once: after a loss the client comes back to its own URL.
    moved.play(everlink_testkit::server::Script::new().close(1012, "")).unwrap();
    let (_, hello) = first.welcomed().await;
    assert_eq!(hello["last"]["code"], 1012);
}

#[tokio::test]
async fn a_server_cannot_send_a_client_and_its_token_to_a_strange_host() {
    let mut played = Played::start().await;
    let source = |_| ready(Ok::<_, String>(Credentials::bearer("secret")));
    let client = played.client().credentials(source).build().unwrap();
    let why = refusal(&client, &mut played, "ws://evil.example/ws").await;
    assert!(why.contains("ws://evil.example/ws") && why.contains("known_host"), "{why}");
}

#[tokio::test]
async fn what_is_no_url_of_a_websocket_is_not_followed() {
    let mut played = Played::start().await;
    let client = played.client().build().unwrap();
    let why = refusal(&client, &mut played, "https://127.0.0.1/").await;
    assert!(why.contains("accepted are ws and wss"), "{why}");
}

#[tokio::test]
async fn a_client_with_an_encrypted_url_is_not_sent_into_the_clear() {
    let mut played = Played::start().await;
    let client = client_of(&played.server.url()).url("wss://127.0.0.1:1/").build().unwrap();
    let url = played.server.url();
    let why = refusal(&client, &mut played, &url).await;
    assert!(why.contains("is not encrypted"), "{why}");
}

#[tokio::test]
async fn a_host_that_the_application_names_is_followed() {
    let (mut first, mut second) = (Played::start().await, Played::start().await);
    let url = second.server.url().replace("127.0.0.1", "localhost");
    assert!(url.contains("localhost"), "{url}");
    let client = first.client().known_host("LocalHost").build().unwrap();
    client.start().unwrap();
    let (connection, _) = first.welcomed().await;
    say(&connection, away(&url));
    second.welcomed().await;
}
