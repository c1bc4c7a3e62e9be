//! What a server says about itself, as far as this program knows the fields: a newer server may say more,
//! an older one less.

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Seen {
    // Without these two it is something else that answers.
    pub(super) node: String,
    pub(super) connections: u64,
    #[serde(default)]
    pub(super) uptime_s: u64,
    #[serde(default)]
    pub(super) rooms: u64,
    #[serde(default)]
    pub(super) rates: Rates,
    #[serde(default)]
    pub(super) totals: Totals,
    #[serde(default)]
    pub(super) quality: Quality,
    #[serde(default)]
    pub(super) socket_io: SocketIo,
    #[serde(default)]
    pub(super) store: Store,
    #[serde(default)]
    pub(super) drain: Option<Drain>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Rates {
    pub(super) messages_in: u64,
    pub(super) messages_out: u64,
    pub(super) accepted: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Totals {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) reconnects: u64,
    pub(super) messages_in: u64,
    pub(super) messages_out: u64,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) replayed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Quality {
    pub(super) gaps: u64,
    pub(super) feed_holes: u64,
    pub(super) accept_rate: u64,
    pub(super) return_window_ms: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct SocketIo {
    pub(super) sockets: u64,
    pub(super) connected: u64,
    pub(super) recovered: u64,
    pub(super) not_recovered: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Store {
    pub(super) kind: String,
    pub(super) channels: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) pending: u64,
    pub(super) fault: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Drain {
    pub(super) left_ms: u64,
    pub(super) connections: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_another_version_may_say_more_or_less() {
        let more = r#"{"node":"n","connections":3,"flux":{"a":1},"rates":{"messages_in":5,"x":1}}"#;
        let seen: Seen = serde_json::from_str(more).unwrap();
        assert_eq!((seen.connections, seen.rates.messages_in, seen.rates.accepted), (3, 5, 0));
        assert_eq!((seen.store, seen.drain), (Store::default(), None));
    }

    #[test]
    fn what_does_not_say_who_it_is_is_no_server_of_ours() {
        assert!(serde_json::from_str::<Seen>(r#"{"status":"ok"}"#).is_err());
    }
}
