//! Commands over HTTP: the knobs of the handle, for tests in other languages and for people.

use super::Host;
use super::http::{Asked, Reply, json_reply, with_body};
use super::orders::{CODES_ACCEPTED, Cut, Listens};
use super::server::Gate;
use crate::chaos::Rejected;
use crate::chaos::fields::Fields;
use hyper::Method;
use hyper::header::ORIGIN;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The commands that both servers obey, as `GET /control` lists them.
pub const COMMANDS: &str = include_str!("commands.txt");

/// Answers a request below `/control`.
pub(crate) fn answer<H: Host>(gate: &Gate<H>, asked: &Asked<'_>) -> Reply {
    if asked.headers.contains_key(ORIGIN) {
        // Any web page may post to a loopback address; none has a reason to.
        let why = "commands from web pages (with an Origin header) are not obeyed";
        return json_reply(403, &json!({ "error": why }));
    }
    let name = asked.path.trim_start_matches("/control").trim_matches('/');
    match (asked.method, name) {
        (&Method::GET, "") => with_body(200, "text/plain; charset=utf-8", COMMANDS.to_owned()),
        (&Method::GET, "state") => json_reply(200, &gate.host.state()),
        (&Method::POST, _) => match asked.fields().and_then(|fields| obey(gate, name, fields)) {
            Ok(value) => {
                gate.tell(&format!("command {name}"));
                json_reply(200, &value)
            }
            Err(rejected) => refused(&rejected),
        },
        _ => {
            let why =
                "commands are POST /control/NAME, the others GET /control and GET /control/state";
            json_reply(405, &json!({ "error": why }))
        }
    }
}

fn refused(rejected: &Rejected) -> Reply {
    let status = if rejected.field == "command" { 404 } else { 400 };
    let error = rejected.to_string();
    let (field, value, accepted) = (&rejected.field, &rejected.value, &rejected.accepted);
    json_reply(
        status,
        &json!({ "error": error, "field": field, "value": value, "accepted": accepted }),
    )
}

fn obey<H: Host>(gate: &Gate<H>, name: &str, mut fields: Fields) -> Result<Value, Rejected> {
    let order = match name {
        "cut" => {
            let how = take_cut(&mut fields)?;
            Order::Cut(how)
        }
        "silence" => Order::Silent(true),
        "resume" => Order::Silent(false),
        "restart" => Order::Restart(fields.duration("after")?.unwrap_or_default()),
        "refuse-connections" => Order::Refuse(Some(take_status(&mut fields)?)),
        "allow-connections" => Order::Refuse(None),
        _ => {
            let answer = gate.host.command(name, &mut fields).unwrap_or_else(|| {
                Err(Rejected::new("request", "command", name, "those that GET /control lists"))
            })?;
            fields.finish("the parameters that GET /control lists")?;
            return Ok(answer);
        }
    };
    fields.finish("the parameters that GET /control lists")?;
    gate.orders.send_modify(|orders| match order {
        Order::Cut(how) => orders.cut(how),
        Order::Silent(is_silent) => orders.is_silent = is_silent,
        Order::Refuse(status) => orders.refusal = status,
        Order::Restart(after) => {
            orders.cut(Cut::Reset);
            orders.listens = Listens::From(Instant::now() + after);
        }
    });
    Ok(json!({}))
}

enum Order {
    Cut(Cut),
    Silent(bool),
    Refuse(Option<u16>),
    Restart(Duration),
}

fn take_cut(fields: &mut Fields) -> Result<Cut, Rejected> {
    let code = fields.take("code");
    let words = [("close", Cut::Close(GOING_AWAY)), ("fin", Cut::Fin), ("reset", Cut::Reset)];
    let how = fields.word("how", &words, Some(Cut::Close(GOING_AWAY)))?;
    let Some(code) = code else { return Ok(how) };
    let cut = match (how, code.parse()) {
        (Cut::Close(_), Ok(code)) => Cut::Close(code),
        _ => return Err(fields.reject("code", code, &format!("with how=close, {CODES_ACCEPTED}"))),
    };
    cut.check()?;
    Ok(cut)
}

fn take_status(fields: &mut Fields) -> Result<u16, Rejected> {
    let Some(text) = fields.take("status") else { return Ok(503) };
    match text.parse() {
        Ok(status @ 400..=599) => Ok(status),
        _ => Err(fields.reject("status", text, "400 to 599")),
    }
}

/// RFC 6455, section 7.4.1.
const GOING_AWAY: u16 = 1001;
