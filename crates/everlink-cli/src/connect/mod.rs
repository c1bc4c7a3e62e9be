//! `everlink connect`: a connection that comes back, between standard input and output.

mod emits;
mod input;
mod logs;
mod news;
mod output;
mod status;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use everlink::config::Loaded;
use everlink::engine::FailureClass;
use everlink::{
    ChannelEvent, Client, ClientBuilder, ConnectionState, Dialect, Emit, Event, Events, Message,
    SocketEvent,
};
use futures_util::stream::{BoxStream, SelectAll};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, sleep_until};

use crate::endpoint_args::{EndpointArgs, refuse_elsewhere, run_token_command};
use crate::exit::{Exit, usage};
use crate::settings_args::SettingsArgs;
use crate::signals::interrupted;
use crate::streams::{print, tell};
use emits::Emits;
use input::Target;
use logs::{From, Opening};
use news::News;
use output::Output;
use status::Status;

/// Connects to any WebSocket server and comes back after each loss.
///
/// Lines from standard input are sent, messages go to standard output. What happens to the
/// connection is told on standard error: one status line on a terminal, lines otherwise.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConnectArgs {
    /// Where to connect to, `ws://` or `wss://`; with several, the next is tried after a failure.
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// Channel to subscribe, across every reconnect (dialect exchange); may be repeated.
    #[arg(long = "subscribe", value_name = "CHANNEL")]
    channels: Vec<String>,
    /// Channel of an Everlink server whose log is read, without a loss across every reconnect; may be
    /// repeated. The dialect is then everlink, unless --dialect says otherwise.
    #[arg(long = "channel", value_name = "CHANNEL", conflicts_with = "channels")]
    logs: Vec<String>,
    /// Channel to which each line is published, stored once. Default: the --channel, if it is the only one.
    #[arg(long, value_name = "CHANNEL", conflicts_with = "channels")]
    publish_to: Option<String>,
    /// Where reading the --channel begins: now, begin, or with the message of this offset.
    /// Default: now.
    #[arg(long, value_name = "now|begin|OFFSET", requires = "logs")]
    from: Option<From>,
    /// Publishes or emits each line as the JSON value that it is, instead of as a text.
    #[arg(long)]
    json_lines: bool,
    /// Event of a Socket.IO server of which each line is the argument. The dialect is then socketio, where a
    /// line is the event's whole list otherwise, as in ["message","hi"].
    #[arg(long, value_name = "EVENT", conflicts_with_all = ["channels", "logs", "publish_to"])]
    emit: Option<String>,
    /// Asks the Socket.IO server to answer each line's event, sends it again until it does, and prints
    /// the answer, as in {"answer":["seen"]}.
    #[arg(long, conflicts_with_all = ["channels", "logs", "publish_to"])]
    ack: bool,
    /// What is emitted to a Socket.IO server to join a room, again whenever it has forgotten us: a list in
    /// JSON, as in ["join","lobby"]; may be repeated.
    #[arg(long = "join", value_name = "LIST", conflicts_with_all = ["channels", "logs", "publish_to"])]
    joins: Vec<String>,
    /// Ends with code 0 after this many messages have come.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    exit_after: Option<u64>,
    /// Ends with code 0 when standard input has ended and everything was sent.
    #[arg(long)]
    exit_on_eof: bool,
    /// Ends with code 5 after this time.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// File that keeps messages until they are sent, across crashes and restarts.
    #[arg(long, value_name = "FILE")]
    outbox: Option<std::path::PathBuf>,
    /// Prints events as JSON lines on standard error instead of a status line; and what a --channel
    /// brings as JSON lines too, gaps among them.
    #[arg(long)]
    json: bool,
    /// Prints each message as a JSON object with its channel, or each event of a Socket.IO server with all
    /// that came with it, on a line of its own.
    #[arg(long)]
    envelope: bool,
    /// Tells nothing on standard error but errors.
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

const EXAMPLES: &str = "\
Examples:
  everlink connect wss://example.org/ws
  echo hello | everlink connect ws://127.0.0.1:8080 --exit-after 1
  everlink connect wss://a.example/ws wss://b.example/ws --attempts-max 20
  everlink connect wss://example.org/ws --token-command 'cat token.txt' --json 2>events.jsonl
  everlink connect wss://stream.example.com/ws --profile market_feed --subscribe btcusdt@trade
  everlink connect ws://127.0.0.1:8080/ws --channel room/1 --from begin
  echo hello | everlink connect ws://127.0.0.1:8080/ws --publish-to room/1 --exit-on-eof
  everlink connect https://example.org --dialect socketio --join '[\"join\",\"lobby\"]'
  echo hello | everlink connect http://127.0.0.1:3000 --emit message --ack --exit-on-eof
  everlink connect wss://example.org/ws --heartbeat-interval 5s --heartbeat-timeout 2s
  RUST_LOG=everlink=debug everlink connect wss://example.org/ws --quiet

