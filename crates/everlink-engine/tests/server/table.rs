//! The session as a table that people can look at: what every input does in every stage.

use std::time::Duration;

use everlink_engine::server::{Code, Request, SessionInput};
use everlink_engine::{AwayReason, Epoch};

use crate::bench::{
    ADMITTED, Bench, Input, bounds, config, frame, hello, place, publish, stored, sub,
};

fn rows() -> Vec<(&'static str, Bench)> {
    let after = |mut bench: Bench, inputs: Vec<Input>| {
        inputs.into_iter().for_each(|input| bench.give(input));
        bench.said();
        bench
    };
    let reading = || Bench::reading(5, bounds(1, 1, 9));
    let away =
        || SessionInput::GoAway { reason: AwayReason::Drain, slot: Duration::ZERO, url: None };
    vec![
        ("opened", Bench::new(config())),
        ("greeted", after(Bench::new(config()), vec![hello(vec![place("c", None)])])),
        ("attached", Bench::attached(config())),
        ("joining", after(Bench::attached(config()), vec![sub(vec![place("c", Some((1, 5)))])])),
        ("reading", reading()),
        ("level", Bench::reading(9, bounds(1, 1, 9))),
        ("publishing", after(reading(), vec![publish("c", 1)])),
        ("congested", after(reading(), vec![SessionInput::Congested])),
        ("judged again", after(reading(), vec![frame(Request::Auth { token: "fresh" })])),
        ("away", after(reading(), vec![away()])),
        ("taken over", after(reading(), vec![SessionInput::TakenOver])),
        ("closed", after(reading(), vec![frame(Request::Bye)])),
    ]
}

fn inputs() -> Vec<(&'static str, Input)> {
    let (channel, producer, why) = ("c", None, "why");
    let code = Code::Forbidden;
    let sent = |first, through| SessionInput::Sent { channel, epoch: Epoch(1), first, through };
    vec![
        ("hello c", hello(vec![place("c", None)])),
        ("pub c 1", publish("c", 1)),
        ("sub c from 3", sub(vec![place("c", Some((1, 3)))])),
        ("unsub c", frame(Request::Unsubscribe { request: 1, channels: vec!["c"] })),
        ("vol c", frame(Request::Volatile { channel, key: "typing", payload: 1 })),
        ("read c", frame(Request::Read { request: 2, channel, after: 0, limit: 5 })),
        ("auth", frame(Request::Auth { token: "token" })),
        ("ping", frame(Request::Ping { nonce: 1 })),
        ("pong", frame(Request::Pong { nonce: 1 })),
        ("bye", frame(Request::Bye)),
        ("heard", SessionInput::Heard),
        ("admitted", ADMITTED),
        ("rejected", SessionInput::Rejected { code: Code::Unauthorized, retry: None, why }),
        ("joined c, wish 1", SessionInput::Joined { channel, join: 1, bounds: bounds(1, 1, 9) }),
        ("refused c, wish 1", SessionInput::JoinRefused { channel, join: 1, code, why }),
        ("c advanced to 12", SessionInput::Advanced { channel, bounds: bounds(1, 1, 12) }),
        ("c of epoch 2", SessionInput::Advanced { channel, bounds: bounds(2, 1, 2) }),
        ("sent c 6..9", sent(6, 9)),
        ("sent c 6..7", sent(6, 7)),
        ("missing c to 7", SessionInput::Missing { channel, bounds: bounds(1, 8, 9) }),
        ("stored c 1", stored("c", 1, 10)),
        ("refused c 1", SessionInput::Refused { channel, producer, sequence: 1, code, why }),
        ("hole c 1", SessionInput::Hole { channel, producer, sequence: 1 }),
        ("unavailable", SessionInput::Unavailable { retry: None }),
        ("congested", SessionInput::Congested),
        ("relieved", SessionInput::Relieved),
        (
            "go away",
            SessionInput::GoAway { reason: AwayReason::Drain, slot: Duration::ZERO, url: None },
        ),
        ("taken over", SessionInput::TakenOver),
        ("end", SessionInput::End { code: Code::Unauthorized, why }),
        ("gone", SessionInput::Gone),
        ("time-out, early", SessionInput::Timeout),
    ]
}

fn line(stage: &str, bench: &Bench, what: &str, input: Input) -> String {
    let mut after = bench.clone();
    after.give(input);
    let mut said = after.said();
    let order = after.next();
    if order != bench.clone().next() {
        said.push(match order {
            Some((channel, after, head)) => format!("reads {channel} behind {after} to {head}"),
            None => "reads nothing".into(),
        });
    }
    if said.is_empty() {
        said.push(if after == *bench { "-".into() } else { "(noted)".into() });
    }
    format!("{stage:<13} {what:<20} {:<10} {}", format!("{:?}", after.stage()), said.join("; "))
}

#[test]
fn every_input_in_every_stage_of_a_session() {
    let mut lines = Vec::new();
    for (stage, bench) in rows() {
        for (what, input) in inputs() {
            lines.push(line(stage, &bench, what, input));
        }
        if let Some((at, timer)) = bench.session.poll_timeout() {
            let due = Bench { now: at, ..bench };
            lines.push(line(stage, &due, &format!("due: {timer:?}"), SessionInput::Timeout));
        }
        lines.push(String::new());
    }
    insta::assert_snapshot!(lines.join("\n"));
}
