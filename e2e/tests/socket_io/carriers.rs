//! Long polling, WebSocket, and the way from one to the other.

use everlink_e2e::{Library, Store};
use serde_json::json;

use crate::support::{Bed, LIBRARIES, hear, join, joined_by, numbered, opened, say, say_all};

#[tokio::test(flavor = "multi_thread")]
async fn req_r09_where_websockets_are_blocked_everything_goes_by_long_polling() {
    let bed = Bed::new(Store::Memory, &[]).await;
    for library in LIBRARIES {
        let polling = json!({ "transports": ["polling"] });
        let ann = joined_by(library, &bed.direct(), "ann", &polling);
        let bob = joined_by(library, &bed.direct(), "bob", &polling);
        assert_eq!(ann.event(0, "connected").unwrap()["transport"], "polling");
        let said = numbered("polled", 50);
        say_all(&ann, &said);
        assert_eq!(hear(&bob, said.len()), said, "{library:?}");
        say(&bob, "back");
        assert_eq!(hear(&ann, said.len() + 1).last().unwrap(), "back");
        let bytes = json!({ "$bytes": "/wAB" });
        ann.ask("message", json!([{ "room": crate::support::ROOM, "bytes": bytes }])).unwrap();
        let heard = bob.hear("message", said.len() + 2).unwrap();
        assert_eq!(heard.last().unwrap()["bytes"], bytes, "{library:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_a_client_of_websockets_alone_needs_no_polling() {
    let bed = Bed::new(Store::Memory, &[]).await;
    for library in LIBRARIES {
        let websocket = json!({ "transports": ["websocket"] });
        let ann = joined_by(library, &bed.broken(), "ann", &websocket);
        assert_eq!(ann.event(0, "connected").unwrap()["transport"], "websocket");
        let said = numbered("framed", 50);
        say_all(&ann, &said);
        assert_eq!(hear(&ann, said.len()), said, "{library:?}");
    }
    assert_eq!(bed.proxy.counters().connections, 2, "a connection for each client");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_nothing_is_lost_doubled_or_reordered_while_a_client_goes_from_polling_to_websocket()
 {
    let bed = Bed::new(Store::Memory, &[]).await;
    let ann = joined_by(
        Library::JavaScript,
        &bed.direct(),
        "ann",
        &json!({ "transports": ["websocket"] }),
    );
    let publishing = json!({
        "room": crate::support::ROOM, "author": "ann", "from": 1, "to": 600, "within_ms": 20_000,
    });
    ann.tell("publish", publishing).unwrap();
    for round in 0..5 {
        // In the middle of the stream, while it changes its carrier.
        let bob = opened(Library::JavaScript, &bed.direct(), "bob", &json!({}));
        let from = bob.mark();
        let first = join(&bob, json!({ "room": crate::support::ROOM, "after": 0 }));
        assert!(first["sequence_number"].is_u64(), "{first}");
        if bob.heard("message").is_empty() {
            bob.event(from, "heard").unwrap();
        }
        bob.event(0, "upgraded").unwrap();
        assert_eq!(hear(&bob, 600), numbered("ann", 600), "round {round}");
    }
    ann.event(0, "published").unwrap();
}
