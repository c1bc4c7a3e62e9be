//! `everlink::Client`, as an application uses it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::dial::Proxy;
use everlink::engine::{BackoffKind, ConfigBuilder, Heartbeat, Jitter};
use everlink::{Client, ClientBuilder, Event, Events, Message};

use super::Peer;

pub(in crate::bench) struct Everlink {
    client: Client,
    /// Made when they are first waited for: most measurements look at messages only.
    events: Option<Events>,
}

impl Peer for Everlink {
    type Text = Plain;

    fn text(text: &str) -> Plain {
        Plain(text.into())
    }

    async fn connect(url: &str) -> Result<Self> {
        Self::start(builder(url)).await
    }

    /// What is measured is the way back and not the caution: a connection counts as stable at once,
    /// since the eleventh cut in two minutes would have to wait.
    async fn connect_to_be_cut(url: &str) -> Result<Self> {
        let restless = |settings: ConfigBuilder| {
            let settings = settings.stable_after(Duration::ZERO).heartbeat(Heartbeat::None);
            settings
                .backoff(BackoffKind::None)
                .backoff_floor(Duration::ZERO)
                .return_window(Some(Duration::ZERO))
                .jitter(Jitter::None)
                .dials_per_minute(None)
        };
        Self::start(builder(url).settings(restless)).await
    }

    async fn send(&mut self, text: &Plain) -> Result<()> {
        // What becomes of a message is not asked here; the counts show that none is lost.
        let _ticket = self.client.send(text.0.clone()).await?;
        Ok(())
    }

    async fn recv(&mut self) -> Result<Plain> {
        Ok(Plain(self.client.recv().await.context("the client ended")?))
    }

    async fn restored(mut self, _url: &str) -> Result<Self> {
        let client = &self.client;
        let events = self.events.get_or_insert_with(|| client.events());
        while !matches!(events.next().await.context("the events ended")?, Event::Reconnected { .. })
        {
        }
        Ok(self)
    }
}

impl Everlink {
    async fn start(builder: ClientBuilder) -> Result<Self> {
        let client = builder.build()?;
        client.connect().await?;
        Ok(Self { client, events: None })
    }
}

/// A message, as bytes too.
pub(in crate::bench) struct Plain(Message);

impl AsRef<[u8]> for Plain {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// All defaults, except that nothing in the environment counts.
fn builder(url: &str) -> ClientBuilder {
    Client::builder(url).dial(|dial| dial.proxy(Proxy::none()))
}