Every setting can also be given as EVERLINK_<KEY> or in a file (--config); see `everlink reference settings`.
Exit codes: see `everlink --help`.";

/// Runs until the work is done, the connection is given up, or Ctrl-C.
pub(crate) async fn run(mut args: ConnectArgs) -> anyhow::Result<Exit> {
    if args.is_of_logs() {
        args.endpoint.speaks("everlink");
    }
    if args.is_of_events() {
        args.endpoint.speaks("socketio");
    }
    let client = build(&args)?;
    let events = client.events();
    let mut channels = SelectAll::new();
    for channel in &args.channels {
        let subscription = client.subscribe(channel).map_err(usage)?;
        let name = channel.clone();
        channels
            .push(subscription.map(move |message| Came::Message(name.clone(), message)).boxed());
    }
    let joins = args.joins.iter().map(|list| {
        let enter = Emit::parse(list).map_err(|error| usage(format!("--join {list}: {error}")))?;
        client.join(enter).open().map_err(|error| usage(format!("--join {list}: {error}")))
    });
    let joins = joins.collect::<anyhow::Result<Vec<_>>>()?;
    let opening = logs::open(&client, &args.logs, args.from.unwrap_or(From::Now))?;
    client.start()?;
    let status = Status::new(args.json, args.quiet);
    let mut session = Session { args, client, events, status, output: Output, came: 0 };
    let ended = session.run(channels, opening).await;
    drop(joins);
    // Before and after: each event is told with the state that it led to.
    session.tell_rest()?;
    session.client.close().await;
    session.tell_rest()?;
    session.status.finish();
    ended
}

fn build(args: &ConnectArgs) -> anyhow::Result<Client> {
    let loaded = args.endpoint.load(&args.urls, &args.settings, args.outbox.as_deref())?;
    args.refuse_idle(&loaded)?;
    let mut builder = ClientBuilder::from_config(&loaded).map_err(usage)?;
    if let Some(command) = &args.endpoint.token_command {
        let command = command.clone();
        builder = builder.credentials(move |_request| run_token_command(command.clone()));
    }
    builder.build().map_err(usage)
}

/// One run of the command.
struct Session {
    args: ConnectArgs,
    client: Client,
    events: Events,
    status: Status,
    output: Output,
    came: u64,
}

/// What a channel brings.
enum Came {
    /// A message of a channel that is subscribed.
    Message(String, Message),
    /// Something of a channel's log.
    Logged(Arc<str>, ChannelEvent),
}

type Channels = SelectAll<BoxStream<'static, Came>>;

impl ConnectArgs {
    /// Whether it is about the logs of an Everlink server.
    fn is_of_logs(&self) -> bool {
        !self.logs.is_empty() || self.publish_to.is_some()
    }

    /// Whether it is about the events of a Socket.IO server.
    fn is_of_events(&self) -> bool {
        self.emit.is_some() || self.ack || !self.joins.is_empty()
    }

    /// Refuses what would do nothing, or nothing but fail.
    fn refuse_idle(&self, loaded: &Loaded) -> anyhow::Result<()> {
        refuse_elsewhere(loaded, "--emit", self.emit.is_some())?;
        refuse_elsewhere(loaded, "--ack", self.ack)?;
        refuse_elsewhere(loaded, "--join", !self.joins.is_empty())?;
        let Some(event) = &self.emit else { return Ok(()) };
        Emit::new(event).check().map_err(|error| usage(format!("--emit: {error}")))
    }

    /// Returns how lines are emitted, where Socket.IO is spoken.
    fn emits(&self) -> Emits {
        Emits { event: self.emit.clone(), is_json: self.json_lines, asks: self.ack }
    }

    /// Returns where lines go.
    fn target(&self) -> Target {
        let only = if let [only] = &self.logs[..] { Some(only) } else { None };
        match self.publish_to.as_ref().or(only) {
            Some(channel) => Target::Log { channel: channel.clone(), is_json: self.json_lines },
            None if self.is_of_logs() => Target::Nowhere,
            None => Target::Connection,
        }
    }
}

