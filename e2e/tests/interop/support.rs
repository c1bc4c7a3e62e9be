//! A client in a hurry, and waits that end.

use std::future::Future;
use std::time::Duration;

use everlink::dial::Proxy;
use everlink::{Client, ClientBuilder, Event, Events};
use everlink_e2e::{EventKind, Server, ServerKind, ServerOptions};

/// Longest wait for what should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) const INTERVAL: Duration = Duration::from_millis(500);
pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);

/// For what is not the client's doing, on a busy machine.
pub(crate) const MARGIN: Duration = Duration::from_millis(400);

/// Describes a client that notices and comes back quickly.
pub(crate) fn quick(url: &str) -> ClientBuilder {
    Client::builder(url).dial(|dial| dial.proxy(Proxy::none())).settings(|settings| {
        settings
            .heartbeat_interval(INTERVAL)
            .heartbeat_timeout(TIMEOUT)
            .return_window(Some(Duration::ZERO))
            .backoff_floor(Duration::ZERO)
            .backoff_min(Duration::from_millis(50))
            .backoff_max(Duration::from_millis(300))
            .stable_after(Duration::ZERO)
            .connect_timeout(Duration::from_secs(1))
            .dials_per_minute(None)
    })
}

pub(crate) fn start(kind: ServerKind) -> Server {
    Server::start(kind, ServerOptions::default()).unwrap()
}

/// Waits, but not for ever.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, work).await.expect("did not happen in time")
}

/// Waits for an event that `pick` accepts.
pub(crate) async fn event<T>(events: &mut Events, pick: impl Fn(&Event) -> Option<T>) -> T {
    soon(async {
        loop {
            let event = events.next().await.expect("the events ended");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    })
    .await
}

pub(crate) async fn lost(events: &mut Events) -> everlink::ConnectionError {
    let pick = |event: &Event| match event {
        Event::Disconnected { error, .. } => Some(error.clone()),
        _ => None,
    };
    event(events, pick).await
}

pub(crate) async fn back(events: &mut Events) -> Duration {
    let pick = |event: &Event| match event {
        Event::Reconnected { downtime, .. } => Some(*downtime),
        _ => None,
    };
    event(events, pick).await
}

/// Sends a message, and waits for its echo.
pub(crate) async fn echo(client: &Client, text: &str) {
    drop(client.send(text).await.unwrap());
    let answer = soon(client.recv()).await.unwrap();
    assert_eq!(answer.as_text(), Some(text));
}

/// Returns how many connections a server has accepted, over all its processes.
pub(crate) fn opened(server: &Server) -> usize {
    let events = server.events();
    events.iter().filter(|event| matches!(event.kind, EventKind::Open { .. })).count()
}
