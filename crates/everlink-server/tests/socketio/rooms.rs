//! Rooms are channels: all endpoints meet in them.

use everlink_server::hooks::{Code, Refusal};
use everlink_server::socketio::{Args, Namespace, SocketIo};
use everlink_server::{Server, json as payload};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::support::{Client, site, site_of, soon};

fn lobby(name: &str) -> Namespace {
    Namespace::new(name)
        .on("join", |socket, args, ack| async move {
            let joined = socket.join(&args.get::<String>(0).unwrap()).await;
            ack.send(json!(joined.is_ok()));
        })
        .on("leave", |socket, args, ack| async move {
            socket.leave(&args.get::<String>(0).unwrap());
            ack.send(json!(true));
        })
        .on("shout", |socket, args, ack| async move {
            socket.to("x").emit("shouted", args).await.unwrap();
            ack.send(json!(true));
        })
        .on("whisper", |socket, args, ack| async move {
            socket.to("x").emit_volatile("whispered", args).unwrap();
            ack.send(json!(true));
        })
}

/// Req: R05
#[tokio::test]
async fn req_r05_a_room_hears_what_is_said_in_it_but_who_says_it() {
    let site = site([lobby("/"), lobby("/n")]).await;
    let [mut ana, mut ben, mut cid] = [
        Client::connect(site.address).await,
        Client::connect(site.address).await,
        Client::connect(site.address).await,
    ];
    for client in [&mut ana, &mut ben, &mut cid] {
        assert_eq!(client.ask("join", &json!("x")).await, json!(true));
    }
    assert_eq!(cid.ask("leave", &json!("x")).await, json!(true));
    assert_eq!(ana.ask("shout", &json!({"a": 1})).await, json!(true));
    assert_eq!(ana.ask("whisper", &json!("psst")).await, json!(true));
    site.io.to("/", "x").emit("all", Args::new().with_bytes(vec![1, 2])).await.unwrap();
    site.io.to("/n", "x").emit("elsewhere", ()).await.unwrap();
    assert_eq!(ben.event().await.args, [json!({"a": 1})]);
    assert_eq!(ben.event().await.args, [json!("psst")]);
    for client in [&mut ana, &mut ben] {
        let text = client.text().await;
        assert_eq!(text, r#"451-["all",{"_placeholder":true,"num":0}]"#);
        assert_eq!(client.bytes().await, [1, 2]);
    }
    assert_eq!(cid.ask("join", &json!("y")).await, json!(true), "and nothing came before");
}

/// Req: R05
#[tokio::test]
async fn req_r05_socket_io_everlink_and_plain_clients_meet_in_a_room() {
    let site = site([Namespace::chat("/")]).await;
    let mut page = Client::connect(site.address).await;
    assert_eq!(page.ask("join", &json!({"room": "r"})).await["sequence_number"], 0);
    let url = format!("ws://{}/ws?conversation_id=r&user_id=ben", site.address);
    let (mut plain, _) = soon(tokio_tungstenite::connect_async(url)).await.unwrap();

    let said = page.ask("message", &json!({"room": "r", "id": "m1", "plaintext": "hi"})).await;
    assert_eq!(said, json!({"room": "r", "id": "m1", "sequence_number": 1}));
    let again = page.ask("message", &json!({"room": "r", "id": "m1", "plaintext": "hi"})).await;
    assert_eq!(again["sequence_number"], 1, "stored once");
    soon(plain.send(Frame::text(r#"{"type":"message","id":"m2","plaintext":"hello"}"#)))
        .await
        .unwrap();

    let first = page.event_of("message").await[0].clone();
    let second = page.event_of("message").await[0].clone();
    site.server
        .publish("r", payload(&json!({"event": "wave", "args": [2]})).unwrap())
        .await
        .unwrap();
    assert_eq!(page.event_of("wave").await, [json!(2)]);
    assert_eq!((&first["id"], &first["plaintext"]), (&json!("m1"), &json!("hi")));
    assert_eq!((&second["id"], &second["sequence_number"]), (&json!("m2"), &json!(2)));
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let Some(Ok(Frame::Text(text))) = soon(plain.next()).await else { panic!("it ended") };
        let value: Value = serde_json::from_str(text.as_str()).unwrap();
        if value["type"] == "message" {
            seen.push(value);
        }
    }
    for (plain, page) in seen.iter().zip([&first, &second]) {
        let mut plain = plain.clone();
        plain.as_object_mut().unwrap().remove("type");
        assert_eq!(plain, *page, "the same for both");
    }
    let stored = site.server.history("r", 0, 10).await.unwrap();
    assert_eq!(stored.messages.len(), 3);
}

#[tokio::test]
async fn a_room_that_may_not_be_read_is_not_joined() {
    let window = Some(std::time::Duration::from_secs(60));
    for io in [SocketIo::builder(), SocketIo::builder().recovery(window)] {
        let server = Server::builder().authorize(|permission| async move {
            match &*permission.channel {
                "secret" => Err(Refusal::new(Code::Forbidden, "it is secret")),
                _ => Ok(()),
            }
        });
        let site = site_of(server, io, [Namespace::chat("/")]).await;
        let mut client = Client::connect(site.address).await;
        let answer = client.ask("join", &json!({"room": "secret"})).await;
        assert_eq!(answer, json!({"error": {"code": 4403, "message": "it is secret"}}));
        assert_eq!(client.ask("join", &json!({"room": "open"})).await["room"], "open");
    }
}

#[tokio::test]
async fn a_sockets_own_log_is_nobody_elses() {
    let site = crate::support::chat().await;
    let mut client = Client::connect(site.address).await;
    let channel = format!("\u{1}sio/{}", client.pid.clone().unwrap());
    for ask in ["join", "message", "history"] {
        let answer = client.ask(ask, &json!({"room": channel})).await;
        assert!(answer["error"]["code"].is_number(), "{ask}: {answer}");
    }
    assert!(site.server.publish(&channel, payload(&1).unwrap()).await.is_err());
    let presence = site.server.presence(&channel);
    assert_eq!(presence.count, 0);
    let url = format!("ws://{}/ws?conversation_id=%01sio%2F{}", site.address, client.pid.unwrap());
    assert!(soon(tokio_tungstenite::connect_async(url)).await.is_err());
}
