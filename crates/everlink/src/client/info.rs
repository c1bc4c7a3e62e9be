//! What a client can be asked about its connection (X07).

use std::ops::Deref;

use everlink_engine::ConnectionInfo;

use super::failure::ConnectionError;
use super::socketio::SessionInfo;

/// What the connection is and has been. Everything that the engine knows can be read from it too:
/// `info.state`, `info.attempts`, `info.queued_messages` and so on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// What the engine knows.
    pub connection: ConnectionInfo,
    /// The URL in use or tried, without user, password and query.
    pub url: String,
    /// Why the last attempt failed or the connection was last lost.
    pub last_error: Option<ConnectionError>,
    /// The session with a Socket.IO server, since one has let us in (dialect `socketio`).
    pub session: Option<SessionInfo>,
    /// Messages that came on channels which nobody was subscribed to any more.
    pub unclaimed: u64,
}

impl Deref for Info {
    type Target = ConnectionInfo;

    fn deref(&self) -> &ConnectionInfo {
        &self.connection
    }
}
