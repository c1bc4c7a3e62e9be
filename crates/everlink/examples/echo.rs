//! Talks to an echo server whose connection is cut twice.
//!
//! ```sh
//! cargo run -p everlink --example echo
//! ```

#![expect(clippy::wildcard_enum_match_arm, reason = "an application looks at some events only")]

use std::error::Error;
use std::time::Duration;

use everlink::{Client, Event};
use everlink_testkit::chaos::{ChaosProxy, End};
use everlink_testkit::server::{Script, ScriptedServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = ScriptedServer::builder().otherwise(Script::echoing()).build().await?;
    let proxy = ChaosProxy::builder().upstream(server.local_addr()).build().await?;
    let url = format!("ws://{}/", proxy.local_addr());

    let client = Client::builder(url)
        .settings(|settings| settings.return_window(Some(Duration::from_millis(100))))
        .on_event(|event| match event {
            Event::Disconnected { error, .. } => eprintln!("lost: {error}"),
            Event::Reconnected { downtime, .. } => eprintln!("back after {downtime:?}"),
            _ => {}
        })
        .build()?;
    client.connect().await?;
    let mut events = client.events();
    for number in 1..=5 {
        client.send(format!("hello {number}")).await?.await;
        if let Some(message) = client.recv().await {
            eprintln!("heard: {}", message.as_text().unwrap_or("some bytes"));
        }
        if number == 2 || number == 4 {
            proxy.cut(End::Reset);
            // An echo server acknowledges nothing: what is sent into a dying connection may be lost.
            while !matches!(events.next().await, Some(Event::Disconnected { .. }) | None) {}
        }
    }
    client.close().await;
    eprintln!("reconnected {} times", client.info().reconnects);
    Ok(())
}
