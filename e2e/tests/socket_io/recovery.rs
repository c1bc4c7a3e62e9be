//! What the official client calls recovery: the same socket as before, its rooms, and what it missed.

use std::time::{Duration, Instant};

use everlink_e2e::{Library, OfficialSocket, Store};
use everlink_testkit::chaos::{End, Fault, Scope};
use serde_json::{Value, json};

use crate::support::{
    Bed, ROOM, connect, hear, join, joined, joined_by, numbered, opened, say, say_all,
};

/// The carriers that a client may be told to use, by default first.
fn carriers() -> [Value; 3] {
    [json!({}), json!({ "transports": ["polling"] }), json!({ "transports": ["websocket"] })]
}

/// Waits until a socket is back, and that it is the one that it was.
fn recovered(socket: &OfficialSocket, from: usize) {
    let before = socket.event(0, "connected").unwrap();
    let now = socket.event(from, "connected").unwrap();
    assert_eq!(now["recovered"], true, "{now}");
    assert_eq!(now["id"], before["id"], "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_req_r06_fault_05_after_a_cut_a_client_has_what_it_missed_once_and_in_order() {
    let bed = Bed::new(Store::Memory, &[]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    for carrier in carriers() {
        let bob = joined_by(Library::JavaScript, &bed.broken(), "bob", &carrier);
        let said = numbered("word", 45);
        say_all(&ann, &said[..5]);
        hear(&bob, 5);
        for round in 0..2 {
            let from = bob.mark();
            bed.part();
            bob.event(from, "disconnected").unwrap();
            say_all(&ann, &said[5 + round * 20..25 + round * 20]);
            bed.proxy.clear();
            recovered(&bob, from);
        }
        assert_eq!(hear(&bob, said.len()), said, "{carrier}");
        say(&bob, "still in the room");
        assert_eq!(hear(&bob, said.len() + 1).last().unwrap(), "still in the room");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_fault_05_a_client_that_has_heard_nothing_yet_is_in_its_room_again_after_a_cut() {
    let bed = Bed::new(Store::Memory, &[]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    let bob = joined(Library::JavaScript, &bed.broken(), "bob");
    let from = bob.mark();
    bed.part();
    bob.event(from, "disconnected").unwrap();
    say(&ann, "first");
    bed.proxy.clear();
    // Its client sends no offset before the first event.
    recovered(&bob, from);
    say(&ann, "second");
    assert_eq!(hear(&bob, 2), ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_fault_21_a_client_takes_over_from_itself_where_the_server_has_not_noticed_the_loss()
 {
    let bed = Bed::new(Store::Memory, &["--socket-io-ping-timeout", "30s"]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    let websocket = json!({ "transports": ["websocket"] });
    let bob = joined_by(Library::JavaScript, &bed.broken(), "bob", &websocket);
    say(&ann, "before");
    hear(&bob, 1);
    for round in 0..3 {
        let from = bob.mark();
        // Nothing goes either way, the end of the connection included: the server believes that it stands.
        bed.proxy.set_on(Scope::Live, Fault::BlackHole).unwrap();
        say(&ann, &format!("into the void {round}"));
        bob.tell("drop", json!({})).unwrap();
        bob.event(from, "disconnected").unwrap();
        recovered(&bob, from);
    }
    say(&ann, "after");
    let all = ["before", "into the void 0", "into the void 1", "into the void 2", "after"];
    assert_eq!(hear(&bob, all.len()), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_fault_20_a_frozen_server_is_noticed_and_gives_what_was_missed_when_it_goes_on() {
    let bed = Bed::new(Store::Disk, &[]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    for carrier in carriers() {
        let bob = joined_by(Library::JavaScript, &bed.direct(), "bob", &carrier);
        say(&ann, "before");
        hear(&bob, 1);
        let (from, its) = (bob.mark(), ann.mark());
        bed.server.freeze().unwrap();
        let lost = bob.event(from, "disconnected").unwrap();
        assert_eq!(lost["reason"], "ping timeout", "{carrier}");
        ann.event(its, "disconnected").unwrap();
        bed.server.thaw().unwrap();
        recovered(&bob, from);
        recovered(&ann, its);
        say(&ann, "after");
        assert_eq!(hear(&bob, 2), ["before", "after"], "{carrier}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_req_r06_fault_32_after_kill_9_of_the_server_a_client_has_all_that_was_acknowledged()
 {
    let mut bed = Bed::new(Store::Disk, &[]).await;
    for (life, carrier) in carriers().into_iter().enumerate() {
        let ann = joined(Library::JavaScript, &bed.direct(), "ann");
        let bob = joined_by(Library::JavaScript, &bed.broken(), "bob", &carrier);
        let said = numbered(&format!("life {life}, word"), 30);
        say_all(&ann, &said[..10]);
        hear(&bob, 10);
        let (from, its) = (bob.mark(), ann.mark());
        // Bob misses these.
        bed.part();
        bob.event(from, "disconnected").unwrap();
        say_all(&ann, &said[10..20]);
        bed.server.kill().unwrap();
        ann.event(its, "disconnected").unwrap();
        bed.server.restart().unwrap();
        recovered(&ann, its);
        say_all(&ann, &said[20..]);
        bed.proxy.clear();
        recovered(&bob, from);
        assert_eq!(hear(&bob, said.len()), said, "{carrier}");
        assert_eq!(hear(&ann, said.len()), said, "{carrier}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r06_fault_35_when_the_window_has_passed_a_client_is_told_and_reads_everything_from_history()
 {
    let bed = Bed::new(Store::Memory, &["--socket-io-recovery-window", "1s"]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    let bob = joined(Library::JavaScript, &bed.broken(), "bob");
    let said = numbered("word", 30);
    say_all(&ann, &said[..10]);
    let last = bob.hear("message", 10).unwrap().pop().unwrap()["sequence_number"].clone();
    let from = bob.mark();
    bed.part();
    bob.event(from, "disconnected").unwrap();
    say_all(&ann, &said[10..25]);
    // It has tried in vain for longer than the window, and the server for as long as it takes to see that.
    let gone = Instant::now();
    while gone.elapsed() < Duration::from_secs(2) {
        bob.event(bob.mark(), "refused").unwrap();
    }
    bed.proxy.clear();
    let now = bob.event(from, "connected").unwrap();
    assert_eq!(now["recovered"], false, "{now}");
    assert_ne!(now["id"], bob.event(0, "connected").unwrap()["id"]);
    let page = bob.ask("history", json!([{ "room": ROOM, "after": last }])).unwrap();
    let missed = page[0]["messages"].as_array().unwrap();
    assert_eq!(crate::support::texts(missed), said[10..25]);
    // Reading on where history ends: no hole and nothing twice between them.
    let place = missed.last().unwrap()["sequence_number"].clone();
    join(&bob, json!({ "room": ROOM, "after": place }));
    say_all(&ann, &said[25..]);
    let live = [&said[..10], &said[25..]].concat();
    assert_eq!(hear(&bob, live.len()), live);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_two_tabs_of_one_user_recover_each_for_itself() {
    let bed = Bed::new(Store::Memory, &[]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    let browser = everlink_e2e::OfficialClient::start(Library::JavaScript).unwrap();
    let tabs = ["one", "two"].map(|name| browser.socket(name));
    for tab in &tabs {
        connect(tab, &bed.broken(), "bob", &json!({}));
        join(tab, json!({ "room": ROOM }));
    }
    say(&ann, "to both");
    tabs.iter().for_each(|tab| assert_eq!(hear(tab, 1), ["to both"]));
    let from = tabs[0].mark();
    tabs[0].tell("drop", json!({})).unwrap();
    say(&ann, "to one that was away");
    recovered(&tabs[0], from);
    bed.proxy.cut(End::Close);
    say(&ann, "to both again");
    for tab in &tabs {
        assert_eq!(hear(tab, 3), ["to both", "to one that was away", "to both again"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_a_copied_private_id_serves_one_connection_at_a_time() {
    let bed = Bed::new(Store::Memory, &[]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    let browser = everlink_e2e::OfficialClient::start(Library::JavaScript).unwrap();
    let (original, copy) = (browser.socket("original"), browser.socket("copy"));
    connect(&original, &bed.direct(), "bob", &json!({}));
    join(&original, json!({ "room": ROOM }));
    connect(&copy, &bed.direct(), "bob", &json!({}));
    say(&ann, "before");
    hear(&original, 1);
    let from = copy.mark();
    copy.tell("copy", json!({ "of": "original" })).unwrap();
    original.event(from, "disconnected").unwrap();
    let taken = copy.event(from, "connected").unwrap();
    assert_eq!(taken["recovered"], true, "{taken}");
    assert_eq!(taken["id"], original.event(0, "connected").unwrap()["id"]);
    // Only one of them is that socket now.
    say(&ann, "after");
    assert_eq!(hear(&copy, 1), ["after"]);
    assert_eq!(hear(&original, 1), ["before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_what_is_said_beside_the_log_does_not_move_the_place_from_which_a_client_recovers()
{
    let bed = Bed::new(Store::Memory, &[]).await;
    let ann = joined(Library::JavaScript, &bed.direct(), "ann");
    let bob = opened(Library::JavaScript, &bed.broken(), "bob", &json!({}));
    join(&bob, json!({ "room": ROOM }));
    say(&ann, "before");
    hear(&bob, 1);
    // Volatile, and not in the log: it must not stand between the offsets.
    ann.emit("typing", json!([{ "room": ROOM, "typing": true }])).unwrap();
    bob.hear("typing", 1).unwrap();
    let from = bob.mark();
    bed.part();
    bob.event(from, "disconnected").unwrap();
    say(&ann, "missed");
    bed.proxy.clear();
    recovered(&bob, from);
    assert_eq!(hear(&bob, 2), ["before", "missed"]);
}
