//! A process that notes what it handles before it acknowledges it, and goes on where that was known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::outbox::DurableOutbox;
use everlink::{Channel, ChannelEvent, Client, Start};
use futures_util::FutureExt as _;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client;
use super::lines::{Content, Happening, Writer, record};
use super::options::SubscriberSeat;
use super::worker::{Stop, asked_to_end};

/// Reads every room until it is to end.
pub(super) async fn run(seat: SubscriberSeat, mut stop: Stop) -> Result<()> {
    let store = client::store(&seat.folder, &format!("subscriber-{}.redb", seat.index))?;
    let client =
        client::describe(&seat.url, seat.index).cursors(store.clone()).ignore_messages().build()?;
    let mut tasks = JoinSet::new();
    let mut rooms = Vec::new();
    for number in 0..seat.rooms {
        let room = Room::open(&seat, number)?;
        rooms.push(room.clone());
        tasks.spawn(room.read(open(&client, &store, number).await?));
    }
    client.start()?;
    tasks.spawn(keep(store, rooms));
    tokio::select! {
        ended = tasks.join_next() => if let Some(ended) = ended {
            ended?.context("reading failed")?;
        },
        () = asked_to_end(&mut stop) => {}
    }
    tasks.shutdown().await;
    client.close().await;
    Ok(())
}

/// Goes on where the last life left off, and begins with the first message where there was none.
async fn open(client: &Client, store: &DurableOutbox, room: u16) -> Result<Channel> {
    let name = client::room_name(room);
    let known = store.cursors().await?.iter().any(|(channel, _)| *channel == name);
    let start = if known { Start::Stored } else { Start::Beginning };
    Ok(client.channel(&name).from(start).manual_ack().open()?)
}

/// A room's file, and how far the room is acknowledged.
#[derive(Clone)]
struct Room {
    record: Arc<Mutex<Writer>>,
    acked: Arc<AtomicU64>,
}

impl Room {
    fn open(seat: &SubscriberSeat, room: u16) -> Result<Self> {
        let mut record = Writer::open(&record(&seat.folder, seat.index, room))?;
        record.write(&[Happening::Life])?;
        Ok(Self { record: Arc::new(Mutex::new(record)), acked: Arc::default() })
    }

    async fn read(self, mut channel: Channel) -> Result<()> {
        while let Some(first) = channel.next().await {
            let mut events = vec![first];
            while events.len() < BATCH_MAX
                && let Some(Some(event)) = channel.next().now_or_never()
            {
                events.push(event);
            }
            self.handle(&channel, &events).await?;
        }
        anyhow::bail!("the client has given up")
    }

    async fn handle(&self, channel: &Channel, events: &[ChannelEvent]) -> Result<()> {
        let happenings: Vec<Happening> = events.iter().filter_map(happening).collect();
        self.record.lock().await.write(&happenings)?;
        let offset = happenings.iter().rev().find_map(|happening| match happening {
            Happening::Message { offset, .. } => Some(*offset),
            Happening::Life | Happening::Kept(_) | Happening::Odd(_) => None,
        });
        if let Some(offset) = offset {
            channel.ack(offset)?;
            self.acked.store(offset, Ordering::Release);
        }
        Ok(())
    }
}

/// Notes how far the cursors are on disk for certain: nothing before that may ever come again.
async fn keep(store: DurableOutbox, rooms: Vec<Room>) -> Result<()> {
    let mut kept = vec![0; rooms.len()];
    loop {
        sleep(KEEP_EVERY).await;
        let acked: Vec<u64> = rooms.iter().map(|room| room.acked.load(Ordering::Acquire)).collect();
        store.flush().await?;
        for ((room, offset), kept) in rooms.iter().zip(acked).zip(&mut kept) {
            if offset > *kept {
                room.record.lock().await.write(&[Happening::Kept(offset)])?;
                *kept = offset;
            }
        }
    }
}

fn happening(event: &ChannelEvent) -> Option<Happening> {
    match event {
        ChannelEvent::Message(message) => match message.payload.decode::<Content>() {
            Ok(content) => {
                let (epoch, offset) = (message.epoch, message.offset);
                Some(Happening::Message { epoch, offset, content })
            }
            Err(error) => Some(Happening::Odd(format!("offset {}: {error}", message.offset))),
        },
        ChannelEvent::Volatile { .. } | ChannelEvent::Retained { .. } => None,
        other @ (ChannelEvent::Gap { .. } | ChannelEvent::Refused { .. } | _) => {
            Some(Happening::Odd(format!("{other:?}")))
        }
    }
}

/// Most events that are noted together.
const BATCH_MAX: usize = 64;

/// How often the cursors are waited for.
const KEEP_EVERY: Duration = Duration::from_millis(300);
