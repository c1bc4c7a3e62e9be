//! `everlink status`: how a running server is, once or as it goes on.

mod fetch;
mod history;
mod plain;
mod seen;
mod view;
mod watch;

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use url::Url;

use crate::exit::{Exit, usage};
use crate::streams::{print, tell};
use fetch::{Fetched, Source, Trouble};

/// Shows how a running server is: connections, rates, reconnects, quality, store, drain.
///
/// With `--watch` on a terminal it is drawn anew each second, and goes on while the server is away; `q` or
/// Ctrl-C ends it. Elsewhere `--watch` prints a line each time.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StatusArgs {
    /// Address of the server, without a path or with the one that it is served under.
    #[arg(
        value_name = "URL",
        env = "EVERLINK_STATUS_URL",
        default_value = "http://127.0.0.1:8400"
    )]
    url: String,
    /// Goes on until it is ended.
    #[arg(long)]
    watch: bool,
    /// Prints what the server says as JSON: one object, or one in each line with `--watch`.
    #[arg(long)]
    json: bool,
    /// Time between two looks with `--watch`.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    every: Duration,
    /// Longest wait for an answer.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = timeout)]
    timeout: Duration,
}

const EXAMPLES: &str = "\
Examples:
  everlink status                                  the server on this machine, once
  everlink status https://chat.example --watch     another one, as it goes on
  everlink status --json                           for programs";

/// Shows it once, or until it is ended.
///
/// # Errors
///
/// When the URL is no URL; without `--watch` also when there is no answer, or none of an Everlink server.
pub(crate) fn run(args: &StatusArgs) -> anyhow::Result<Exit> {
    let source = Source::new(status_url(&args.url)?, args.timeout);
    if args.watch && !args.json && std::io::stdout().is_terminal() {
        return watch::on_terminal(&source, args.every);
    }
    if args.watch {
        return watch::in_lines(&source, args.every, args.json);
    }
    match source.fetch() {
        Ok(fetched) => {
            print(once(&fetched, args.json)?)?;
            Ok(Exit::Ok)
        }
        Err(Trouble::Unauthorized(text)) => {
            tell(format_args!("everlink: {text}"));
            Ok(Exit::Unauthorized)
        }
        Err(Trouble::Other(text)) => anyhow::bail!("{text}"),
    }
}

fn once(fetched: &Fetched, json: bool) -> anyhow::Result<String> {
    Ok(match json {
        true => serde_json::to_string_pretty(&fetched.object)?,
        false => plain::table(&fetched.seen),
    })
}

/// Returns where the status is, below the address that was given.
fn status_url(text: &str) -> anyhow::Result<Url> {
    let accepted =
        "accepted: http://host:port or https://host, with a path if it is served under one";
    let mut url =
        Url::parse(text).map_err(|error| usage(format!("URL {text}: {error}; {accepted}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(usage(format!("URL {text}: not one of HTTP; {accepted}")));
    }
    let base = url.path().trim_end_matches('/');
    let path = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") };
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn interval(text: &str) -> Result<Duration, String> {
    bounded(text, Duration::from_millis(100), Duration::from_secs(3600), "100ms to 1h")
}

fn timeout(text: &str) -> Result<Duration, String> {
    bounded(text, Duration::from_millis(10), Duration::from_secs(60), "10ms to 1min")
}

fn bounded(text: &str, min: Duration, max: Duration, accepted: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if !(min..=max).contains(&time) {
        return Err(format!("{text} is out of range; accepted: {accepted}"));
    }
    Ok(time)
}

/// Where a server says how it is.
const PATH: &str = "/api/status";

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        status_url(text).map_or_else(|error| format!("error: {error}"), String::from)
    }

    #[test]
    fn the_status_is_looked_for_below_the_address_that_was_given() {
        assert_eq!(url("http://127.0.0.1:8400"), "http://127.0.0.1:8400/api/status");
        assert_eq!(url("https://chat.example/rt/"), "https://chat.example/rt/api/status");
        assert_eq!(url("http://a/api/status?x#y"), "http://a/api/status");
    }

    #[test]
    fn what_is_no_address_of_http_is_refused_with_what_is_accepted() {
        for wrong in ["ws://127.0.0.1:8400", "localhost:8400", "", "http://", "http://[::1"] {
            let text = url(wrong);
            assert!(text.starts_with("error: ") && text.contains("accepted: http://"), "{text}");
        }
    }
}
