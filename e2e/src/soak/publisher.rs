//! A process that publishes numbers, and knows after its own death which were taken.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::outbox::DurableOutbox;
use everlink::{Ack, Client, Payload, PublishError};
use serde_json::json;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::lines::{Step, Writer, journal};
use super::options::PublisherSeat;
use super::worker::{Stop, asked_to_end};
use super::{client, lines::Content};

/// Publishes from where the last life left off, until it is to end and everything is stored.
pub(super) async fn run(seat: PublisherSeat, mut stop: Stop) -> Result<()> {
    let mut writer = Writer::open(&journal(&seat.folder, seat.index))?;
    let last = writer.last::<Step>()?.iter().map(Step::number).max().unwrap_or_default();
    let outbox = client::store(&seat.folder, &format!("publisher-{}.redb", seat.index))?;
    let client =
        client::describe(&seat.url, seat.index).outbox(outbox.clone()).ignore_messages().build()?;
    client.start()?;
    let journal = Arc::new(Mutex::new(writer));
    let (acks, unsettled) = mpsc::unbounded_channel();
    let settling = tokio::spawn(settle(unsettled, Arc::clone(&journal)));
    let desk = Desk { client: client.clone(), seat, journal, acks };
    tokio::select! {
        published = desk.publish_all(last) => published?,
        () = asked_to_end(&mut stop) => {}
    }
    drop(desk);
    settling.await.context("acknowledgements could not be noted")??;
    drained(&outbox).await;
    client.close().await;
    Ok(())
}

/// Waits until what earlier lives left is stored too; who started us does not wait for ever.
async fn drained(outbox: &DurableOutbox) {
    while !outbox.is_empty() {
        sleep(LOOK).await;
    }
}

struct Desk {
    client: Client,
    seat: PublisherSeat,
    journal: Arc<Mutex<Writer>>,
    acks: mpsc::UnboundedSender<(u64, Ack)>,
}

impl Desk {
    async fn publish_all(&self, last: u64) -> Result<()> {
        let mut ticks = interval(Duration::from_secs(1) / u32::from(self.seat.rate));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        for number in last + 1.. {
            ticks.tick().await;
            self.publish(number).await?;
        }
        Ok(())
    }

    /// The number is on disk before the message can be anywhere.
    async fn publish(&self, number: u64) -> Result<()> {
        let content = Content { publisher: self.seat.index, number };
        // Messages of several sizes, the same each time.
        let padding = "x".repeat((number * 7919 % 701) as usize);
        let payload = Payload::json(&json!({
            "publisher": content.publisher, "number": content.number, "padding": padding,
        }))?;
        self.note(Step::Begun(number)).await?;
        match self.client.publish(&client::room_name(self.seat.room), payload).await {
            Ok(ack) => {
                self.note(Step::Taken(number)).await?;
                // The other half lives as long as this one, unless the disk has failed.
                let _noted = self.acks.send((number, ack));
                Ok(())
            }
            Err(error) => self.note(Step::Refused(number, error.to_string())).await,
        }
    }

    async fn note(&self, step: Step) -> Result<()> {
        self.journal.lock().await.write(&[step])
    }
}

/// Notes acknowledgements that say that a message will not be stored.
async fn settle(
    mut unsettled: mpsc::UnboundedReceiver<(u64, Ack)>,
    journal: Arc<Mutex<Writer>>,
) -> Result<()> {
    while let Some((number, ack)) = unsettled.recv().await {
        match ack.await {
            Ok(_) | Err(PublishError::Closed) => {}
            Err(error) => {
                journal.lock().await.write(&[Step::Dropped(number, error.to_string())])?;
            }
        }
    }
    Ok(())
}

/// How often it is looked whether the outbox is empty.
const LOOK: Duration = Duration::from_millis(20);
