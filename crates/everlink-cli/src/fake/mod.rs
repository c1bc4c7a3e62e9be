//! `everlink fake`: an exchange or a chat on the loopback, for examples and tests in any language.

mod args;

pub(crate) use args::FakeArgs;

use crate::exit::{Exit, usage};
use crate::signals::Interrupts;
use anyhow::Context as _;
use args::{ChatArgs, ExchangeArgs, Which};
use everlink_testkit::fake::{Chat, Exchange, FakeError};
use std::io::{self, Write};

/// Runs a fake server until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// When a value is not accepted, the address cannot be listened on or output cannot be written.
///
/// # Cancel safety
///
/// Dropping the future ends the server at once.
pub(crate) async fn run(args: FakeArgs) -> anyhow::Result<Exit> {
    // From here on, so that whoever has read the address can end it.
    let mut interrupts = Interrupts::listen().context("cannot listen for signals")?;
    match args.which {
        Which::Exchange(args) => {
            let exchange = start_exchange(&args).await.map_err(classified)?;
            say(&exchange_lines(&exchange))?;
            interrupts.next().await?;
        }
        Which::Chat(args) => {
            let chat = start_chat(&args).await?;
            say(&chat_lines(&chat))?;
            interrupts.next().await?;
        }
    }
    Ok(Exit::Ok)
}

async fn start_exchange(args: &ExchangeArgs) -> Result<Exchange, FakeError> {
    let mut builder = Exchange::builder()
        .listen(&args.common.listen)
        .rate(args.rate)
        .seed(args.seed)
        .time_scale(args.time_scale)
        .real_traffic(args.real_traffic)
        .rules(args.rules());
    if !args.symbols.is_empty() {
        builder = builder.symbols(&args.symbols);
    }
    if args.common.verbose {
        builder = builder.observe(tell);
    }
    let exchange = builder.build().await?;
    args.refuse.iter().try_for_each(|stream| exchange.refuse(stream))?;
    Ok(exchange)
}

async fn start_chat(args: &ChatArgs) -> anyhow::Result<Chat> {
    let mut builder = Chat::builder()
        .listen(&args.common.listen)
        .rules(args.rules())
        .script(args.script().map_err(usage)?)
        .repeat(args.repeat);
    for (token, nick) in &args.users {
        builder = builder.user(token, nick);
    }
    for (token, nick) in &args.bots {
        builder = builder.bot(token, nick);
    }
    if args.common.verbose {
        builder = builder.observe(tell);
    }
    builder.build().await.map_err(classified)
}

/// A value that is not accepted is wrong usage; a port that cannot be had is not.
fn classified(error: FakeError) -> anyhow::Error {
    if matches!(error, FakeError::Rejected(_)) {
        return usage(error);
    }
    error.into()
}

fn exchange_lines(exchange: &Exchange) -> String {
    let (url, http) = (exchange.url(), exchange.http_url());
    format!(
        "listening on {url}\n\
         raw streams      {url}/ws\n\
         combined streams {url}/stream\n\
         REST             {http}/api/v3/ping\n\
         commands         {http}/control\n"
    )
}

fn chat_lines(chat: &Chat) -> String {
    format!("listening on {}\ncommands     {}/control\n", chat.url(), chat.http_url())
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write the address")
}

/// Writes a line of what happens. Nobody reads it any more when this fails, and that ends nothing.
fn tell(line: &str) {
    let mut out = io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
