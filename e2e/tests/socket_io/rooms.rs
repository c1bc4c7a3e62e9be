//! Rooms, acknowledgements and what is said beside messages.

use everlink_e2e::{Library, Store};
use serde_json::json;

use crate::support::{Bed, LIBRARIES, ROOM, hear, join, joined, numbered, opened, say, say_all};

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_a_message_reaches_everyone_in_its_room_once_and_nobody_elsewhere() {
    let bed = Bed::new(Store::Memory, &[]).await;
    let elsewhere = opened(Library::JavaScript, &bed.direct(), "eve", &json!({}));
    join(&elsewhere, json!({ "room": "elsewhere" }));
    for library in LIBRARIES {
        let said = numbered(&format!("{library:?}"), 20);
        let ann = joined(library, &bed.direct(), "ann");
        let inside = LIBRARIES.map(|library| joined(library, &bed.direct(), "bob"));
        say_all(&ann, &said);
        for socket in inside.iter().chain([&ann]) {
            assert_eq!(hear(socket, said.len()), said, "{library:?}");
        }
    }
    // What it would have heard of the room came before this.
    let message = json!([{ "room": "elsewhere", "text": "only here" }]);
    elsewhere.ask("message", message).unwrap();
    assert_eq!(hear(&elsewhere, 1), ["only here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_who_left_a_room_hears_nothing_more_of_it() {
    let bed = Bed::new(Store::Memory, &[]).await;
    for library in LIBRARIES {
        let (ann, bob) =
            (joined(library, &bed.direct(), "ann"), joined(library, &bed.direct(), "bob"));
        say(&ann, "together");
        assert_eq!(hear(&bob, 1), ["together"]);
        bob.ask("leave", json!([{ "room": ROOM }])).unwrap();
        say(&ann, "alone");
        assert_eq!(hear(&ann, 2), ["together", "alone"]);
        join(&bob, json!({ "room": ROOM }));
        say(&ann, "together again");
        assert_eq!(hear(&bob, 2), ["together", "together again"], "{library:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_a_message_is_acknowledged_once_stored_and_a_repeat_is_stored_once() {
    let bed = Bed::new(Store::Disk, &[]).await;
    for library in LIBRARIES {
        let (ann, before) = (joined(library, &bed.direct(), "ann"), bed.history().len() as u64);
        let message = json!([{ "room": ROOM, "id": format!("{library:?}-1"), "text": "once" }]);
        for _ in 0..3 {
            let answer = ann.ask("message", message.clone()).unwrap();
            assert_eq!(answer[0]["sequence_number"], before + 1, "{library:?}: {answer:?}");
            assert_eq!(answer[0]["id"], message[0]["id"], "{library:?}: {answer:?}");
        }
        assert_eq!(say(&ann, "next"), before + 2);
        assert_eq!(hear(&ann, 2), ["once", "next"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_typing_and_read_receipts_reach_the_others() {
    let bed = Bed::new(Store::Memory, &[]).await;
    for library in LIBRARIES {
        let (ann, bob) =
            (joined(library, &bed.direct(), "ann"), joined(library, &bed.direct(), "bob"));
        let place = say(&ann, "read this");
        ann.emit("typing", json!([{ "room": ROOM, "typing": true }])).unwrap();
        let typing = bob.hear("typing", 1).unwrap().remove(0);
        assert_eq!((&typing["room"], &typing["typing"]), (&json!(ROOM), &json!(true)), "{typing}");
        bob.emit("read", json!([{ "room": ROOM, "sequence_number": place }])).unwrap();
        let read = ann.hear("read", 1).unwrap().remove(0);
        assert_eq!(read["sequence_number"], place, "{library:?}: {read}");
        // Its own is no news to either.
        say(&ann, "the end");
        hear(&ann, 2);
        hear(&bob, 2);
        assert_eq!((ann.heard("typing").len(), bob.heard("read").len()), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_bytes_in_a_message_arrive_as_bytes() {
    let bed = Bed::new(Store::Memory, &[]).await;
    for library in LIBRARIES {
        let ann = joined(library, &bed.direct(), "ann");
        let readers = LIBRARIES.map(|library| joined(library, &bed.direct(), "bob"));
        let picture = json!({ "$bytes": "AAEC/f7/" });
        let message = json!([{ "room": ROOM, "text": "look", "files": [{ "picture": picture }] }]);
        ann.ask("message", message).unwrap();
        for reader in &readers {
            let heard = reader.hear("message", 1).unwrap().remove(0);
            assert_eq!(heard["files"][0]["picture"], picture, "{library:?}: {heard}");
            assert_eq!(heard["text"], "look");
        }
    }
}
