//! What a server saw, as it printed it.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Deserialize;

/// One thing a server saw.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Event {
    /// When, in milliseconds since the server's process started.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What a server saw. Connections are counted from 1 in each process.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// It accepts connections.
    Listening {
        /// Port it chose or was given.
        port: u16,
    },
    /// A connection finished its upgrade.
    Open {
        /// Which connection.
        connection: u64,
        /// Path and query of the upgrade.
        path: String,
    },
    /// A client was let into a namespace of Socket.IO.
    Entered {
        /// Which connection.
        connection: u64,
        /// The namespace.
        namespace: String,
        /// How the server names the session.
        sid: String,
        /// Whether it is the session of before.
        recovered: bool,
        /// What the client showed.
        auth: serde_json::Value,
    },
    /// A client left a namespace of Socket.IO, or was lost.
    Left {
        /// Which connection.
        connection: u64,
        /// In the words of the server's library.
        reason: String,
    },
    /// A message came and was echoed.
    Message {
        /// Which connection.
        connection: u64,
        /// The text, or `None` for a binary message.
        text: Option<String>,
        /// Length of the message in bytes.
        bytes: usize,
    },
    /// An application's ping came and was answered.
    Ping {
        /// Which connection.
        connection: u64,
    },
    /// A subscription came and was confirmed.
    Subscribe {
        /// Which connection.
        connection: u64,
        /// The whole request.
        request: serde_json::Value,
    },
    /// A subscription was ended and that was confirmed.
    Unsubscribe {
        /// Which connection.
        connection: u64,
        /// The whole request.
        request: serde_json::Value,
    },
    /// A connection ended.
    Close {
        /// Which connection.
        connection: u64,
        /// The close code the server's library reports, if any.
        code: Option<u16>,
    },
}

/// The events of a server so far, over all its processes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events(Arc<(Mutex<Vec<Event>>, Condvar)>);

impl Events {
    /// Reads events from a process until it ends.
    pub(crate) fn read(&self, output: impl Read + Send + 'static) {
        let events = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Ok(event) = serde_json::from_str(&line) {
                    events.push(event);
                }
            }
        });
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.lock().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Waits until `find` finds what it looks for in all events from the `from`th on.
    pub(crate) fn wait<T>(
        &self,
        from: usize,
        limit: Duration,
        find: impl Fn(&[Event]) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        let mut events = self.lock();
        loop {
            if let Some(found) = find(&events[from..]) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            anyhow::ensure!(
                !left.is_zero(),
                "not seen within {limit:?}; seen: {:#?}",
                &events[from..]
            );
            let woken = self.0.1.wait_timeout(events, left);
            events = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn push(&self, event: Event) {
        self.lock().push(event);
        self.0.1.notify_all();
    }

    /// A test that panicked while it looked at the events left them whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_from_lines_and_other_output_is_passed_over() {
        let events = Events::default();
        let output = "warning: x\n{\"event\":\"listening\",\"at_ms\":3,\"port\":80}\n{\"event\":\"close\",\"at_ms\":9,\"connection\":1,\"code\":null}\n";
        events.read(output.as_bytes());
        let seen =
            events.wait(0, Duration::from_secs(5), |seen| (seen.len() == 2).then(|| seen.to_vec()));
        let kinds: Vec<_> = seen.unwrap().into_iter().map(|event| event.kind).collect();
        let closed = EventKind::Close { connection: 1, code: None };
        assert_eq!(kinds, [EventKind::Listening { port: 80 }, closed]);
    }

    #[test]
    fn waiting_in_vain_ends_and_says_what_was_seen() {
        let error = Events::default().wait(0, Duration::ZERO, |_| None::<()>).unwrap_err();
        assert!(error.to_string().contains("not seen within 0ns"), "{error}");
    }
}
