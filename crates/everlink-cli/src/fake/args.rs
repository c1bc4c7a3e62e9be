//! The flags of `everlink fake`.

use clap::{Args, Parser, Subcommand};
use everlink_testkit::chaos::Rejected;
use everlink_testkit::fake::{ChatRules, ExchangeRules, ScriptLine};
use humantime::parse_duration;
use std::time::Duration;

/// Runs a fake exchange or chat on this machine, with the limits that public ones document.
#[derive(Debug, Parser)]
pub(crate) struct FakeArgs {
    #[command(subcommand)]
    pub(crate) which: Which,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Which {
    Exchange(Box<ExchangeArgs>),
    Chat(Box<ChatArgs>),
}

#[derive(Args, Debug)]
pub(crate) struct CommonArgs {
    /// Where to listen on this machine; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,

    /// Write a line for each thing that happens
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// An exchange: market streams in the form of Binance, from a seed.
#[derive(Args, Debug)]
#[command(after_help = EXCHANGE_EXAMPLES)]
pub(crate) struct ExchangeArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,

    /// What is traded, with commas between; eight symbols unless told otherwise, btcusdt among them
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) symbols: Vec<String>,

    /// Trades of a symbol in a second of the market
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub(crate) rate: f64,

    /// Seconds of the exchange in one of ours: at 720 its 24 hours take two minutes
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) time_scale: f64,

    /// Leave pings, messages and connection attempts out of the time scale
    #[arg(long)]
    pub(crate) real_traffic: bool,

    /// Seed of the market
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Refuse subscriptions to these streams
    #[arg(long, value_name = "STREAMS", value_delimiter = ',')]
    pub(crate) refuse: Vec<String>,

    /// How long a connection may stand
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_duration, help_heading = LIMITS)]
    life: Duration,

    /// How long before its end it is told
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration, help_heading = LIMITS)]
    notice: Duration,

    /// How often it is pinged
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = parse_duration, help_heading = LIMITS)]
    ping_every: Duration,

    /// How long a pong may take
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration, help_heading = LIMITS)]
    pong_within: Duration,

    /// Messages, pings and pongs of a connection in a second
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = LIMITS)]
    messages_max: usize,

    /// Streams of a connection
    #[arg(long, value_name = "N", default_value_t = 1_024, help_heading = LIMITS)]
    streams_max: usize,

    /// Connection attempts of an address in five minutes
    #[arg(long, value_name = "N", default_value_t = 300, help_heading = LIMITS)]
    attempts_max: usize,
}

impl ExchangeArgs {
    pub(crate) fn rules(&self) -> ExchangeRules {
        ExchangeRules {
            life: self.life,
            notice: self.notice,
            ping_every: self.ping_every,
            pong_within: self.pong_within,
            messages_max: self.messages_max,
            streams_max: self.streams_max,
            attempts_max: self.attempts_max,
            ..ExchangeRules::default()
        }
    }
}

/// A chat: lines such as MSG {json}, in the form of destiny.gg.
#[derive(Args, Debug)]
#[command(after_help = CHAT_EXAMPLES)]
pub(crate) struct ChatArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,

    /// Know somebody by a token; where nobody is known, a token is a nick
    #[arg(long = "user", value_name = "TOKEN=NICK", value_parser = pair)]
    pub(crate) users: Vec<(String, String)>,

    /// Know a bot by a token; a bot is neither throttled nor compared
    #[arg(long = "bot", value_name = "TOKEN=NICK", value_parser = pair)]
    pub(crate) bots: Vec<(String, String)>,

    /// What somebody else says, such as '2s alice: hello': so long after the line before
    #[arg(long = "line", value_name = "LINE")]
    lines: Vec<ScriptLine>,

    /// Such lines from a file; empty ones and those that begin with # are passed over
    #[arg(long, value_name = "FILE", conflicts_with = "lines")]
    script: Option<std::path::PathBuf>,

    /// Say the lines over and over
    #[arg(long)]
    pub(crate) repeat: bool,

    /// Shortest time between two messages of a nick
    #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = parse_duration, help_heading = LIMITS)]
    delay: Duration,

    /// Characters of a message
    #[arg(long, value_name = "N", default_value_t = 512, help_heading = LIMITS)]
    chars_max: usize,

    /// Connections of a nick
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = LIMITS)]
    connections_max: usize,

    /// How often a connection is pinged
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration, help_heading = LIMITS)]
    ping_every: Duration,

    /// After so long without a sign of life a connection is ended
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration, help_heading = LIMITS)]
    quiet_max: Duration,
}

