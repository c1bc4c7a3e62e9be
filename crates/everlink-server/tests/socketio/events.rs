//! Events and acknowledgements, both ways.

use std::time::Duration;

use everlink_server::socketio::{AckError, Args, EmitError, Namespace};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Client, site, soon};

/// Req: R05
#[tokio::test]
async fn req_r05_events_come_back_with_all_their_arguments() {
    let namespace = Namespace::new("/")
        .on("message", |socket, args, _| async move { socket.emit("message-back", args).unwrap() });
    let site = site([namespace]).await;
    let mut client = Client::connect(site.address).await;
    client.send(r#"42["message",1,"2",{"3":[true]}]"#).await;
    assert_eq!(client.text().await, r#"42["message-back",1,"2",{"3":[true]}]"#);
    client
        .send(r#"452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    client.send_bytes(vec![1, 2, 3]).await;
    client.send_bytes(vec![4, 5, 6]).await;
    assert_eq!(
        client.text().await,
        r#"452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
    );
    assert_eq!([client.bytes().await, client.bytes().await], [vec![1, 2, 3], vec![4, 5, 6]]);
}

#[tokio::test]
async fn req_r05_a_client_gets_the_acknowledgement_it_asks_for() {
    let namespace = Namespace::new("/")
        .on("ask", |_, args, ack| async move {
            assert!(ack.is_wanted());
            ack.send(args);
        })
        .on_any(|_, name, _, ack| async move { ack.send(json!({ "any": name })) });
    let site = site([namespace]).await;
    let mut client = Client::connect(site.address).await;
    client.send(r#"42456["ask",1,{"_x":null}]"#).await;
    assert_eq!(client.text().await, r#"43456[1,{"_x":null}]"#);
    client.send(r#"451-7["ask",{"_placeholder":true,"num":0}]"#).await;
    client.send_bytes(vec![9]).await;
    assert_eq!(client.text().await, r#"461-7[{"_placeholder":true,"num":0}]"#);
    assert_eq!(client.bytes().await, [9]);
    assert_eq!(client.ask("other", &json!(1)).await, json!({"any": "other"}));
}

#[tokio::test]
async fn req_r05_the_server_gets_acknowledgements_or_learns_that_none_came() {
    let (told, mut outcomes) = mpsc::unbounded_channel();
    let namespace = Namespace::new("/").on("ask me", move |socket, args, _| {
        let told = told.clone();
        async move {
            let wait = Duration::from_millis(args.get(0).unwrap());
            told.send(socket.emit_with_ack("well?", json!(1), wait).await).unwrap();
        }
    });
    let site = site([namespace]).await;
    let mut client = Client::connect(site.address).await;
    client.emit("ask me", &json!(60_000)).await;
    let asked = client.event().await;
    assert_eq!((asked.name.as_str(), asked.id), ("well?", Some(0)));
    client.send(r#"430["yes",{"a":1}]"#).await;
    let answer = soon(outcomes.recv()).await.unwrap().unwrap();
    assert_eq!(answer.get::<Value>(1), Some(json!({"a": 1})));

    client.emit("ask me", &json!(1)).await;
    assert_eq!(soon(outcomes.recv()).await.unwrap(), Err(AckError::Timeout));
    client.emit("ask me", &json!(60_000)).await;
    client.event().await;
    client.event().await;
    drop(client);
    assert_eq!(soon(outcomes.recv()).await.unwrap(), Err(AckError::Disconnected));
}

#[tokio::test]
async fn handlers_begin_in_order_and_a_panic_harms_nobody() {
    let namespace = Namespace::new("/")
        .on("count", |socket, args, _| async move { socket.emit("n", args).unwrap() })
        .on("panic", |_, _, _| async move { panic!("as it was told") });
    let site = site([namespace]).await;
    let mut client = Client::connect(site.address).await;
    for number in 0..200 {
        if number == 100 {
            client.emit("panic", &json!(0)).await;
        }
        client.emit("count", &json!(number)).await;
    }
    for number in 0..200 {
        assert_eq!(client.event().await.args, [json!(number)]);
    }
}

#[tokio::test]
async fn a_reserved_name_is_not_sent() {
    let (told, mut outcomes) = mpsc::unbounded_channel();
    let namespace = Namespace::new("/").on_connect(move |socket, _| {
        told.send(socket.emit("disconnect", Args::new())).unwrap();
        async {}
    });
    let site = site([namespace]).await;
    let _client = Client::connect(site.address).await;
    let error = soon(outcomes.recv()).await.unwrap().unwrap_err();
    assert_eq!(error, EmitError::clone(&error));
    assert!(error.to_string().starts_with("event \"disconnect\" is reserved"), "{error}");
}