impl Session {
    async fn run(&mut self, mut channels: Channels, opening: Opening) -> anyhow::Result<Exit> {
        let has_events = self.client.dialect() == Dialect::SOCKETIO.name;
        let target =
            if has_events { Target::Events(self.args.emits()) } else { self.args.target() };
        let sending = tokio::spawn(input::send_lines(self.client.clone(), target));
        let (mut opening, mut open) = (opening, false);
        let mut sending = std::pin::pin!(sending);
        let mut sent_all = false;
        let mut interrupt = std::pin::pin!(interrupted());
        let end = self.args.timeout.map(|timeout| Instant::now() + timeout);
        let mut ended = std::pin::pin!(sleep_until(end.unwrap_or_else(Instant::now)));
        loop {
            let exit = tokio::select! {
                biased;
                signal = &mut interrupt => { signal?; Some(Exit::Interrupted) }
                event = self.client.recv_event(), if has_events => match event {
                    Some(event) => self.emitted(&event)?,
                    None => Some(self.gave_up()),
                },
                message = self.client.recv(), if !has_events => match message {
                    Some(message) => self.message(None, &message)?,
                    None => Some(self.gave_up()),
                },
                Some(came) = channels.next() => self.came(&came)?,
                opened = &mut opening, if !open => {
                    open = true;
                    channels.extend(opened?);
                    None
                }
                Some(event) = self.events.next() => { self.event(&event)?; None }
                result = &mut sending, if !sent_all => {
                    sent_all = true;
                    let all = result.context("the task that reads standard input")??;
                    self.args.exit_on_eof.then_some(if all { Exit::Ok } else { Exit::Failed })
                }
                () = &mut ended, if end.is_some() => Some(Exit::TimedOut),
                () = self.status.tick() => { self.status.show(&self.client.info()); None }
            };
            if let Some(exit) = exit {
                return Ok(exit);
            }
        }
    }

    /// Prints what a channel brought; returns how to end if nothing more is wanted.
    fn came(&mut self, came: &Came) -> anyhow::Result<Option<Exit>> {
        let (channel, event) = match came {
            Came::Message(channel, message) => return self.message(Some(channel), message),
            Came::Logged(channel, event) => (channel, event),
        };
        if let ChannelEvent::Refused { code, why, .. } = event {
            self.status.finish();
            tell(format_args!("everlink: channel {channel} was refused with code {code}: {why}"));
            return Ok(Some(Exit::Failed));
        }
        let (is_json, many) = (self.args.json || self.args.envelope, self.args.logs.len() > 1);
        let line =
            if is_json { logs::json(channel, event) } else { logs::text(channel, event, many) };
        if let Some(line) = line {
            self.status.aside(|| print(&line))?;
        }
        self.came += u64::from(matches!(event, ChannelEvent::Message(_)));
        let last = self.args.exit_after.is_some_and(|wanted| self.came >= wanted);
        Ok(last.then_some(Exit::Ok))
    }

    /// Prints an event; returns how to end if it was the last one wanted.
    fn emitted(&mut self, event: &SocketEvent) -> anyhow::Result<Option<Exit>> {
        self.came += 1;
        let line = emits::text(event, self.args.envelope);
        self.status.aside(|| print(&line))?;
        let last = self.args.exit_after.is_some_and(|wanted| self.came >= wanted);
        Ok(last.then_some(Exit::Ok))
    }

    /// Prints a message; returns how to end if it was the last one wanted.
    fn message(
        &mut self,
        channel: Option<&str>,
        message: &Message,
    ) -> anyhow::Result<Option<Exit>> {
        self.came += 1;
        let text = self.output.format(channel, message, self.args.envelope);
        self.status.aside(|| print(&text))?;
        let last = self.args.exit_after.is_some_and(|wanted| self.came >= wanted);
        Ok(last.then_some(Exit::Ok))
    }

    fn event(&mut self, event: &Event) -> anyhow::Result<()> {
        let news = News::new(event, &self.client.info());
        self.status.tell(&news)?;
        self.status.show(&self.client.info());
        Ok(())
    }

    /// Tells the events that nobody has taken yet: the last ones say how it ended.
    fn tell_rest(&mut self) -> anyhow::Result<()> {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            self.event(&event)?;
        }
        Ok(())
    }

    /// Nothing more will come: says why.
    fn gave_up(&self) -> Exit {
        let info = self.client.info();
        if info.state == ConnectionState::Closed {
            return Exit::Ok;
        }
        let class = info.last_error.as_ref().map(everlink::ConnectionError::class);
        let why = info.last_error.map(|error| error.to_string()).unwrap_or_default();
        self.status.finish();
        tell(format_args!("everlink: gave up after {} attempts: {why}", info.connection.attempts));
        if class == Some(FailureClass::Unauthorized) { Exit::Unauthorized } else { Exit::GaveUp }
    }
}
