//! Events of a Socket.IO server: how they are emitted, and how they are printed.

use std::fmt::Write as _;

use everlink::{Answer, Client, Emit, EmitError, EventArgs, SendError, SocketEvent, Ticket};
use serde_json::{Value, json};

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Emits {
    /// The event of which each line is the argument; without it a line is the event's whole list.
    pub(super) event: Option<String>,
    /// The argument is JSON and no text.
    pub(super) is_json: bool,
    /// The answer is asked for.
    pub(super) asks: bool,
}

/// A line that was emitted.
pub(super) enum Emitted {
    Told(Ticket),
    Asked(Answer),
}

impl Emits {
    pub(super) async fn emit(&self, client: &Client, line: &str) -> Result<Emitted, SendError> {
        let emit = self.describe(line)?;
        Ok(match self.asks {
            true => Emitted::Asked(emit.ask(client).await?),
            false => Emitted::Told(emit.send(client).await?),
        })
    }

    fn describe(&self, line: &str) -> Result<Emit, EmitError> {
        let Some(event) = &self.event else { return Emit::parse(line) };
        if !self.is_json {
            return Emit::new(event).arg(line);
        }
        let value: Value = serde_json::from_str(line)
            .map_err(|error| SendError::from(EmitError::not_json(&error)))?;
        Emit::new(event).arg(&value)
    }
}

/// Returns the line for an event: its list in JSON, or an object that says all.
pub(super) fn text(event: &SocketEvent, envelope: bool) -> String {
    let args = args(&event.args);
    if envelope {
        let bytes: Vec<String> = event.args.attachments().iter().map(|bytes| hex(bytes)).collect();
        let asks = event.ack.is_some();
        return json!({ "event": event.name, "args": args, "hex": bytes, "asks": asks })
            .to_string();
    }
    let mut list = vec![Value::from(event.name.as_str())];
    list.extend(args);
    Value::from(list).to_string()
}

/// Returns the line for the answer to an event of ours.
pub(super) fn answer(answer: &EventArgs) -> String {
    json!({ "answer": args(answer) }).to_string()
}

fn args(args: &EventArgs) -> Vec<Value> {
    (0..args.len()).map(|at| args.get(at).unwrap_or_default()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
