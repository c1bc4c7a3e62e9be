//! The machine as a table that people can look at: what every input does in every phase.

use everlink_engine::{
    AwayReason, Cause, ConnectionState, Cursor, Dialect, Failure, Input, MessageId, News, Outgoing,
    PingLevel, Received, SendPolicy, TransportId, ValueKey, docs,
};

use crate::bench::{
    Bench, CHANNEL, ack, cursor, delivery, entered, everlink, let_in, ms, page, plain, pong, secs,
    sub_ok, welcome,
};

/// A transport that was never dialed or was left: its news must do nothing, in any phase.
const STRANGER: u32 = 99;

/// A phase: its name, how to get there, the transport of the connection, and that of the successor.
type Row = (&'static str, Bench, Option<u32>, Option<u32>);

fn subscribed(dialect: Dialect) -> Bench {
    let mut bench = Bench::new(plain().dialect(dialect));
    if dialect.subscriptions.is_some() {
        let from = Some(Cursor { offset: 5, ..cursor(1, 0) });
        bench.give(Input::Subscribe { channel: CHANNEL, from });
    }
    bench
}

fn connecting(dialect: Dialect) -> Bench {
    let mut bench = subscribed(dialect);
    bench.give(Input::Connect);
    bench
}

fn open(bench: &mut Bench, transport: u32) {
    bench.news(transport, News::Opened);
    let dialect = *bench.engine.config().dialect();
    bench.frame(transport, let_in(&dialect));
    bench.frame(transport, sub_ok(1, 1, 5));
}

fn up(dialect: Dialect) -> Bench {
    let mut bench = connecting(dialect);
    open(&mut bench, 1);
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench
}

fn moving(dialect: Dialect) -> Bench {
    let mut bench = up(dialect);
    bench.frame(1, Received::Away { reason: AwayReason::Drain, slot: secs(0), endpoint: None });
    bench.pass(ms(0));
    bench
}

/// The phases of a dialect: one whose sessions belong to one transport has no successors.
fn rows(dialect: Dialect) -> Vec<Row> {
    let with = |mut bench: Bench, act: fn(&mut Bench)| {
        act(&mut bench);
        bench
    };
    let lose = |bench: &mut Bench| bench.lost(1, Cause::Reset);
    let retry = |bench: &mut Bench| {
        bench.lost(1, Cause::Reset);
        bench.pass(secs(1));
    };
    let again = |bench: &mut Bench| {
        bench.lost(1, Cause::Reset);
        bench.pass(secs(1));
        bench.failed(2, Cause::Refused);
    };
    let attach = |bench: &mut Bench| bench.news(1, News::Opened);
    let successor = |bench: &mut Bench| bench.news(2, News::Opened);
    let refuse = |bench: &mut Bench| bench.failed(1, Cause::Refused);
    let end = |bench: &mut Bench| bench.lost(1, Cause::Closed(1008));
    let mut rows = vec![
        ("closed", subscribed(dialect), None, None),
        ("dialing first", connecting(dialect), Some(1), None),
        ("waiting first", with(connecting(dialect), refuse), None, None),
        ("up", up(dialect), Some(1), None),
        ("up, successor dialing", moving(dialect), Some(1), Some(2)),
        ("up, successor open", with(moving(dialect), successor), Some(1), Some(2)),
        ("lost", with(up(dialect), lose), None, None),
        ("dialing again", with(up(dialect), retry), Some(2), None),
        ("waiting again", with(up(dialect), again), None, None),
        ("error", with(up(dialect), end), None, None),
    ];
    if dialect.recovers {
        rows.retain(|row| !row.0.starts_with("up, "));
    }
    if dialect.greets {
        rows.insert(2, ("attaching", with(connecting(dialect), attach), Some(1), None));
    }
    rows
}

fn wishes() -> Vec<(&'static str, Input<u32>)> {
    let send = |policy| {
        let message = Outgoing::new(MessageId(1), Some(CHANNEL), 1, policy, 1);
        Input::Send(Outgoing { key: Some(ValueKey(7)), ..message })
    };
    vec![
        ("connect", Input::Connect),
        ("disconnect", Input::Disconnect),
        ("reconnect", Input::Reconnect),
        ("send", send(SendPolicy::Configured)),
        ("send volatile", send(SendPolicy::Volatile)),
        ("withdraw", Input::Withdraw { message: MessageId(1) }),
        ("ask", Input::Ask(Outgoing::new(MessageId(1), None, 1, SendPolicy::Configured, 1))),
        ("read c1", Input::Read { request: 1, channel: CHANNEL, after: 0, limit: 10 }),
        ("subscribe c1", Input::Subscribe { channel: CHANNEL, from: None }),
        ("unsubscribe c1", Input::Unsubscribe { channel: CHANNEL }),
        ("pause c1", Input::Pause { channel: CHANNEL }),
        ("resume c1", Input::Resume { channel: CHANNEL }),
        ("network changed", Input::NetworkChanged),
        ("online", Input::Online),
        ("offline", Input::Offline),
        ("woke", Input::Woke),
        ("time-out, early", Input::Timeout),
    ]
}

fn all_news() -> Vec<(&'static str, News<u32>)> {
    let because = |cause| (Failure::new(cause), None);
    let lost = |cause| {
        let (failure, verdict) = because(cause);
        News::Lost { failure, verdict }
    };
    let (failure, verdict) = because(Cause::Refused);
    let away = Received::Away { reason: AwayReason::Drain, slot: secs(9), endpoint: None };
    vec![
        ("opened", News::Opened),
        ("failed", News::Failed { failure, verdict }),
        ("lost", lost(Cause::EndedAbruptly)),
        ("lost: 1008", lost(Cause::Closed(1008))),
        ("heard", News::Heard { data: true }),
        ("written", News::Written { frames: 3 }),
        ("read paused", News::ReadPaused),
        ("read resumed", News::ReadResumed),
        ("message", News::Frame(Received::Message { channel: None, key: Some(7), payload: 7 })),
        ("welcome", News::Frame(welcome())),
        ("entered, recovered", News::Frame(entered(true))),
        ("answer 1", News::Frame(Received::Answer { id: MessageId(1) })),
        ("request ok 1", News::Frame(Received::RequestOk { request: 1 })),
        ("subscribe ok c1", News::Frame(sub_ok(1, 1, 5))),
        ("delivery 6", News::Frame(delivery(1, 6))),
        ("delivery 5", News::Frame(delivery(1, 5))),
        ("delivery 8", News::Frame(delivery(1, 8))),
        ("ack 1", News::Frame(ack(1, 1, 1))),
        ("ping", News::Frame(Received::Ping { nonce: Some(1) })),
        ("pong 1", News::Frame(pong(1, PingLevel::Protocol))),
        ("app pong 1", News::Frame(pong(1, PingLevel::Application))),
        ("page 1", News::Frame(page(1))),
        ("away", News::Frame(away)),
        ("bye", News::Frame(Received::Bye)),
    ]
}

/// Gives one input to a copy of the phase; returns a line for the table.
fn line(row: &Row, what: &str, input: Input<u32>) -> String {
    let mut bench = Bench::new(plain());
    (bench.engine, bench.now) = (row.1.engine.clone(), row.1.now);
    let before = bench.state();
    let refused = bench.try_give(input).err();
    let mut out = bench.words();
    out.extend(refused.map(|error| format!("refused: {error}")));
    if bench.engine == row.1.engine && out.is_empty() {
        out.push("-".into());
    }
    if out.is_empty() {
        out.push("(noted)".into());
    }
    let after = bench.state();
    assert!(before == after || !out.is_empty(), "a change of state is told");
    format!("{:<22} {what:<24} {:<13} {}", row.0, after.name(), out.join("; "))
}

fn table(dialect: Dialect) -> String {
    let mut lines = Vec::new();
    for row in rows(dialect) {
        for (what, input) in wishes() {
            lines.push(line(&row, what, input));
        }
        if let Some((at, timer)) = row.1.engine.poll_timeout() {
            let mut due = Bench::new(plain());
            (due.engine, due.now) = (row.1.engine.clone(), at);
            let due: Row = (row.0, due, row.2, row.3);
            lines.push(line(&due, &format!("time-out: {timer:?}"), Input::Timeout));
        }
        let roles = [("t", row.2), ("successor", row.3)];
        for (role, transport) in roles.into_iter().filter_map(|(role, t)| t.map(|t| (role, t))) {
            for (what, news) in all_news() {
                let input = Input::Transport(TransportId(transport), news);
                lines.push(line(&row, &format!("{role}: {what}"), input));
            }
        }
        lines.push(String::new());
    }
    lines.join("\n")
}

#[test]
fn every_input_in_every_phase_of_a_plain_connection() {
    insta::assert_snapshot!(table(Dialect::PLAIN));
}

#[test]
fn every_input_in_every_phase_of_everlink() {
    insta::assert_snapshot!(table(everlink().build().unwrap().dialect().to_owned()));
}

#[test]
fn every_input_in_every_phase_of_socket_io() {
    insta::assert_snapshot!(table(Dialect::SOCKETIO));
}

#[test]
fn news_of_a_transport_that_we_left_does_nothing_in_any_phase() {
    for dialect in Dialect::ALL {
        for row in rows(dialect) {
            for (what, news) in all_news() {
                let mut engine = row.1.engine.clone();
                let input = Input::Transport(TransportId(STRANGER), news);
                engine.handle_input(row.1.now, input).unwrap();
                assert!(engine == row.1.engine, "{} {}: {what}", dialect.name, row.0);
            }
        }
    }
}

#[test]
fn req_x01_the_diagram_of_the_states() {
    insta::assert_snapshot!(docs::state_diagram());
}
