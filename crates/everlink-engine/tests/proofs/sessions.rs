//! A peer that keeps sessions and answers messages: Socket.IO.

use everlink_engine::{
    Cause, ChannelId, Dialect, Guarantee, Heartbeat, Input, InputError, MessageId, News, Outcome,
    Outgoing, PingLevel, Received, SendPolicy, Timer,
};

use crate::bench::{Bench, entered, ms, plain, pong, secs, socketio};

fn answer(id: u64) -> Received<u32> {
    Received::Answer { id: MessageId(id) }
}

/// Loses transport `old` and opens the next one, which the peer lets in.
fn back(bench: &mut Bench, old: u32, recovered: bool) {
    bench.lost(old, Cause::EndedAbruptly);
    bench.pass(secs(1));
    bench.drain();
    bench.news(old + 1, News::Opened);
    bench.frame(old + 1, entered(recovered));
}

fn subscribe(bench: &mut Bench, channel: u32) {
    bench.give(Input::Subscribe { channel: ChannelId(channel), from: None });
}

fn unsubscribe(bench: &mut Bench, channel: u32) {
    bench.give(Input::Unsubscribe { channel: ChannelId(channel) });
}

#[test]
fn req_x03_a_peer_that_pings_is_answered_and_its_silence_is_a_loss() {
    let mut bench = Bench::up(socketio().heartbeat(Heartbeat::None)).writing();
    bench.pass(secs(44));
    bench.drain();
    bench.frame(1, Received::Ping { nonce: None });
    bench.expect(&["t1 > pong"]);
    assert_eq!(bench.engine.poll_timeout().map(|(_, timer)| timer), Some(Timer::Pong));
    bench.pass(ms(44_999));
    bench.expect(&[]);
    bench.pass(ms(1));
    let words = bench.words();
    assert!(words.contains(&"lost: HeartbeatTimedOut".into()), "{words:?}");
}

#[test]
fn req_x03_any_data_counts_as_life_of_a_peer_that_pings_and_a_pong_of_a_proxy_does_not() {
    let mut bench = Bench::up(socketio().heartbeat_interval(secs(10))).writing();
    for _ in 0..4 {
        bench.pass(secs(10));
        let nonce = bench.newest_ping();
        bench.frame(1, pong(nonce, PingLevel::Protocol));
    }
    bench.frame(1, Received::Message { channel: None, key: None, payload: 7 });
    for _ in 0..4 {
        bench.pass(secs(10));
        let nonce = bench.newest_ping();
        bench.frame(1, pong(nonce, PingLevel::Protocol));
    }
    bench.drain();
    bench.pass(secs(5));
    let words = bench.words();
    assert!(words.contains(&"lost: HeartbeatTimedOut".into()), "{words:?}");
}

#[test]
fn fault_24_a_peer_that_could_not_be_heard_while_we_slept_is_given_the_time_of_a_probe_once() {
    let mut bench = Bench::up(socketio().heartbeat(Heartbeat::None)).writing();
    bench.sleep(secs(3600));
    bench.give(Input::Timeout);
    assert!(bench.engine.info(bench.now).is_connected(), "{:?}", bench.words());
    bench.sleep(secs(10));
    bench.give(Input::Timeout);
    let words = bench.words();
    assert!(words.contains(&"lost: HeartbeatTimedOut".into()), "{words:?}");
}

#[test]
fn silence_while_the_application_takes_nothing_is_no_loss() {
    let mut bench = Bench::up(socketio().heartbeat(Heartbeat::None)).writing();
    bench.news(1, News::ReadPaused);
    bench.pass(secs(300));
    assert!(bench.engine.info(bench.now).is_connected());
    bench.news(1, News::ReadResumed);
    bench.pass(ms(44_999));
    assert!(bench.engine.info(bench.now).is_connected());
    bench.pass(ms(1));
    assert!(!bench.engine.info(bench.now).is_connected());
}

#[test]
fn until_the_peer_has_let_us_in_the_greeting_has_its_own_deadline() {
    let mut bench = Bench::new(socketio());
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.send(None, SendPolicy::Wait);
    bench.expect(&["dial t1 try 0 at 0", "closed -> connecting", "t1 > hello"]);
    bench.pass(secs(10));
    let words = bench.words();
    assert!(words.contains(&"try 0 failed: GreetingTimedOut".into()), "{words:?}");
}

