//! An endpoint of Engine.IO: the requests to one path.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use everlink_engine::server::SessionConfig;
use everlink_wire::engineio::Packets;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use super::handler::{Handler, serve};
use super::polls::{Fault, Polls, Posting};
use super::refusal::Refusal;
use super::reply::{self, PollReply};
use super::session::Session;
use super::settings::EngineIo;
use super::sids::Sids;
use super::wanted::Wanted;
use crate::connection::{Connection, Opened, Socket};
use crate::limits::Seat;
use crate::listen::OpeningSeat;
use crate::node::{Node, random_token};
use crate::server::{BuildError, Settings};
use crate::speech::{Name, Speech};
use crate::upgrade::{Agreed, Pending, RequestOrigin, check, seat};

/// Says how a session speaks, or refuses its first request.
pub(crate) type Open = dyn Fn(&Parts) -> Result<Box<dyn Speech>, Box<Response>> + Send + Sync;

/// What is above the sessions of an endpoint.
pub(crate) enum Above {
    Speech(Box<Open>),
    Handler(Arc<dyn Handler>),
}

struct Endpoint {
    node: Arc<Node>,
    settings: EngineIo,
    config: Arc<SessionConfig<Name>>,
    sids: Arc<Sids>,
    above: Above,
}

/// What one session begins with.
struct Beginning {
    /// None for a handler of its own.
    speech: Option<Box<dyn Speech>>,
    origin: Box<RequestOrigin>,
    seat: Option<Seat>,
}

/// Makes the routes of an endpoint.
pub(crate) fn router(
    node: &Arc<Node>,
    path: &str,
    settings: &EngineIo,
    above: Above,
) -> Result<Router, BuildError> {
    settings.check()?;
    let path = path.strip_suffix('/').unwrap_or(path);
    Settings::check_path(path)?;
    let endpoint = Arc::new(Endpoint {
        node: Arc::clone(node),
        settings: settings.clone(),
        config: Arc::new(settings.session_config(&node.session_config)),
        sids: Arc::default(),
        above,
    });
    Ok(Router::new()
        .route(path, any(answer))
        .route(&format!("{path}/"), any(answer))
        .layer(reply::cors(node))
        .with_state(endpoint))
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = match Wanted::of(&parts, &endpoint.settings) {
        Ok(Wanted::Polling) => endpoint.open_polling(parts).await,
        Ok(Wanted::WebSocket) => endpoint.open_websocket(parts),
        Ok(Wanted::Of { sid, upgrade }) => endpoint.of_session(&sid, upgrade, parts, body).await,
        Err(refusal) => Err(refusal.into()),
    };
    answered.unwrap_or_else(|refused| *refused)
}

type Answered = Result<Response, Box<Response>>;

impl Endpoint {
    /// A client begins by polling: the handshake is its first poll.
    async fn open_polling(&self, mut parts: Parts) -> Answered {
        self.check_origin(&parts)?;
        let beginning = self.begin(&mut parts)?;
        let place = self.sids.place(self.settings.polling_max).ok_or(Refusal::Full)?;
        let (sid, now) = (Name::from(random_token("")), self.node.now());
        let (session, polls) = Session::polling(&self.sids, place, sid, &self.settings, now);
        let poll = polls.poll(now);
        self.start(session, beginning);
        release_seat(&parts);
        PollReply::wait(polls, poll?).await
    }

    /// A client begins by a WebSocket.
    fn open_websocket(self: &Arc<Self>, mut parts: Parts) -> Answered {
        self.check_origin(&parts)?;
        let agreed = Agreed::on(&self.node, &mut parts, None)?;
        let beginning = self.begin(&mut parts)?;
        let (response, pending) = agreed.answer();
        let endpoint = Arc::clone(self);
        tokio::spawn(async move {
            if let Some(wire) = pending.wire(&endpoint.node, endpoint.settings.max_payload).await {
                let (sid, now) = (random_token(""), endpoint.node.now());
                let session = Session::over(wire, &sid, &endpoint.settings, now);
                endpoint.start(session, beginning);
            }
        });
        Ok(response)
    }

    fn check_origin(&self, parts: &Parts) -> Result<(), Box<Response>> {
        check::origin(&self.node, &parts.headers).map_err(|_| Refusal::Forbidden.into())
    }

    fn begin(&self, parts: &mut Parts) -> Result<Beginning, Box<Response>> {
        check::drain(&self.node)?;
        let seat = seat(&self.node, parts)?;
        let speech = match &self.above {
            Above::Speech(open) => Some(open(parts)?),
            Above::Handler(_) => None,
        };
        Ok(Beginning { speech, origin: RequestOrigin::of(parts), seat })
    }

