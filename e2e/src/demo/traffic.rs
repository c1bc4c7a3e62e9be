//! Numbered messages at a steady rate, and their echoes.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use everlink::{Client, Event, Events, Message};
use futures_util::FutureExt as _;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::MESSAGE_INTERVAL;
use super::ledger::Ledger;
use super::screen::Screen;

/// Longest wait for the echo of the last message.
const LAST_ECHO_MAX: Duration = Duration::from_secs(10);

/// The task that sends and receives.
#[derive(Debug)]
pub(crate) struct Traffic {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Traffic {
    pub(crate) fn start(client: Client, ledger: Ledger, screen: Screen) -> Self {
        let (stop, stopped) = oneshot::channel();
        let events = client.events();
        let pump = Pump { client, events, ledger, screen };
        Self { stop, task: tokio::spawn(pump.run(stopped)) }
    }

    /// Sends nothing more, waits for what still comes, and closes the book.
    pub(crate) async fn settle(self) -> Result<()> {
        // A task that ended already says why below.
        let _ended_already = self.stop.send(());
        self.task.await.context("the task that sends")?
    }
}

struct Pump {
    client: Client,
    events: Events,
    ledger: Ledger,
    screen: Screen,
}

impl Pump {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> Result<()> {
        let mut ticks = interval(MESSAGE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut end = None;
        while end.is_none() || !self.ledger.is_settled() {
            let late = end.unwrap_or_else(Instant::now);
            tokio::select! {
                _ = &mut stopped, if end.is_none() => end = Some(Instant::now() + LAST_ECHO_MAX),
                () = sleep_until(late), if end.is_some() => bail!("the last message never came back"),
                message = self.client.recv() => self.came(message.as_ref())?,
                event = self.events.next() => self.happened(event.as_ref())?,
                _ = ticks.tick() => if end.is_none() { self.send() },
            }
        }
        while let Some(Some(event)) = self.events.next().now_or_never() {
            self.happened(Some(&event))?;
        }
        self.ledger.close();
        Ok(())
    }

    fn send(&self) {
        let number = self.ledger.next_number();
        let taken = self.client.try_send(format!(r#"{{"n":{number}}}"#));
        self.ledger.sent(taken.ok().map(|ticket| ticket.id().0));
        self.screen.show(&self.client.info(), self.ledger.totals());
    }

    fn came(&self, message: Option<&Message>) -> Result<()> {
        let message = message.context("the client gave up")?;
        let text = message.as_text().context("an echo is not text")?;
        let echo: Numbered = serde_json::from_str(text).context("an echo is not ours")?;
        self.ledger.echoed(echo.n);
        Ok(())
    }

    fn happened(&self, event: Option<&Event>) -> Result<()> {
        let event = event.context("the client is gone")?;
        if let Event::InDoubt { first, last, .. } = event {
            self.ledger.in_doubt(&(first.0..=last.0));
        }
        if let Event::Lagged { missed, .. } = event {
            bail!("{missed} events were missed");
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Numbered {
    n: u64,
}
