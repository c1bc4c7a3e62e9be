//! Events for everyone in a room.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everlink_wire::Message;
use serde_json::Value;

use super::ack::EmitError;
use super::args::Args;
use super::core::Core;
use super::socket::{Socket, check_event};
use crate::server::Publication;
use crate::speech::Name;

/// A room that is spoken to: made by [`Socket::to`] and [`SocketIo::to`](super::SocketIo::to).
#[derive(Clone, Debug)]
#[must_use = "`emit` sends"]
pub struct Broadcast {
    core: Arc<Core>,
    channel: Name,
    /// Who does not hear it.
    except: Option<Socket>,
}

impl Broadcast {
    pub(super) const fn new(core: Arc<Core>, channel: Name, except: Option<Socket>) -> Self {
        Self { core, channel, except }
    }

    /// Stores an event in the room's channel, from which everyone in it gets it, clients of other endpoints
    /// too: as `{"event":…,"args":[…]}`, with the bytes of attachments in `attachments`, in base64.
    ///
    /// # Errors
    ///
    /// The name is reserved, or the event cannot be stored.
    ///
    /// # Cancel safety
    ///
    /// Once polled it is stored, waited for or not.
    pub async fn emit(&self, event: &str, args: impl Into<Args>) -> Result<(), EmitError> {
        check_event(event)?;
        let payload = payload(event, &args.into());
        let publication = Publication::new(Arc::clone(&self.channel), payload);
        let server = &self.core.server;
        let stored = match &self.except {
            None => server.publish_as(publication).await,
            Some(socket) => {
                let producer = socket.producer();
                // The number is taken and the message handed over in one step, or another could come between.
                let began = socket.numbered(|sequence| {
                    server.publish_at_once(publication.origin(producer, sequence, 0))
                });
                match began {
                    Ok(stored) => stored.await,
                    Err(error) => Err(error),
                }
            }
        };
        stored.map(drop).map_err(|error| EmitError::Store { why: error.to_string() })
    }

    /// Sends an event to whoever is in the room now and reads fast enough. It is not stored.
    ///
    /// # Errors
    ///
    /// The name is reserved, or the channel cannot be one.
    pub fn emit_volatile(&self, event: &str, args: impl Into<Args>) -> Result<(), EmitError> {
        check_event(event)?;
        let payload = payload(event, &args.into());
        match &self.except {
            Some(socket) => socket.volatile_in(Arc::clone(&self.channel), EVENT_KEY, payload),
            None => {
                let sent = self.core.server.volatile(&self.channel, EVENT_KEY, payload);
                sent.map_err(|error| EmitError::Store { why: error.to_string() })?;
            }
        }
        Ok(())
    }
}

/// The form in which an event stands in a channel.
pub(super) fn payload(event: &str, args: &Args) -> Message {
    let mut json = format!(r#"{{"event":{},"args":{}"#, Value::from(event), args.list());
    if !args.attachments().is_empty() {
        let encoded: Vec<_> =
            args.attachments().iter().map(|bytes| STANDARD.encode(bytes)).collect();
        json.push_str(r#","attachments":"#);
        json.push_str(&Value::from(encoded).to_string());
    }
    json.push('}');
    json.into()
}

/// The kind of volatile value that is an event.
pub(super) const EVENT_KEY: &str = "event";