    /// Gives a session a task of its own.
    fn start(&self, session: Session, beginning: Beginning) {
        let Beginning { speech, origin, seat } = beginning;
        let (node, socket) = (Arc::clone(&self.node), Box::new(session));
        match (&self.above, speech) {
            (Above::Speech(_), Some(speech)) => {
                let (socket, config) = (Socket::EngineIo(socket), Some(Arc::clone(&self.config)));
                let opened = Opened { socket, speech, origin, seat, config };
                tokio::spawn(Connection::new(node, opened));
            }
            (Above::Handler(handler), _) => {
                tokio::spawn(serve(node, socket, Arc::clone(handler), seat));
            }
            (Above::Speech(_), None) => {}
        }
    }

    /// A request for a session that is there.
    async fn of_session(
        self: &Arc<Self>,
        sid: &str,
        upgrade: bool,
        mut parts: Parts,
        body: Body,
    ) -> Answered {
        self.check_origin(&parts)?;
        let polls = self.sids.find(sid).ok_or(Refusal::UnknownSid)?;
        match parts.method {
            Method::GET if upgrade => self.open_candidate(polls, &mut parts),
            Method::GET => {
                let poll = polls.poll(self.node.now())?;
                release_seat(&parts);
                PollReply::wait(polls, poll).await
            }
            Method::POST if !upgrade => self.post(&polls, &parts, body).await,
            _ => Err(Refusal::BadRequest.into()),
        }
    }

    /// A session is to go over to a WebSocket. A second one, or one that comes too late, is opened and closed.
    fn open_candidate(self: &Arc<Self>, polls: Arc<Polls>, parts: &mut Parts) -> Answered {
        let agreed = Agreed::on(&self.node, parts, None)?;
        let (response, pending) = agreed.answer();
        let endpoint = Arc::clone(self);
        if polls.begin_upgrade() {
            tokio::spawn(async move {
                let wire = pending.wire(&endpoint.node, endpoint.settings.max_payload).await;
                polls.opened(wire.map(Box::new));
            });
        } else {
            tokio::spawn(async move { endpoint.turn_away(pending).await });
        }
        Ok(response)
    }

    async fn turn_away(&self, pending: Pending) {
        let Some(mut wire) = pending.wire(&self.node, self.settings.max_payload).await else {
            return;
        };
        wire.close(Some((POLICY, "the session has a WebSocket already")));
        let closed = std::future::poll_fn(|cx| {
            let written = wire.write(cx);
            if written.is_err() || wire.waiting() == 0 {
                wire.shutdown(cx);
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        });
        // Whoever does not read even that is let go.
        let _ = timeout(AWAY_TIMEOUT, closed).await;
    }

    async fn post(&self, polls: &Arc<Polls>, parts: &Parts, body: Body) -> Answered {
        let headers = &parts.headers;
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let length = length.and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.settings.max_payload as u64) {
            return Err(Refusal::TooLarge.into());
        }
        let binary = HeaderValue::from_static("application/octet-stream");
        if headers.get(header::CONTENT_TYPE) == Some(&binary) {
            return Err(Refusal::BadRequest.into());
        }
        let posting = polls.post()?;
        let patience = self.settings.ping_interval + self.settings.ping_timeout;
        let body = match timeout(patience, Limited::new(body, self.settings.max_payload).collect())
            .await
        {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                posting.done();
                return Err(Refusal::TooLarge.into());
            }
            // It was cut off: the session ends with that.
            Ok(Err(_)) => return Err(Refusal::BadRequest.into()),
            Err(_) => return Err(Refusal::TooSlow.into()),
        };
        self.leave(polls, posting, body).await
    }

    /// Leaves what a body holds, and waits until it is taken.
    async fn leave(&self, polls: &Polls, posting: Posting, body: axum::body::Bytes) -> Answered {
        let bytes = body.len();
        let packets = match Packets::new(body).and_then(Iterator::collect) {
            Ok(packets) => packets,
            Err(error) => {
                polls.fault(Fault::Body);
                posting.done();
                return Err(Refusal::Body(error).into());
            }
        };
        let taken = posting.leave(packets, bytes).await;
        posting.done();
        match taken {
            Ok(()) => Ok(reply::text(StatusCode::OK, "text/html", Body::from("ok"))),
            Err(_) => Err(Refusal::UnknownSid.into()),
        }
    }
}

/// A request that waits for long does not keep others from being accepted.
fn release_seat(parts: &Parts) {
    if let Some(seat) = parts.extensions.get::<OpeningSeat>() {
        seat.release();
    }
}

/// What is asked for is not possible (RFC 6455, section 7.4.1).
const POLICY: u16 = 1008;

/// How long a WebSocket that is turned away may take to hear it.
const AWAY_TIMEOUT: Duration = Duration::from_secs(1);
