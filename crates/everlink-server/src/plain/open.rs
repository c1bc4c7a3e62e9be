//! From a request to how a connection of plain JSON begins.

use std::sync::Arc;

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use everlink_engine::{Cursor, Epoch};
use serde::Deserialize;

use super::speech::PlainSpeech;
use super::{BEARER_PROTOCOL, Endpoint};
use crate::hooks::bearer_of;
use crate::log::{Head, PageLimit};
use crate::node::Node;
use crate::problem::Problem;
use crate::server::check_channel;
use crate::speech::Name;

/// What a connection is to begin with.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) endpoint: Endpoint,
    pub(crate) channel: Name,
    /// As the URL says; whether it is true is for whoever authenticates.
    pub(crate) user: Option<Name>,
    pub(crate) from: Option<Cursor>,
    pub(crate) token: Option<Name>,
    /// The token comes as the first message.
    pub(crate) token_follows: bool,
    pub(crate) events: Vec<Event>,
}

/// What a messenger is told beside messages and typing if it asks for it: a client that does not know
/// these would take them for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// Where the conversation is, right after attaching.
    Ready,
    /// Who is there.
    Presence,
    /// Up to where others have read.
    Read,
    /// What the AI worker does.
    Status,
    /// That the node goes, and when to come back.
    Away,
}

/// Which conversation a request is for.
pub(crate) enum Target {
    /// `conversation_id` of the query says.
    Query,
    /// The path says.
    Path(String),
}

#[derive(Debug, Deserialize)]
struct Parameters {
    conversation_id: Option<String>,
    user_id: Option<String>,
    after: Option<u64>,
    epoch: Option<u64>,
    replay: Option<u64>,
    events: Option<String>,
    auth: Option<String>,
    token: Option<String>,
    access_token: Option<String>,
}

/// Reads a request and finds the place where its connection begins to read.
pub(crate) async fn open(
    node: &Arc<Node>,
    endpoint: Endpoint,
    target: Target,
    parts: &Parts,
) -> Result<PlainSpeech, Problem> {
    let parameters = parameters(parts)?;
    let channel = channel(target, parameters.conversation_id.as_deref())?;
    let user = parameters.user_id.as_deref().filter(|user| !user.is_empty()).map(Name::from);
    let head = node.log.read(&channel, 0, PageLimit { records: 0, bytes: 0 }).await?.head;
    let opening = Opening {
        endpoint,
        from: start(endpoint, &parameters, head)?,
        channel,
        user,
        token: token(&parts.headers),
        token_follows: token_follows(parameters.auth.as_deref())?,
        events: events(parameters.events.as_deref().unwrap_or_default())?,
    };
    Ok(PlainSpeech::new(opening))
}

fn parameters(parts: &Parts) -> Result<Parameters, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let Query(parameters) = Query::<Parameters>::try_from_uri(&parts.uri)
        .map_err(|error| Problem::invalid("query", query, error.body_text(), ACCEPTED))?;
    if parameters.token.is_some() || parameters.access_token.is_some() {
        // The value is not repeated: it is a secret, and answers are logged by others.
        return Err(Problem::invalid(
            "query: token",
            "",
            "a token does not belong into a URL, which others log",
            "`Authorization: Bearer`, the subprotocols `bearer, <token>`, or `auth=message`",
        ));
    }
    Ok(parameters)
}

fn channel(target: Target, named: Option<&str>) -> Result<Name, Problem> {
    let name = match (target, named) {
        (Target::Path(name), _) => name,
        (Target::Query, Some(name)) if !name.is_empty() => name.to_owned(),
        (Target::Query, _) => {
            return Err(Problem::invalid(
                "query: conversation_id",
                "",
                "a conversation is missing: without a subprotocol, this endpoint is the messenger's",
                "?conversation_id=…&user_id=…, or one of the subprotocols everlink.v1.json, everlink.v1.cbor",
            ));
        }
    };
    check_channel(&name)?;
    Ok(name.into())
}

/// Returns where to begin. A messenger that names no place gets the end of history: it may have missed it,
/// and drops what it has.
fn start(
    endpoint: Endpoint,
    parameters: &Parameters,
    head: Head,
) -> Result<Option<Cursor>, Problem> {
    let Parameters { after, epoch, replay, .. } = parameters;
    if let Some(after) = after {
        let epoch = epoch.map_or(head.epoch, Epoch);
        return Ok(Some(Cursor { epoch, offset: *after }));
    }
    let replay = replay.unwrap_or(match endpoint {
        Endpoint::Messenger => REPLAY_DEFAULT,
        Endpoint::Chat | Endpoint::Status => 0,
    });
    if replay > REPLAY_MAX {
        let accepted = format!("0 to {REPLAY_MAX}; `after` has no limit");
        let value = replay.to_string();
        return Err(Problem::invalid("query: replay", value, "that is too many", accepted));
    }
    let offset = head.head.saturating_sub(replay).max(head.first.saturating_sub(1));
    Ok(Some(Cursor { epoch: head.epoch, offset }))
}

/// Returns the token of a header, or of a subprotocol.
fn token(headers: &HeaderMap) -> Option<Name> {
    let protocols = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut protocols = protocols
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim);
    let offered = protocols.next().filter(|first| first.eq_ignore_ascii_case(BEARER_PROTOCOL));
    let offered = offered.and_then(|_| protocols.next()).map(Name::from);
    offered.or_else(|| bearer_of(headers).map(Name::from))
}

fn token_follows(auth: Option<&str>) -> Result<bool, Problem> {
    match auth {
        None => Ok(false),
        Some("message") => Ok(true),
        Some(other) => Err(Problem::invalid(
            "query: auth",
            other,
            "where the token comes from is not known",
            "message",
        )),
    }
}

fn events(names: &str) -> Result<Vec<Event>, Problem> {
    let wanted = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let events = wanted.map(|name| {
        let value = serde_json::Value::from(name);
        serde_json::from_value(value).map_err(|_| {
            let accepted = "ready, presence, read, status, away";
            Problem::invalid("query: events", name, "there is no such event", accepted)
        })
    });
    events.collect()
}

/// What stands in the query of these endpoints.
const ACCEPTED: &str = "conversation_id, user_id, after, epoch, replay, events, auth; each once";

/// Messages that a messenger without a place of its own is told first.
const REPLAY_DEFAULT: u64 = 200;

/// Most messages that `replay` can ask for.
const REPLAY_MAX: u64 = 1000;
