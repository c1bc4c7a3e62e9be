//! The built-in chat.

use everlink_server::responders::{Keywords, RespondOptions};
use serde_json::json;

use crate::support::{Client, chat};

/// Req: R05
#[tokio::test]
async fn req_r05_typing_and_read_receipts_reach_the_others() {
    let site = chat().await;
    let (mut ana, mut ben) =
        (Client::connect(site.address).await, Client::connect(site.address).await);
    for client in [&mut ana, &mut ben] {
        client.ask("join", &json!({"room": "r"})).await;
    }
    let typing = json!({"room": "r", "typing": true, "user_id": "ana"});
    assert_eq!(ana.ask("typing", &typing).await, json!({"room": "r"}));
    assert_eq!(ben.event_of("typing").await[0], typing);
    let read = json!({"room": "r", "sequence_number": 3, "user_id": "ana"});
    ana.emit("read", &read).await;
    assert_eq!(ben.event_of("read").await[0], read);
    assert_eq!(ben.event_of("presence").await[0]["room"], "r");
}

#[tokio::test]
async fn history_is_read_by_pages_and_from_a_place_on() {
    let site = chat().await;
    let mut ana = Client::connect(site.address).await;
    for number in 1..=5 {
        let said = ana.ask("message", &json!({"room": "r", "text": number})).await;
        assert_eq!(said["sequence_number"], number);
    }
    let page = ana.ask("history", &json!({"room": "r", "after": 1, "limit": 2})).await;
    assert_eq!(page["sequence_number"], 5);
    let texts: Vec<_> =
        page["messages"].as_array().unwrap().iter().map(|one| one["text"].clone()).collect();
    assert_eq!(texts, [json!(2), json!(3)]);
    let joined = ana.ask("join", &json!({"room": "r", "after": 3})).await;
    assert_eq!((&joined["sequence_number"], &joined["replay"]), (&json!(5), &json!(2)));
    for number in 4..=5 {
        assert_eq!(ana.event_of("message").await[0]["text"], number);
    }
    assert_eq!(ana.ask("join", &json!({"room": "r"})).await["sequence_number"], 5, "again");
}

/// Req: R04
#[tokio::test]
async fn req_r04_a_responder_answers_in_a_room() {
    let site = chat().await;
    let table = Keywords::new().rule(["price"], "It costs nothing.").unwrap();
    let options = RespondOptions::new("support", "support-chat");
    let _answers = site.server.respond(options, table).unwrap();
    let mut ana = Client::connect(site.address).await;
    ana.ask("join", &json!({"room": "support-chat"})).await;
    ana.emit("message", &json!({"room": "support-chat", "plaintext": "what is the price?"})).await;
    assert_eq!(ana.event_of("message").await[0]["plaintext"], "what is the price?");
    assert_eq!(ana.event_of("message").await[0]["plaintext"], "It costs nothing.");
}

#[tokio::test]
async fn what_is_wrong_is_answered_with_what_is_accepted() {
    let site = chat().await;
    let mut ana = Client::connect(site.address).await;
    let long = "x".repeat(300);
    for (event, argument, why) in [
        ("join", json!({}), "accepted: {room, after?, epoch?}"),
        ("join", json!({"room": ""}), "a room's name of 0 bytes; accepted: 1 to 256"),
        ("join", json!({"room": long}), "a room's name of 300 bytes; accepted: 1 to 256"),
        (
            "dance",
            json!({}),
            "event \"dance\"; accepted: join, leave, message, typing, read, history",
        ),
    ] {
        assert_eq!(ana.ask(event, &argument).await["error"]["message"], why);
    }
    let answer = ana.ask("message", &json!({"room": "r", "id": "a~b"})).await;
    assert!(answer["error"]["message"].as_str().unwrap().starts_with("id of 3 bytes"), "{answer}");
}
