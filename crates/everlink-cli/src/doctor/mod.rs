//! `everlink doctor`: what an endpoint does, step by step, and the settings that suit it (N06).

mod advice;
mod behaviour;
mod probe;
mod reach;
mod report;
mod secure;

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use everlink::dial::{DialOptions, Endpoint, HeaderMap, TlsOptions};
use everlink::wire::ws::DeflateConfig;

use crate::endpoint_args::{EndpointArgs, run_token_command};
use crate::exit::{Exit, usage};
use crate::settings_args::SettingsArgs;
use report::{Level, Report};

/// Looks at an endpoint: DNS, TCP, TLS, upgrade, pings, idle time-out, close; then says what suits it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// The endpoint, `ws://` or `wss://`.
    url: String,
    #[command(flatten)]
    reach: EndpointArgs,
    /// Longest wait for the endpoint to cut an idle connection; 0 leaves the question out.
    #[arg(long, value_name = "TIME", default_value = "70s", value_parser = humantime::parse_duration)]
    idle: Duration,
    /// Longest wait for the answer to a ping or a close.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = humantime::parse_duration)]
    wait: Duration,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  everlink doctor wss://example.org/ws
  everlink doctor wss://example.org/ws --idle 0s          # quick: no wait for idle time-outs
  everlink doctor ws://127.0.0.1:8080 --json | jq .settings
  everlink doctor wss://example.org/ws --subprotocol mqtt --header 'X-Key: 1'

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage.";

/// Runs the examination.
pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<Exit> {
    let endpoint = Endpoint::parse(&args.url).map_err(usage)?;
    let loaded =
        args.reach.load(std::slice::from_ref(&args.url), &SettingsArgs::default(), None)?;
    let dialing = loaded.client.dialing().map_err(usage)?;
    // Whether compression is spoken is one of the questions.
    let dial = DialOptions::builder().deflate(Some(DeflateConfig::default()));
    let options = dialing.apply(dial).build().map_err(usage)?;
    let headers = match &args.reach.token_command {
        Some(command) => run_token_command(command.clone()).await?.into_headers().map_err(usage)?,
        None => HeaderMap::new(),
    };
    let mut report = Report::new(&endpoint, args.json);
    examine(&args, &endpoint, (&options, dialing.tls()), &headers, &mut report).await;
    let failed = report.worst() == Level::Bad;
    report.finish()?;
    Ok(if failed { Exit::Failed } else { Exit::Ok })
}

/// Goes from step to step, as far as they lead.
async fn examine(
    args: &DoctorArgs,
    endpoint: &Endpoint,
    (options, tls): (&DialOptions, &TlsOptions),
    headers: &HeaderMap,
    report: &mut Report,
) {
    let reached = reach::examine(endpoint, options, report).await;
    if reached && endpoint.is_tls() {
        secure::examine(endpoint, options, tls, report).await;
    }
    let Some(upgraded) = reach::examine_upgrade(endpoint, options, headers, report).await else {
        return;
    };
    let show = !args.json && std::io::stderr().is_terminal();
    let limits = behaviour::Limits { wait: args.wait, idle: args.idle, show };
    let dialer = behaviour::Dialer { endpoint, options, headers };
    let seen = behaviour::examine(upgraded, &dialer, limits, report).await;
    advice::give(&seen, report);
}