#[test]
fn req_r06_what_was_confirmed_is_not_asked_for_again_in_a_session_that_goes_on() {
    let mut bench = Bench::up(socketio());
    subscribe(&mut bench, 1);
    subscribe(&mut bench, 2);
    bench.expect(&["t1 > subscribe r1 c1", "t1 > subscribe r2 c2"]);
    bench.frame(1, Received::RequestOk { request: 1 });
    back(&mut bench, 1, true);
    let words = bench.words();
    assert!(words.contains(&"Resumed { recovered: true }".into()), "{words:?}");
    // The answer for the second was lost, or it never arrived.
    let asked: Vec<_> = words.iter().filter(|word| word.contains("subscribe")).collect();
    assert_eq!(asked, ["t2 > subscribe r1 c2"]);
}

#[test]
fn req_r06_in_a_fresh_session_everything_is_asked_for_again_before_messages_go() {
    let mut bench = Bench::up(socketio());
    subscribe(&mut bench, 1);
    bench.frame(1, Received::RequestOk { request: 1 });
    bench.lost(1, Cause::EndedAbruptly);
    bench.ask(SendPolicy::Wait);
    bench.pass(secs(1));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, entered(false));
    bench.expect(&[
        "Resumed { recovered: false }",
        "t2 > subscribe r1 c1",
        "reconnecting -> connected",
        "back after 1",
        "t2 > message 1",
    ]);
}

#[test]
fn a_channel_given_up_while_away_is_left_in_a_session_that_goes_on_and_only_there() {
    for (recovered, expected) in [(true, Some("t2 > unsubscribe r1 [1]")), (false, None)] {
        let mut bench = Bench::up(socketio());
        subscribe(&mut bench, 1);
        bench.frame(1, Received::RequestOk { request: 1 });
        bench.lost(1, Cause::EndedAbruptly);
        unsubscribe(&mut bench, 1);
        bench.pass(secs(1));
        bench.news(2, News::Opened);
        bench.drain();
        bench.frame(2, entered(recovered));
        let words = bench.words();
        let said = words.iter().find(|word| word.contains("subscribe"));
        assert_eq!(said.map(String::as_str), expected);
    }
}

#[test]
fn a_confirmed_leave_is_not_said_again_and_a_channel_wanted_again_is_not_left() {
    let mut bench = Bench::up(socketio());
    for channel in [1, 2] {
        subscribe(&mut bench, channel);
        bench.frame(1, Received::RequestOk { request: channel });
    }
    unsubscribe(&mut bench, 1);
    bench.frame(1, Received::RequestOk { request: 3 });
    unsubscribe(&mut bench, 2);
    subscribe(&mut bench, 2);
    back(&mut bench, 1, true);
    let words = bench.words();
    let said: Vec<_> = words.iter().filter(|word| word.contains("subscribe")).collect();
    assert_eq!(said, ["t2 > subscribe r1 c2"]);
}

#[test]
fn a_channel_wanted_while_the_peer_has_not_let_us_in_is_asked_for_once() {
    let mut bench = Bench::new(socketio());
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    subscribe(&mut bench, 1);
    bench.drain();
    bench.frame(1, entered(false));
    let words = bench.words();
    assert_eq!(words.iter().filter(|word| word.contains("subscribe")).count(), 1, "{words:?}");
    assert!(!words.iter().any(|word| word.contains("Resumed")), "the first time: {words:?}");
}

#[test]
fn a_message_that_asks_is_kept_until_its_answer_and_sent_again_in_order() {
    let mut bench = Bench::up(socketio());
    for _ in 0..3 {
        bench.ask(SendPolicy::Wait);
    }
    bench.written(1, 10);
    bench.frame(1, answer(2));
    bench.expect(&[
        "t1 > message 1",
        "t1 > message 2",
        "t1 > message 3",
        "2: Acknowledged { offset: 0 }",
    ]);
    back(&mut bench, 1, true);
    let words = bench.words();
    let tail: Vec<_> = words.iter().skip_while(|word| !word.contains("> message")).collect();
    assert_eq!(
        tail,
        ["t2 > message 1", "t2 > message 3", "maybe doubled: 1..1", "maybe doubled: 3..3"]
    );
    bench.frame(2, answer(3));
    bench.frame(2, answer(1));
    bench.expect(&["3: Acknowledged { offset: 0 }", "1: Acknowledged { offset: 0 }"]);
    assert_eq!(bench.engine.info(bench.now).queued_messages, 0);
}

