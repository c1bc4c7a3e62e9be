//! Subscriptions in the form of an exchange: batches, rates, refusals.

use everlink_engine::{
    Cause, ChannelId, Dialect, Input, InputError, News, Output, Received, SendPolicy, Transmit,
    limits,
};

use crate::bench::{Bench, everlink, ms, plain, secs};

fn exchange(batch_max: u16) -> Bench {
    let mut dialect = Dialect::EXCHANGE;
    dialect.subscriptions = dialect.subscriptions.map(|mut rules| {
        rules.batch_max = batch_max;
        rules
    });
    let mut bench = Bench::new(plain().dialect(dialect));
    bench.give(Input::Connect);
    bench
}

fn subscribe(bench: &mut Bench, channels: impl IntoIterator<Item = u32>) {
    for channel in channels {
        bench.give(Input::Subscribe { channel: ChannelId(channel), from: None });
    }
}

fn unsubscribe(bench: &mut Bench, channel: u32) {
    bench.give(Input::Unsubscribe { channel: ChannelId(channel) });
}

#[test]
fn req_f03_every_channel_is_subscribed_again_in_batches() {
    let mut bench = exchange(2);
    subscribe(&mut bench, 1..=5);
    bench.drain();
    bench.news(1, News::Opened);
    let words = bench.words();
    assert_eq!(
        words[..3],
        ["t1 > subscribe r1 c1 c2", "t1 > subscribe r2 c3 c4", "t1 > subscribe r3 c5"]
    );
    for request in [2, 1] {
        bench.frame(1, Received::RequestOk { request });
    }
    bench.drain();
    bench.frame(1, Received::RequestOk { request: 3 });
    bench.expect(&["Subscribed { channel: ChannelId(5) }", "Resubscribed { channels: 5 }"]);
    bench.lost(1, Cause::EndedAbruptly);
    bench.pass(secs(2));
    bench.drain();
    bench.news(2, News::Opened);
    assert_eq!(bench.words()[0], "t2 > subscribe r1 c1 c2");
}

#[test]
fn req_f03_a_refused_batch_is_split_to_find_the_one_at_fault() {
    let mut bench = exchange(10);
    subscribe(&mut bench, 1..=3);
    bench.news(1, News::Opened);
    bench.drain();
    bench.frame(1, Received::RequestErr { request: 1, code: 4 });
    bench.expect(&["t1 > subscribe r2 c1 c2", "t1 > subscribe r3 c3"]);
    bench.frame(1, Received::RequestErr { request: 2, code: 4 });
    bench.frame(1, Received::RequestOk { request: 3 });
    bench.drain();
    bench.pass(secs(2));
    bench.expect(&["t1 > subscribe r4 c1", "t1 > subscribe r5 c2"]);
    bench.frame(1, Received::RequestErr { request: 5, code: 4 });
    bench.expect(&["SubscriptionRejected { channel: ChannelId(2), code: 4 }"]);
    bench.frame(1, Received::RequestErr { request: 5, code: 4 });
    bench.frame(1, Received::RequestErr { request: 99, code: 4 });
    bench.expect(&[]);
}

#[test]
fn req_f03_no_second_holds_more_frames_than_the_exchange_bears_heartbeats_included() {
    let mut bench = {
        let config = plain().dialect(Dialect::EXCHANGE).heartbeat_interval(ms(900));
        let mut bench = Bench::new(config).writing();
        bench.give(Input::Connect);
        bench.news(1, News::Opened);
        bench
    };
    let mut sent = Vec::new();
    let mut nonce = 0;
    for step in 0..2000 {
        if step % 10 == 0 {
            let _full = bench.try_send(None, SendPolicy::Fail, 1);
        }
        bench.pass(ms(10));
        for output in bench.outputs() {
            if let Output::Transmit { frame, .. } = output {
                sent.push(bench.now);
                if let Transmit::Ping { nonce: asked, .. } = frame {
                    nonce = asked;
                }
            }
        }
        bench.frame(1, crate::bench::pong(nonce, everlink_engine::PingLevel::Protocol));
    }
    assert!(sent.len() > 45, "{}", sent.len());
    // One of the five that it bears is for an answer to its own ping.
    for five in sent.windows(5) {
        assert!(five[4].since(five[0]) > ms(980), "{five:?}");
    }
}

