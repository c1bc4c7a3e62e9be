//! What the control port answers.

use crate::chaos::book::{Book, Layer, Scope};
use crate::chaos::direction::End;
use crate::chaos::error::Rejected;
use crate::chaos::fields::Fields;
use crate::chaos::limits::{CONTROL_BODY_BYTES_MAX, CONTROL_REQUEST_TIME_MAX};
use crate::chaos::root::Shared;
use crate::chaos::schedule::{Schedule, split_fault};
use crate::chaos::{FaultId, InForce};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use tokio::time::timeout;

type Answer = Response<Full<Bytes>>;

/// Answers one request.
pub(crate) async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
    proxy: SocketAddr,
) -> Result<Answer, Infallible> {
    if request.headers().contains_key(ORIGIN) {
        // Any web page may post to a loopback address; none has a reason to.
        let why = "requests from web pages (with an Origin header) are not answered";
        return Ok(json_answer(StatusCode::FORBIDDEN, &json!({ "error": why })));
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answer = match (method, path.as_str()) {
        (Method::GET, "/") => help(),
        (Method::GET, "/status") => ok(status(shared, proxy)),
        (Method::GET, "/fault") => ok(in_force(shared)),
        (Method::POST, "/fault") => {
            reply(read_json(request).await.and_then(|json| set(shared, &json)))
        }
        (Method::DELETE, "/fault") => {
            shared.book.send_modify(Book::clear);
            ok(in_force(shared))
        }
        (Method::POST, "/cut") => end_all(shared, End::Close),
        (Method::POST, "/reset") => end_all(shared, End::Reset),
        (Method::POST, "/schedule") => {
            reply(read_json(request).await.and_then(|json| play(shared, &json)))
        }
        (Method::DELETE, path) if path.starts_with("/fault/") => remove(shared, path),
        (_, path) => unknown(path),
    };
    Ok(answer)
}

fn set(shared: &Shared, json: &Value) -> Result<Value, Rejected> {
    let (mut fields, fault) = split_fault("body", json)?;
    let length = fields.duration("for")?;
    let scope = take_scope(&mut fields)?;
    fields.finish("fault, for, scope")?;
    let layer = if length.is_some() { Layer::Timed } else { Layer::Base };
    let id = shared.set(fault, scope, layer, length)?;
    Ok(json!({ "id": id.get() }))
}

fn take_scope(fields: &mut Fields) -> Result<Scope, Rejected> {
    let accepted = "all, new, live, or the number of a connection, from 1";
    match fields.take("scope").as_deref() {
        None | Some("all") => Ok(Scope::All),
        Some("new") => Ok(Scope::New),
        Some("live") => Ok(Scope::Live),
        Some(text) => match text.parse() {
            Ok(number @ 1..) => Ok(Scope::Connection(number)),
            _ => Err(fields.reject("scope", text, accepted)),
        },
    }
}

fn play(shared: &Shared, json: &Value) -> Result<Value, Rejected> {
    let schedule = Schedule::from_json(json)?;
    let answer = json!({ "items": schedule.items().len(), "repeat": schedule.is_repeated() });
    shared.play(schedule)?;
    Ok(answer)
}

fn remove(shared: &Shared, path: &str) -> Answer {
    let id = path.trim_start_matches("/fault/");
    let mut removed = false;
    if let Ok(id) = id.parse() {
        shared.book.send_modify(|book| removed = book.remove(FaultId(id)));
    }
    if removed {
        return ok(in_force(shared));
    }
    let known: Vec<_> = shared.book.borrow().in_force().iter().map(|fault| fault.id.0).collect();
    let rejected = Rejected::new("path", "id", id, format!("a fault in force, of {known:?}"));
    json_answer(StatusCode::NOT_FOUND, &error(&rejected))
}

fn end_all(shared: &Shared, end: End) -> Answer {
    let open = shared.tally.read().connections_open;
    shared.end_all(end);
    ok(json!({ "connections": open }))
}

fn status(shared: &Shared, proxy: SocketAddr) -> Value {
    json!({
        "listen": proxy,
        "upstream": shared.upstream,
        "seed": shared.seed,
        "counters": shared.tally.read(),
        "faults": in_force(shared),
    })
}

fn in_force(shared: &Shared) -> Value {
    shared.book.borrow().in_force().iter().map(InForce::to_json).collect()
}

async fn read_json(request: Request<Incoming>) -> Result<Value, Rejected> {
    let body = Limited::new(request.into_body(), CONTROL_BODY_BYTES_MAX).collect();
    let bytes = match timeout(CONTROL_REQUEST_TIME_MAX, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) => {
            let accepted = format!("at most {CONTROL_BODY_BYTES_MAX} bytes");
            return Err(Rejected::new("body", "length", error, accepted));
        }
        Err(_) => {
            let accepted = format!("the whole within {CONTROL_REQUEST_TIME_MAX:?}");
            return Err(Rejected::new("body", "time", "too slow", accepted));
        }
    };
    serde_json::from_slice(&bytes)
        .map_err(|error| Rejected::new("body", "JSON", error, "a JSON value, as GET / shows"))
}

fn reply(result: Result<Value, Rejected>) -> Answer {
    match result {
        Ok(value) => ok(value),
        Err(rejected) => json_answer(StatusCode::BAD_REQUEST, &error(&rejected)),
    }
}

fn error(rejected: &Rejected) -> Value {
    json!({
        "error": rejected.to_string(),
        "field": rejected.field,
        "value": rejected.value,
        "accepted": rejected.accepted,
    })
}

/// Answers 405 for a known path and 404 for any other.
fn unknown(path: &str) -> Answer {
    let methods = match path {
        "/" | "/status" => "GET",
        "/fault" => "GET, POST, DELETE",
        "/cut" | "/reset" | "/schedule" => "POST",
        _ => {
            let accepted = "/, /status, /fault, /fault/{id}, /cut, /reset, /schedule";
            let rejected = Rejected::new("request", "path", path, accepted);
            return json_answer(StatusCode::NOT_FOUND, &error(&rejected));
        }
    };
    let message = format!("{path} takes {methods}");
    let mut answer = json_answer(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": message }));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

fn ok(value: Value) -> Answer {
    json_answer(StatusCode::OK, &value)
}

fn json_answer(status: StatusCode, value: &Value) -> Answer {
    with_body(status, "application/json", format!("{value}\n"))
}

fn help() -> Answer {
    with_body(StatusCode::OK, "text/plain; charset=utf-8", HELP.to_owned())
}

fn with_body(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

const HELP: &str = include_str!("help.txt");
