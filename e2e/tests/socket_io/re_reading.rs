//! Clients without recovery of their own (python-socketio) read on from the place that they know.

use everlink_e2e::{Library, OfficialSocket, Store};
use serde_json::json;

use crate::support::{Bed, ROOM, hear, join, joined, joined_by, numbered, say_all, texts};

/// Waits for so many messages, and returns the place of the last.
fn place(socket: &OfficialSocket, count: usize) -> u64 {
    let last = socket.hear("message", count).unwrap().pop().unwrap();
    last["sequence_number"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r06_fault_05_python_joins_where_it_was_and_has_what_it_missed_once_and_in_order() {
    let bed = Bed::new(Store::Memory, &[]).await;
    let ann = joined(Library::Python, &bed.direct(), "ann");
    for carrier in [json!({}), json!({ "transports": ["polling"] })] {
        let bob = joined_by(Library::Python, &bed.broken(), "bob", &carrier);
        let said = numbered("word", 45);
        say_all(&ann, &said[..5]);
        for round in 0..2 {
            let heard = 5 + round * 20;
            let (from, last) = (bob.mark(), place(&bob, heard));
            bed.part();
            bob.event(from, "disconnected").unwrap();
            say_all(&ann, &said[heard..heard + 20]);
            bed.proxy.clear();
            bob.event(from, "connected").unwrap();
            join(&bob, json!({ "room": ROOM, "after": last }));
        }
        assert_eq!(hear(&bob, said.len()), said, "{carrier}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r06_fault_32_after_kill_9_python_reads_what_it_missed_from_history_page_by_page() {
    let mut bed = Bed::new(Store::Disk, &[]).await;
    let bob = joined(Library::Python, &bed.broken(), "bob");
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    let said = numbered("word", 60);
    say_all(&ann, &said[..10]);
    let (from, its, mut last) = (bob.mark(), ann.mark(), place(&bob, 10));
    bed.part();
    bob.event(from, "disconnected").unwrap();
    say_all(&ann, &said[10..40]);
    bed.server.kill().unwrap();
    ann.event(its, "disconnected").unwrap();
    bed.server.restart().unwrap();
    ann.event(its, "connected").unwrap();
    say_all(&ann, &said[40..]);
    bed.proxy.clear();
    bob.event(from, "connected").unwrap();
    let mut read = hear(&bob, 10);
    while read.len() < said.len() {
        let request = json!([{ "room": ROOM, "after": last, "limit": 20 }]);
        let page = bob.ask("history", request).unwrap().remove(0);
        let messages = page["messages"].as_array().unwrap();
        assert!(!messages.is_empty() && messages.len() <= 20, "{page}");
        read.extend(texts(messages));
        last = messages.last().unwrap()["sequence_number"].as_u64().unwrap();
    }
    assert_eq!(read, said);
    assert_eq!(bed.history(), said);
}