impl ChatArgs {
    pub(crate) fn rules(&self) -> ChatRules {
        ChatRules {
            delay: self.delay,
            message_chars_max: self.chars_max,
            connections_max: self.connections_max,
            ping_every: self.ping_every,
            quiet_max: self.quiet_max,
            ..ChatRules::default()
        }
    }

    /// Returns the lines of the flags, or those of the file.
    pub(crate) fn script(&self) -> Result<Vec<ScriptLine>, ScriptError> {
        let Some(path) = &self.script else { return Ok(self.lines.clone()) };
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScriptError::File { path: place.clone(), source })?;
        let lines = (1..).zip(text.lines()).filter(|(_, line)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        });
        let parsed = lines.map(|(number, line)| {
            let path = place.clone();
            line.parse().map_err(|source| ScriptError::Line {
                path,
                number,
                source: Box::new(source),
            })
        });
        parsed.collect()
    }
}

/// A script that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("cannot read the script {path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("{path}, line {number}: {source}")]
    Line { path: String, number: usize, source: Box<Rejected> },
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((token, nick)) if !token.is_empty() => Ok((token.to_owned(), nick.to_owned())),
        _ => Err("accepted: TOKEN=NICK".to_owned()),
    }
}

const LIMITS: &str = "Limits";

const EXCHANGE_EXAMPLES: &str = "\
Examples:
  Trades of two symbols, told with -v who comes and goes:
    everlink fake exchange --listen 127.0.0.1:9443 --symbols btcusdt,ethusdt -v
    everlink connect ws://127.0.0.1:9443/ws/btcusdt@trade

  A day in two minutes, with the notice 10 minutes (0.8 s) before its end:
    everlink fake exchange --time-scale 720 --real-traffic

  A bad day, by commands (GET /control lists them all):
    curl -X POST 'http://127.0.0.1:9443/control/cut?how=reset'
    curl -X POST http://127.0.0.1:9443/control/silence
    curl -X POST 'http://127.0.0.1:9443/control/skip?stream=btcusdt@trade&events=5'
    curl -X POST 'http://127.0.0.1:9443/control/restart?after=5s'
    curl http://127.0.0.1:9443/control/state

The first line is `listening on ws://HOST:PORT`. Ctrl-C ends it, with code 0.";

const CHAT_EXAMPLES: &str = "\
Examples:
  Somebody who talks, and a bot that is known by its token:
    everlink fake chat --listen 127.0.0.1:9998 --bot secret=helper --line '5s alice: hello' --repeat
    everlink connect ws://127.0.0.1:9998/ws?token=secret --profile chat_bot

  A bad day, by commands (GET /control lists them all):
    curl -X POST http://127.0.0.1:9998/control/silence
    curl -X POST 'http://127.0.0.1:9998/control/say?nick=alice&text=hello'
    curl -X POST 'http://127.0.0.1:9998/control/refuse-connections?status=503'
    curl -X POST http://127.0.0.1:9998/control/cut

The first line is `listening on ws://HOST:PORT/ws`. Ctrl-C ends it, with code 0.";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Which, String> {
        let args = FakeArgs::try_parse_from(line.split_whitespace());
        args.map(|args| args.which).map_err(|error| error.to_string())
    }

    #[test]
    fn req_n08_the_defaults_of_the_flags_are_those_of_the_servers() {
        let Ok(Which::Exchange(exchange)) = parse("fake exchange") else { panic!("not accepted") };
        assert_eq!(exchange.rules(), ExchangeRules::default());
        let Ok(Which::Chat(chat)) = parse("fake chat") else { panic!("not accepted") };
        assert_eq!(chat.rules(), ChatRules::default());
    }

    #[test]
    fn req_n08_a_bad_flag_is_answered_with_its_name_value_and_what_is_accepted() {
        for (line, parts) in [
            ("fake exchange --life long", ["'long' for '--life", "expected number"]),
            ("fake exchange --rate fast", ["'fast' for '--rate", "invalid float"]),
            ("fake chat --user alice", ["'alice' for '--user", "accepted: TOKEN=NICK"]),
            ("fake chat --line hello", ["'hello' for '--line", "accepted: `2s alice: hello`"]),
            ("fake chat --line 1s --script f", ["--line", "accepted"]),
            ("fake", ["exchange", "chat"]),
        ] {
            let error = parse(line).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{line}: {error}");
        }
    }
}
