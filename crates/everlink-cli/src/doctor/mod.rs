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

use crate::dial_args::DialArgs;
use crate::exit::Exit;
use report::{Level, Report};

/// Looks at an endpoint: DNS, TCP, TLS, upgrade, pings, idle time-out, close; then says what suits it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// The endpoint, `ws://` or `wss://`.
    url: String,
    #[command(flatten)]
    dial: DialArgs,
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
    let endpoint = Endpoint::parse(&args.url)?;
    let options = args.dial.options()?;
    let tls = args.dial.tls()?;
    let headers = args.dial.credentials().await?;
    let mut report = Report::new(&endpoint, args.json);
    examine(&args, &endpoint, (&options, &tls), &headers, &mut report).await;
    report.finish();
    let failed = report.worst() == Level::Bad;
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