#[test]
fn req_f03_messages_beyond_the_rate_follow_by_themselves() {
    let mut bench = Bench::up(plain().dialect(Dialect::EXCHANGE)).writing();
    for _ in 0..12 {
        bench.send(None, SendPolicy::Fail);
    }
    bench.drain();
    bench.pass(secs(4));
    let words = bench.words();
    assert!(words.contains(&"t1 > message 12".into()), "{words:?}");
}

#[test]
fn what_is_given_up_before_it_was_asked_for_is_never_mentioned() {
    let mut bench = exchange(1);
    bench.news(1, News::Opened);
    subscribe(&mut bench, 1..=9);
    bench.drain();
    unsubscribe(&mut bench, 9);
    bench.pass(secs(9));
    assert!(!bench.words().iter().any(|word| word.contains('9')), "9 was never asked for");
}

#[test]
fn a_channel_that_is_given_up_wanted_and_given_up_is_given_up() {
    let mut bench = exchange(1);
    bench.news(1, News::Opened);
    subscribe(&mut bench, 1..=1);
    bench.frame(1, Received::RequestOk { request: 1 });
    // The rate is used up, so that what follows waits.
    subscribe(&mut bench, 2..=4);
    bench.drain();
    unsubscribe(&mut bench, 1);
    subscribe(&mut bench, 1..=1);
    unsubscribe(&mut bench, 1);
    bench.pass(secs(2));
    let words = bench.words();
    assert!(words.iter().any(|word| word.contains("unsubscribe r5 [1]")), "{words:?}");
}

#[test]
fn a_mute_peer_costs_no_memory_for_each_request() {
    let mut bench = Bench::up(everlink()).writing();
    for _ in 0..10_000 {
        subscribe(&mut bench, 1..=1);
        unsubscribe(&mut bench, 1);
        bench.drain();
    }
    assert!(format!("{:?}", bench.engine).len() < 10_000);
}

#[test]
fn as_many_channels_as_the_limit_can_be_in_use_and_not_one_more() {
    let max = limits::CHANNELS_MAX as u32;
    let mut bench = Bench::new(everlink().queue_messages_max(10));
    subscribe(&mut bench, 1..=max);
    let one_more = Input::Subscribe { channel: ChannelId(max + 1), from: None };
    let refused = bench.try_give(one_more.clone());
    assert!(matches!(refused, Err(InputError::TooManyChannels { .. })), "{refused:?}");
    bench.give(Input::Connect);
    let refused = bench.try_send(Some(max + 1), SendPolicy::Fail, 1);
    assert!(matches!(refused, Err(InputError::TooManyChannels { .. })), "{refused:?}");
    unsubscribe(&mut bench, 1);
    bench.give(one_more);
}

#[test]
fn dialects_say_what_they_cannot_do() {
    let mut bench = Bench::up(plain());
    let channel = ChannelId(1);
    let refused = bench.try_give(Input::Subscribe { channel, from: None });
    assert_eq!(refused.unwrap_err().to_string(), "dialect `plain` knows no subscriptions");
    let mut bench = Bench::up(everlink());
    let refused = bench.try_send(None, SendPolicy::Fail, 1);
    let words = refused.unwrap_err().to_string();
    assert_eq!(words, "dialect `everlink` needs a channel for each message");
}

#[test]
fn what_is_wanted_and_what_is_given_up_never_share_a_request() {
    let mut bench = exchange(10);
    bench.news(1, News::Opened);
    subscribe(&mut bench, 1..=3);
    for request in 1..=3 {
        bench.frame(1, Received::RequestOk { request });
    }
    bench.drain();
    // The rate is used up, so that both wait.
    subscribe(&mut bench, 5..=6);
    unsubscribe(&mut bench, 1);
    bench.expect(&[]);
    bench.pass(secs(2));
    bench.expect(&["t1 > subscribe r4 c5 c6", "t1 > unsubscribe r5 [1]"]);
}

#[test]
fn channels_that_nobody_confirms_count_as_subscribed_once_they_are_asked_for() {
    let mut dialect = Dialect::EXCHANGE;
    dialect.subscriptions = dialect.subscriptions.map(|mut rules| {
        rules.confirmed = false;
        rules
    });
    let mut bench = Bench::new(plain().dialect(dialect));
    bench.give(Input::Connect);
    subscribe(&mut bench, 1..=3);
    bench.drain();
    bench.news(1, News::Opened);
    let words = bench.words();
    assert_eq!(words[..2], ["t1 > subscribe r1 c1 c2 c3", "Resubscribed { channels: 3 }"]);
}