#[test]
fn a_message_that_does_not_ask_is_settled_when_it_is_written_and_in_doubt_after_a_loss() {
    let mut bench = Bench::up(socketio());
    bench.send(None, SendPolicy::Wait);
    bench.ask(SendPolicy::Wait);
    bench.written(1, 3);
    bench.expect(&["t1 > message 1", "t1 > message 2", "1: Written"]);
    bench.lost(1, Cause::EndedAbruptly);
    let words = bench.words();
    assert!(words.contains(&"in doubt: 1..1".into()), "{words:?}");
}

#[test]
fn an_answer_nobody_waits_for_does_nothing() {
    let mut bench = Bench::up(socketio());
    bench.send(None, SendPolicy::Wait);
    bench.written(1, 2);
    bench.drain();
    for id in [0, 1, 2, u64::MAX] {
        bench.frame(1, answer(id));
    }
    bench.ask(SendPolicy::Wait);
    bench.frame(1, answer(2));
    bench.frame(1, answer(2));
    bench.expect(&["t1 > message 2", "2: Acknowledged { offset: 0 }"]);
}

#[test]
fn no_policy_drops_a_message_that_may_have_been_answered_already() {
    let mut bench = Bench::up(socketio().queue_messages_max(2));
    bench.ask(SendPolicy::Wait);
    bench.lost(1, Cause::EndedAbruptly);
    bench.ask(SendPolicy::Wait);
    bench.drain();
    bench.send(None, SendPolicy::DropOldest);
    bench.expect(&["2: DroppedOldest"]);
    let refused = bench.try_send(None, SendPolicy::Fail, 10);
    assert!(matches!(refused, Err(InputError::QueueFull { .. })), "{refused:?}");
}

#[test]
fn a_message_too_big_for_the_peer_fails_and_what_follows_goes_on() {
    let mut bench = Bench::up(socketio());
    let id = MessageId(1);
    bench.give(Input::Ask(Outgoing::new(id, None, 5000, SendPolicy::Wait, 1)));
    bench.give(Input::Ask(Outgoing::new(MessageId(2), None, 5, SendPolicy::Wait, 2)));
    bench.lost(1, Cause::Closed(1009));
    assert_eq!(bench.settled(), [(1, 1, Outcome::TooBig)]);
}

#[test]
fn only_a_dialect_that_answers_can_be_asked() {
    let mut bench = Bench::up(plain());
    let message = Outgoing::new(MessageId(1), None, 1, SendPolicy::Wait, 1);
    let refused = bench.try_give(Input::Ask(message)).unwrap_err();
    assert_eq!(refused.to_string(), "dialect `plain` answers no message");
    assert_eq!(Dialect::SOCKETIO.guarantee(), Guarantee::AtLeastOnce);
}

#[test]
fn no_second_transport_is_dialed_beside_a_session_neither_on_suspicion_nor_of_age() {
    let mut bench = Bench::up(socketio());
    bench.give(Input::NetworkChanged);
    bench.expect(&["t1 > ping 1"]);
    let config = socketio().renew_after(Some(secs(60))).heartbeat(Heartbeat::None);
    let mut bench = Bench::up(config).writing();
    for _ in 0..3 {
        bench.pass(secs(20));
        bench.frame(1, Received::Ping { nonce: None });
    }
    let words = bench.words();
    let closed = words.iter().position(|word| word == "close t1 1000").expect("left");
    let dialed = words.iter().position(|word| word.starts_with("dial t2")).expect("dialed");
    assert!(closed < dialed, "{words:?}");
}

#[test]
fn a_farewell_ends_the_session_so_that_the_next_one_is_no_return() {
    let mut bench = Bench::up(socketio());
    subscribe(&mut bench, 1);
    bench.frame(1, Received::RequestOk { request: 1 });
    bench.drain();
    bench.give(Input::Disconnect);
    bench.expect(&["t1 > bye", "close t1 1000", "connected -> closed"]);
    bench.give(Input::Connect);
    bench.news(2, News::Opened);
    bench.frame(2, entered(false));
    let words = bench.words();
    assert!(words.contains(&"t2 > subscribe r1 c1".into()), "{words:?}");
    assert!(!words.iter().any(|word| word.contains("Resumed")), "{words:?}");
}
