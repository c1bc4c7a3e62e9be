//! Greeting, credentials and their end.

use std::time::Duration;

use everlink_engine::server::{
    Code, Hello, Reply, Request, SessionInput, SessionOutput, SessionStage,
};

use crate::bench::{ADMITTED, Bench, config, frame, hello, place, publish, secs, sub};

#[test]
fn a_greeting_leads_to_credentials_then_to_a_welcome_then_to_its_channels() {
    let mut bench = Bench::new(config());
    let said = bench.says(hello(vec![place("a", None), place("b", Some((1, 5)))]));
    assert_eq!(said, ["authenticate client Some(\"token\")", "pause"]);
    let said = bench.says(ADMITTED);
    let expected = ["attached", "> welcome to node", "join a, wish 1", "join b, wish 2", "resume"];
    assert_eq!(said, expected);
    assert_eq!(bench.stage(), SessionStage::Attached);
}

#[test]
fn the_welcome_says_what_the_node_is_set_to() {
    let mut config = config();
    config.backoff_max = Some(secs(40));
    let mut bench = Bench::new(config);
    bench.give(SessionInput::ReturnWindow(secs(7)));
    bench.give(hello(Vec::new()));
    bench.give(SessionInput::Admitted { suffix: Some("@ann"), expires: None });
    let welcome = bench.outputs().into_iter().find_map(|output| match output {
        SessionOutput::Transmit(Reply::Welcome(welcome)) => Some(welcome),
        _ => None,
    });
    let welcome = welcome.unwrap();
    assert_eq!((welcome.heartbeat_interval, welcome.heartbeat_timeout), (secs(20), secs(10)));
    assert_eq!((welcome.return_window, welcome.backoff_max), (Some(secs(7)), Some(secs(40))));
    assert_eq!((welcome.suffix, welcome.rate), (Some("@ann"), None));
}

#[test]
fn a_greeting_that_is_late_ends_the_connection_after_five_seconds() {
    let mut bench = Bench::new(config());
    assert!(bench.pass(Duration::from_millis(4_999)).is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)), ["> err 4408 fatal", "close 4408"]);
}

#[test]
fn fault_14_credentials_that_nobody_judges_end_the_connection_instead_of_leaving_it_unwelcomed() {
    let mut bench = Bench::new(config());
    bench.says(hello(Vec::new()));
    assert_eq!(bench.pass(secs(10)), ["> err 1013 fatal", "close 1013"]);
}

#[test]
fn the_first_frame_must_be_a_greeting_and_only_the_first() {
    for first in [publish("c", 1), sub(Vec::new()), frame(Request::Ping { nonce: 1 })] {
        let mut bench = Bench::new(config());
        assert_eq!(bench.says(first), ["> err 1002 fatal", "close 1002"]);
    }
    let mut bench = Bench::attached(config());
    let said = bench.says(hello(Vec::new()));
    assert_eq!(said, ["> err 1002 fatal", "detached", "close 1002"]);
}

#[test]
fn reading_pauses_while_credentials_are_judged_and_a_message_that_comes_anyway_breaks_the_protocol()
{
    let mut bench = Bench::new(config());
    bench.says(hello(Vec::new()));
    assert!(bench.session.is_paused());
    assert_eq!(bench.says(frame(Request::Ping { nonce: 7 })), ["> pong 7"]);
    assert_eq!(bench.says(publish("c", 1)), ["> err 1002 fatal", "close 1002"]);
}

#[test]
fn another_version_of_the_protocol_is_refused_for_good() {
    let mut bench = Bench::new(config());
    let hello = Hello {
        version: 2,
        client: "client",
        producer: "me",
        auth: None,
        channels: Vec::new(),
        frame_max: None,
        last: None,
    };
    assert_eq!(bench.says(frame(Request::Hello(hello))), ["> err 4505 fatal", "close 4505"]);
}

#[test]
fn fault_49_a_replayed_greeting_is_worth_nothing_without_credentials_that_hold() {
    let mut bench = Bench::new(config());
    let said = bench.says(hello(vec![place("secret", Some((1, 0)))]));
    assert!(said.iter().all(|said| !said.starts_with("join")), "{said:?}");
    let refusal = SessionInput::Rejected { code: Code::Unauthorized, retry: None, why: "stale" };
    assert_eq!(bench.says(refusal), ["> err 4101 fatal", "close 4101"]);
    assert!(bench.says(ADMITTED).is_empty(), "too late");
    assert!(bench.next().is_none());
}

#[test]
fn fault_46_credentials_that_end_close_the_connection_unless_fresh_ones_came() {
    let admitted = || SessionInput::Admitted { suffix: None, expires: Some(secs(15)) };
    let auth = || frame(Request::Auth { token: "fresh" });
    let mut bench = Bench::new(config());
    bench.give(hello(Vec::new()));
    bench.give(admitted());
    bench.said();
    bench.pass(secs(10));
    assert_eq!(bench.says(auth()), ["authenticate again Some(\"fresh\")"]);
    assert_eq!(bench.says(auth()), ["> err 4411"], "one at a time");
    assert_eq!(bench.says(admitted()), ["> auth_ok Some(15s)"]);
    assert!(bench.pass(secs(14)).is_empty());
    assert_eq!(bench.pass(secs(1)), ["> err 4102 fatal", "detached", "close 4102"]);
}

#[test]
fn fault_47_fresh_credentials_that_are_refused_and_a_revocation_end_the_connection() {
    let mut bench = Bench::attached(config());
    bench.says(frame(Request::Auth { token: "stolen" }));
    let refusal = SessionInput::Rejected { code: Code::Unauthorized, retry: None, why: "no" };
    assert_eq!(bench.says(refusal), ["> err 4101 fatal", "detached", "close 4101"]);

    let mut bench = Bench::attached(config());
    let end = SessionInput::End { code: Code::Unauthorized, why: "revoked" };
    assert_eq!(bench.says(end), ["> err 4101 fatal", "detached", "close 4101"]);
}

#[test]
fn fault_15_a_welcome_that_was_lost_is_given_again_to_the_next_connection_of_the_same_producer() {
    // Nothing of a session outlives its connection, so that nothing can be orphaned.
    for _ in 0..2 {
        let mut bench = Bench::new(config());
        bench.says(hello(vec![place("c", None)]));
        assert_eq!(bench.says(ADMITTED)[1], "> welcome to node");
        assert_eq!(bench.says(publish("c", 1)), ["append c 1 after 0"]);
        bench.give(SessionInput::Gone);
        assert_eq!(bench.said(), ["detached"]);
    }
}
