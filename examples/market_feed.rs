//! Trades of an exchange in the terminal; instead of `basic` also `custom`, `unattended`, `cautious`, `once`:
//!
//! ```text
//! cargo run -p everlink --example market_feed -- basic wss://stream.binance.com:9443/stream btcusdt ethusdt
//! ```

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use everlink::Event;
use everlink::feed::{Feed, FeedBuilder, ReconnectionConfig, Update};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [how, url, symbols @ ..] = &arguments[..] else {
        return Err("usage: market_feed basic|custom|unattended|cautious|once URL SYMBOL…".into());
    };
    let feed = describe(how, url)?.build()?;
    watch(&feed, symbols, usize::MAX, &mut std::io::stdout()).await
}

/// Describes a feed in one of the ways of this example.
///
/// # Errors
///
/// When there is no such way.
pub fn describe(how: &str, url: &str) -> Result<FeedBuilder, String> {
    let feed = Feed::builder(url);
    Ok(match how {
        "basic" => feed,
        "custom" => feed
            .reconnection(ReconnectionConfig {
                max_retries: Some(5),
                initial_delay: Duration::from_millis(500),
                max_delay: Duration::from_secs(30),
                ..ReconnectionConfig::default()
            })
            .streams_per_connection(50)
            .on_hole(|hole| eprintln!("to be fetched: {} to {}", hole.first, hole.last)),
        other => feed.reconnection(scenario(other).ok_or(format!("no way is called {other}"))?),
    })
}

/// Suits a feed that nobody starts again, one that shares its address, and a script that would rather fail.
fn scenario(name: &str) -> Option<ReconnectionConfig> {
    let usual = ReconnectionConfig::default();
    Some(match name {
        "unattended" => ReconnectionConfig { max_retries: None, ..usual },
        "cautious" => ReconnectionConfig {
            initial_delay: Duration::from_secs(5),
            max_delay: Duration::from_secs(300),
            jitter_factor: 0.5,
            ..usual
        },
        "once" => ReconnectionConfig { enabled: false, ..usual },
        _ => return None,
    })
}

/// Prints trades, holes and news of the connections, until so many trades have come or none will.
///
/// # Errors
///
/// When a symbol cannot be subscribed, or `output` cannot be written to.
#[expect(clippy::wildcard_enum_match_arm, reason = "some events are enough")]
pub async fn watch(
    feed: &Feed,
    symbols: &[String],
    enough: usize,
    output: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let (mut events, mut trades) = (feed.events(), 0);
    for symbol in symbols {
        feed.subscribe(&format!("{symbol}@trade"))?;
    }
    while trades < enough {
        tokio::select! {
            update = feed.recv() => match update {
                Some(Update::Message { stream, message }) => {
                    trades += 1;
                    writeln!(output, "{stream} {}", message.as_text().unwrap_or_default())?;
                }
                Some(Update::Hole(hole)) => writeln!(output, "{} trades are missing", hole.count())?,
                Some(_) => {}
                None => break,
            },
            Some(news) = events.next() => match news.event {
                Event::StateChanged { to, .. } => writeln!(output, "{} is {to:?}", news.connection)?,
                Event::SubscriptionRejected { channel, .. } => writeln!(output, "no {channel} there")?,
                Event::ReconnectFailed { error, .. } => return Err(error.to_string().into()),
                _ => {}
            },
        }
    }
    feed.close().await;
    Ok(())
}
