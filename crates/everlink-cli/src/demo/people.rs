//! The clients of the demonstration: who publishes, and who reads.
#![expect(clippy::wildcard_enum_match_arm, reason = "an application looks at some events only")]

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use everlink::dial::{DialOptionsBuilder, Proxy};
use everlink::{
    Ack, Channel, ChannelEvent, Client, ConnectionState, Dialect, Event, Events, Payload, Start,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::DemoArgs;
use super::book::{Book, Content};

/// All clients, each in tasks of its own, which end with this.
#[derive(Debug)]
pub(super) struct People {
    clients: Vec<Client>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    book: Book,
}

impl People {
    pub(super) fn start(args: &DemoArgs, address: SocketAddr, book: &Book) -> anyhow::Result<Self> {
        let (stop, _) = watch::channel(false);
        let mut people =
            Self { clients: Vec::new(), tasks: JoinSet::new(), stop, book: book.clone() };
        for subscriber in 0..args.subscribers {
            people.subscriber(address, subscriber, args.rooms)?;
        }
        for publisher in 0..args.publishers {
            people.publisher(address, publisher, args)?;
        }
        Ok(people)
    }

    pub(super) async fn all_connected(&mut self) -> anyhow::Result<()> {
        for client in &self.clients {
            timeout(CONNECT_MAX, client.wait_until(ConnectionState::Connected))
                .await
                .context("a client did not connect in time")?;
        }
        Ok(())
    }

    /// Nothing more is sent; waits until all that was has come, until `late` at most.
    pub(super) async fn settle(&mut self, late: Instant) {
        self.stop.send_replace(true);
        while !self.book.is_settled() && Instant::now() < late {
            sleep(LOOK).await;
        }
        // What would come twice would come now.
        sleep(AFTERMATH).await;
    }

    fn client(&mut self, address: SocketAddr) -> anyhow::Result<Client> {
        let loopback = |dial: DialOptionsBuilder| {
            dial.proxy(Proxy::none()).upgrade_timeout(Duration::from_secs(1))
        };
        let client = Client::builder(format!("ws://{address}/ws"))
            .dialect(Dialect::EVERLINK)
            .dial(loopback)
            .settings(|settings| {
                settings
                    .heartbeat_interval(Duration::from_millis(500))
                    .heartbeat_timeout(Duration::from_millis(500))
                    .return_window(Some(Duration::from_millis(100)))
                    .backoff_floor(Duration::from_millis(50))
                    .backoff_min(Duration::from_millis(100))
                    .backoff_max(Duration::from_millis(500))
                    .stable_after(Duration::from_millis(500))
                    .connect_timeout(Duration::from_secs(1))
                    .queue_messages_max(100_000)
                    .dials_per_minute(None)
            })
            .build()?;
        let events = client.events();
        self.tasks.spawn(watch_over(events, self.book.clone()));
        client.start()?;
        self.clients.push(client.clone());
        Ok(client)
    }

    fn subscriber(
        &mut self,
        address: SocketAddr,
        subscriber: u16,
        rooms: u16,
    ) -> anyhow::Result<()> {
        let client = self.client(address)?;
        for room in 0..rooms {
            let channel = client.channel(&room_name(room)).from(Start::Beginning).open()?;
            self.tasks.spawn(read(channel, subscriber, room, self.book.clone()));
        }
        Ok(())
    }

    fn publisher(
        &mut self,
        address: SocketAddr,
        publisher: u16,
        args: &DemoArgs,
    ) -> anyhow::Result<()> {
        let client = self.client(address)?;
        let pace = Duration::from_secs(1) / u32::from(args.rate);
        let (acks, unsettled) = mpsc::unbounded_channel();
        self.tasks.spawn(settle(unsettled, self.book.clone()));
        let writer = Writer {
            client,
            room: room_name(publisher % args.rooms),
            publisher,
            book: self.book.clone(),
            acks,
        };
        self.tasks.spawn(writer.run(pace, self.stop.subscribe()));
        Ok(())
    }
}

struct Writer {
    client: Client,
    room: String,
    publisher: u16,
    book: Book,
    acks: mpsc::UnboundedSender<(Content, Ack)>,
}

impl Writer {
    async fn run(self, pace: Duration, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut number = 0;
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                _ = ticks.tick() => {}
            }
            number += 1;
            let content = Content { publisher: self.publisher, number };
            let Ok(payload) = Payload::json(&content) else { return };
            match self.client.publish(&self.room, payload).await {
                Ok(ack) => {
                    self.book.sent();
                    // The other half lives as long as this one.
                    let _taken = self.acks.send((content, ack));
                }
                Err(error) => {
                    tracing::warn!(%error, "a message was not taken");
                    number -= 1;
                }
            }
        }
    }
}

/// Waits for acknowledgements in the order in which messages were sent.
async fn settle(mut unsettled: mpsc::UnboundedReceiver<(Content, Ack)>, book: Book) {
    while let Some((content, ack)) = unsettled.recv().await {
        match ack.await {
            Ok(_) => book.acked(content),
            Err(error) => {
                tracing::warn!(%error, "a message was refused");
                book.refused();
            }
        }
    }
}

async fn read(mut channel: Channel, subscriber: u16, room: u16, book: Book) {
    while let Some(event) = channel.next().await {
        match event {
            ChannelEvent::Message(message) => match message.payload.decode::<Content>() {
                Ok(content) => book.delivered(subscriber, room, content),
                Err(error) => tracing::warn!(%error, "a message that nobody sent"),
            },
            ChannelEvent::Gap { .. } => book.gap(),
            _ => {}
        }
    }
}

/// Notes when the connection is lost, and how long it takes to come back.
async fn watch_over(mut events: Events, book: Book) {
    let mut lost_at = None;
    while let Some(event) = events.next().await {
        match event {
            Event::Disconnected { .. } => {
                lost_at = Some(Instant::now());
                book.cut();
            }
            Event::Reconnected { .. } => {
                if let Some(lost_at) = lost_at.take() {
                    book.resumed(lost_at);
                }
            }
            _ => {}
        }
    }
}

fn room_name(room: u16) -> String {
    format!("room-{}", room + 1)
}

/// Longest wait for the first connection.
const CONNECT_MAX: Duration = Duration::from_secs(20);

/// How often it is looked whether everything has come.
const LOOK: Duration = Duration::from_millis(20);

/// How long to go on reading when everything has come.
const AFTERMATH: Duration = Duration::from_millis(300);
