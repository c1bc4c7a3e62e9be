//! The opening handshake, and what does not pass it.

use everlink_engine::server::{Hello, Place, Reply, Request};
use everlink_wire::Message;
use everlink_wire::v1::{Encoding, decode_reply, encode_request};
use everlink_wire::ws::{DeflateConfig, Item};
use serde_json::json;

use crate::support::{Raw, handshake, key_lines, request, serve};

#[tokio::test]
async fn a_subprotocol_that_is_not_spoken_is_refused_in_words() {
    let served = serve(|builder| builder).await;
    let answer = handshake(served.addr, &key_lines()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("everlink.v1.json, everlink.v1.cbor"), "{}", answer.body);
    let lines = format!("{}Sec-WebSocket-Protocol: graphql-ws\r\n", key_lines());
    let answer = handshake(served.addr, &lines).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("none of the subprotocols"), "{}", answer.body);
}

#[tokio::test]
async fn the_first_subprotocol_of_the_client_that_is_spoken_is_taken() {
    let served = serve(|builder| builder).await;
    let offers = "Sec-WebSocket-Protocol: other, everlink.v1.cbor\r\n\
                  Sec-WebSocket-Protocol: everlink.v1.json\r\n";
    let answer = handshake(served.addr, &format!("{}{offers}", key_lines())).await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-protocol"), Some("everlink.v1.cbor"));
}

#[tokio::test]
async fn what_is_no_opening_handshake_is_told_what_lacks() {
    let served = serve(|builder| builder).await;
    let get = format!("GET /ws HTTP/1.1\r\nHost: {}\r\n\r\n", served.addr);
    let answer = request(served.addr, &get).await;
    assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")));
    let post = format!("POST /ws HTTP/1.1\r\nHost: {}\r\ncontent-length: 0\r\n\r\n", served.addr);
    let answer = request(served.addr, &post).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    let old = "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n";
    let answer = handshake(served.addr, old).await;
    assert_eq!((answer.status, answer.header("sec-websocket-version")), (426, Some("13")));
    for key in ["", "short", "AQIDBAUGBwgJCgsMDQ4PEBES"] {
        let lines = format!("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n");
        assert_eq!(handshake(served.addr, &lines).await.status, 400, "{key:?}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_where_origins_are_named() {
    let served = serve(|builder| builder.origins(["https://ours.example"])).await;
    let from = |origin: &str| {
        format!("{}Sec-WebSocket-Protocol: everlink.v1.json\r\n{origin}", key_lines())
    };
    for (origin, status) in [
        ("Origin: https://ours.example\r\n", 101),
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: https://ours.example.evil.example\r\n", 403),
        ("", 101),
    ] {
        assert_eq!(handshake(served.addr, &from(origin)).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn frames_in_cbor_carry_bytes_as_they_are() {
    let served = serve(|builder| builder).await;
    let mut raw = Raw::open(served.addr, "everlink.v1.cbor").await;
    let hello = Request::Hello(Hello {
        version: 1,
        client: "a",
        producer: "a",
        auth: None,
        channels: vec![Place { channel: "room", from: None }],
        frame_max: None,
        last: None,
    });
    let mut frame = Vec::new();
    encode_request(Encoding::Cbor, &hello, &mut frame);
    raw.binary(&frame).await;
    let mut plain = served.attach("b", &["room"]).await;
    served.server.publish("room", vec![0_u8, 255, 7]).await.unwrap();
    loop {
        let Some(Item::Binary(bytes)) = raw.item().await else { panic!("expected a frame") };
        let message = Message::from(bytes);
        if let Reply::Message(stored) = decode_reply(Encoding::Cbor, &message).unwrap() {
            assert_eq!(stored.payload, Message::from(vec![0_u8, 255, 7]));
            break;
        }
    }
    assert_eq!(plain.take("msg").await["x"], "AP8H", "and as base64 in JSON");
}

#[tokio::test]
async fn compression_is_off_unless_asked_for_on_both_sides() {
    let offer = format!(
        "{}Sec-WebSocket-Protocol: everlink.v1.json\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
        key_lines()
    );
    let off = serve(|builder| builder).await;
    assert_eq!(handshake(off.addr, &offer).await.header("sec-websocket-extensions"), None);
    let on = serve(|builder| builder.deflate(DeflateConfig::default())).await;
    let answer = handshake(on.addr, &offer).await;
    let agreed = answer.header("sec-websocket-extensions").unwrap().to_owned();
    assert!(agreed.starts_with("permessage-deflate"), "{agreed}");
    let config = DeflateConfig::default();
    let params = config.read_answer(&agreed).unwrap().unwrap();
    let mut raw = Raw::over(answer).with_deflate(&params);
    let subs = json!([{"c": "room"}]);
    raw.say(json!({"t": "hello", "v": 1, "client": "a", "producer": "a", "subs": subs})).await;
    raw.take("welcome").await;
    raw.take("sub_ok").await;
    let long = json!("a".repeat(10_000));
    served_compressed(&mut raw, &on, &long).await;
}

async fn served_compressed(raw: &mut Raw, on: &crate::support::Served, long: &serde_json::Value) {
    on.server.publish("room", long.to_string()).await.unwrap();
    assert_eq!(&raw.take("msg").await["d"], long);
    let sent = on.server.status().totals.bytes_out;
    assert!(sent < 5_000, "{sent} bytes for a message of 10,000");
}
