//! An echo client for Autobahn's fuzzing server, on the client that users have, compression offered.
//! Usage: `autobahn_client ADDRESS AGENT`.

use std::env;
use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::wire::ws::DeflateConfig;
use everlink::{Client, Event, Message};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().context("no address given, such as 127.0.0.1:9001")?;
    let agent = arguments.next().unwrap_or_else(|| "everlink".to_owned());
    let count = converse(&format!("ws://{address}/getCaseCount"), false).await?;
    let count: u32 = count.context("no case count came")?.parse()?;
    for case in 1..=count {
        let url = format!("ws://{address}/runCase?case={case}&agent={agent}");
        converse(&url, true).await.with_context(|| format!("case {case}"))?;
    }
    converse(&format!("ws://{address}/updateReports?agent={agent}"), false).await?;
    Ok(())
}

/// Lives through one connection and returns the last text that came; `echoes` sends back what comes.
async fn converse(url: &str, echoes: bool) -> Result<Option<String>> {
    let client = Client::builder(url)
        .settings(|settings| {
            // The suite counts connections: whatever ends one must not lead to another.
            settings.return_window(Some(Duration::from_secs(600))).queue_bytes_max(32 << 20)
        })
        .deflate(DeflateConfig::default())
        .build()?;
    let mut events = client.events();
    client.start()?;
    let mut last = None;
    loop {
        tokio::select! {
            biased;
            message = client.recv() => match message {
                None => break,
                Some(message) => {
                    last = message.as_text().map(str::to_owned);
                    if echoes {
                        echo(&client, message).await?;
                    }
                }
            },
            event = events.next() => if matches!(event, Some(Event::Disconnected { .. }) | None) {
                break;
            }
        }
    }
    client.close().await;
    Ok(last)
}

/// Sends a message back; one that comes when the other side has gone is of no use to it.
async fn echo(client: &Client, message: Message) -> Result<()> {
    client.send(message).await.map(drop).context("the echo was not taken")
}
