//! From CONNECT to a socket.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::core::Core;
use super::handshake::Handshake;
use super::inbox::{Command, Inbox, Refused};
use super::namespace::{Arrival, ConnectRefusal, Namespace};
use super::personal::{Mark, Personal};
use super::restore::{Claim, RESTORE_TIMEOUT, Reading, Restored, restore};
use super::room::room_of;
use super::socket::Socket;
use crate::hooks::User;
use crate::log::LogError;
use crate::speech::Name;

/// A socket that may be connected.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) socket: Socket,
    pub(super) auth: Value,
    pub(super) reading: Reading,
}

/// Who asks to be let in, and where.
#[derive(Debug)]
pub(super) struct Entering {
    pub(super) core: Arc<Core>,
    pub(super) namespace: Arc<Namespace>,
    pub(super) user: Arc<User>,
    pub(super) handshake: Arc<Handshake>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) auth: Value,
}

impl Entering {
    /// Judges it in a task of its own; the outcome is a command for the connection.
    pub(super) fn start(self, number: u32) {
        let inbox = Arc::clone(&self.inbox);
        tokio::spawn(async move {
            let judged = AssertUnwindSafe(timeout(RESTORE_TIMEOUT, self.judge())).catch_unwind();
            let result = match judged.await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(Refused::of("the server is too busy")),
                Err(_) => {
                    tracing::error!("a middleware of Socket.IO panicked");
                    Err(Refused::of("the server failed"))
                }
            };
            inbox.push(Command::Entered { number, result });
        });
    }

    async fn judge(self) -> Result<Entered, Refused> {
        let Arrived { claim, auth } = Arrived::of(self.auth.clone());
        for middleware in &self.namespace.middleware {
            let arrival = Arrival {
                namespace: Arc::clone(&self.namespace.name),
                auth: auth.clone(),
                user: Arc::clone(&self.user),
                handshake: Arc::clone(&self.handshake),
            };
            middleware(arrival).await.map_err(|refusal| Refused::because(&refusal))?;
        }
        let failed = |error: LogError| {
            tracing::warn!(%error, "a socket cannot be kept");
            Refused::of("the server cannot store now")
        };
        if let Some(claim) = claim.filter(|_| self.core.settings.recovery.is_some()) {
            if let Some(entered) = self.recover(&claim, &auth).await.map_err(failed)? {
                self.core.counts().recovered.add(1);
                return Ok(entered);
            }
            self.core.counts().not_recovered.add(1);
        }
        let entered = self.begin(auth).await.map_err(failed)?;
        self.core.counts().connected.add(1);
        Ok(entered)
    }

    /// A fresh socket.
    async fn begin(&self, auth: Value) -> Result<Entered, LogError> {
        let sid = Core::fresh_name();
        let mut reading = Reading::default();
        let personal = match self.core.settings.recovery {
            None => None,
            Some(_) => {
                let personal = Personal::new(Core::fresh_name());
                let mark = self.mark(&sid);
                reading.personal = Some(personal.begin(&self.core.server, mark).await?);
                Some(personal)
            }
        };
        let socket = self.socket(sid, personal);
        if let Some(personal) = socket.personal() {
            self.core.held.began(&personal.pid, &socket);
        }
        Ok(Entered { socket, auth, reading })
    }

    /// The socket that a client had.
    async fn recover(&self, claim: &Claim, auth: &Value) -> Result<Option<Entered>, LogError> {
        let Some(window) = self.core.settings.recovery else { return Ok(None) };
        if self.core.held.is_over(&claim.pid, window) {
            return Ok(None);
        }
        let log = self.core.server.log();
        self.core.held.find_in(&**log).await?;
        let Some(Restored { mark, reading }) = restore(&**log, claim).await? else {
            return Ok(None);
        };
        let its = mark.namespace == self.namespace.name && mark.user.as_ref() == self.user.id();
        if !its {
            return Ok(None);
        }
        let fresh = self.socket(Arc::clone(&mark.sid), Some(Personal::new(Arc::clone(&claim.pid))));
        fresh.acks().count_from(mark.acks);
        let namespace = &self.namespace.name;
        let rooms = reading.rooms.iter().map(|(channel, _)| room_of(namespace, channel).into());
        let taken = self.core.held.take_over(&claim.pid, &fresh, &self.inbox, rooms.collect());
        Ok(taken.map(|socket| Entered { socket, auth: auth.clone(), reading }))
    }

    fn socket(&self, sid: Name, personal: Option<Personal>) -> Socket {
        Socket::new(self, sid, personal)
    }

    /// Returns who the client says that it is.
    pub(super) fn claimed(&self) -> Option<Name> {
        let claimed = self.auth.get("user_id").and_then(Value::as_str);
        claimed.filter(|name| (1..=USER_BYTES_MAX).contains(&name.len())).map(Name::from)
    }

    fn mark(&self, sid: &Name) -> Mark {
        Mark {
            sid: Arc::clone(sid),
            namespace: Arc::clone(&self.namespace.name),
            user: self.user.id().cloned(),
            at: 0,
            channels: Vec::new(),
            acks: 0,
        }
    }
}

/// What a client says in CONNECT: about itself, and to be recognised.
struct Arrived {
    claim: Option<Claim>,
    auth: Value,
}

impl Arrived {
    fn of(mut auth: Value) -> Self {
        let mut claim = None;
        if let Value::Object(fields) = &mut auth {
            let pid = fields.get("pid").and_then(Value::as_str);
            if let Some(pid) = pid.filter(|pid| (1..=PID_BYTES_MAX).contains(&pid.len())) {
                let offset = fields.get("offset").and_then(Value::as_str).map(str::to_owned);
                claim = Some(Claim { pid: pid.into(), offset });
                fields.remove("pid");
                fields.remove("offset");
            }
        }
        Self { claim, auth }
    }
}

impl Refused {
    pub(super) fn of(message: &str) -> Self {
        Self(json!({ "message": message }).to_string())
    }

    fn because(refusal: &ConnectRefusal) -> Self {
        let mut said = json!({ "message": refusal.message });
        if let Some(data) = &refusal.data {
            said["data"] = data.clone();
        }
        Self(said.to_string())
    }
}

/// Longest name of a user that is taken.
const USER_BYTES_MAX: usize = 256;

/// Longest private id that is looked up.
const PID_BYTES_MAX: usize = 64;
