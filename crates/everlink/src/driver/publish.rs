//! What happened, for the application, the log and the metrics. Nothing here holds a lock while
//! code of others runs.

use std::collections::VecDeque;
use std::sync::Arc;

use everlink_engine::{ConnectionInfo, ConnectionState, TransportId};

use super::metrics::Meters;
use super::shared::Shared;
use super::state::State;
use crate::client::Event;
use crate::dial::Opened;

/// Publishes the news of one client.
pub(super) struct Publisher {
    client: Arc<str>,
    meters: Meters,
    /// What the metrics have been told.
    told: ConnectionInfo,
    events: VecDeque<Event>,
}

impl Publisher {
    pub(super) fn new(client: &Arc<str>, state: &State) -> Self {
        Self {
            client: Arc::clone(client),
            meters: Meters::new(client),
            told: state.counted,
            events: VecDeque::new(),
        }
    }

    /// Logs how a transport opened.
    pub(super) fn opened(&self, transport: TransportId, opened: &Opened) {
        tracing::debug!(
            client = %self.client,
            transport = transport.0,
            peer = %opened.peer,
            subprotocol = opened.subprotocol.as_deref(),
            compressed = opened.deflate.is_some(),
            timings = ?opened.timings,
            "transport opened"
        );
    }

    pub(super) fn publish(&mut self, shared: &Shared) {
        let mut state = shared.lock();
        state.news.take(&mut self.events);
        let info = state.engine.info(state.clock.now());
        state.counted = info;
        let listeners = if self.events.is_empty() { Vec::new() } else { state.feed.listeners() };
        let tap = if self.events.is_empty() { None } else { state.feed.tapped() };
        drop(state);
        self.count(&info);
        while let Some(event) = self.events.pop_front() {
            self.count_event(&event);
            self.log(&event);
            if let Some(tap) = &tap {
                tap.tell(&event);
            }
            for listener in &listeners {
                listener.tell(event.clone());
            }
        }
    }

    /// Gives back memory that busier times left behind.
    pub(super) fn rest(&mut self) {
        self.events.shrink_to_fit();
    }

