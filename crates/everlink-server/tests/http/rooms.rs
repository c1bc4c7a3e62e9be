//! Presence, typing and read receipts.

use everlink_server::Server;
use serde_json::json;

use crate::support::{everlink, site};

#[tokio::test]
async fn typing_is_told_to_the_others_with_how_long_it_holds() {
    let site = site(Server::builder()).await;
    let mut bob = site.open("/ws?conversation_id=room&user_id=bob").await;
    let mut native = everlink(&site, "room", None).await;
    native.next_of("sub_ok").await;
    let mut ann = site.open("/ws?conversation_id=room&user_id=ann&events=ready").await;
    ann.next_of("ready").await;
    site.post("/conversations/room/messages", &json!({"plaintext": "all are there"})).await;
    bob.next_of("message").await;
    ann.next_of("message").await;
    ann.say(&json!({"type": "typing", "conversation_id": "room", "user_id": "mallory"})).await;
    let expected = json!({
        "type": "typing", "conversation_id": "room", "user_id": "ann", "typing": true,
        "expires_in_ms": 5000,
    });
    assert_eq!(bob.next_of("typing").await, expected);
    let told = native.next_of("vol").await;
    assert_eq!((&told["k"], &told["u"]), (&json!("typing"), &json!("ann")), "{told}");
    assert!(ann.exactly(0).await.is_empty(), "nobody hears himself");
    ann.say(&json!({"type": "typing", "typing": false})).await;
    assert_eq!(bob.next_of("typing").await["typing"], false);
    ann.say(&json!({"type": "wave", "payload": {"hand": "left"}})).await;
    let told = bob.next_of("wave").await;
    assert_eq!((&told["payload"]["hand"], &told["user_id"]), (&json!("left"), &json!("ann")));
}

#[tokio::test]
async fn read_receipts_of_a_known_user_are_kept_and_only_go_up() {
    let site = site(Server::builder()).await;
    let mut bob = site.open("/ws?conversation_id=room&user_id=bob&events=ready,read").await;
    bob.next_of("ready").await;
    let mut ann = site.open("/ws?conversation_id=room&user_id=ann").await;
    for number in [3, 2, 5] {
        ann.say(&json!({"type": "read", "sequence_number": number})).await;
    }
    let mut told = bob.next_of("read").await;
    if told["sequence_number"] == 3 {
        told = bob.next_of("read").await;
    }
    assert_eq!((&told["user_id"], &told["sequence_number"]), (&json!("ann"), &json!(5)));
    let mut later = site.open("/ws?conversation_id=room&user_id=carl&events=read").await;
    assert_eq!(later.next_of("read").await["sequence_number"], 5);
}

#[tokio::test]
async fn presence_says_who_is_there_to_whoever_asks_for_it() {
    let site = site(Server::builder()).await;
    let mut ann = site.open("/ws?conversation_id=room&user_id=ann&events=presence").await;
    let presence = ann.next_of("presence").await;
    assert_eq!((&presence["count"], &presence["members"]), (&json!(1), &json!(["ann"])));
    let bob = site.open("/ws/chat/room/?user_id=bob").await;
    let presence = ann.next_of("presence").await;
    assert_eq!(presence["members"], json!(["ann", "bob"]));
    let asked = site.get("/conversations/room/presence").await.json();
    assert_eq!((&asked["count"], &asked["members"]), (&json!(2), &json!(["ann", "bob"])));
    drop(bob);
    assert_eq!(ann.next_of("presence").await["members"], json!(["ann"]));
}
