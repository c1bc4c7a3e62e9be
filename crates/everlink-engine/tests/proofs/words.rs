//! Outputs in short words, for expectations that people read.

use everlink_engine::{Event, HangUp, Output, PingLevel, Transmit, Wanted};

pub(crate) fn output(output: &Output<u32>) -> String {
    match output {
        Output::Dial(dial) => {
            let fresh = if dial.refresh_credentials { " fresh" } else { "" };
            format!("dial t{} try {} at {}{fresh}", dial.transport.0, dial.attempt, dial.endpoint)
        }
        Output::HangUp { transport, how: HangUp::Close(code) } => {
            format!("close t{} {code}", transport.0)
        }
        Output::HangUp { transport, how: HangUp::Abandon } => format!("abandon t{}", transport.0),
        Output::Transmit { transport, frame: sent } => {
            format!("t{} > {}", transport.0, frame(sent))
        }
        Output::Event(told) => event(told),
    }
}

fn frame(frame: &Transmit<u32>) -> String {
    match frame {
        Transmit::Message { id, .. } => format!("message {}", id.0),
        Transmit::Publish { id, channel, origin, before, .. } => {
            let after = before.map(|before| format!(" after {before}")).unwrap_or_default();
            let by = match origin.producer.0 {
                0 => String::new(),
                other => format!(" p{other}"),
            };
            format!("publish {} c{}{by} s{}{after}", id.0, channel.0, origin.sequence)
        }
        Transmit::Volatile { id, channel, key, .. } => {
            format!("volatile {} c{} k{}", id.0, channel.0, key.0)
        }
        Transmit::Read { request, channel, after, limit } => {
            format!("read r{request} c{} {limit} after {after}", channel.0)
        }
        Transmit::Hello { channels, .. } => format!("hello{}", wanted(channels)),
        Transmit::Subscribe { request, channels } => {
            format!("subscribe r{request}{}", wanted(channels))
        }
        Transmit::Unsubscribe { request, channels } => {
            let channels: Vec<_> = channels.iter().map(|channel| channel.0).collect();
            format!("unsubscribe r{request} {channels:?}")
        }
        Transmit::Ping { level: PingLevel::Protocol, nonce } => format!("ping {nonce}"),
        Transmit::Ping { level: PingLevel::Application, nonce } => format!("app ping {nonce}"),
        Transmit::Pong { .. } => "pong".into(),
        Transmit::Bye => "bye".into(),
    }
}

fn wanted(channels: &[Wanted]) -> String {
    let one = |wanted: &Wanted| match wanted.from {
        None => format!(" c{}", wanted.channel.0),
        Some(from) => format!(" c{}@{}:{}", wanted.channel.0, from.epoch.0, from.offset),
    };
    channels.iter().map(one).collect()
}

fn event(event: &Event<u32>) -> String {
    match event {
        Event::StateChanged { from, to } => format!("{} -> {}", from.name(), to.name()),
        Event::Connected { .. } => "connected".into(),
        Event::Disconnected { failure, .. } => format!("lost: {:?}", failure.cause),
        Event::Reconnecting { attempt, delay } => format!("retry {attempt} in {delay:?}"),
        Event::AttemptFailed { attempt, failure } => {
            format!("try {attempt} failed: {:?}", failure.cause)
        }
        Event::Reconnected { attempts, .. } => format!("back after {attempts}"),
        Event::ReconnectFailed { attempts, failure } => {
            format!("gave up after {attempts}: {:?}", failure.cause)
        }
        Event::Message { payload, .. }
        | Event::Volatile { payload, .. }
        | Event::Retained { payload, .. } => format!("got {payload}"),
        Event::Gap { channel, from, to, cause, .. } => {
            format!("gap c{} {from}..{to} {cause:?}", channel.0)
        }
        Event::Page { request, page, .. } => {
            let payloads = page.messages.iter().map(|message| message.payload);
            format!("page r{request} {:?}", payloads.collect::<Vec<_>>())
        }
        Event::ReadFailed { request, why } => format!("read r{request} failed: {why:?}"),
        Event::MaybeDoubled { first, last } => format!("maybe doubled: {}..{}", first.0, last.0),
        Event::Settled { first, last, outcome } if first == last => {
            format!("{}: {outcome:?}", first.0)
        }
        Event::Settled { first, last, outcome } => format!("{}..{}: {outcome:?}", first.0, last.0),
        Event::InDoubt { first, last } => format!("in doubt: {}..{}", first.0, last.0),
        other => format!("{other:?}"),
    }
}
