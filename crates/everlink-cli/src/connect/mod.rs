//! `everlink connect`: a connection that comes back, between standard input and output.

mod input;
mod news;
mod output;
mod status;

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use everlink::engine::FailureClass;
use everlink::{Client, ClientBuilder, ConnectionState, Event, Events, Message};
use futures_util::stream::SelectAll;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, sleep_until};

use crate::endpoint_args::{EndpointArgs, run_token_command};
use crate::exit::{Exit, usage};
use crate::settings_args::SettingsArgs;
use crate::signals::interrupted;
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
    /// Prints events as JSON lines on standard error instead of a status line.
    #[arg(long)]
    json: bool,
    /// Prints each message as a JSON object with its channel, on a line of its own.
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
  everlink connect wss://example.org/ws --heartbeat-interval 5s --heartbeat-timeout 2s
  RUST_LOG=everlink=debug everlink connect wss://example.org/ws --quiet

Every setting can also be given as EVERLINK_<KEY> or in a file (--config); see `everlink reference settings`.
Exit codes: see `everlink --help`.";

/// Runs until the work is done, the connection is given up, or Ctrl-C.
pub(crate) async fn run(args: ConnectArgs) -> anyhow::Result<Exit> {
    let client = build(&args)?;
    let events = client.events();
    let mut channels = SelectAll::new();
    for channel in &args.channels {
        let subscription = client.subscribe(channel).map_err(usage)?;
        let name = channel.clone();
        channels.push(subscription.map(move |message| (name.clone(), message)).boxed());
    }
    client.start()?;
    let status = Status::new(args.json, args.quiet);
    let mut session = Session { args, client, events, status, output: Output, came: 0 };
    let ended = session.run(channels).await;
    // Before and after: each event is told with the state that it led to.
    session.tell_rest()?;
    session.client.close().await;
    session.tell_rest()?;
    session.status.finish();
    ended
}

fn build(args: &ConnectArgs) -> anyhow::Result<Client> {
    let loaded = args.endpoint.load(&args.urls, &args.settings, args.outbox.as_deref())?;
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

type Channels = SelectAll<futures_util::stream::BoxStream<'static, (String, Message)>>;

impl Session {
    async fn run(&mut self, mut channels: Channels) -> anyhow::Result<Exit> {
        let sending = tokio::spawn(input::send_lines(self.client.clone()));
        let mut sending = std::pin::pin!(sending);
        let mut sent_all = false;
        let mut interrupt = std::pin::pin!(interrupted());
        let end = self.args.timeout.map(|timeout| Instant::now() + timeout);
        let mut ended = std::pin::pin!(sleep_until(end.unwrap_or_else(Instant::now)));
        loop {
            let exit = tokio::select! {
                biased;
                signal = &mut interrupt => { signal?; Some(Exit::Interrupted) }
                message = self.client.recv() => match message {
                    Some(message) => self.message(None, &message)?,
                    None => Some(self.gave_up()),
                },
                Some((channel, message)) = channels.next() => {
                    self.message(Some(&channel), &message)?
                }
                Some(event) = self.events.next() => { self.event(&event)?; None }
                result = &mut sending, if !sent_all => {
                    sent_all = true;
                    result.context("the task that reads standard input")??;
                    self.args.exit_on_eof.then_some(Exit::Ok)
                }
                () = &mut ended, if end.is_some() => Some(Exit::TimedOut),
                () = self.status.tick() => { self.status.show(&self.client.info()); None }
            };
            if let Some(exit) = exit {
                return Ok(exit);
            }
        }
    }

    /// Prints a message; returns how to end if it was the last one wanted.
    fn message(
        &mut self,
        channel: Option<&str>,
        message: &Message,
    ) -> anyhow::Result<Option<Exit>> {
        self.came += 1;
        let text = self.output.format(channel, message, self.args.envelope);
        self.status.aside(|| Output::print(&text))?;
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
        eprintln!("everlink: gave up after {} attempts: {why}", info.connection.attempts);
        if class == Some(FailureClass::Unauthorized) { Exit::Unauthorized } else { Exit::GaveUp }
    }
}