    fn count(&mut self, info: &ConnectionInfo) {
        let told = std::mem::replace(&mut self.told, *info);
        let meters = &self.meters;
        for (counter, before, now) in [
            (&meters.sent, told.messages_sent, info.messages_sent),
            (&meters.received, told.messages_received, info.messages_received),
            (&meters.replayed, told.messages_replayed, info.messages_replayed),
            (&meters.deduplicated, told.duplicates, info.duplicates),
            (&meters.attempts, told.dials.into(), info.dials.into()),
            (&meters.reconnects, told.reconnects.into(), info.reconnects.into()),
        ] {
            if now > before {
                counter.increment(now - before);
            }
        }
        let connected = |info: &ConnectionInfo| f64::from(u8::from(info.is_connected()));
        for (gauge, before, now) in [
            (&meters.queue_messages, told.queued_messages as f64, info.queued_messages as f64),
            (&meters.queue_bytes, told.queued_bytes as f64, info.queued_bytes as f64),
            (&meters.uptime, told.uptime.as_secs_f64(), info.uptime.as_secs_f64()),
            (&meters.downtime, told.downtime.as_secs_f64(), info.downtime.as_secs_f64()),
            (&meters.connected, connected(&told), connected(info)),
        ] {
            if now != before {
                gauge.increment(now - before);
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some events are counted")]
    fn count_event(&self, event: &Event) {
        match event {
            Event::Disconnected { error, .. } | Event::AttemptFailed { error, .. } => {
                self.meters.failed(error.class());
            }
            Event::HealthCheck { latency, .. } => self.meters.latency.record(latency.as_secs_f64()),
            Event::MessagesDropped { count, .. } => self.meters.dropped.increment(*count),
            Event::BadMessage { .. } => self.meters.bad.increment(1),
            Event::Gap { .. } => self.meters.gaps.increment(1),
            Event::ChannelPaused { .. } => self.meters.pauses.increment(1),
            _ => {}
        }
    }

    /// At `info` and above: states, addresses and causes; never a payload, a header or a query.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is detail, in its own words")]
    fn log(&self, event: &Event) {
        let client = &*self.client;
        match event {
            Event::StateChanged { from, to } => match to {
                ConnectionState::Closed => tracing::info!(client, from = from.name(), "closed"),
                ConnectionState::Connecting => tracing::info!(client, "connecting"),
                ConnectionState::Connected
                | ConnectionState::Disconnected
                | ConnectionState::Reconnecting
                | ConnectionState::Error => {
                    tracing::debug!(client, from = from.name(), to = to.name(), "state changed");
                }
            },
            Event::Connected { guarantee } => tracing::info!(client, ?guarantee, "connected"),
            Event::Disconnected { error, uptime } => {
                tracing::warn!(client, cause = ?error.cause(), ?uptime, "connection lost");
                tracing::debug!(client, %error, "connection lost");
            }
            Event::Reconnecting { attempt, delay } => {
                tracing::info!(client, attempt, ?delay, "reconnecting");
            }
            Event::AttemptFailed { attempt, error } => {
                tracing::warn!(client, attempt, cause = ?error.cause(), "attempt failed");
                tracing::debug!(client, attempt, %error, "attempt failed");
            }
            Event::Reconnected { attempts, downtime } => {
                tracing::info!(client, attempts, ?downtime, "connection restored");
            }
            Event::ReconnectFailed { attempts, error } => {
                tracing::error!(client, attempts, cause = ?error.cause(), "gave up");
            }
            Event::Supervised { cause, attempt } => {
                tracing::warn!(client, ?cause, attempt, "the second level acts");
            }
            Event::Moved => tracing::info!(client, "moved to a new transport without a gap"),
            Event::Breaker { open } => tracing::warn!(client, open, "circuit breaker"),
            Event::Away { slot, url } => {
                tracing::info!(client, ?slot, ?url, "the server asks us to go");
            }
            Event::NotFollowed { why } => tracing::warn!(client, %why, "not followed elsewhere"),
            Event::SubscriptionRejected { channel, code } => {
                tracing::warn!(client, %channel, code, "subscription refused");
            }
            Event::Resubscribed { channels } => tracing::info!(client, channels, "subscribed"),
            Event::Resumed { recovered: true } => tracing::info!(client, "session recovered"),
            Event::Resumed { recovered: false } => {
                tracing::warn!(client, "a fresh session: what was sent meanwhile is missing");
            }
            Event::MessagesDropped { count, why, .. } => {
                tracing::warn!(client, count, ?why, "messages dropped");
            }
            Event::InDoubt { first, last } => {
                tracing::warn!(client, first = first.0, last = last.0, "messages in doubt");
            }
            Event::BadMessage { error } => tracing::warn!(client, %error, "bad message"),
            Event::Gap { channel, from, to, cause } => {
                tracing::warn!(client, %channel, from, to, ?cause, "gap");
            }
            Event::ChannelPaused { channel } => {
                tracing::info!(client, %channel, "channel paused: its messages are not taken");
            }
            Event::ChannelResumed { channel } => {
                tracing::info!(client, %channel, "channel resumed")
            }
            Event::MaybeDoubled { first, last } => {
                tracing::warn!(client, first = first.0, last = last.0, "messages maybe doubled");
            }
            Event::ServerError { code, fatal, why } => {
                tracing::warn!(client, code, fatal, %why, "the server reports an error");
            }
            Event::CredentialsRenewed { lasts } => {
                tracing::info!(client, ?lasts, "credentials renewed");
            }
            Event::CredentialsFailed { error } => {
                tracing::warn!(client, %error, "no fresh credentials");
            }
            Event::SubscriberLagged { channel, missed } => {
                tracing::warn!(client, %channel, missed, "subscription lags");
            }
            Event::ReadPaused => tracing::info!(client, "reading paused: messages are not taken"),
            other => tracing::debug!(client, event = ?other, "event"),
        }
    }
}
