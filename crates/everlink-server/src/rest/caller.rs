//! Who makes a request, and what he may do.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use everlink_engine::server::Code;
use everlink_wire::Message;
use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::hooks::{
    Answer, Attempt, Decision, Operation, Permission, Publishing, Refusal, User, bearer_of,
};
use crate::limits::Principal;
use crate::problem::Problem;
use crate::server::Server;
use crate::speech::Name;

/// Who makes a request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    server: Server,
    user: Arc<User>,
    peer: Option<SocketAddr>,
}

impl FromRequestParts<Server> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let attempt = Attempt {
            token: bearer_of(&parts.headers).map(Name::from),
            headers: parts.headers.clone(),
            peer,
            target: target.into(),
            client: "http".into(),
        };
        let hooks = Arc::clone(&server.node().hooks);
        let user = answer("authenticate", move || hooks.authenticate(attempt)).await??;
        Ok(Self { server: server.clone(), user: Arc::new(user), peer })
    }
}

impl Caller {
    /// Checks that the caller may do something.
    pub(super) async fn ask(&self, channel: &Name, operation: Operation) -> Result<(), Problem> {
        let (user, channel) = (Arc::clone(&self.user), Arc::clone(channel));
        let permission = Permission { user, channel, operation };
        let hooks = Arc::clone(&self.server.node().hooks);
        Ok(answer("authorize", move || hooks.authorize(permission)).await??)
    }

    /// Asks the application about a message. Returns what is to be stored.
    pub(super) async fn decide(
        &self,
        channel: &Name,
        payload: Message,
    ) -> Result<Message, Problem> {
        let (user, channel) = (Arc::clone(&self.user), Arc::clone(channel));
        let publishing = Publishing { user, channel, payload: payload.clone() };
        let hooks = Arc::clone(&self.server.node().hooks);
        match answer("on_publish", move || hooks.on_publish(&publishing)).await? {
            Decision::Accept => Ok(payload),
            Decision::Replace(payload) => Ok(payload),
            Decision::Refuse(refusal) => Err(refusal.into()),
        }
    }

    /// Charges a message to the caller and his address.
    pub(super) fn charge(&self, bytes: usize) -> Result<(), Problem> {
        let node = self.server.node();
        let user = self.user.id().map(|id| Principal::User(Arc::clone(id)));
        let address = self.peer.map(|peer| Principal::address(peer.ip()));
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        for principal in [user, address].into_iter().flatten() {
            if let Err(retry) = node.accounts.spend(principal, node.now(), bytes) {
                let detail = "more is sent than the limits allow";
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too fast", detail);
                return Err(problem.with_retry(retry));
            }
        }
        Ok(())
    }

    /// Returns who sends a message, given who it says it is from.
    pub(super) fn sender(&self, claimed: Option<&str>) -> Result<Option<Name>, Problem> {
        let Some(id) = self.user.id() else {
            let open = !self.server.node().settings.authenticated;
            let claimed = claimed.filter(|_| open).map(User::new).transpose();
            let claimed = claimed.map_err(|error| {
                Problem::invalid("body: sender_id", &error.id, error.to_string(), "1 to 128 bytes")
            })?;
            return Ok(claimed.and_then(|user| user.id().cloned()));
        };
        match claimed {
            Some(claimed) if *claimed != **id => {
                let detail = format!("the token is of {id:?}: it cannot send for {claimed:?}");
                Err(Refusal::new(Code::Forbidden, detail).into())
            }
            _ => Ok(Some(Arc::clone(id))),
        }
    }
}

/// Reads a body.
pub(super) async fn read_body(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let Ok(read) = timeout(BODY_TIMEOUT, to_bytes(body, bytes_max)).await else {
        let detail = format!("the body did not come within {BODY_TIMEOUT:?}");
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too slow", detail));
    };
    // Either it is too large, or the client has gone, who then does not hear it.
    read.map_err(|_| Problem::too_large(bytes_max))
}

/// Asks the application, which may take its time and may panic.
async fn answer<T: Send + 'static>(
    hook: &'static str,
    ask: impl FnOnce() -> Answer<T> + Send,
) -> Result<T, Problem> {
    let asked = AssertUnwindSafe(async move {
        match ask() {
            Answer::Now(answer) => answer,
            Answer::Later(answer) => answer.await,
        }
    });
    match timeout(HOOK_TIMEOUT, asked.catch_unwind()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Refusal::panicked(hook).into()),
        Err(_) => {
            let detail = format!("{hook} did not answer within {HOOK_TIMEOUT:?}");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail))
        }
    }
}

/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the application may take to decide.
const HOOK_TIMEOUT: Duration = Duration::from_secs(10);
